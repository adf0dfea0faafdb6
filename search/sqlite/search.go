package sqlite

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// Search answers one request from one commit: postings give the rows that hold the
// words, columns all the rest. The scope is put on what the user's tree finds, from
// outside.
func (x *Index) Search(ctx context.Context, req search.Request) (search.Result, error) {
	req, err := req.Checked()
	if err != nil {
		return search.Result{}, err
	}
	after, err := openCursor(req)
	if err != nil {
		return search.Result{}, err
	}
	r, err := x.begin(ctx)
	if err != nil {
		return search.Result{}, err
	}
	defer r.end()
	a := x.analyzers.Get().(*analysis.Analyzer)
	defer x.analyzers.Put(a)
	return (&query{reading: r, analyzer: a, mostRanked: x.ranked}).answer(ctx, req, after)
}

// query is one request being answered.
type query struct {
	*reading
	analyzer   *analysis.Analyzer
	mostRanked int // how many hits are ranked at most where FTS5 ranks them
}

// answer counts all hits and gives one page of them.
func (q *query) answer(ctx context.Context, req search.Request, after *place) (search.Result, error) {
	hits, err := q.hits(ctx, req)
	if err != nil {
		return search.Result{}, err
	}
	res := search.Result{Total: int(hits.GetCardinality())}
	res.Facets = q.snap.facets(hits, req.Facets, req.FacetSize)
	if req.Histogram {
		res.Histogram = q.snap.histogram(hits)
	}
	o, notes, err := q.order(ctx, req, hits)
	if err != nil {
		return search.Result{}, err
	}
	res.Notes = notes
	page := o.page(hits, after, req.Limit+1)
	if len(page) > req.Limit {
		page = page[:req.Limit]
		if res.Next, err = req.SealCursor(o.place(page[len(page)-1])); err != nil {
			return search.Result{}, err
		}
	}
	for _, row := range page {
		res.IDs = append(res.IDs, q.snap.id(row))
	}
	return res, nil
}

// hits gives the rows that the scope shows and the query finds.
func (q *query) hits(ctx context.Context, req search.Request) (*roaring.Bitmap, error) {
	seen := q.snap.scope(req.Scope)
	if req.Query == nil || seen.IsEmpty() {
		return seen, nil
	}
	found, err := q.find(ctx, req.Query)
	if err != nil {
		return nil, err
	}
	return roaring.And(found, seen), nil
}

// openCursor reads where the request's page begins; nil is the start.
func openCursor(req search.Request) (*place, error) {
	var after place
	ok, err := req.OpenCursor(&after)
	if err != nil || !ok {
		return nil, err
	}
	return &after, nil
}
