package state

import (
	"context"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// The ways in which what is remembered of a document may be inconsistent.
const (
	UnsoundUnseen    = "document_unseen"         // a document that no occurrence is read as
	UnsoundLost      = "occurrence_undocumented" // an occurrence read as a document that does not exist
	UnsoundStray     = "envelope_unknown"        // envelopes of a document that does not exist
	UnsoundEnvelopes = "envelopes_differ"        // other envelopes than were appended
)

// Unsound is a document about which state is inconsistent.
type Unsound struct {
	Case     relais.CaseID
	Document relais.DocumentID // also where it does not exist
	Code     string
}

// unseen tells the rows d of documents that were seen nowhere.
const unseen = `NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.case_id = d.case_id AND o.document = d.id AND o.outcome = 'read')`

// unsoundQuery looks at all documents, occurrences and envelopes as they were at one
// time. What was decided and not yet appended is on its way, and no fault.
const unsoundQuery = `
SELECT d.case_id, d.id, '` + UnsoundUnseen + `' FROM documents d WHERE d.dirty = 0 AND ` + unseen + `
UNION SELECT o.case_id, o.document, '` + UnsoundLost + `' FROM occurrences o WHERE o.outcome = 'read'
	AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.case_id = o.case_id AND d.id = o.document)
UNION SELECT e.case_id, e.root, '` + UnsoundStray + `' FROM envelopes e
	WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.case_id = e.case_id AND d.id = e.root)
UNION SELECT d.case_id, d.id, '` + UnsoundEnvelopes + `' FROM documents d WHERE d.dirty = 0
	AND CASE WHEN d.members <> '' THEN LENGTH(d.members) - LENGTH(REPLACE(d.members, ' ', '')) + 1
		WHEN d.status = '' AND d.facts IS NOT NULL THEN 1 ELSE 0 END
	<> (SELECT COUNT(*) FROM envelopes e WHERE e.case_id = d.case_id AND e.root = d.id)
ORDER BY 1, 2, 3`

// Unsound lists the documents about which state is inconsistent, by case and id. It reads
// everything once.
func (db *DB) Unsound(ctx context.Context) ([]Unsound, error) {
	var list []Unsound
	err := each(ctx, db.read, unsoundQuery, nil, func(r row) error {
		var u Unsound
		err := r.Scan(&u.Case, &u.Document, &u.Code)
		list = append(list, u)
		return err
	})
	return list, unavailable("look for unsound documents", err)
}

// EachAppended calls fn for pages of the documents that were appended, as the messages and
// files that hold them remember it, whatever became of their envelopes since. What is
// decided anew and on its way is left out.
func (db *DB) EachAppended(ctx context.Context, fn func([]relais.DocumentID) error) error {
	const page = 500
	for c, after, more := "", "", true; more; {
		var list []relais.DocumentID
		n := 0
		err := each(ctx, db.read, `SELECT case_id, id, CASE WHEN members <> '' THEN members WHEN status = '' AND facts IS NOT NULL THEN id ELSE '' END
			FROM documents WHERE dirty = 0 AND (case_id, id) > ($1, $2) ORDER BY case_id, id LIMIT $3`, []any{c, after, page}, func(r row) error {
			var members string
			err := r.Scan(&c, &after, &members)
			for _, id := range strings.Fields(members) {
				list = append(list, relais.DocumentID(id))
			}
			n++
			return err
		})
		if err != nil {
			return unavailable("list appended documents", err)
		}
		if err := fn(list); err != nil {
			return err
		}
		more = n == page
	}
	return nil
}

// Coming gives the documents that were decided and may have been appended already, with
// no envelope kept yet.
func (db *DB) Coming(ctx context.Context) ([]relais.DocumentID, error) {
	var list []relais.DocumentID
	err := each(ctx, db.read, `SELECT members FROM documents WHERE dirty = 1`, nil, func(r row) error {
		var members string
		err := r.Scan(&members)
		for _, id := range strings.Fields(members) {
			list = append(list, relais.DocumentID(id))
		}
		return err
	})
	return list, unavailable("list decided documents", err)
}

// Bereft gives those of the documents, known or not, that no occurrence is read as.
func (m *Merging) Bereft(ctx context.Context, ids []relais.DocumentID) (map[relais.DocumentID]bool, error) {
	bereft := make(map[relais.DocumentID]bool, len(ids))
	for _, id := range ids {
		bereft[id] = true
	}
	err := eachIn(ctx, m.tx, `SELECT d.id FROM documents d WHERE d.case_id = $1 AND NOT `+unseen+` AND d.id IN (?)`,
		[]any{string(m.c)}, ids, func(r row) error {
			var id relais.DocumentID
			err := r.Scan(&id)
			delete(bereft, id)
			return err
		})
	return bereft, err
}

// Members gives, for some messages or files, the documents whose envelopes are kept,
// themselves included, whatever their own envelopes say.
func (m *Merging) Members(ctx context.Context, roots []relais.DocumentID) (map[relais.DocumentID][]relais.DocumentID, error) {
	found := map[relais.DocumentID][]relais.DocumentID{}
	err := eachIn(ctx, m.tx, `SELECT root, id FROM envelopes WHERE case_id = $1 AND root IN (?) ORDER BY id`,
		[]any{string(m.c)}, roots, func(r row) error {
			var root, id relais.DocumentID
			err := r.Scan(&root, &id)
			found[root] = append(found[root], id)
			return err
		})
	return found, err
}
