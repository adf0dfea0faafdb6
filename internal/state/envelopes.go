package state

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
)

// Envelope is the current envelope of one document, sealed.
type Envelope struct {
	ID       relais.DocumentID
	Case     relais.CaseID
	Root     relais.DocumentID // the message that holds it, or itself
	Blob     relais.Digest     // whose key seals it
	Thread   string
	Revision int64
	Sealed   []byte

	State  relais.ReadState // counted without opening what is sealed
	Unread string           // why text is missing
}

// Appended is what was appended for one message or file: its members' envelopes,
// and those withdrawn.
type Appended struct {
	Root      relais.DocumentID
	Revision  int64
	Envelopes []Envelope
	Withdrawn []relais.DocumentID
}

// Appended keeps current envelopes and clears the mark of their documents, unless they
// were decided anew meanwhile. It is one transaction, which no merge of the case can
// interleave with.
func (db *DB) Appended(ctx context.Context, c relais.CaseID, list []Appended) error {
	return db.locked(ctx, "keep envelopes", lockCase+string(c), func(tx session) error {
		current, err := revisions(ctx, tx, c, list)
		if err != nil {
			return err
		}
		var rows, done [][]any
		var withdrawn []relais.DocumentID
		for _, a := range list {
			if current[a.Root] != a.Revision {
				continue // decided anew meanwhile: that decision is appended after this one
			}
			delete(current, a.Root) // named once, also where the list names it twice
			members := make([]relais.DocumentID, 0, len(a.Envelopes))
			for _, e := range a.Envelopes {
				members = append(members, e.ID)
				rows = append(rows, []any{string(e.ID), string(c), string(a.Root), e.Blob.String(), e.Thread, a.Revision, e.Sealed, string(e.State), e.Unread})
			}
			withdrawn = append(withdrawn, a.Withdrawn...)
			done = append(done, []any{string(c), string(a.Root), joinIDs(members)})
		}
		if err := withdraw(ctx, tx, withdrawn); err != nil {
			return err
		}
		if err := updateRows(ctx, tx, `UPDATE documents SET members = v.column3, dirty = 0 FROM (?) AS v
			WHERE case_id = v.column1 AND id = v.column2`, done); err != nil {
			return err
		}
		if err := dropGone(ctx, tx, c, list); err != nil {
			return err
		}
		return insertRows(ctx, tx, `INSERT INTO envelopes (`+envelopeColumns+`) `,
			`ON CONFLICT (id) DO UPDATE SET blob = excluded.blob, thread = excluded.thread, revision = excluded.revision,
				sealed = excluded.sealed, state = excluded.state, unread = excluded.unread WHERE excluded.revision >= envelopes.revision`, rows)
	})
}

// dropGone forgets the documents that no occurrence holds any more, once their tombstones
// are appended.
func dropGone(ctx context.Context, tx session, c relais.CaseID, list []Appended) error {
	var bare []relais.DocumentID
	for _, a := range list {
		if len(a.Envelopes) == 0 {
			bare = append(bare, a.Root)
		}
	}
	return execIn(ctx, tx, `DELETE FROM documents WHERE case_id = $1 AND dirty = 0 AND facts IS NULL AND status = '' AND id IN (?)`,
		[]any{string(c)}, bare)
}

// MarkAll marks every document as decided and not yet appended: for a stream
// "enriched" that is to be filled anew from what is remembered.
func (db *DB) MarkAll(ctx context.Context) error {
	_, err := db.write.ExecContext(ctx, `UPDATE documents SET dirty = 1 WHERE dirty = 0`)
	return unavailable("mark documents", err)
}

// revisions gives the revision last decided of each document that is known.
func revisions(ctx context.Context, tx session, c relais.CaseID, list []Appended) (map[relais.DocumentID]int64, error) {
	roots := make([]relais.DocumentID, len(list))
	for i, a := range list {
		roots[i] = a.Root
	}
	found := make(map[relais.DocumentID]int64, len(list))
	err := eachIn(ctx, tx, `SELECT id, revision FROM documents WHERE case_id = $1 AND id IN (?)`, []any{string(c)}, roots,
		func(r row) error {
			var id relais.DocumentID
			var revision int64
			err := r.Scan(&id, &revision)
			found[id] = revision
			return err
		})
	return found, err
}

func withdraw(ctx context.Context, tx session, ids []relais.DocumentID) error {
	return execIn(ctx, tx, `DELETE FROM envelopes WHERE id IN (?)`, nil, ids)
}

const envelopeColumns = `id, case_id, root, blob, thread, revision, sealed, state, unread`

// Envelopes gives the current envelopes of those ids that have one.
func (db *DB) Envelopes(ctx context.Context, ids []relais.DocumentID) (map[relais.DocumentID]Envelope, error) {
	found := make(map[relais.DocumentID]Envelope, len(ids))
	err := eachIn(ctx, db.read, `SELECT `+envelopeColumns+` FROM envelopes WHERE id IN (?)`, nil, ids, func(r row) error {
		e, err := scanEnvelope(r)
		found[e.ID] = e
		return err
	})
	return found, unavailable("open envelopes", err)
}

// SealedBy gives of those of the ids that have an envelope what seals it, and its
// revision: an envelope without its bytes.
func (db *DB) SealedBy(ctx context.Context, ids []relais.DocumentID) (map[relais.DocumentID]Envelope, error) {
	found := make(map[relais.DocumentID]Envelope, len(ids))
	err := eachIn(ctx, db.read, `SELECT id, case_id, blob, revision FROM envelopes WHERE id IN (?)`, nil, ids, func(r row) error {
		var e Envelope
		var blob string
		if err := r.Scan(&e.ID, &e.Case, &blob, &e.Revision); err != nil {
			return err
		}
		err := garbled(e.Blob.UnmarshalText([]byte(blob)))
		found[e.ID] = e
		return err
	})
	return found, unavailable("look for envelopes", err)
}

// ThreadEnvelopes gives the envelopes of a thread, in no order.
func (db *DB) ThreadEnvelopes(ctx context.Context, thread string) ([]Envelope, error) {
	var list []Envelope
	err := each(ctx, db.read, `SELECT `+envelopeColumns+` FROM envelopes WHERE thread = $1`, []any{thread}, func(r row) error {
		e, err := scanEnvelope(r)
		list = append(list, e)
		return err
	})
	return list, unavailable("open thread", err)
}

// EachEnvelope calls fn for pages of envelopes, by id, until fn fails.
func (db *DB) EachEnvelope(ctx context.Context, fn func([]Envelope) error) error {
	const page = 500
	for after := ""; ; {
		var list []Envelope
		err := each(ctx, db.read, `SELECT `+envelopeColumns+` FROM envelopes WHERE id > $1 ORDER BY id LIMIT $2`,
			[]any{after, page}, func(r row) error {
				e, err := scanEnvelope(r)
				list = append(list, e)
				return err
			})
		if err != nil || len(list) == 0 {
			return unavailable("list envelopes", err)
		}
		if err := fn(list); err != nil {
			return err
		}
		after = string(list[len(list)-1].ID)
	}
}

func scanEnvelope(r row) (e Envelope, err error) {
	var blob string
	if err = r.Scan(&e.ID, &e.Case, &e.Root, &blob, &e.Thread, &e.Revision, &e.Sealed, &e.State, &e.Unread); err != nil {
		return e, err
	}
	return e, garbled(e.Blob.UnmarshalText([]byte(blob)))
}

// Extractions gives what was read in a file before, as the reader recorded it.
func (db *DB) Extractions(ctx context.Context, version string, digests []relais.Digest) (map[relais.Digest]string, error) {
	found := map[relais.Digest]string{}
	err := eachIn(ctx, db.read, `SELECT digest, body FROM extractions WHERE version = $1 AND digest IN (?)`,
		[]any{version}, hexes(digests), func(r row) error {
			var name, body string
			if err := r.Scan(&name, &body); err != nil {
				return err
			}
			d, err := relais.ParseDigest(name)
			found[d] = body
			return garbled(err)
		})
	return found, unavailable("recall extractions", err)
}

// PutExtractions keeps what was read in files.
func (m *Merging) PutExtractions(ctx context.Context, version string, bodies map[relais.Digest]string) error {
	rows := make([][]any, 0, len(bodies))
	for d, b := range bodies {
		rows = append(rows, []any{d.String(), version, b})
	}
	sortRows(rows) // another case's merge may recall the same files
	return insertRows(ctx, m.tx, `INSERT INTO extractions (digest, version, body) `,
		`ON CONFLICT (digest, version) DO NOTHING`, rows)
}
