package enrich

import (
	"context"
	"maps"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// discoveredWeight is the weight of a correspondent's domain that was taken for a
// client, no list of clients being known.
const discoveredWeight = 800

// settle is the last step of a case, when all that was captured is read: without a
// list of clients, the domains with which mail went both ways become clients.
func (s *Stage) settle(ctx context.Context, c relais.CaseID) ([]decided, error) {
	if !s.discover {
		return s.settleWith(ctx, c, nil)
	}
	return s.settleWith(ctx, c, discover)
}

// discover takes for clients the domains that wrote and were written to, three
// messages at least.
func discover(docs map[relais.DocumentID]state.Document) []string {
	count, ways := map[string]int{}, map[string]state.Exchange{}
	for _, d := range docs {
		for domain, way := range d.Domains {
			count[domain]++
			ways[domain] |= way
		}
	}
	var found []string
	for _, domain := range sortedKeys(count) {
		if count[domain] >= 3 && ways[domain] == state.ExchangeReceived|state.ExchangeSent {
			found = append(found, domain)
		}
	}
	return found
}

func (s *Stage) settleWith(ctx context.Context, c relais.CaseID, discover func(map[relais.DocumentID]state.Document) []string) ([]decided, error) {
	had, err := s.state.Discovered(ctx, c)
	if err != nil || discover == nil && len(had) == 0 {
		return nil, err
	}
	var touched []state.Document
	err = s.state.Settle(ctx, c, func(m *state.Merging) error {
		docs := map[relais.DocumentID]state.Document{}
		if err := m.All(ctx, func(d state.Document) error { docs[d.ID] = d; return nil }); err != nil {
			return err
		}
		var domains []string
		if discover != nil {
			domains = discover(docs)
		}
		found := map[string]bool{}
		for _, d := range domains {
			found[d] = true
		}
		if maps.Equal(had, found) {
			return nil
		}
		if err := m.PutDiscovered(ctx, domains); err != nil {
			return err
		}
		changed, err := inheritWhole(ctx, m, docs, found)
		if err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(docs)) {
			d := docs[id]
			tags, moved := changed[id]
			if moved {
				d.Tags = tags
			}
			if moved || differs(d, had, found) {
				touched = append(touched, d)
			}
		}
		touched, err = s.touch(ctx, m, touched)
		return err
	})
	return decidedRows(touched), err
}

// differs tells whether some domain of a document became a client, or ceased to be one.
func differs(d state.Document, had, found map[string]bool) bool {
	for domain := range d.Domains {
		if had[domain] != found[domain] {
			return true
		}
	}
	return false
}
