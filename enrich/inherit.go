package enrich

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// inheritAll gives the documents of a merge, and all others of the threads they are in
// and were in, what they inherit. Those others whose inheritance changed are touched and returned.
func (s *Stage) inheritAll(ctx context.Context, m *state.Merging, docs map[relais.DocumentID]*decided) ([]state.Document, error) {
	threads := map[string]bool{}
	for _, d := range docs {
		threads[d.row.Thread] = true
		threads[d.left] = true
	}
	delete(threads, "") // those that are to be withdrawn
	members, err := m.InThreads(ctx, sortedKeys(threads))
	if err != nil {
		return nil, err
	}
	for id, d := range docs {
		if members[id] = d.row; d.gone {
			delete(members, id)
		}
	}
	found, err := m.Discovered(ctx)
	if err != nil {
		return nil, err
	}
	r, err := rulingsOn(ctx, m, sortedKeys(members))
	if err != nil {
		return nil, err
	}
	changed, err := r.inheritance(members, found)
	if err != nil {
		return nil, err
	}
	var touched []state.Document
	for _, id := range slices.Sorted(maps.Keys(members)) {
		row, mine := members[id], docs[id]
		tags, moved := changed[id]
		switch {
		case mine != nil:
			if moved {
				mine.row.Tags = tags
			}
		case moved || row.Dirty:
			if moved {
				row.Tags = tags
			}
			touched = append(touched, row)
		}
	}
	return s.touch(ctx, m, touched)
}

// touch writes rows whose inheritance changed, and gives them as they now stand.
func (s *Stage) touch(ctx context.Context, m *state.Merging, rows []state.Document) ([]state.Document, error) {
	if err := m.Touch(ctx, rows); err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].Revision++
		rows[i].Dirty = true
	}
	return rows, nil
}

// inheritance works out what each of some whole threads' documents inherits and what was
// decided of it, those withheld apart: they neither give nor take. It gives those for
// which it is not what their row says.
func (r rulings) inheritance(members map[relais.DocumentID]state.Document, discovered map[string]bool) (map[relais.DocumentID]string, error) {
	byThread := map[string][]state.Document{}
	for _, id := range slices.Sorted(maps.Keys(members)) {
		if d := members[id]; d.Status == "" {
			byThread[d.Thread] = append(byThread[d.Thread], d)
		}
	}
	changed := map[relais.DocumentID]string{}
	for _, thread := range byThread {
		on := r.onThread(thread, discovered)
		givers := slices.DeleteFunc(slices.Clone(thread), func(d state.Document) bool { return len(sure(d, discovered)) == 0 })
		earlier := byTime(thread)
		for i, d := range thread {
			tags, err := encodeInherited(r.decided(on[i], d, inherited{Clients: inherit(d, givers, discovered), Topics: inheritTopics(d, earlier)}, discovered))
			if err != nil {
				return nil, err
			}
			if tags != d.Tags {
				changed[d.ID] = tags
			}
		}
	}
	return changed, nil
}

// sure gives the clients that a document's own evidence shows.
func sure(d state.Document, discovered map[string]bool) map[string]int {
	found := map[string]int{}
	for id, confidence := range d.Clients {
		if confidence >= relais.ShownConfidence {
			found[id] = confidence
		}
	}
	for domain := range d.Domains {
		if discovered[domain] {
			found[crm.DiscoveredID(domain)] = discoveredWeight
		}
	}
	return found
}

// inherit gives a document without a sure client of its own those of its thread,
// each with the evidence of the document that gives most: the nearer in time, the
// more. Only direct evidence is passed on, so that nothing feeds on itself.
func inherit(d state.Document, givers []state.Document, discovered map[string]bool) []relais.Tag {
	if len(givers) == 0 || len(sure(d, discovered)) > 0 {
		return nil
	}
	best := map[string]relais.Evidence{}
	for _, g := range givers {
		for id, confidence := range sure(g, discovered) {
			e := relais.Evidence{Signal: tag.SignalThread, Detail: string(g.ID), Weight: confidence * nearness(d.Day, g.Day) / 1000}
			if have, ok := best[id]; !ok || e.Weight > have.Weight || e.Weight == have.Weight && e.Detail < have.Detail {
				best[id] = e
			}
		}
	}
	var tags []relais.Tag
	for _, id := range sortedKeys(best) {
		tags = append(tags, relais.Tag{ID: id, Evidence: []relais.Evidence{best[id]}})
	}
	return tags
}

// nearness is the share of confidence, in thousandths, that a message passes on to
// another of its thread so many days away.
func nearness(a, b int64) int {
	days := max(a-b, b-a)
	switch {
	case days <= 7:
		return 900
	case days <= 30:
		return 850
	case days <= 180:
		return 700
	}
	return 550
}

// inherited is what a document has from its thread, as its row keeps it.
type inherited struct {
	Clients []relais.Tag `json:"clients,omitempty"`
	Topics  []relais.Tag `json:"topics,omitempty"`
	Ruled   *ruled       `json:"ruled,omitempty"` // what people decided of it
}

// ruled gives what people decided.
func (in inherited) ruled() ruled {
	if in.Ruled == nil {
		return ruled{}
	}
	return *in.Ruled
}

func encodeInherited(in inherited) (string, error) {
	if len(in.Clients)+len(in.Topics) == 0 && in.Ruled == nil {
		return "", nil
	}
	b, err := json.Marshal(in)
	if err != nil {
		return "", relais.E(relais.KindInternal, "encode tags", err)
	}
	return string(b), nil
}

// decodeInherited reads it; rows of the first schema hold clients alone, as a list.
func decodeInherited(s string) (in inherited, err error) {
	switch {
	case s == "":
		return in, nil
	case s[0] == '[':
		err = json.Unmarshal([]byte(s), &in.Clients)
	default:
		err = json.Unmarshal([]byte(s), &in)
	}
	if err != nil {
		return in, relais.E(relais.KindDamaged, "decode tags", err)
	}
	return in, nil
}

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
		r, err := rulingsOn(ctx, m, sortedKeys(docs))
		if err != nil {
			return err
		}
		changed, err := r.inheritance(docs, found)
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
