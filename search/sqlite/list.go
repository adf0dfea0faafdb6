package sqlite

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

var _ search.Lister = (*Index)(nil)

// List lists all that a query finds from one commit: see [search.Lister].
func (x *Index) List(ctx context.Context, scope relais.Scope, wanted search.Node, fn func([]relais.DocumentID) error) error {
	req, err := search.Request{Query: wanted, Scope: scope}.Checked()
	if err != nil {
		return err
	}
	r, err := x.begin(ctx)
	if err != nil {
		return err
	}
	defer r.end()
	a := x.analyzers.Get().(*analysis.Analyzer)
	defer x.analyzers.Put(a)
	hits, err := (&query{reading: r, analyzer: a}).hits(ctx, req)
	if err != nil {
		return err
	}
	ids := make([]relais.DocumentID, 0, hits.GetCardinality())
	for it := hits.Iterator(); it.HasNext(); {
		ids = append(ids, r.snap.id(it.Next()))
	}
	return fn(ids)
}
