package sqlitefile

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"sync"

	"modernc.org/sqlite"
)

// sumColumn is the column that holds a row's checksum, and sumFunction what makes it.
const (
	sumColumn   = "row_sum"
	sumFunction = "relais_row_sum"
)

// sums makes the driver know sumFunction, once for the whole program: the driver keeps
// one list of functions, for files that are opened after.
var sums = sync.OnceValue(func() error {
	table := crc32.MakeTable(crc32.Castagnoli)
	return sqlite.RegisterDeterministicScalarFunction(sumFunction, -1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		sum := uint32(0)
		for _, v := range args {
			sum = addValue(sum, table, v)
		}
		return int64(sum), nil
	})
})

// addValue adds a value to a checksum, with its type and its length: two rows that are
// not alike have no text in common that could be cut in two ways.
func addValue(sum uint32, table *crc32.Table, v driver.Value) uint32 {
	var head [9]byte
	var rest []byte
	switch v := v.(type) {
	case int64:
		head[0] = 'i'
		binary.LittleEndian.PutUint64(head[1:], uint64(v))
	case float64:
		head[0] = 'f'
		binary.LittleEndian.PutUint64(head[1:], math.Float64bits(v))
	case string:
		head[0], rest = 't', []byte(v)
		binary.LittleEndian.PutUint64(head[1:], uint64(len(v)))
	case []byte:
		head[0], rest = 'b', v
		binary.LittleEndian.PutUint64(head[1:], uint64(len(v)))
	}
	return crc32.Update(crc32.Update(sum, table, head[:]), table, rest)
}

// table is one of a file's own tables.
type table struct {
	name    string
	sql     string   // that made it
	columns []string // without that of the sum
}

// Guard gives each table, but those named, a column in which SQLite itself keeps a
// checksum of the row: no statement needs to know of it, and Check, deep, finds a row of
// which a bit has changed. A table that has grown columns since is made again.
func Guard(ctx context.Context, tx *sql.Tx, except ...string) error {
	all, err := tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if slices.Contains(except, t.name) || t.guarded() {
			continue
		}
		if err := t.guard(ctx, tx); err != nil {
			return fmt.Errorf("guard table %s: %w", t.name, err)
		}
	}
	return nil
}

// Unguard takes the checksums away, so that columns may be dropped.
func Unguard(ctx context.Context, tx *sql.Tx) error {
	all, err := tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if strings.Contains(t.sql, sumColumn) {
			if _, err := tx.ExecContext(ctx, `ALTER TABLE `+t.name+` DROP COLUMN `+sumColumn); err != nil {
				return fmt.Errorf("change table %s: %w", t.name, err)
			}
		}
	}
	return nil
}

// queryer is a transaction or a pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// tables lists a file's own tables: neither SQLite's nor those of its modules.
func tables(ctx context.Context, q queryer) (list []table, err error) {
	rows, err := q.QueryContext(ctx, `SELECT m.name, m.sql, c.name FROM pragma_table_list AS l
		JOIN sqlite_schema AS m ON m.name = l.name, pragma_table_xinfo(m.name) AS c
		WHERE l.schema = 'main' AND l.type = 'table' AND m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
		ORDER BY m.name, c.cid`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name, text, column string
		if err := rows.Scan(&name, &text, &column); err != nil {
			return nil, err
		}
		if n := len(list); n == 0 || list[n-1].name != name {
			list = append(list, table{name: name, sql: text})
		}
		if column != sumColumn {
			t := &list[len(list)-1]
			t.columns = append(t.columns, column)
		}
	}
	return list, rows.Err()
}

// sum is what makes the checksum of a row.
func (t *table) sum() string { return sumFunction + "(" + strings.Join(t.columns, ", ") + ")" }

// column declares the checksum.
func (t *table) column() string {
	return sumColumn + " INTEGER NOT NULL GENERATED ALWAYS AS (" + t.sum() + ") STORED"
}

// guarded tells whether all columns are summed.
func (t *table) guarded() bool { return strings.Contains(t.sql, t.column()) }

// guard makes the table again, with the checksum, and its indexes: SQLite adds no column
// that is stored to a table that is there.
func (t *table) guard(ctx context.Context, tx *sql.Tx) error {
	_, body, ok := strings.Cut(t.sql, "(")
	if !ok {
		return errors.New("its declaration has no columns")
	}
	if strings.Contains(t.sql, sumColumn) { // of fewer columns
		if _, err := tx.ExecContext(ctx, `ALTER TABLE `+t.name+` DROP COLUMN `+sumColumn); err != nil {
			return err
		}
		all, err := tables(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(u table) bool { return u.name == t.name })
		return all[i].guard(ctx, tx)
	}
	indexes, err := list(ctx, tx, `SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?`, t.name)
	if err != nil {
		return err
	}
	columns, twin := strings.Join(t.columns, ", "), t.name+"_guarded"
	for _, statement := range append([]string{
		`CREATE TABLE ` + twin + ` (` + t.column() + `,` + body,
		`INSERT INTO ` + twin + ` (` + columns + `) SELECT ` + columns + ` FROM ` + t.name,
		`DROP TABLE ` + t.name,
		`ALTER TABLE ` + twin + ` RENAME TO ` + t.name,
	}, indexes...) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// spoiled lists, by table, how many rows are not what was written.
func (f *File) spoiled(ctx context.Context) (faults []string, err error) {
	all, err := tables(ctx, f.Read)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if !t.guarded() {
			continue
		}
		var n int64
		err := f.Read.QueryRowContext(ctx, `SELECT count(*) FROM `+t.name+` WHERE `+sumColumn+` <> `+t.sum()).Scan(&n)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			faults = append(faults, fmt.Sprintf("table %s: rows that are not what was written: %d", t.name, n))
		}
	}
	return faults, nil
}

// DropSpoiled deletes the rows of some tables that are not what was written, and tells how
// many there were: for rows that can be made again.
func (f *File) DropSpoiled(ctx context.Context, names ...string) (dropped int64, err error) {
	all, err := tables(ctx, f.Read)
	if err != nil {
		return 0, err
	}
	for _, t := range all {
		if !slices.Contains(names, t.name) || !t.guarded() {
			continue
		}
		done, err := f.Write.ExecContext(ctx, `DELETE FROM `+t.name+` WHERE `+sumColumn+` <> `+t.sum())
		if err != nil {
			return dropped, err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return dropped, err
		}
		dropped += n
	}
	return dropped, nil
}
