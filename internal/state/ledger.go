package state

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Cursor gives how far a folder was captured, "" from the start.
func (db *DB) Cursor(ctx context.Context, c relais.CaseID, owner, source, folder string) (cursor string, err error) {
	err = each(ctx, db.read, `SELECT cursor FROM folders WHERE case_id = $1 AND owner = $2 AND source = $3 AND folder = $4`,
		[]any{string(c), owner, source, folder}, func(r row) error { return r.Scan(&cursor) })
	return cursor, unavailable("read cursor", err)
}

// place is a position of a folder.
type place struct{ folder, position string }

// Known tells which positions of a source were captured or left out before: one read of
// all, then no more. What was refused may be tried again, and what was left out by a rule
// is asked about again, since the rule may have been lifted.
func (db *DB) Known(ctx context.Context, c relais.CaseID, owner, source string) (func(folder, position string) bool, error) {
	known := map[place]struct{}{}
	err := each(ctx, db.read, `SELECT folder, position FROM occurrences WHERE case_id = $1 AND owner = $2 AND source = $3
		AND outcome NOT IN ('refused', 'excluded', 'superseded') AND generation <> $4`, []any{string(c), owner, source, lostGeneration}, func(r row) error {
		var p place
		err := r.Scan(&p.folder, &p.position)
		known[p] = struct{}{}
		return err
	})
	if err != nil {
		return nil, unavailable("list captured positions", err)
	}
	return func(folder, position string) bool {
		_, ok := known[place{folder, position}]
		return ok
	}, nil
}

// Held counts what was appended to the log before it was recorded here: captured
// items, to stream "raw", and documents, to "enriched". Each was one record at least.
func (db *DB) Held(ctx context.Context) (items, documents int64, err error) {
	err = each(ctx, db.read, `SELECT (SELECT COUNT(*) FROM occurrences WHERE outcome NOT IN ('refused', 'excluded')),
		(SELECT COUNT(*) FROM envelopes)`, nil, func(r row) error { return r.Scan(&items, &documents) })
	return items, documents, unavailable("count what was appended", err)
}

// CaptureAgain forgets how far sources were captured, since the log has lost records of
// their items: the next capture appends every item again. What was read of them stays.
func (db *DB) CaptureAgain(ctx context.Context) error {
	return db.update(ctx, "capture again", func(tx session) error {
		if _, err := tx.ExecContext(ctx, `UPDATE folders SET cursor = ''`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE occurrences SET generation = $1 WHERE outcome NOT IN ('refused', 'excluded', 'superseded')`, lostGeneration)
		return err
	})
}

// lostGeneration is that of an occurrence whose record the log has lost; one that was
// never read has -1.
const lostGeneration = -2

// RecordCaptured adds one batch of capture to the account, in one transaction. An item that
// enrich has read already keeps its outcome; a position that is refused or excluded in one
// run and captured in another, whichever comes first, counts once, as captured; of several
// reasons why it was never captured the last counts. Captures of a case wait for each other;
// with merges they conflict at most on an occurrence that both record, and both do so in the
// order of keys.
func (db *DB) RecordCaptured(ctx context.Context, b relais.Captured) error {
	return db.locked(ctx, "record capture", lockCaptured+string(b.Case), func(tx session) error {
		if err := dropLeft(ctx, tx, b); err != nil {
			return err
		}
		if err := revive(ctx, tx, b); err != nil {
			return err
		}
		if err := insertRows(ctx, tx, `INSERT INTO occurrences (`+occurrenceColumns+`) `,
			`ON CONFLICT (case_id, okey) DO NOTHING`, capturedRows(b)); err != nil {
			return err
		}
		for _, r := range b.Refused {
			if err := putRefusal(ctx, tx, r); err != nil {
				return err
			}
		}
		return errors.Join(putWarned(ctx, tx, b), putFolders(ctx, tx, b))
	})
}

func capturedRows(b relais.Captured) [][]any {
	rows := make([][]any, 0, len(b.Items)+len(b.Excluded)+len(b.Refused))
	seen := map[string]bool{}
	add := func(o relais.Occurrence, outcome, reason string) {
		if key := o.Key(); !seen[key] {
			seen[key] = true
			rows = append(rows, []any{string(b.Case), key, o.Owner, o.Source, o.Folder, o.Position, o.SHA256.String(),
				strings.Join(o.Flags, " "), outcome, reason, "", -1})
		}
	}
	for _, it := range b.Items {
		add(it.Occurrence, outcomePending, "")
	}
	for _, l := range b.Excluded {
		add(leftAt(b, l.Folder, l.Position), string(relais.StatusExcluded), l.Rule)
	}
	for _, r := range b.Refused {
		if r.OfFolder() {
			continue // no item was seen
		}
		add(leftAt(b, r.Folder, r.Position), string(relais.StatusRefused), r.Code)
	}
	slices.SortFunc(rows, byKey)
	return rows
}

// byKey orders rows of occurrences, whose second column is their key.
func byKey(a, b []any) int { return strings.Compare(a[1].(string), b[1].(string)) }

// dropLeft forgets that positions were refused or excluded, where they are now
// captured, or left for another reason.
func dropLeft(ctx context.Context, tx session, b relais.Captured) error {
	keys := make([]string, 0, len(b.Items)+len(b.Excluded)+len(b.Refused))
	for _, it := range b.Items {
		keys = append(keys, leftAt(b, it.Occurrence.Folder, it.Occurrence.Position).Key())
	}
	for _, l := range b.Excluded {
		keys = append(keys, leftAt(b, l.Folder, l.Position).Key())
	}
	for _, f := range b.Folders {
		if f.Complete { // a refusal of the folder itself is over
			keys = append(keys, leftAt(b, f.Folder, "").Key())
		}
	}
	fixed := []any{string(b.Case)}
	if err := execIn(ctx, tx, `DELETE FROM refusals WHERE case_id = $1 AND stage = 'ingest' AND id IN (?)`, fixed, keys); err != nil {
		return err
	}
	for _, r := range b.Refused { // its refusal stays: how often it was tried is counted there
		keys = append(keys, leftAt(b, r.Folder, r.Position).Key())
	}
	return execIn(ctx, tx, `DELETE FROM occurrences WHERE case_id = $1 AND okey IN (?)`, fixed, keys)
}

// leftAt is the occurrence of an item whose bytes were not captured.
func leftAt(b relais.Captured, folder, position string) relais.Occurrence {
	return relais.Occurrence{Owner: b.Owner, Source: b.Source, Folder: folder, Position: position}
}

func putFolders(ctx context.Context, tx session, b relais.Captured) error {
	for _, f := range b.Folders {
		if f.Cursor == "" && f.Announced == nil {
			continue // nothing to keep
		}
		announced := sql.NullInt64{}
		if f.Announced != nil {
			announced = sql.NullInt64{Int64: *f.Announced, Valid: true}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO folders (case_id, owner, source, folder, cursor, announced) VALUES ($1,$2,$3,$4,$5,$6)
			ON CONFLICT (case_id, owner, source, folder) DO UPDATE SET
				cursor = CASE WHEN excluded.cursor = '' THEN folders.cursor ELSE excluded.cursor END,
				announced = COALESCE(excluded.announced, folders.announced)`,
			string(b.Case), b.Owner, b.Source, f.Folder, f.Cursor, announced); err != nil {
			return err
		}
	}
	return nil
}
