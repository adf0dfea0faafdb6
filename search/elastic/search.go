package elastic

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// searchTime is what the server gives a search, less than what we wait for it.
const searchTime = "30s"

// Search answers a request in one call: hits, their number, facets and histogram. The
// scope is put on what the user's tree finds, from outside. Facets over several shards
// may take a second call, when the first cannot tell that it counted all.
func (x *Index) Search(ctx context.Context, req search.Request) (search.Result, error) {
	req, err := req.Checked()
	if err != nil {
		return search.Result{}, err
	}
	var after []json.RawMessage
	if ok, err := req.OpenCursor(&after); err != nil || ok && len(after) != len(sorting(req.Order)) {
		if err == nil {
			err = search.Invalid("the cursor is not one of this engine's")
		}
		return search.Result{}, err
	}
	body, err := x.body(req, after)
	if err != nil {
		return search.Result{}, err
	}
	a, err := x.ask(ctx, req, body)
	if err != nil {
		return search.Result{}, err
	}
	return x.result(ctx, req, body, a)
}

// body writes a request.
func (x *Index) body(req search.Request, after []json.RawMessage) (object, error) {
	a := x.analyzers.Get().(*analysis.Analyzer)
	defer x.analyzers.Put(a)
	c := &compiler{a}
	found := object{"filter": []object{scope(req.Scope)}}
	if req.Query != nil {
		tree, err := c.node(req.Query, false, 0)
		if err != nil {
			return nil, err
		}
		found["filter"] = []object{scope(req.Scope), tree}
		if req.Order == search.Relevance {
			found["should"] = c.scores(req.Query)
		}
	}
	body := object{
		"query": object{"bool": found}, "sort": sorting(req.Order), "size": req.Limit + 1,
		"track_total_hits": true, "_source": false, "stored_fields": "_none_", "timeout": searchTime,
	}
	if after != nil {
		body["search_after"] = after
	}
	if counts := counting(req, firstShardSize); len(counts) > 0 {
		body["aggs"] = counts
	}
	return body, nil
}

// sorting gives the keys of an order: the undated come last in each, and an id, which
// no two documents share, ends it.
func sorting(o search.Order) []object {
	date := func(order string) object { return object{"date": object{"order": order, "missing": "_last"}} }
	id := object{"id": "asc"}
	switch o {
	case search.Oldest:
		return []object{date("asc"), id}
	case search.Relevance:
		return []object{{"_score": "desc"}, date("desc"), id}
	}
	return []object{date("desc"), id}
}

// answer is what is read of the server's.
type answer struct {
	TimedOut bool                 `json:"timed_out"`
	Shards   struct{ Failed int } `json:"_shards"`
	Hits     struct {
		Total struct{ Value int }
		Hits  []struct{ Sort []json.RawMessage }
	}
	Aggregations map[string]counts
}

// ask sends a request. An answer of some shards alone, or cut short by time, is none.
// Pages of one request go to the same copies of shards, whose scores differ from
// those of others.
func (x *Index) ask(ctx context.Context, req search.Request, body object) (*answer, error) {
	const op = "search"
	b, err := json.Marshal(body)
	if err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	var partial bool
	how := ""
	if req.Order == search.Relevance {
		how = "dfs_query_then_fetch" // how rare a word is, is known of all shards
	}
	r, err := x.call(ctx, op, func() esapi.Request {
		return esapi.SearchRequest{
			Index: []string{x.name}, Body: bytes.NewReader(b), AllowPartialSearchResults: &partial, Preference: req.Fingerprint(), SearchType: how,
			FilterPath: []string{"timed_out", "_shards.failed", "hits.total.value", "hits.hits.sort", "aggregations", "error", "status"},
		}
	})
	if err != nil {
		return nil, err
	}
	if r.tooWide() {
		return nil, relais.WithHint(search.Invalid("the query wants more words than the engine can look at"), "write more letters before the *, or fewer words")
	}
	var a answer
	if err := r.decode(op, &a); err != nil {
		return nil, err
	}
	if a.TimedOut || a.Shards.Failed > 0 {
		return nil, relais.Errorf(relais.KindUnavailable, op, "the server took too long, or a shard has failed")
	}
	return &a, nil
}

// result makes a result of an answer.
func (x *Index) result(ctx context.Context, req search.Request, body object, a *answer) (search.Result, error) {
	res := search.Result{Total: a.Hits.Total.Value}
	for i, hit := range a.Hits.Hits {
		if i == req.Limit {
			next, err := req.SealCursor(a.Hits.Hits[i-1].Sort)
			if err != nil {
				return search.Result{}, err
			}
			res.Next = next
			break
		}
		var id relais.DocumentID
		if n := len(hit.Sort); n == 0 || json.Unmarshal(hit.Sort[n-1], &id) != nil {
			return search.Result{}, relais.Errorf(relais.KindUnavailable, "search", "a hit without its place")
		}
		res.IDs = append(res.IDs, id)
	}
	if len(req.Facets) == 0 && !req.Histogram {
		return res, nil
	}
	notes, err := x.recount(ctx, req, body, a)
	if err != nil {
		return search.Result{}, err
	}
	res.Notes = notes
	res.Facets = facets(req, a.Aggregations)
	if req.Histogram {
		res.Histogram = histogram(a.Aggregations[months])
	}
	return res, nil
}

// Each calls fn for every document held, by id, as of the call: also for those that
// no search finds before a refresh.
func (x *Index) Each(ctx context.Context, fn func(id relais.DocumentID, revision int64) error) error {
	if err := x.Refresh(ctx); err != nil {
		return err
	}
	point, err := x.openPoint(ctx)
	if err != nil {
		return err
	}
	defer x.closePoint(ctx, point)
	var after []json.RawMessage
	for {
		page, err := x.page(ctx, listing{point: point, order: "id", field: "revision"}, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, h := range page {
			id, revision, err := h.read()
			if err != nil {
				return err
			}
			if err := fn(id, revision); err != nil {
				return err
			}
		}
		after = page[len(page)-1].Sort
	}
}

// pointTime is how long the server keeps a point in time between two pages.
const pointTime = "2m"

func (x *Index) openPoint(ctx context.Context) (string, error) {
	const op = "list index"
	r, err := x.call(ctx, op, func() esapi.Request {
		return esapi.OpenPointInTimeRequest{Index: []string{x.name}, KeepAlive: pointTime}
	})
	if err != nil {
		return "", err
	}
	var opened struct{ ID string }
	err = r.decode(op, &opened)
	return opened.ID, err
}

// closePoint lets a point go, also when the caller has given up; one that cannot be
// let go ends by itself.
func (x *Index) closePoint(ctx context.Context, point string) {
	body, err := json.Marshal(object{"id": point})
	if err == nil {
		_, _ = x.once(context.WithoutCancel(ctx), callTime, "list index", esapi.ClosePointInTimeRequest{Body: bytes.NewReader(body)})
	}
}

// listing is what is listed of an index as it was at a point in time.
type listing struct {
	point string
	query any    // nil: everything
	order string // of the pages: a field whose values differ
	field string // wanted of each document
}

// listed is one document of a page of a listing.
type listed struct {
	Sort   []json.RawMessage
	Fields struct {
		Revision []int64
		ID       []relais.DocumentID
	}
}

func (h *listed) read() (id relais.DocumentID, revision int64, err error) {
	if len(h.Sort) == 0 || len(h.Fields.Revision) != 1 || json.Unmarshal(h.Sort[0], &id) != nil {
		return "", 0, relais.Errorf(relais.KindUnavailable, "list index", "a document without id or revision")
	}
	return id, h.Fields.Revision[0], nil
}

// page gives the documents that follow, in the order of the listing.
func (x *Index) page(ctx context.Context, l listing, after []json.RawMessage) ([]listed, error) {
	const op = "list index"
	body := object{
		"pit": object{"id": l.point, "keep_alive": pointTime}, "sort": []object{{l.order: "asc"}}, "size": 5000,
		"track_total_hits": false, "_source": false, "docvalue_fields": []string{l.field},
	}
	if l.query != nil {
		body["query"] = l.query
	}
	if after != nil {
		body["search_after"] = after
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	var partial bool
	r, err := x.call(ctx, op, func() esapi.Request {
		return esapi.SearchRequest{Body: bytes.NewReader(b), AllowPartialSearchResults: &partial}
	})
	if err != nil {
		return nil, err
	}
	var found struct{ Hits struct{ Hits []listed } }
	if err := r.whole(op); err != nil {
		return nil, err
	}
	return found.Hits.Hits, r.decode(op, &found)
}
