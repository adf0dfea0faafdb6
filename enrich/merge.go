package enrich

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// decided is a document whose envelopes are to be appended; facts is nil when they
// must be unsealed from the row, and seen when its occurrences must be looked up.
type decided struct {
	row   state.Document
	facts *facts
	seen  []relais.Occurrence
	left  string // the thread it was in, where it was known
	gone  bool   // it is seen nowhere any more
}

// raise has what is decided of a document now appended after all that was before.
func (d *decided) raise() {
	d.row.Revision++
	d.row.Dirty = true
}

func decidedRows(rows []state.Document) []decided {
	list := make([]decided, len(rows))
	for i, r := range rows {
		list[i] = decided{row: r}
	}
	return list
}

// merge adds readings to what is known of a case, in one transaction, and gives the
// documents that changed. Adding is commutative: of a document the smallest
// occurrence is displayed, evidence is united, one mark withholds it; of threads
// the parts that hang together become one. A document that loses its last occurrence
// is withdrawn; so are those named as doubted that have none.
func (s *Stage) merge(ctx context.Context, c relais.CaseID, readings []reading, doubted ...relais.DocumentID) ([]decided, error) {
	var out []decided
	err := s.state.Merge(ctx, c, s.generation, func(m *state.Merging) error {
		was, err := readBefore(ctx, m, readings, doubted)
		if err != nil {
			return err
		}
		docs, err := s.gather(ctx, c, m, readings, was)
		if err != nil {
			return err
		}
		if err := s.record(ctx, m, readings); err != nil {
			return err
		}
		if err := thread(ctx, m, docs, readings); err != nil {
			return err
		}
		if err := s.lose(ctx, c, m, docs, was); err != nil {
			return err
		}
		if err := s.doubtReplies(ctx, c, m, docs, readings); err != nil {
			return err
		}
		if err := s.judgeAll(ctx, m, docs); err != nil {
			return err
		}
		touched, err := s.inheritAll(ctx, m, docs)
		if err != nil {
			return err
		}
		if err := s.write(ctx, c, m, docs); err != nil {
			return err
		}
		out = append(collect(docs), decidedRows(touched)...)
		return nil
	})
	return out, err
}

// thread puts the documents of a merge into their threads.
func thread(ctx context.Context, m *state.Merging, docs map[relais.DocumentID]*decided, readings []reading) error {
	read := slices.DeleteFunc(slices.Clone(readings), func(g reading) bool { return g.refusal != nil })
	threads, err := weave(ctx, m, read)
	for id, d := range docs {
		d.row.Thread = cmp.Or(threads[id], threadKey("document", string(id)))
	}
	return err
}

// gather unites each reading with what was known of its document.
func (s *Stage) gather(ctx context.Context, c relais.CaseID, m *state.Merging, readings []reading, was before) (map[relais.DocumentID]*decided, error) {
	var ids []relais.DocumentID
	for _, g := range readings {
		if g.refusal == nil {
			ids = append(ids, g.document)
		}
	}
	slices.Sort(ids)
	rows, err := m.Documents(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	docs := make(map[relais.DocumentID]*decided, len(ids))
	for _, g := range readings {
		if g.refusal != nil {
			continue
		}
		d := docs[g.document]
		if d == nil {
			row, known := rows[g.document]
			if d, err = s.known(ctx, c, row, known); err != nil {
				return nil, err
			}
			if known && !was.losers[g.document] {
				d.seen = s.seen.at(g.document, row.Revision)
			}
			d.left = row.Thread
			d.row.ID = g.document
			d.raise()
			docs[g.document] = d
		}
		unite(d, g)
		d.row.Earlier = d.row.Earlier.Unite(was.marks(g))
		if _, known := rows[g.document]; !known || d.seen != nil {
			d.seen = append(d.seen, g.item.Occurrence)
		}
	}
	for _, d := range docs {
		d.seen = smallest(d.seen)
	}
	return docs, awaitMarked(ctx, m, docs, rows)
}

// known opens what this generation has already found of a document. The findings of an
// earlier generation are dropped, because they are being made again, except for the marks
// of privacy: the occurrence that bears one may be the last to be read again.
func (s *Stage) known(ctx context.Context, c relais.CaseID, row state.Document, known bool) (*decided, error) {
	if !known {
		return &decided{row: state.Document{Generation: s.generation}}, nil
	}
	if row.Generation < s.generation {
		return &decided{row: state.Document{ID: row.ID, Generation: s.generation, Members: row.Members,
			Revision: row.Revision, Earlier: row.Marks()}}, nil
	}
	return s.opened(ctx, c, row)
}

// opened opens all that is known of a document.
func (s *Stage) opened(ctx context.Context, c relais.CaseID, row state.Document) (*decided, error) {
	docs, err := s.openRows(ctx, c, []state.Document{row})
	return docs[row.ID], err
}

// openRows opens what is known of documents, with the facts of those that have some.
func (s *Stage) openRows(ctx context.Context, c relais.CaseID, rows []state.Document) (map[relais.DocumentID]*decided, error) {
	docs := make(map[relais.DocumentID]*decided, len(rows))
	var sealed []state.Document
	for _, r := range rows {
		docs[r.ID] = &decided{row: r, left: r.Thread}
		if r.Facts != nil {
			sealed = append(sealed, r)
		}
	}
	found, err := s.unsealFacts(ctx, c, sealed)
	if err != nil {
		return nil, err
	}
	for id, f := range found {
		docs[id].facts = f
	}
	return docs, nil
}

// unite adds one reading to a document.
func unite(d *decided, g reading) {
	if d.row.Personal != "" || g.personal != "" {
		withdraw(d, g.personal)
		return
	}
	d.row.Doubts = state.Marks{Doubts: d.row.Doubts}.Unite(state.Marks{Doubts: g.doubts}).Doubts
	f := g.facts
	if d.facts != nil {
		have := *d.facts
		if have.Occurrence.Compare(f.Occurrence) <= 0 {
			f, have = have, f
		}
		f.Document.Clients = tag.UniteClients(f.Document.Clients, have.Document.Clients)
		f.Document.Topics = tag.Unite(f.Document.Topics, have.Document.Topics)
		f.Document.Privacy = unitePrivacy(f.Document.Privacy, have.Document.Privacy)
		f.Domains = uniteDomains(f.Domains, have.Domains)
	}
	d.facts = &f
	d.row.Blob = f.Occurrence.SHA256
}

// withdraw takes all that was read out of a document: it was marked personal. Of
// several rules the smallest is kept, whichever came first.
func withdraw(d *decided, rule string) {
	if d.row.Personal == "" || rule != "" && rule < d.row.Personal {
		d.row.Personal = rule
	}
	d.facts, d.row.Facts, d.row.Doubts = nil, nil, nil
}

func uniteDomains(a, b map[string]state.Exchange) map[string]state.Exchange {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := maps.Clone(a)
	if all == nil {
		all = map[string]state.Exchange{}
	}
	for domain, way := range b {
		all[domain] |= way
	}
	return all
}

func unitePrivacy(a, b relais.Privacy) relais.Privacy {
	p := relais.Privacy{Class: relais.PrivacyNone, Evidence: tag.UniteEvidence(a.Evidence, b.Evidence)}
	if a.Class == relais.PrivacyDoubtful || b.Class == relais.PrivacyDoubtful {
		p.Class = relais.PrivacyDoubtful
	}
	if len(p.Evidence) == 0 {
		p.Evidence = nil
	}
	return p
}

// write records the documents of a merge, with their facts sealed.
func (s *Stage) write(ctx context.Context, c relais.CaseID, m *state.Merging, docs map[relais.DocumentID]*decided) error {
	if err := s.sealFacts(ctx, c, docs); err != nil {
		return err
	}
	for _, d := range docs {
		d.row.Members = members(d)
	}
	rows := make([]state.Document, 0, len(docs))
	for _, id := range slices.Sorted(maps.Keys(docs)) {
		rows = append(rows, docs[id].row)
	}
	return m.PutDocuments(ctx, rows)
}

// record records what became of each item, and what files were found to say.
func (s *Stage) record(ctx context.Context, m *state.Merging, readings []reading) error {
	list := make([]state.Reading, len(readings))
	recalled := map[relais.Digest]string{}
	for i, g := range readings {
		list[i] = state.Reading{Item: g.item, Document: g.document, Generation: s.generation, Refusal: g.refusal}
		maps.Copy(recalled, g.recalled)
	}
	if err := m.PutReadings(ctx, list); err != nil {
		return err
	}
	return m.PutExtractions(ctx, ExtractionVersion, recalled)
}

// members gives every document that was, or is about to be, appended for a message
// or file: known before the append, so that a withdrawal after a crash reaches all.
func members(d *decided) []relais.DocumentID {
	list := slices.Clone(d.row.Members)
	if shown(*d) {
		list = append(list, d.row.ID)
		for _, a := range d.facts.Attachments {
			list = append(list, a.Document.ID)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *Stage) sealFacts(ctx context.Context, c relais.CaseID, docs map[relais.DocumentID]*decided) error {
	var order []relais.DocumentID
	var plain []blob.Sealed
	for _, id := range slices.Sorted(maps.Keys(docs)) {
		if d := docs[id]; d.facts != nil {
			b, err := json.Marshal(d.facts)
			if err != nil {
				return relais.E(relais.KindInternal, "encode facts", err)
			}
			order, plain = append(order, id), append(plain, blob.Sealed{Digest: d.row.Blob, Bytes: b})
		}
	}
	sealed, err := s.blobs.Seal(ctx, c, relais.SealedFacts, plain)
	if err != nil {
		return err
	}
	for i, id := range order {
		docs[id].row.Facts = sealed[i]
	}
	return nil
}

// unsealFacts opens the facts of documents. Damaged ones are told and passed over: what
// made them is read again by a reindex from the bytes, and until then a document without
// facts is not shown, lest one stays in sight that a mark should withdraw.
func (s *Stage) unsealFacts(ctx context.Context, c relais.CaseID, rows []state.Document) (map[relais.DocumentID]*facts, error) {
	sealed := make([]blob.Sealed, len(rows))
	for i, r := range rows {
		sealed[i] = blob.Sealed{Digest: r.Blob, Bytes: r.Facts}
	}
	plain, err := s.blobs.Unseal(ctx, c, relais.SealedFacts, sealed)
	found := make(map[relais.DocumentID]*facts, len(rows))
	for i := range plain {
		f := &facts{}
		if err = json.Unmarshal(plain[i], f); err != nil {
			err = relais.E(relais.KindDamaged, "decode facts", err)
			break
		}
		found[rows[i].ID] = f
	}
	switch {
	case relais.KindOf(err) != relais.KindDamaged:
		return found, err
	case len(rows) > 1:
		return s.unsealHalves(ctx, c, rows)
	}
	s.logger.Error("what is known of a document is damaged: it is not shown until `relais reindex --from raw`", "document", string(rows[0].ID))
	return nil, nil
}

// unsealHalves opens the facts of documents of which one's are damaged.
func (s *Stage) unsealHalves(ctx context.Context, c relais.CaseID, rows []state.Document) (map[relais.DocumentID]*facts, error) {
	all := make(map[relais.DocumentID]*facts, len(rows))
	for _, half := range [][]state.Document{rows[:len(rows)/2], rows[len(rows)/2:]} {
		found, err := s.unsealFacts(ctx, c, half)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, found)
	}
	return all, nil
}

// damaged tells whether facts are on record that could not be opened.
func (d *decided) damaged() bool { return d.facts == nil && d.row.Facts != nil }

func collect(docs map[relais.DocumentID]*decided) []decided {
	list := make([]decided, 0, len(docs))
	for _, id := range slices.Sorted(maps.Keys(docs)) {
		list = append(list, *docs[id])
	}
	return list
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
