package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// ClientSummary is a client and what the principal can see of it.
type ClientSummary struct {
	relais.Client
	Documents int              `json:"documents"` // in scope
	Contacts  []relais.Contact `json:"contacts,omitempty"`
}

// clients answers GET /api/v1/clients.
func (s *Server) clients(c *gin.Context) {
	list, err := s.clientList(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	if s.disclose(c, audit.Entry{Action: actionClientList, Count: int64(len(list))}) {
		c.JSON(http.StatusOK, gin.H{"clients": list})
	}
}

// clientList gives the clients with documents in scope, most first, maxPage of them
// at most, and to compliance also those without any.
func (s *Server) clientList(c *gin.Context) ([]ClientSummary, error) {
	ctx, scope := c.Request.Context(), s.scopeOf(c)
	known, contacts, err := s.deps.Clients.Clients(ctx)
	if err != nil {
		return nil, err
	}
	res, err := s.deps.Searcher.Search(ctx, search.Request{Scope: scope, Limit: 1, Facets: []search.Field{search.FacetClient}, FacetSize: maxPage})
	if err != nil {
		return nil, err
	}
	counts := res.Facets[search.FacetClient]
	list := summaries(known, contacts, counts)
	if !seesAll(scope) || len(counts) == maxPage { // of the others nobody knows whether they have any
		list = list[:len(counts)]
	}
	return list, nil
}

// summaries gives the clients that were counted, in that order, then the others.
func summaries(known []relais.Client, contacts []relais.Contact, counts []relais.FacetValue) []ClientSummary {
	byID := map[string]relais.Client{}
	for _, k := range known {
		byID[k.ID] = k
	}
	people := map[string][]relais.Contact{}
	for _, p := range contacts {
		people[p.ClientID] = append(people[p.ClientID], p)
	}
	list := []ClientSummary{}
	for _, v := range counts {
		k, ok := byID[v.Value]
		if !ok {
			k = relais.Client{ID: v.Value, Name: v.Label, Discovered: true}
		}
		delete(byID, v.Value)
		list = append(list, ClientSummary{Client: k, Documents: v.Count, Contacts: people[k.ID]})
	}
	for _, k := range known {
		if _, left := byID[k.ID]; left {
			list = append(list, ClientSummary{Client: k, Contacts: people[k.ID]})
		}
	}
	return list
}
