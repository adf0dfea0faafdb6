package state

import (
	"context"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// DoubtfulRow is a document that is withheld until somebody settles what its marks mean.
type DoubtfulRow struct {
	ID     relais.DocumentID
	Case   relais.CaseID
	Date   time.Time // zero when undated
	Size   int64     // of its captured bytes
	Copies int64
	Doubts []Doubt
}

// EachDoubtful calls fn for the doubtful documents of a case, or with an empty id of
// all, by case, date and id.
func (db *DB) EachDoubtful(ctx context.Context, c relais.CaseID, fn func(DoubtfulRow) error) error {
	err := each(ctx, db.read, `SELECT d.id, d.case_id, d.sent, d.doubts, d.earlier, COALESCE(b.size, 0),
			(SELECT COUNT(*) FROM occurrences o WHERE o.case_id = d.case_id AND o.document = d.id AND o.outcome = 'read')
		FROM documents d LEFT JOIN blobs b ON b.digest = d.blob
		WHERE d.status = 'doubtful' AND ($1 = '' OR d.case_id = $1) ORDER BY d.case_id, d.sent, d.id`, []any{string(c)}, func(r row) error {
		var d DoubtfulRow
		var sent int64
		var doubts, earlier string
		if err := r.Scan(&d.ID, &d.Case, &sent, &doubts, &earlier, &d.Size, &d.Copies); err != nil {
			return err
		}
		var marks, before Marks
		if err := decodeJSON(doubts, &marks.Doubts); err != nil {
			return err
		}
		if err := decodeJSON(earlier, &before); err != nil {
			return err
		}
		d.Doubts = marks.Unite(before).Doubts
		if sent != 0 {
			d.Date = time.Unix(sent, 0).UTC()
		}
		return fn(d)
	})
	return unavailable("list doubtful documents", err)
}

// CountDoubtful counts the doubtful documents of all cases.
func (db *DB) CountDoubtful(ctx context.Context) (n int64, err error) {
	err = each(ctx, db.read, `SELECT COUNT(*) FROM documents WHERE status = 'doubtful'`, nil, func(r row) error { return r.Scan(&n) })
	return n, unavailable("count doubtful documents", err)
}

// Row gives a message or file as it stands, by its id or that of something it carries;
// relais.KindNotFound when there is none.
func (db *DB) Row(ctx context.Context, id relais.DocumentID) (relais.CaseID, Document, error) {
	var c relais.CaseID
	var found []Document
	err := each(ctx, db.read, `SELECT d.case_id, d.id FROM cases c JOIN documents d ON d.case_id = c.id AND d.id = $1
		UNION ALL SELECT case_id, root FROM envelopes WHERE id = $1 AND root <> $1`, []any{string(id)}, func(r row) error {
		return r.Scan(&c, &id)
	})
	if err == nil && c != "" {
		err = each(ctx, db.read, `SELECT `+documentColumns+` FROM documents WHERE case_id = $1 AND id = $2`, []any{string(c), string(id)}, func(r row) error {
			d, err := scanDocument(r)
			found = append(found, d)
			return err
		})
	}
	if err == nil && len(found) == 0 {
		err = relais.Errorf(relais.KindNotFound, "find document", "no document has this id")
	}
	if err != nil {
		return "", Document{}, unavailable("find document", err)
	}
	return c, found[0], nil
}

// PutDisclosure records that somebody is about to be told what a document is.
func (db *DB) PutDisclosure(ctx context.Context, c relais.CaseID, id relais.DocumentID, a relais.Act) error {
	_, err := db.write.ExecContext(ctx, `INSERT INTO disclosures (case_id, document, at, actor, reason) VALUES ($1,$2,$3,$4,$5)
		ON CONFLICT (case_id, document, at, actor) DO UPDATE SET reason = excluded.reason`,
		string(c), string(id), formatTime(a.At), a.Actor, a.Reason)
	return unavailable("record a disclosure", err)
}

// Disclosures gives who was told what a document is, in the order they were.
func (db *DB) Disclosures(ctx context.Context, c relais.CaseID, id relais.DocumentID) ([]relais.Act, error) {
	list := []relais.Act{}
	err := each(ctx, db.read, `SELECT at, actor, reason FROM disclosures WHERE case_id = $1 AND document = $2 ORDER BY at, actor`,
		[]any{string(c), string(id)}, func(r row) error {
			var a relais.Act
			var at string
			err := r.Scan(&at, &a.Actor, &a.Reason)
			a.At = parseTime(at)
			list = append(list, a)
			return err
		})
	return list, unavailable("list disclosures", err)
}
