package enrich

import (
	"context"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// flush appends the envelopes of documents that were decided, or their tombstones,
// then keeps them and clears their marks. A crash in between appends them again.
func (s *Stage) flush(ctx context.Context, c relais.CaseID, list []decided) error {
	const most = 500
	for len(list) > 0 {
		n := min(len(list), most)
		if err := s.flushSome(ctx, c, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (s *Stage) flushSome(ctx context.Context, c relais.CaseID, list []decided) error {
	if err := s.loadFacts(ctx, c, list); err != nil {
		return err
	}
	seen, err := s.occurrences(ctx, c, list)
	if err != nil {
		return err
	}
	discovered, err := s.state.Discovered(ctx, c)
	if err != nil {
		return err
	}
	var made []envelope
	appended := make([]state.Appended, len(list))
	for i, d := range list {
		appended[i] = state.Appended{Root: d.row.ID, Revision: d.row.Revision}
		if shown(d) {
			es, err := s.envelopes(c, d, seen[d.row.ID], discovered)
			if err != nil {
				return err
			}
			made = append(made, es...)
		}
	}
	return s.append(ctx, c, list, made, appended)
}

// occurrences gives where documents were seen, except for those withdrawn: from the merge
// if it passed this on, otherwise from state.
func (s *Stage) occurrences(ctx context.Context, c relais.CaseID, list []decided) (map[relais.DocumentID][]relais.Occurrence, error) {
	var ids []relais.DocumentID
	for _, d := range list {
		if shown(d) && d.seen == nil {
			ids = append(ids, d.row.ID)
		}
	}
	seen, err := s.state.Occurrences(ctx, c, ids, maxOccurrences+1)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.seen != nil {
			seen[d.row.ID] = d.seen
		}
		s.seen.put(d.row.ID, d.row.Revision, seen[d.row.ID])
	}
	return seen, nil
}

// append seals envelopes and appends them, with a tombstone for every member that
// was appended earlier and no longer exists.
func (s *Stage) append(ctx context.Context, c relais.CaseID, list []decided, made []envelope, appended []state.Appended) error {
	sealed, err := s.seal(ctx, c, made)
	if err != nil {
		return err
	}
	byRoot := map[relais.DocumentID]int{}
	for i, a := range appended {
		byRoot[a.Root] = i
	}
	var records []stream.Record
	now := map[relais.DocumentID]bool{}
	for i, e := range made {
		root := e.Document.Parent
		if root == "" {
			root = e.Document.ID
		}
		a := &appended[byRoot[root]]
		a.Envelopes = append(a.Envelopes, state.Envelope{
			ID: e.Document.ID, Case: c, Root: root, Blob: e.Blob, Thread: e.Document.Thread, Revision: e.Revision, Sealed: sealed[i],
			State: e.Document.ReadState(), Unread: e.Document.Unread,
		})
		now[e.Document.ID] = true
		value, err := relais.SealedRecord{Format: relais.RawFormat, Case: c, Blob: e.Blob,
			Document: e.Document.ID, Revision: e.Revision, Sealed: sealed[i]}.Encode()
		if err != nil {
			return err
		}
		records = append(records, stream.Record{Key: string(e.Document.ID), Value: value})
	}
	for i, d := range list {
		for _, id := range d.row.Members {
			if !now[id] {
				appended[i].Withdrawn = append(appended[i].Withdrawn, id)
				records = append(records, stream.Record{Key: string(id)})
			}
		}
	}
	if len(records) > 0 {
		if err := s.log.Append(ctx, stream.TopicEnriched, records); err != nil {
			return err
		}
	}
	return s.state.Appended(ctx, c, appended)
}

func (s *Stage) seal(ctx context.Context, c relais.CaseID, made []envelope) ([][]byte, error) {
	plain := make([]blob.Sealed, len(made))
	for i, e := range made {
		plain[i] = blob.Sealed{Digest: e.Blob, Bytes: e.body}
	}
	return s.blobs.Seal(ctx, c, relais.SealedEnvelope, plain)
}

// loadFacts opens the facts of documents that were touched from afar.
func (s *Stage) loadFacts(ctx context.Context, c relais.CaseID, list []decided) error {
	rows := rowsOf(list, needsFacts)
	if len(rows) == 0 {
		return nil
	}
	full, err := s.state.DocumentRows(ctx, c, rows)
	if err != nil {
		return err
	}
	found, err := s.unsealFacts(ctx, c, full)
	if err != nil {
		return err
	}
	for i := range list {
		if needsFacts(list[i]) {
			list[i].facts = found[list[i].row.ID]
		}
	}
	return nil
}
