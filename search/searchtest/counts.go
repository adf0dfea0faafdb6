package searchtest

import (
	"context"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// runCounts: an engine counts each query of a request as its search totals it, in the
// same scope, whatever else is counted beside.
func runCounts(t *testing.T, e Engine) {
	g, o := newGenerator(77), newOracle(e)
	x := e.Open(t, t.TempDir())
	defer func() { closed(t, x) }()
	b := g.batch(o, 60, 80)
	o.apply(b)
	apply(t, x, b)
	counter, ok := x.(search.Counter)
	if !ok {
		t.Fatal("the engine counts nothing")
	}
	for range 5 {
		checkCounts(t, counter, x, g)
	}
	ctx, stop := context.WithCancel(context.Background())
	many := slices.Repeat([]search.Node{search.Text{Words: "devis"}}, search.MaxCounts+1)
	if _, err := counter.Counts(ctx, relais.Everything(), many); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("too many queries: %v, want an error of kind invalid", err)
	}
	if _, err := counter.Counts(ctx, relais.Everything(), []search.Node{search.And{nil}}); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a part of no kind: %v, want an error of kind invalid", err)
	}
	if n, err := counter.Counts(ctx, relais.Everything(), many[1:]); err != nil || len(n) != search.MaxCounts {
		t.Errorf("as many as there may be: %d, %v", len(n), err)
	}
	stop()
	if _, err := counter.Counts(ctx, relais.Everything(), many[:1]); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("given up: %v, want an error of kind canceled", err)
	}
}

// checkCounts counts queries at random within a scope at random.
func checkCounts(t *testing.T, counter search.Counter, x search.Searcher, g generator) {
	t.Helper()
	scope := g.scope()
	queries := []search.Node{nil}
	for range 40 {
		queries = append(queries, g.request().Query)
	}
	counts, err := counter.Counts(context.Background(), scope, queries)
	if err != nil || len(counts) != len(queries) {
		t.Fatalf("%d counts of %d queries: %v", len(counts), len(queries), err)
	}
	for i, q := range queries {
		res, err := x.Search(context.Background(), search.Request{Query: q, Scope: scope, Limit: 1})
		if err != nil || res.Total != counts[i] {
			t.Errorf("%d counted, %d found (%v): %#v", counts[i], res.Total, err, q)
		}
	}
}
