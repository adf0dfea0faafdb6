package state

import (
	"context"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

const decisionColumns = `id, case_id, seq, kind, about, target, document, verdict, actor, at, reason, undone_by, undone_at, undone_reason, value, since, until`

// qualified gives the columns of a decision of a named table.
func qualified(table string) string {
	return table + "." + strings.ReplaceAll(decisionColumns, ", ", ", "+table+".")
}

// PutDecision records a decision on privacy, after all others of the case, and gives it
// with its id.
func (m *Merging) PutDecision(ctx context.Context, d relais.Decision) (relais.Decision, error) {
	d.Case, d.Kind = m.c, relais.DecidePrivacy
	return putDecision(ctx, m.tx, d)
}

// putDecision records a decision after all others that may be on its target: these are
// made under one lock.
func putDecision(ctx context.Context, tx session, d relais.Decision) (relais.Decision, error) {
	var last int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) + 1, (SELECT COALESCE(MAX(ranked), 0) FROM decisions)
		FROM decisions WHERE case_id = $1`, string(d.Case)).Scan(&d.Seq, &last)
	if err != nil {
		return d, err
	}
	d.ID = relais.NewDecisionID(d)
	return d, insertDecision(ctx, tx, d, max(last+1, d.At.UnixMicro()))
}

func insertDecision(ctx context.Context, tx session, d relais.Decision, ranked int64) error {
	undone := relais.Act{}
	if d.Undone != nil {
		undone = *d.Undone
	}
	return insertRows(ctx, tx, `INSERT INTO decisions (`+decisionColumns+`, ranked)`, "", [][]any{{
		d.ID, string(d.Case), d.Seq, string(d.Kind), string(d.About), d.Target, string(d.Document), string(d.Verdict), d.Actor, formatTime(d.At), d.Reason,
		undone.Actor, formatTime(undone.At), undone.Reason, d.Value, d.Since, d.Until, ranked}})
}

// UndoDecision makes a decision of the case count no more.
func (m *Merging) UndoDecision(ctx context.Context, id string, by relais.Act) error {
	_, err := m.tx.ExecContext(ctx, `UPDATE decisions SET undone_by = $1, undone_at = $2, undone_reason = $3
		WHERE case_id = $4 AND id = $5 AND undone_at = ''`, by.Actor, formatTime(by.At), by.Reason, string(m.c), id)
	return err
}

// Decisions gives what was decided on the privacy of a case, or of every case, and not
// undone, in the order it was: about folders, rules, addresses and domains, but of
// documents alone whether there are any.
func (m *Merging) Decisions(ctx context.Context) (list []relais.Decision, documents bool, err error) {
	err = each(ctx, m.tx, `SELECT `+decisionColumns+` FROM decisions
		WHERE case_id IN ($1, '') AND kind = 'privacy' AND about <> 'document' AND undone_at = '' ORDER BY ranked, id`, []any{string(m.c)}, func(r row) error {
		d, err := scanDecision(r)
		list = append(list, d)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	err = each(ctx, m.tx, `SELECT 1 FROM decisions WHERE case_id = $1 AND kind = 'privacy' AND about = 'document' AND undone_at = '' LIMIT 1`,
		[]any{string(m.c)}, func(row) error { documents = true; return nil })
	return list, documents, err
}

// Decided gives what was decided last of each document that somebody decided of: of
// the bytes of any of its occurrences.
func (m *Merging) Decided(ctx context.Context, ids []relais.DocumentID) (map[relais.DocumentID]relais.Verdict, error) {
	found := map[relais.DocumentID]relais.Verdict{}
	err := eachIn(ctx, m.tx, `SELECT DISTINCT o.document, x.ranked, x.id, x.verdict FROM occurrences o
		JOIN decisions x ON x.case_id = o.case_id AND x.kind = 'privacy' AND x.about = 'document' AND x.target = o.sha256 AND x.undone_at = ''
		WHERE o.case_id = $1 AND o.outcome = 'read' AND o.document IN (?) ORDER BY x.ranked, x.id`, []any{string(m.c)}, ids, func(r row) error {
		var id relais.DocumentID
		var ranked int64
		var decision string
		var v relais.Verdict
		err := r.Scan(&id, &ranked, &decision, &v)
		found[id] = v
		return err
	})
	return found, err
}

// Doubted gives the documents that bear, or bore before they were read anew, a doubtful
// mark for which want says so, by id.
func (m *Merging) Doubted(ctx context.Context, want func(Doubt) bool) (ids []relais.DocumentID, err error) {
	query := `SELECT ` + withoutFacts() + ` FROM documents WHERE case_id = $1 AND (doubts <> '' OR earlier <> '') ORDER BY id`
	err = each(ctx, m.tx, query, []any{string(m.c)}, func(r row) error {
		d, err := scanDocument(r)
		for _, doubt := range d.Marks().Doubts {
			if want(doubt) {
				ids = append(ids, d.ID)
				break
			}
		}
		return err
	})
	return ids, err
}

// BytesOf gives the digest of a document's smallest occurrence, the zero one when it has none.
func (m *Merging) BytesOf(ctx context.Context, id relais.DocumentID) (d relais.Digest, err error) {
	err = each(ctx, m.tx, `SELECT sha256 FROM occurrences WHERE case_id = $1 AND outcome = 'read' AND document = $2
		ORDER BY owner, source, folder, position, sha256 LIMIT 1`, []any{string(m.c), string(id)}, func(r row) error {
		var s string
		if err := r.Scan(&s); err != nil {
			return err
		}
		return garbled(d.UnmarshalText([]byte(s)))
	})
	return d, err
}

// OfBytes gives the documents that some bytes were read as.
func (m *Merging) OfBytes(ctx context.Context, sha256 string) (ids []relais.DocumentID, err error) {
	err = each(ctx, m.tx, `SELECT DISTINCT document FROM occurrences WHERE case_id = $1 AND outcome = 'read' AND sha256 = $2`,
		[]any{string(m.c), sha256}, func(r row) error {
			var id relais.DocumentID
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, err
}

// Decisions lists what was decided on the privacy of a case, or with an empty id of all,
// undone or not, by case and in the order it counts.
func (db *DB) Decisions(ctx context.Context, c relais.CaseID) ([]relais.Decision, error) {
	return db.listDecisions(ctx, `kind = 'privacy' AND ($1 = '' OR case_id = $1)`, string(c))
}

// AllDecisions lists all that was decided, of privacy too, undone or not: of a case and
// what holds in every case, or with an empty id everything. Those that hold in every case
// come first, and then those of each, in the order they count.
func (db *DB) AllDecisions(ctx context.Context, c relais.CaseID) ([]relais.Decision, error) {
	return db.listDecisions(ctx, `$1 = '' OR case_id IN ('', $1)`, string(c))
}

func (db *DB) listDecisions(ctx context.Context, where string, args ...any) ([]relais.Decision, error) {
	var list []relais.Decision
	err := each(ctx, db.read, `SELECT `+decisionColumns+` FROM decisions WHERE `+where+` ORDER BY case_id, ranked, id`, args, func(r row) error {
		d, err := scanDecision(r)
		list = append(list, d)
		return err
	})
	return list, unavailable("list decisions", err)
}

func scanDecision(r row, before ...any) (d relais.Decision, err error) {
	var at, undoneAt string
	var undone relais.Act
	err = r.Scan(append(before, &d.ID, &d.Case, &d.Seq, &d.Kind, &d.About, &d.Target, &d.Document, &d.Verdict, &d.Actor, &at, &d.Reason,
		&undone.Actor, &undoneAt, &undone.Reason, &d.Value, &d.Since, &d.Until)...)
	d.At = parseTime(at)
	if undoneAt != "" {
		undone.At = parseTime(undoneAt)
		d.Undone = &undone
	}
	return d, err
}
