package answer

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// snippetRunes is how long the extract of a hit is, in characters.
const snippetRunes = 240

// hits opens the documents found, in scope once more, one after the other: of each no more
// than an extract is kept.
func (a *Answerer) hits(ctx context.Context, req search.Request, ids []relais.DocumentID, most int) (hits []relais.Hit, err error) {
	hits = make([]relais.Hit, 0, len(ids))
	a.markers.Mark(req.Query, func(m *search.Marker) {
		err = a.deps.Library.Openings(ctx, req.Scope, ids, most, func(o relais.Opening) error {
			hits = append(hits, hit(o, m))
			return nil
		})
	})
	return hits, err
}

func hit(o relais.Opening, m *search.Marker) relais.Hit {
	d := o.Document
	h := relais.Hit{
		ID: d.ID, Kind: d.Kind, Case: d.Case, Subject: d.Subject, Name: d.Name, From: d.From, Date: d.Date, Thread: d.Thread,
		Clients: plainTags(d.Clients), Topics: plainTags(d.Topics), Snippet: m.Snippet(d.Text, d.Zones, snippetRunes),
		Extraction: d.Extraction, Unread: d.Unread,
	}
	switch {
	case o.Damaged:
		h.Warnings = []relais.Warning{{Code: relais.WarnTextDamaged}}
	case o.Cut && d.Text != "":
		h.Warnings = []relais.Warning{{Code: relais.WarnTextLong}}
	}
	return h
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
func (a *Answerer) labelled(ctx context.Context, facets map[search.Field][]relais.FacetValue) (map[string][]relais.FacetValue, error) {
	if len(facets) == 0 {
		return nil, nil
	}
	out := make(map[string][]relais.FacetValue, len(facets))
	for f, values := range facets {
		wanted := make(map[string]bool, len(values))
		for _, v := range values {
			wanted[v.Value] = true
		}
		names, err := a.names(ctx, f, wanted)
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

// names gives the names of some values of a facet, where they are not their own.
func (a *Answerer) names(ctx context.Context, f search.Field, wanted map[string]bool) (map[string]string, error) {
	names := map[string]string{}
	switch f {
	case search.FacetClient:
		clients, _, err := a.deps.Clients.Clients(ctx)
		for i := range clients {
			if wanted[clients[i].ID] {
				names[clients[i].ID] = clients[i].Name
			}
		}
		return names, err
	case search.FacetCase:
		cases, err := a.deps.Cases.List(ctx)
		for _, k := range cases {
			names[string(k.ID)] = k.Name
		}
		return names, err
	}
	return nil, nil
}
