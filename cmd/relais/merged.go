package main

import (
	"context"

	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// mergedSearcher finds the documents of merged clients by either's id and name.
type mergedSearcher struct {
	search.Searcher
	clients interface {
		MergedClients(ctx context.Context) ([]relais.MergedClient, error)
	}
}

// Search answers a question: see [search.Searcher].
func (s mergedSearcher) Search(ctx context.Context, req search.Request) (search.Result, error) {
	merged, err := s.clients.MergedClients(ctx)
	if err != nil {
		return search.Result{}, err
	}
	for i, m := range merged {
		if m.Name == "" {
			merged[i].Name = crm.ClientName(m.ID)
		}
	}
	req.Query = search.WithMerged(req.Query, merged)
	return s.Searcher.Search(ctx, req)
}
