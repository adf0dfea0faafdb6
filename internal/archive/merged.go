package archive

import (
	"context"

	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Searcher answers queries from the index in use, and finds the documents of merged
// clients by either's id and name.
type Searcher struct {
	index   *Generations
	clients interface {
		MergedClients(ctx context.Context) ([]relais.MergedClient, error)
	}
}

// Searcher answers queries on the archive.
func (ar *Archive) Searcher() Searcher { return Searcher{ar.on.Index, ar.on.State} }

// Search answers a question: see [search.Searcher].
func (s Searcher) Search(ctx context.Context, req search.Request) (search.Result, error) {
	merged, err := s.merged(ctx)
	if err != nil {
		return search.Result{}, err
	}
	req.Query = search.WithMerged(req.Query, merged)
	return s.index.Search(ctx, req)
}

// Counts counts what queries find: see [search.Counter].
func (s Searcher) Counts(ctx context.Context, scope relais.Scope, queries []search.Node) ([]int, error) {
	merged, err := s.merged(ctx)
	if err != nil {
		return nil, err
	}
	wide := make([]search.Node, len(queries))
	for i, q := range queries {
		wide[i] = search.WithMerged(q, merged)
	}
	return s.index.Counts(ctx, scope, wide)
}

// List lists all that a query finds: see [search.Lister].
func (s Searcher) List(ctx context.Context, scope relais.Scope, query search.Node, fn func([]relais.DocumentID) error) error {
	merged, err := s.merged(ctx)
	if err != nil {
		return err
	}
	return s.index.List(ctx, scope, search.WithMerged(query, merged), fn)
}

// merged gives the clients that are one with another, under their names.
func (s Searcher) merged(ctx context.Context) ([]relais.MergedClient, error) {
	list, err := s.clients.MergedClients(ctx)
	for i, m := range list {
		if m.Name == "" {
			list[i].Name = crm.ClientName(m.ID)
		}
	}
	return list, err
}
