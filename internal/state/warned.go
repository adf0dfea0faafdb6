package state

import (
	"cmp"
	"context"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// putWarned keeps the warnings about captured items, and drops earlier ones that no longer
// hold.
func putWarned(ctx context.Context, tx session, b relais.Captured) error {
	keys := make([]string, 0, len(b.Items))
	for _, it := range b.Items {
		keys = append(keys, leftAt(b, it.Occurrence.Folder, it.Occurrence.Position).Key())
	}
	drop := execIn(ctx, tx, `DELETE FROM warned WHERE case_id = $1 AND okey IN (?)`, []any{string(b.Case)}, keys)
	if drop != nil || len(b.Warned) == 0 {
		return drop
	}
	rows := make([][]any, 0, len(b.Warned))
	for _, w := range b.Warned {
		rows = append(rows, []any{string(b.Case), leftAt(b, w.Folder, w.Position).Key(), w.Code, b.Owner, b.Source, w.Folder, w.Position, w.Count})
	}
	slices.SortFunc(rows, byKey)
	return insertRows(ctx, tx, `INSERT INTO warned (case_id, okey, code, owner, source, folder, position, amount) `,
		`ON CONFLICT (case_id, okey, code) DO NOTHING`, rows)
}

// warnings lists the warnings about a case's items. The position of an item that is
// withheld, or may yet be, is left out: nobody may read that name.
func (db *DB) warnings(ctx context.Context, c relais.CaseID) (list []relais.BalanceWarning, err error) {
	err = each(ctx, db.read, `SELECT w.source, w.folder, w.code, w.amount, CASE WHEN EXISTS (
			SELECT 1 FROM occurrences o JOIN documents d ON d.case_id = o.case_id AND d.id = o.document
			WHERE o.case_id = w.case_id AND o.owner = w.owner AND o.source = w.source AND o.folder = w.folder
				AND o.position = w.position AND o.outcome = 'read' AND d.status = '') THEN w.position ELSE '' END
		FROM warned w WHERE w.case_id = $1`, []any{string(c)}, func(r row) error {
		var w relais.BalanceWarning
		err := r.Scan(&w.Source, &w.Folder, &w.Code, &w.Count, &w.Position)
		list = append(list, w)
		return err
	})
	slices.SortFunc(list, func(x, y relais.BalanceWarning) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Folder, y.Folder), cmp.Compare(x.Position, y.Position), cmp.Compare(x.Code, y.Code), cmp.Compare(x.Count, y.Count))
	})
	return list, err
}
