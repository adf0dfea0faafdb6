package elastic

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

var _ search.Counter = (*Index)(nil)

// wanted names the filters that are counted.
const wanted = "wanted"

// Counts counts what queries find in a scope: each is a filter that the server counts
// within it. It takes as many filters as a query may have clauses, 1,024 at the least,
// and so search.MaxCounts in one call.
func (x *Index) Counts(ctx context.Context, seen relais.Scope, queries []search.Node) ([]int, error) {
	queries, err := search.CheckedCounts(queries)
	if err != nil || len(queries) == 0 {
		return nil, err
	}
	filters, err := x.filters(queries)
	if err != nil {
		return nil, err
	}
	body := object{
		"query": object{"bool": object{"filter": []object{scope(seen)}}}, "size": 0, "track_total_hits": false, "timeout": searchTime,
		"aggs": object{wanted: object{"filters": object{"filters": filters}}},
	}
	a, err := x.ask(ctx, search.Request{Scope: seen}, body)
	if err != nil {
		return nil, err
	}
	buckets := a.Aggregations[wanted].Buckets
	if len(buckets) != len(queries) {
		return nil, relais.Errorf(relais.KindUnavailable, "count", "%d counts of %d queries", len(buckets), len(queries))
	}
	counts := make([]int, len(buckets))
	for i, b := range buckets {
		counts[i] = b.Count
	}
	return counts, nil
}

// filters compiles queries.
func (x *Index) filters(queries []search.Node) ([]object, error) {
	a := x.analyzers.Get().(*analysis.Analyzer)
	defer x.analyzers.Put(a)
	c := &compiler{a}
	list := make([]object, len(queries))
	for i, n := range queries {
		list[i] = everything()
		if n == nil {
			continue
		}
		var err error
		if list[i], err = c.node(n, false, 0); err != nil {
			return nil, err
		}
	}
	return list, nil
}
