package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// snippetRunes is how long the extract of a hit is, in characters.
const snippetRunes = 240

// search answers GET /api/v1/search.
func (s *Server) search(c *gin.Context) {
	req, err := s.request(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	page, err := s.findAsked(c, req)
	if err != nil {
		s.fail(c, err)
		return
	}
	if s.discloseSearch(c, page) {
		c.JSON(http.StatusOK, page)
	}
}

func (s *Server) discloseSearch(c *gin.Context, page relais.Page) bool {
	ids := make([]string, len(page.Hits))
	for i, h := range page.Hits {
		ids[i] = string(h.ID)
	}
	return s.disclose(c, audit.Entry{Action: actionSearch, QueryHash: s.deps.Hash(c.Query("q")), Count: int64(page.Total), Objects: ids})
}

// find runs a search and dresses its hits. What the engine's part of the time was is
// logged, for who looks for lost time.
func (s *Server) find(ctx context.Context, req search.Request) (relais.Page, error) {
	start := s.deps.Now()
	res, err := s.deps.Searcher.Search(ctx, req)
	s.deps.Logger.Info("searched", "hits", len(res.IDs), "code", relais.KindOf(err), "took", s.deps.Now().Sub(start).String())
	if err != nil {
		return relais.Page{}, err
	}
	page := relais.Page{Total: res.Total, Next: res.Next, Notes: res.Notes, Histogram: res.Histogram}
	if page.Facets, err = s.labelled(ctx, res.Facets); err != nil {
		return page, err
	}
	page.Hits, err = s.hits(ctx, req, res.IDs)
	return page, err
}

// hits opens the documents found, in scope once more.
func (s *Server) hits(ctx context.Context, req search.Request, ids []relais.DocumentID) ([]relais.Hit, error) {
	docs, err := s.deps.Library.Documents(ctx, req.Scope, ids)
	if err != nil {
		return nil, err
	}
	hits := make([]relais.Hit, len(docs))
	s.markers.Mark(req.Query, func(m *search.Marker) {
		for i, d := range docs {
			hits[i] = relais.Hit{
				ID: d.ID, Kind: d.Kind, Case: d.Case, Subject: d.Subject, Name: d.Name, From: d.From, Date: d.Date, Thread: d.Thread,
				Clients: plainTags(d.Clients), Topics: plainTags(d.Topics), Snippet: m.Snippet(d.Text, d.Zones, snippetRunes),
				Extraction: d.Extraction, Unread: d.Unread,
			}
		}
	})
	return hits, nil
}

// plainTags gives tags without their evidence.
func plainTags(tags []relais.Tag) []relais.Tag {
	list := make([]relais.Tag, len(tags))
	for i, t := range tags {
		list[i] = relais.Tag{ID: t.ID, Name: t.Name, Confidence: t.Confidence}
	}
	return list
}

// labelled gives facet values the names people know them by.
func (s *Server) labelled(ctx context.Context, facets map[search.Field][]relais.FacetValue) (map[string][]relais.FacetValue, error) {
	if len(facets) == 0 {
		return nil, nil
	}
	out := make(map[string][]relais.FacetValue, len(facets))
	for f, values := range facets {
		names, err := s.names(ctx, f)
		if err != nil {
			return nil, err
		}
		for i, v := range values {
			values[i].Label = names[v.Value]
		}
		out[string(f)] = values
	}
	return out, nil
}

// names gives the names of a facet's values, where they are not their own.
func (s *Server) names(ctx context.Context, f search.Field) (map[string]string, error) {
	names := map[string]string{}
	switch f {
	case search.FacetClient:
		clients, _, err := s.deps.Clients.Clients(ctx)
		for _, k := range clients {
			names[k.ID] = k.Name
		}
		return names, err
	case search.FacetCase:
		cases, err := s.deps.Cases.List(ctx)
		for _, k := range cases {
			names[string(k.ID)] = k.Name
		}
		return names, err
	}
	return nil, nil
}
