package enrich

import (
	"context"
	"slices"
	"strconv"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// before is what the items of a merge were read as before it. Identity is what a message
// says, so a better reader may find another one.
type before struct {
	as     map[string]relais.DocumentID // by the occurrence's key
	losers map[relais.DocumentID]bool   // read now, some occurrence is another document, or none
	marked map[relais.DocumentID]state.Document
}

// readBefore looks up what items were read as. Documents that are doubted are looked at
// as if they lost an occurrence.
func readBefore(ctx context.Context, m *state.Merging, readings []reading, doubted []relais.DocumentID) (was before, err error) {
	now := make(map[string]relais.DocumentID, len(readings))
	for _, g := range readings {
		now[g.item.Occurrence.Key()] = g.document
	}
	if was.as, err = m.ReadAs(ctx, sortedKeys(now)); err != nil {
		return was, err
	}
	was.losers = map[relais.DocumentID]bool{}
	ids := slices.Clone(doubted)
	for _, id := range doubted {
		was.losers[id] = true
	}
	for key, id := range was.as {
		ids = append(ids, id)
		if id != now[key] {
			was.losers[id] = true
		}
	}
	was.marked, err = m.Withheld(ctx, uniteIDs(ids, nil))
	return was, err
}

// marks gives the marks that an item brings along from the document it was read as: of
// that one's occurrences the one that bears them may be read again last.
func (was before) marks(g reading) state.Marks {
	id := was.as[g.item.Occurrence.Key()]
	row, marked := was.marked[id]
	if !marked || id == g.document {
		return state.Marks{}
	}
	return row.Marks().Unite(state.Marks{Of: []relais.DocumentID{id}})
}

// lose adds to the documents of a merge those that it takes something from: occurrences,
// or marks that were to stay until now. What is left of them is appended again. The
// readings must have been recorded, and the threads made.
func (s *Stage) lose(ctx context.Context, c relais.CaseID, m *state.Merging, docs map[relais.DocumentID]*decided, was before) error {
	var ids []relais.DocumentID
	for _, id := range sortedKeys(was.losers) {
		if docs[id] == nil {
			ids = append(ids, id)
		}
	}
	rows, err := m.Documents(ctx, ids)
	if err != nil {
		return err
	}
	bereft, err := m.Bereft(ctx, ids)
	if err != nil {
		return err
	}
	members, err := m.Members(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		row, known := rows[id]
		row.ID, row.Members = id, uniteIDs(row.Members, members[id])
		switch {
		case !known && len(row.Members) == 0: // it was withdrawn meanwhile
		case bereft[id]:
			docs[id] = bury(row)
		default:
			if docs[id], err = s.again(ctx, c, row); err != nil {
				return err
			}
		}
	}
	return s.release(ctx, c, m, docs, was)
}

// release adds documents whose marks came from others of which the last occurrence has
// now been read anew.
func (s *Stage) release(ctx context.Context, c relais.CaseID, m *state.Merging, docs map[relais.DocumentID]*decided, was before) error {
	marked := sortedKeys(was.marked)
	unread, err := m.Unread(ctx, marked, s.generation)
	if err != nil || len(marked) == len(unread) {
		return err
	}
	rows, err := m.Awaiting(ctx)
	if err != nil {
		return err
	}
	for id, row := range rows {
		if docs[id] != nil || !slices.ContainsFunc(row.Earlier.Of, func(of relais.DocumentID) bool { return was.marked[of].ID != "" && !unread[of] }) {
			continue
		}
		if docs[id], err = s.again(ctx, c, row); err != nil {
			return err
		}
	}
	return nil
}

// again opens a document that is to be decided again.
func (s *Stage) again(ctx context.Context, c relais.CaseID, row state.Document) (*decided, error) {
	d, err := s.opened(ctx, c, row)
	if err == nil {
		d.raise()
	}
	return d, err
}

// bury leaves nothing of a document but what is to be withdrawn of it. Its row goes
// once that was appended.
func bury(row state.Document) *decided {
	return &decided{left: row.Thread, gone: true, row: state.Document{
		ID: row.ID, Generation: row.Generation, Members: row.Members, Revision: row.Revision + 1, Dirty: true,
	}}
}

func uniteIDs(a, b []relais.DocumentID) []relais.DocumentID {
	list := slices.Concat(a, b)
	slices.Sort(list)
	return slices.Compact(list)
}

// Mend brings what is remembered of documents back together: those that no occurrence
// is read as are withdrawn, others are appended again. What it cannot mend, reading
// everything again does: occurrences whose document is none.
func (s *Stage) Mend(ctx context.Context) error {
	list, err := s.state.Unsound(ctx)
	if err != nil {
		return err
	}
	faulty := map[relais.CaseID][]relais.DocumentID{}
	for _, u := range list {
		if u.Code != state.UnsoundLost {
			faulty[u.Case] = append(faulty[u.Case], u.Document)
		}
	}
	for _, c := range sortedKeys(faulty) {
		for some := range slices.Chunk(slices.Compact(faulty[c]), mergeItems) {
			if err := s.state.Alone(ctx, c, func(ctx context.Context) error { return s.mend(ctx, c, some) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// mendOnce mends at the first start of a generation: then what earlier programs left
// behind goes. It reads all that is remembered once, which later starts are spared.
func (s *Stage) mendOnce(ctx context.Context) error {
	const setting = "mended_generation"
	generation := strconv.FormatInt(s.generation, 10)
	mended, err := s.state.Meta(ctx, setting)
	if err != nil || mended == generation {
		return err
	}
	if err := s.Mend(ctx); err != nil {
		return err
	}
	return s.state.SetMeta(ctx, setting, generation)
}

func (s *Stage) mend(ctx context.Context, c relais.CaseID, ids []relais.DocumentID) error {
	decided, err := s.merge(ctx, c, nil, ids...)
	if err != nil {
		return err
	}
	return s.flush(ctx, c, decided)
}
