package state

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"

	"github.com/relais-archive/relais/internal/sqlitefile"
)

// Dump writes every row of every table that Copy copies, in the order of keys as
// SQLite has it, and the columns that the tables really have.
func Dump(ctx context.Context, db *DB, w io.Writer) error {
	for _, t := range tables() {
		rows, err := db.read.QueryContext(ctx, `SELECT * FROM `+t.name+` LIMIT 0`)
		if err != nil {
			return err
		}
		columns, err := rows.Columns()
		_ = rows.Close()
		if err != nil {
			return err
		}
		columns = slices.DeleteFunc(columns, func(c string) bool { return c == "row_sum" }) // SQLite's own, made of the others
		fmt.Fprintln(w, t.name, len(columns), len(t.names()))
		t.whole = true
		list, err := t.page(ctx, db.read, nil, nil)
		if err != nil {
			return err
		}
		for _, r := range list {
			fmt.Fprintf(w, "%q\n", r)
		}
	}
	return nil
}

// Tables names the tables that Copy copies.
func Tables() (names []string) {
	for _, t := range tables() {
		names = append(names, t.name)
	}
	return names
}

// LeftTables names the tables that Copy leaves.
func LeftTables() []string { return leftTables() }

// SetSchemaVersion makes a database look as a later program left it.
func SetSchemaVersion(ctx context.Context, db *DB, version int) error {
	_, err := db.write.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, version)
	return err
}

// Unguard takes the checksums of rows away.
func Unguard(ctx context.Context, db *DB) error {
	return inTx(ctx, db.writers, func(tx *sql.Tx) error { return sqlitefile.Unguard(ctx, tx) })
}

// SchemaTables names the tables of a SQLite database.
func SchemaTables(ctx context.Context, db *DB) (names []string, err error) {
	err = each(ctx, db.read, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`, nil, func(r row) error {
		var s string
		err := r.Scan(&s)
		names = append(names, s)
		return err
	})
	return names, err
}

// Exec runs statements on a database as some other program might.
func Exec(ctx context.Context, db *DB, statements string) error {
	_, err := db.write.querier.ExecContext(ctx, statements)
	return err
}
