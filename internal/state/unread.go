package state

import (
	"context"

	"github.com/relais-archive/relais/internal/relais"
)

// addUnread adds to a balance the documents whose text could not be read, each where its
// message or file is stored.
func (db *DB) addUnread(ctx context.Context, c relais.CaseID, b *relais.Balance, folders map[[2]string]*relais.SourceBalance) error {
	reasons := map[relais.ReadState]map[string]int64{relais.Unreadable: {}, relais.ReadInPart: {}}
	err := each(ctx, db.read, unreadQuery, []any{string(c)}, func(r row) error {
		var source, folder, why string
		var state relais.ReadState
		var n int64
		if err := r.Scan(&source, &folder, &state, &why, &n); err != nil {
			return err
		}
		b.UnreadCounts.Add(state, n)
		folderOf(folders, source, folder).UnreadCounts.Add(state, n)
		if of := reasons[state]; of != nil {
			of[why] += n
		}
		return nil
	})
	if b.Unreadable > 0 {
		b.UnreadableReasons = relais.SortedReasons(reasons[relais.Unreadable])
	}
	if b.Partial > 0 {
		b.PartialReasons = relais.SortedReasons(reasons[relais.ReadInPart])
	}
	return err
}

const unreadQuery = `
SELECT o.source, o.folder, e.state, e.unread, COUNT(*)
FROM envelopes e JOIN (
	SELECT document, source, folder, ROW_NUMBER() OVER (PARTITION BY document ORDER BY owner, source, folder, position, sha256) AS place
	FROM occurrences WHERE case_id = $1 AND outcome = 'read' AND document IN (SELECT root FROM envelopes WHERE case_id = $1 AND state <> '')
) o ON o.document = e.root AND o.place = 1
WHERE e.case_id = $1 AND e.state <> '' GROUP BY 1, 2, 3, 4`

// UnreadTotals counts the documents of all cases whose text could not be read.
func (db *DB) UnreadTotals(ctx context.Context) (u relais.UnreadCounts, err error) {
	err = each(ctx, db.read, `SELECT state, COUNT(*) FROM envelopes WHERE state <> '' GROUP BY 1`, nil, func(r row) error {
		var state relais.ReadState
		var n int64
		err := r.Scan(&state, &n)
		u.Add(state, n)
		return err
	})
	return u, unavailable("count what was not read", err)
}

// ForgetExtractions forgets what was read in those files for whose record forget returns
// true: they are read again when their documents are.
func (db *DB) ForgetExtractions(ctx context.Context, version string, forget func(body string) bool) error {
	var list []string
	err := each(ctx, db.read, `SELECT digest, body FROM extractions WHERE version = $1`, []any{version}, func(r row) error {
		var digest, body string
		err := r.Scan(&digest, &body)
		if err == nil && forget(body) {
			list = append(list, digest)
		}
		return err
	})
	if err != nil {
		return unavailable("list extractions", err)
	}
	return db.update(ctx, "forget extractions", func(tx session) error {
		return execIn(ctx, tx, `DELETE FROM extractions WHERE version = $1 AND digest IN (?)`, []any{version}, list)
	})
}
