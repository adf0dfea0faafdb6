// Package state answers one question: what do we remember? Cases, clients, cursors,
// occurrences, what each document was found to say, current envelopes, where blobs
// rest, tokens. All of it but cases, clients, cursors and occurrences can be made
// again from streams and packs.
//
// One schema and one set of statements serve SQLite (embedded) and PostgreSQL
// (distributed, shared by any number of processes): twins by construction, held
// together by package statetest.
package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/postgres"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is the state of one archive. It is safe for concurrent use.
type DB struct {
	writers *sql.DB // one connection when embedded: writers queue here, not in the file
	readers *sql.DB
	write   session // of writers, outside of a transaction
	read    session // of readers
	dialect dialect
	places  places
}

// dialect is what the two engines do not say alike.
type dialect interface {
	schema
	language
	several
}

// schema is how tables are made.
type schema interface {
	// text is the type of byte-ordered text.
	text() string
	// prepare runs fn in one transaction while no other process prepares.
	prepare(ctx context.Context, fn func(*sql.Tx) error) error
	// before is run ahead of the first migration that is new, after behind the last: what
	// one engine keeps better otherwise.
	before(ctx context.Context, tx *sql.Tx) error
	after(ctx context.Context, tx *sql.Tx) error
}

// language is how statements are written.
type language interface {
	// keys gives what stands for "IN (?)" after some fixed arguments, and its own.
	keys(fixed int, list []string) (clause string, args []any)
	// rows gives a query for given rows, and its arguments.
	rows(list [][]any) (query string, args []any)
	// maxCells bounds the values of one statement.
	maxCells() int
	// encode makes text fit for the engine; decode undoes it.
	encode(string) string
	decode(string) string
}

// several is how several processes keep out of each other's way.
type several interface {
	// lock keeps every other transaction that locks the first name out until this one
	// ends; the second, unless empty, it shares with those who share it.
	lock(ctx context.Context, tx *sql.Tx, alone, shared string) error
	// alone runs fn while nobody else, in any process, runs a function under the same
	// name.
	alone(ctx context.Context, name string, fn func(context.Context) error) error
	// merged is told of each merge, once it is durable.
	merged(ctx context.Context)
	// now is a query for the time that all agree on, in seconds since 1970.
	now() string
}

// The names under which transactions lock. Whoever takes several takes them in this
// order, and rows after them.
const (
	lockCases      = "cases"      // names and owners of cases
	lockCase       = "case "      // and its id: documents, threads and envelopes of a case
	lockCaptured   = "captured "  // and its id: the account of capture of a case
	lockGeneration = "generation" // shared by merges, alone to raise it
	lockBlobs      = "blobs"      // to move or drop them
	lockClock      = "clock"
	lockAlone      = "alone " // and its id: never a transaction's
)

func newDB(writers, readers *sql.DB, d dialect) *DB {
	return &DB{writers: writers, readers: readers, dialect: d, write: session{writers, d}, read: session{readers, d}}
}

// Close releases the database.
func (db *DB) Close() error {
	return errors.Join(db.readers.Close(), db.writers.Close())
}

// Alone runs fn while no other process, and nobody else in this one, runs one for
// the case; merges inside of fn are merges as ever. When the claim is lost while fn
// runs, the context of fn ends and the error is of relais.KindUnavailable.
func (db *DB) Alone(ctx context.Context, c relais.CaseID, fn func(context.Context) error) error {
	return db.dialect.alone(ctx, lockAlone+string(c), fn)
}

// migrate applies the numbered files of folder migrations that the database has
// not seen, all in one transaction: several processes may open it at once. A schema
// newer than this program is refused.
func (db *DB) migrate(ctx context.Context) error {
	err := db.dialect.prepare(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)`); err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&have); err != nil {
			return err
		}
		return db.migrateFrom(ctx, tx, have)
	})
	if sqlitefile.Damaged(err) {
		return relais.E(relais.KindDamaged, "open state", err)
	}
	return postgres.OpenError("open state", err)
}

func (db *DB) migrateFrom(ctx context.Context, tx *sql.Tx, have int) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return relais.E(relais.KindInternal, "list migrations", err)
	}
	if have > len(files) {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "open state",
			"schema version %d is newer than this program's %d", have, len(files)), "use a newer relais")
	}
	if have == len(files) {
		return nil
	}
	if err := db.dialect.before(ctx, tx); err != nil {
		return err
	}
	for _, f := range files[have:] {
		if err := db.apply(ctx, tx, f); err != nil {
			return err
		}
	}
	return db.dialect.after(ctx, tx)
}

func (db *DB) apply(ctx context.Context, tx *sql.Tx, file string) error {
	version, err := strconv.Atoi(strings.SplitN(path.Base(file), "_", 2)[0])
	if err != nil {
		return relais.E(relais.KindInternal, "migrate state", err)
	}
	body, err := fs.ReadFile(migrations, file)
	if err != nil {
		return relais.E(relais.KindInternal, "migrate state", err)
	}
	if _, err := tx.ExecContext(ctx, strings.ReplaceAll(string(body), " TEXT ", " "+db.dialect.text()+" ")); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, version)
	return err
}

// update runs fn in one durable transaction.
func (db *DB) update(ctx context.Context, op string, fn func(session) error) error {
	return unavailable(op, inTx(ctx, db.writers, func(tx *sql.Tx) error { return fn(session{tx, db.dialect}) }))
}

// locked runs fn as update does, while nobody else locks the name.
func (db *DB) locked(ctx context.Context, op, name string, fn func(session) error) error {
	return db.lockedBoth(ctx, op, name, "", fn)
}

// lockedBoth runs fn as locked does, and shares another name with those who share it.
func (db *DB) lockedBoth(ctx context.Context, op, alone, shared string, fn func(session) error) error {
	return unavailable(op, inTx(ctx, db.writers, func(tx *sql.Tx) error {
		if err := db.dialect.lock(ctx, tx, alone, shared); err != nil {
			return err
		}
		return fn(session{tx, db.dialect})
	}))
}

func inTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// unavailable gives a database's error the kind that lets the caller retry, unless
// it has a kind already.
func unavailable(op string, err error) error {
	var e *relais.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return err
	case sqlitefile.Damaged(err):
		return relais.E(relais.KindDamaged, op, err)
	}
	return postgres.Error(op, err)
}
