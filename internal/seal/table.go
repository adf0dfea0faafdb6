package seal

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/relais-archive/relais/internal/postgres"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

// schema is read by SQLite and PostgreSQL alike: BYTEA means nothing to SQLite, which
// keeps each value in the type it is given; PostgreSQL reads TEXT as byte-ordered.
const schema = `
CREATE TABLE IF NOT EXISTS seal_meta (
    name  TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);
CREATE TABLE IF NOT EXISTS seal_wraps (
    digest  BYTEA NOT NULL,
    case_id TEXT  NOT NULL,
    wrap    BYTEA NOT NULL,
    PRIMARY KEY (digest, case_id)
)`

// perStatement bounds the rows of one statement, for the sake of databases that
// bound the number of its parameters.
const perStatement = 256

// row is one wrap: the key of a digest, for a case.
type row struct {
	digest relais.Digest
	c      relais.CaseID
	wrap   []byte
}

// engine is what the two databases do not say alike.
type engine interface {
	// lock keeps other writers out until the transaction ends.
	lock(ctx context.Context, tx *sql.Tx) error
	// version gives a number that raise makes higher. Where only one process forgets keys,
	// it may stay the same.
	version(ctx context.Context) (uint64, error)
	raise(ctx context.Context, tx *sql.Tx) error
	// digests gives what stands for a list, after so many arguments, and its own.
	digests(after int, list []relais.Digest) (clause string, args []any)
	// values gives a query for rows, and its arguments.
	values(rows []row) (query string, args []any)
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// eachWrap calls fn for every wrap of some digests, whatever the case.
func (k *Keyring) eachWrap(ctx context.Context, q querier, digests []relais.Digest, fn func(row) error) error {
	for some := range slices.Chunk(digests, perStatement) {
		clause, args := k.engine.digests(0, some)
		if err := eachRow(ctx, q, `SELECT digest, case_id, wrap FROM seal_wraps WHERE digest `+clause, args, fn); err != nil {
			return err
		}
	}
	return nil
}

func eachRow(ctx context.Context, q querier, query string, args []any, fn func(row) error) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var digest sql.RawBytes
	for rows.Next() {
		var r row
		if err := rows.Scan(&digest, &r.c, &r.wrap); err != nil {
			return err
		}
		copy(r.digest[:], digest)
		if err := fn(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (k *Keyring) insertWraps(ctx context.Context, tx *sql.Tx, rows []row) error {
	for some := range slices.Chunk(rows, perStatement) {
		query, args := k.engine.values(some)
		if _, err := tx.ExecContext(ctx, `INSERT INTO seal_wraps (digest, case_id, wrap) `+query, args...); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keyring) deleteWraps(ctx context.Context, tx *sql.Tx, c relais.CaseID, digests []relais.Digest) error {
	for some := range slices.Chunk(digests, perStatement) {
		clause, args := k.engine.digests(1, some)
		_, err := tx.ExecContext(ctx, `DELETE FROM seal_wraps WHERE case_id = $1 AND digest `+clause, append([]any{string(c)}, args...)...)
		if err != nil {
			return err
		}
	}
	return nil
}

func inTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// storeError gives an error of the database its kind; one that has a kind keeps it.
func storeError(op string, err error) error {
	if err == nil {
		return nil
	}
	if kind := relais.KindOf(err); kind != relais.KindInternal {
		return relais.E(kind, op, err)
	}
	if sqlitefile.Damaged(err) {
		return relais.E(relais.KindDamaged, op, err)
	}
	return postgres.Error(op, err)
}
