package state

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

// fileOptions: keys are digests, so that every batch writes all over the file; a long
// log of writes, copied into it at once, copies a page that many batches wrote only
// once. The connection that writes merges threads and documents all over the file,
// those that read answer a question and go.
func fileOptions() sqlitefile.Options {
	return sqlitefile.Options{Checkpoint: 4000, WriteCache: 24 << 10, ReadCache: 2 << 10,
		Readers: 4, IdleReaders: 2, TempInMemory: true}
}

// OpenSQLite opens, and makes or migrates, the embedded state in one file.
func OpenSQLite(ctx context.Context, file string) (*DB, error) {
	f, err := sqlitefile.Open(file, fileOptions())
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, "open state", err)
	}
	db := newDB(f.Write, f.Read, &embedded{file: f, claims: map[string]chan struct{}{}})
	db.places.recent.Most = maxPlaces
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// embedded is the dialect of SQLite. One process holds the file and one connection
// writes: an immediate transaction already keeps every other writer out.
type embedded struct {
	file   *sqlitefile.File
	mu     sync.Mutex
	claims map[string]chan struct{} // of Alone, each a semaphore of one
}

func (*embedded) text() string                                        { return "TEXT" }
func (*embedded) now() string                                         { return `SELECT (julianday('now') - 2440587.5) * 86400.0` }
func (*embedded) lock(context.Context, *sql.Tx, string, string) error { return nil }
func (*embedded) merged(context.Context)                              {}
func (*embedded) encode(s string) string                              { return s }
func (*embedded) decode(s string) string                              { return s }

// before takes the checksums of rows away, so that migrations may drop columns.
func (*embedded) before(ctx context.Context, tx *sql.Tx) error { return sqlitefile.Unguard(ctx, tx) }

// after gives rows their checksums. A program that knows none must still be able to read
// that the schema is too new for it.
func (*embedded) after(ctx context.Context, tx *sql.Tx) error {
	return sqlitefile.Guard(ctx, tx, "schema_version")
}

// maxCells is under SQLite's own limit, and short texts parse faster.
func (*embedded) maxCells() int { return 400 }

func (e *embedded) prepare(ctx context.Context, fn func(*sql.Tx) error) error {
	return inTx(ctx, e.file.Write, fn)
}

func (e *embedded) alone(ctx context.Context, name string, fn func(context.Context) error) error {
	claim := e.claim(name)
	select {
	case claim <- struct{}{}:
	case <-ctx.Done():
		return relais.E(relais.KindCanceled, "work alone", ctx.Err())
	}
	defer func() { <-claim }()
	return fn(ctx)
}

func (e *embedded) claim(name string) chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.claims[name]
	if !ok {
		c = make(chan struct{}, 1)
		e.claims[name] = c
	}
	return c
}

func (*embedded) keys(_ int, list []string) (string, []any) {
	args := make([]any, len(list))
	for i, k := range list {
		args[i] = k
	}
	return "IN " + placeholders(len(list)), args
}

func (*embedded) rows(list [][]any) (string, []any) {
	width := len(list[0])
	args := make([]any, 0, len(list)*width)
	for _, r := range list {
		args = append(args, r...)
	}
	row := placeholders(width)
	return "VALUES " + row + strings.Repeat(","+row, len(list)-1), args
}

// placeholders gives a list of n. By SQLite's rule each "?" has the number after the
// highest before it, so that lists may follow "$1". A name for each would cost more
// than the statement: SQLite looks names up one after the other.
func placeholders(n int) string { return "(?" + strings.Repeat(",?", n-1) + ")" }
