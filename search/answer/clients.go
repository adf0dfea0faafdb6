package answer

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Client is a client and what can be seen of it.
type Client struct {
	relais.Client
	Documents int              `json:"documents"` // in scope
	Contacts  []relais.Contact `json:"contacts,omitempty"`
}

// mostClients is how many clients are listed.
const mostClients = 1000

// ClientList gives the clients with documents in the scope, most first, 1,000 of them at
// most, and to who sees everything also those without any.
func (a *Answerer) ClientList(ctx context.Context, scope relais.Scope) ([]Client, error) {
	known, contacts, err := a.deps.Clients.Clients(ctx)
	if err != nil {
		return nil, err
	}
	res, err := a.deps.Searcher.Search(ctx, search.Request{Scope: scope, Limit: 1, Facets: []search.Field{search.FacetClient}, FacetSize: mostClients})
	if err != nil {
		return nil, err
	}
	counts := res.Facets[search.FacetClient]
	list := summaries(known, contacts, counts)
	if !scope.SeesAll() || len(counts) == mostClients { // of the others nobody knows whether they have any
		list = list[:len(counts)]
	}
	return list, nil
}

// summaries gives the clients that were counted, in that order, then the others.
func summaries(known []relais.Client, contacts []relais.Contact, counts []relais.FacetValue) []Client {
	byID := map[string]relais.Client{}
	for _, k := range known {
		byID[k.ID] = k
	}
	people := map[string][]relais.Contact{}
	for _, p := range contacts {
		people[p.ClientID] = append(people[p.ClientID], p)
	}
	list := []Client{}
	for _, v := range counts {
		k, ok := byID[v.Value]
		if !ok {
			k = relais.Client{ID: v.Value, Name: v.Label, Discovered: true}
		}
		delete(byID, v.Value)
		list = append(list, Client{Client: k, Documents: v.Count, Contacts: people[k.ID]})
	}
	for _, k := range known {
		if _, left := byID[k.ID]; left {
			list = append(list, Client{Client: k, Contacts: people[k.ID]})
		}
	}
	return list
}
