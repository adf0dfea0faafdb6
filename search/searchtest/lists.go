package searchtest

import (
	"context"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// runLists: an engine lists, by id, what page after page of the same search finds.
func runLists(t *testing.T, e Engine) {
	g, o := newGenerator(78), newOracle(e)
	x := e.Open(t, t.TempDir())
	defer func() { closed(t, x) }()
	b := g.batch(o, 60, 80)
	o.apply(b)
	apply(t, x, b)
	scope := g.scope()
	for i := range 60 {
		q := g.request().Query
		if i == 0 {
			q, scope = nil, relais.Everything()
		}
		found, err := pages(x, search.Request{Query: q, Scope: scope, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(found.IDs)
		got, err := listed(context.Background(), x, scope, q)
		if err != nil || !slices.Equal(got, found.IDs) {
			t.Errorf("listed %v, found %v (%v): %#v", got, found.IDs, err, q)
		}
		scope = g.scope()
	}
	if ids, err := listed(context.Background(), x, relais.Scope{}, nil); err != nil || len(ids) > 0 {
		t.Errorf("nobody is told of %v, %v", ids, err)
	}
	if _, err := listed(context.Background(), x, relais.Everything(), search.And{nil}); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a part of no kind: %v, want an error of kind invalid", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := listed(ctx, x, relais.Everything(), search.Text{Words: "devis"}); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("given up: %v, want an error of kind canceled", err)
	}
}

func listed(ctx context.Context, x search.Lister, scope relais.Scope, q search.Node) (ids []relais.DocumentID, err error) {
	err = x.List(ctx, scope, q, func(some []relais.DocumentID) error { ids = append(ids, some...); return nil })
	slices.Sort(ids)
	return ids, err
}
