package enrich

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math"
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
	changed, err := inheritWhole(ctx, m, members, found)
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

// inheritWhole works out what the documents of whole threads inherit, with what people
// decided of them; see [rulings.inheritance].
func inheritWhole(ctx context.Context, m *state.Merging, members map[relais.DocumentID]state.Document, found map[string]bool) (map[relais.DocumentID]string, error) {
	r, err := rulingsOn(ctx, m, sortedKeys(members))
	if err != nil {
		return nil, err
	}
	return r.inheritance(members, found)
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
		if err := r.inheritThread(thread, discovered, changed); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// inheritThread adds those documents of one thread of which what they inherit, or what was
// decided of them, has changed.
func (r rulings) inheritThread(thread []state.Document, discovered map[string]bool, changed map[relais.DocumentID]string) error {
	on := r.onThread(thread, discovered)
	clients, topics := passClients(thread, discovered), byTime(thread)
	for i, d := range thread {
		tags, err := encodeInherited(r.decided(on[i], d, inherited{Clients: clients.to(d), Topics: inheritTopics(d, topics)}, discovered))
		if err != nil {
			return err
		}
		if tags != d.Tags {
			changed[d.ID] = tags
		}
	}
	return nil
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

// passed is what the documents of a thread that are sure of a client pass on to those
// that are not: the same to all of one day.
type passed struct {
	givers map[relais.DocumentID]bool
	byDay  map[int64][]relais.Tag
}

// to gives what a document of the thread inherits.
func (p passed) to(d state.Document) []relais.Tag {
	if p.givers[d.ID] {
		return nil
	}
	return p.byDay[d.Day]
}

// giver is a document that is sure of a client, as far as passing it on goes.
type giver struct {
	id         relais.DocumentID
	day        int64
	confidence int
}

// passClients gives a document without a sure client of its own those of its thread,
// each with the evidence of the document that gives most: the nearer in time, the
// more. Only direct evidence is passed on, so that nothing feeds on itself. Apart from
// sorting, it takes time in proportion to the thread and to what is passed on: a thread
// of thousands of messages is worked out again with each batch that adds to it.
func passClients(thread []state.Document, discovered map[string]bool) passed {
	p := passed{givers: map[relais.DocumentID]bool{}, byDay: map[int64][]relais.Tag{}}
	byClient := map[string][]giver{}
	var days []int64 // of those who take
	for _, d := range thread {
		found := sure(d, discovered)
		for id, confidence := range found {
			p.givers[d.ID] = true
			byClient[id] = append(byClient[id], giver{d.ID, d.Day, confidence})
		}
		if len(found) == 0 {
			days = append(days, d.Day)
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	for _, client := range sortedKeys(byClient) {
		for i, e := range passOn(byClient[client], days) {
			p.byDay[days[i]] = append(p.byDay[days[i]], relais.Tag{ID: client, Evidence: []relais.Evidence{e}})
		}
	}
	return p
}

// passOn gives, for each of the rising days, the best evidence that the givers pass on to
// it. Each step of nearness is asked for the giver that gives most within it, also at that
// step's share for givers that are nearer. Their own step gives them more than that, so
// that the best of all answers is the true one.
func passOn(givers []giver, days []int64) []relais.Evidence {
	slices.SortFunc(givers, func(a, b giver) int { return cmp.Compare(a.day, b.day) })
	best := make([]relais.Evidence, len(days))
	for _, s := range nearnessSteps() {
		s.widen(givers, days, best)
	}
	return best
}

// widen makes each day's best evidence that of the best giver within the step, where
// that gives more. Both days and givers rise, and so do the ends of the step around each
// day: what entered earlier and gives less than a later giver is never asked for again.
func (s step) widen(givers []giver, days []int64, best []relais.Evidence) {
	var within []relais.Evidence // of those who may still be the best, the best first
	var until []int64            // how long each of them is within the step
	for i, day := range days {
		for ; len(givers) > 0 && givers[0].day-day <= s.days; givers = givers[1:] {
			g := givers[0]
			e := relais.Evidence{Signal: tag.SignalThread, Detail: string(g.id), Weight: g.confidence * s.share / 1000}
			for len(within) > 0 && outweighs(e, within[len(within)-1]) {
				within, until = within[:len(within)-1], until[:len(until)-1]
			}
			within, until = append(within, e), append(until, g.day+s.days)
		}
		for len(within) > 0 && until[0] < day {
			within, until = within[1:], until[1:]
		}
		if len(within) > 0 && outweighs(within[0], best[i]) {
			best[i] = within[0]
		}
	}
}

// outweighs tells whether evidence of another message weighs more, of two that weigh the
// same whether it is of the smaller id. No evidence weighs nothing.
func outweighs(a, b relais.Evidence) bool {
	return a.Weight > b.Weight || a.Weight == b.Weight && (b.Detail == "" || a.Detail < b.Detail)
}

// step is how much a message passes on to others at most so many days away.
type step struct {
	days  int64
	share int // of its confidence, in thousandths
}

// nearnessSteps gives the steps by which what is passed on falls with the days between,
// the nearest first. The last is wider than any two days are apart.
func nearnessSteps() [4]step {
	return [...]step{{7, 900}, {30, 850}, {180, 700}, {math.MaxInt64 / 4, 550}}
}

// nearness is the share of confidence, in thousandths, that a message passes on to
// another of its thread so many days away.
func nearness(a, b int64) int {
	days, steps := max(a-b, b-a), nearnessSteps()
	for _, s := range steps[:] {
		if days <= s.days {
			return s.share
		}
	}
	return steps[len(steps)-1].share
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
