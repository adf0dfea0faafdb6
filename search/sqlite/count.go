package sqlite

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

var _ search.Counter = (*Index)(nil)

// Counts counts what queries find in a scope, all from one commit.
func (x *Index) Counts(ctx context.Context, scope relais.Scope, queries []search.Node) ([]int, error) {
	queries, err := search.CheckedCounts(queries)
	if err != nil {
		return nil, err
	}
	r, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer r.end()
	a := x.analyzers.Get().(*analysis.Analyzer)
	defer x.analyzers.Put(a)
	q := &query{reading: r, analyzer: a}
	counts, seen := make([]int, len(queries)), r.snap.scope(scope)
	for i, n := range queries {
		if counts[i], err = q.count(ctx, n, seen); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// count counts the rows seen that a query finds.
func (q *query) count(ctx context.Context, n search.Node, seen *roaring.Bitmap) (int, error) {
	if n == nil || seen.IsEmpty() {
		return int(seen.GetCardinality()), nil
	}
	found, err := q.find(ctx, n)
	if err != nil {
		return 0, err
	}
	return int(found.AndCardinality(seen)), nil
}
