package state

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
)

// supersededGeneration is that of an occurrence that is not read any more: no reading is
// newer.
const supersededGeneration = "9223372036854775807"

// CopiesAt gives what was captured at a place, and is not superseded.
func (db *DB) CopiesAt(ctx context.Context, c relais.CaseID, owner, source, folder, position string) ([]relais.Copy, error) {
	var list []relais.Copy
	err := each(ctx, db.read, `SELECT o.okey, o.sha256, b.size FROM occurrences o JOIN blobs b ON b.digest = o.sha256
		WHERE o.case_id = $1 AND o.owner = $2 AND o.source = $3 AND o.folder = $4 AND o.position = $5
			AND o.outcome IN ('pending', 'read') ORDER BY o.okey`,
		[]any{string(c), owner, source, folder, position}, func(r row) error {
			var k relais.Copy
			var sha string
			if err := r.Scan(&k.Key, &sha, &k.Size); err != nil {
				return err
			}
			err := garbled(k.SHA256.UnmarshalText([]byte(sha)))
			list = append(list, k)
			return err
		})
	return list, unavailable("find copies", err)
}

// Supersede takes occurrences, by key, out of the account: their source now reports their
// content in another form, which was captured instead. Their bytes and records stay, but
// are not read any more. What was read of them is withdrawn by the next generation, which
// begins.
func (db *DB) Supersede(ctx context.Context, c relais.CaseID, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return db.locked(ctx, "supersede", lockCaptured+string(c), func(tx session) error {
		if err := tx.lock(ctx, lockGeneration); err != nil {
			return err
		}
		for _, statement := range []string{
			`UPDATE occurrences SET outcome = 'superseded', document = '', reason = '', generation = ` + supersededGeneration + ` WHERE case_id = $1 AND okey IN (?)`,
			`DELETE FROM warned WHERE case_id = $1 AND EXISTS (SELECT 1 FROM occurrences o WHERE o.case_id = warned.case_id
				AND o.owner = warned.owner AND o.source = warned.source AND o.folder = warned.folder AND o.position = warned.position AND o.okey IN (?))`,
			// A folder that announced them, and was not listed since, announces so many less.
			`UPDATE folders SET announced = announced - (SELECT COUNT(DISTINCT o.position) FROM occurrences o WHERE o.case_id = $1 AND ` + ofFolder + ` AND o.okey IN (?))
				WHERE case_id = $1 AND announced > (SELECT COUNT(*) FROM occurrences o WHERE ` + ofFolder + ` AND o.outcome <> 'superseded')`,
		} {
			if err := execIn(ctx, tx, statement, []any{string(c)}, keys); err != nil {
				return err
			}
		}
		for _, statement := range []string{
			`DELETE FROM folders WHERE case_id = $1 AND announced = 0 AND EXISTS (SELECT 1 FROM occurrences o WHERE ` + ofFolder + `)
				AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE ` + ofFolder + ` AND o.outcome <> 'superseded')`,
			`UPDATE cases SET changed = changed + 1 WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, statement, string(c)); err != nil {
				return err
			}
		}
		_, err := raiseGeneration(ctx, tx)
		return err
	})
}

// ofFolder holds for the occurrences o of a row of folders.
const ofFolder = `o.case_id = folders.case_id AND o.owner = folders.owner AND o.source = folders.source AND o.folder = folders.folder`

// revive undoes the superseding of items that their source reports in the old form again.
func revive(ctx context.Context, tx session, b relais.Captured) error {
	keys := make([]string, len(b.Items))
	for i, it := range b.Items {
		keys[i] = it.Occurrence.Key()
	}
	return execIn(ctx, tx, `DELETE FROM occurrences WHERE case_id = $1 AND outcome = 'superseded' AND okey IN (?)`, []any{string(b.Case)}, keys)
}
