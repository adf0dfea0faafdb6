package state

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/relais-archive/relais/internal/postgres"
)

// PostgresOptions say where the state of an archive is.
type PostgresOptions struct {
	URL       string // postgres://user@host:port/database?sslmode=…, without a password
	Namespace string // the schema that holds the tables
}

// How many connections a process holds at most: merges and captures queue for the same
// cases, so that more connections would only wait in the server. Readers have their own,
// so that they are answered while writers wait. With those of keys (3) and audit (2) a
// process has 13, plus one for each case it works on alone.
const (
	postgresWriters = 5
	postgresReaders = 3
)

// OpenPostgres opens, and makes or migrates, the state in a schema of a PostgreSQL
// database that any number of processes share. The URL and its errors are those of
// package postgres.
func OpenPostgres(ctx context.Context, o PostgresOptions) (*DB, error) {
	writers, err := postgres.Open(postgres.Options{URL: o.URL, Schema: o.Namespace, Conns: postgresWriters})
	if err != nil {
		return nil, err
	}
	readers, err := postgres.Open(postgres.Options{URL: o.URL, Schema: o.Namespace, Conns: postgresReaders})
	if err != nil {
		return nil, errors.Join(err, writers.Close())
	}
	db := newDB(writers.DB, readers.DB, shared{writers, new(atomic.Int64)})
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// shared is the dialect of PostgreSQL.
type shared struct {
	db     *postgres.DB
	merges *atomic.Int64
}

func (shared) text() string { return `TEXT COLLATE "C"` }

func (shared) now() string { return `SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8` }

// before has nothing to do: a server checks its own pages.
func (shared) before(context.Context, *sql.Tx) error { return nil }

// after keeps sealed bytes, which do not compress, as they are and in their row where a
// page has room; and it shortens an index whose longest rows PostgreSQL would refuse.
func (shared) after(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `DROP INDEX IF EXISTS occurrences_place;
		CREATE INDEX IF NOT EXISTS occurrences_source ON occurrences (case_id, owner, source);
		ALTER TABLE documents ALTER facts SET STORAGE EXTERNAL;
		ALTER TABLE envelopes ALTER sealed SET STORAGE EXTERNAL;
		ALTER TABLE envelopes SET (toast_tuple_target = 8160)`)
	return err
}

func (p shared) prepare(ctx context.Context, fn func(*sql.Tx) error) error {
	return p.db.Prepare(ctx, fn)
}

func (p shared) lock(ctx context.Context, tx *sql.Tx, alone, shared string) error {
	if shared == "" {
		return p.db.Lock(ctx, tx, alone)
	}
	return p.db.LockBoth(ctx, tx, alone, shared)
}

func (p shared) alone(ctx context.Context, name string, fn func(context.Context) error) error {
	return p.db.Alone(ctx, name, fn)
}

// lookEvery is how many merges pass between two looks at the size of tables.
const lookEvery = 8

// merged analyses tables that are four times as large as the server's planner knows. The
// server would do so a minute later, and until then it plans for an empty table: it reads
// all rows of a case to find some by their keys.
func (p shared) merged(ctx context.Context) {
	if p.merges.Add(1)%lookEvery != 0 {
		return
	}
	var grown []string
	err := each(ctx, session{p.db, p}, `SELECT quote_ident(relname) FROM pg_class
		WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND relkind = 'r'
		AND pg_relation_size(oid) / 8192 > 4 * (relpages + 2)`, nil, func(r row) error {
		var name string
		err := r.Scan(&name)
		grown = append(grown, name)
		return err
	})
	if err == nil && len(grown) > 0 {
		// A failure here only costs time: the next analysis comes soon.
		_, _ = p.db.ExecContext(ctx, `ANALYZE `+strings.Join(grown, ", "))
	}
}

// maxCells bounds what a statement carries, not its text: lists are arrays, so that
// each statement has one shape and is prepared once.
func (shared) maxCells() int { return 7000 }

func (shared) keys(fixed int, list []string) (string, []any) {
	return "= ANY($" + strconv.Itoa(fixed+1) + ")", []any{list}
}

// rows gives "SELECT * FROM unnest($1::text[],…)": an array for each column.
func (shared) rows(list [][]any) (string, []any) {
	width := len(list[0])
	args := make([]any, width)
	var arrays, names strings.Builder
	for c := range width {
		var kind string
		args[c], kind = column(list, c)
		if c > 0 {
			arrays.WriteByte(',')
			names.WriteByte(',')
		}
		arrays.WriteString("$" + strconv.Itoa(c+1) + "::" + kind + "[]")
		names.WriteString("column" + strconv.Itoa(c+1))
	}
	return "SELECT * FROM unnest(" + arrays.String() + ") AS u(" + names.String() + ")", args
}

// column gives one column of rows as an array, and the type of its elements.
func column(rows [][]any, c int) (array any, kind string) {
	switch rows[0][c].(type) {
	case string:
		return pick[string](rows, c), "text"
	case []byte:
		return pick[[]byte](rows, c), "bytea"
	case int:
		return pick[int](rows, c), "bigint"
	case sql.NullInt64:
		return pick[sql.NullInt64](rows, c), "bigint"
	}
	return pick[int64](rows, c), "bigint"
}

func pick[T any](rows [][]any, c int) []T {
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = r[c].(T)
	}
	return list
}

func (shared) encode(s string) string { return encodeText(s) }
func (shared) decode(s string) string { return decodeText(s) }
