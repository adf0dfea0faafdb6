// Package postgres answers one question: how is a PostgreSQL database reached? By a URL
// without secrets, in a schema of its own, with locks that several processes share and
// errors that say what to do. It knows no tables: the rooms that keep some (state, seal,
// audit) bring their own.
//
// Every transaction here is READ COMMITTED. What has to be seen together is protected by a
// lock taken first, whose name says what it guards; the statements after it see what
// earlier holders committed.
package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/relais-archive/relais/internal/relais"
)

// Options name a database and a place in it.
type Options struct {
	URL    string        // postgres://user@host:port/database?sslmode=…, without a password
	Schema string        // where the tables are
	Conns  int           // open at most
	Idle   time.Duration // how long a transaction may be idle before the server ends it; a minute if 0
	// ByKey is for tables that are read by their keys: the server then never reads a whole
	// table instead. Its planner would do so for a table that grew from nothing, until it
	// has analysed it.
	ByKey bool
}

// DB is a pool of connections, all of them looking at one schema.
type DB struct {
	*sql.DB
	config *pgx.ConnConfig
	schema string
}

// Open gives a pool; the first use connects. The error, of relais.KindInvalid, is of
// the URL or the schema's name.
func Open(o Options) (*DB, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`).MatchString(o.Schema) {
		return nil, relais.Errorf(relais.KindInvalid, "open database",
			"%q is no name for a schema: a small letter, then letters, digits, - and _, 63 at most", o.Schema)
	}
	config, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Idle == 0 {
		o.Idle = time.Minute
	}
	session(config, o.Schema, o.Idle)
	if o.ByKey {
		config.RuntimeParams["enable_seqscan"] = "off"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(o.Conns)
	db.SetMaxIdleConns(o.Conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &DB{DB: db, config: config, schema: o.Schema}, nil
}

// Prepare makes the schema when it is missing and runs fn, which makes or migrates
// tables: one transaction, one process at a time. A database of another encoding than
// UTF-8 is of relais.KindInvalid.
func (db *DB) Prepare(ctx context.Context, fn func(*sql.Tx) error) error {
	if err := db.greet(ctx); err != nil {
		return err
	}
	return db.Update(ctx, func(tx *sql.Tx) error {
		if err := db.Lock(ctx, tx, "migrate"); err != nil {
			return err
		}
		var encoding string
		if err := tx.QueryRowContext(ctx, `SELECT current_setting('server_encoding')`).Scan(&encoding); err != nil {
			return err
		}
		if encoding != "UTF8" {
			return relais.WithHint(relais.Errorf(relais.KindInvalid, "open database", "its encoding is %s", encoding),
				"create the database with ENCODING 'UTF8'")
		}
		return db.prepareIn(ctx, tx, fn)
	})
}

// greetTime is how long the server has to let us in: by whichever of the ways to it.
const greetTime = 9 * time.Second

// greet connects, or says why not in time. A server that hangs takes connections all the
// same: the system does that for it.
func (db *DB) greet(ctx context.Context) error {
	timed, cancel := context.WithTimeout(ctx, greetTime)
	defer cancel()
	err := db.PingContext(timed)
	if err != nil && timed.Err() != nil && ctx.Err() == nil {
		return relais.Errorf(relais.KindUnavailable, "open database", "no answer within %s: %w", greetTime, err)
	}
	return err
}

func (db *DB) prepareIn(ctx context.Context, tx *sql.Tx, fn func(*sql.Tx) error) error {
	// Ask first: CREATE SCHEMA needs a right that a role may lack when somebody else has
	// made its schema.
	var there bool
	row := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, db.schema)
	if err := row.Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.ExecContext(ctx, `CREATE SCHEMA `+pgx.Identifier{db.schema}.Sanitize()); err != nil {
			return err
		}
	}
	return fn(tx)
}

// Update runs fn in one durable transaction.
func (db *DB) Update(ctx context.Context, fn func(*sql.Tx) error) error {
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

// Lock keeps every other transaction that locks the same name out until this one
// ends, however it ends. Names are those of the schema.
func (db *DB) Lock(ctx context.Context, tx *sql.Tx, name string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, db.key(name))
	return err
}

// LockBoth does as Lock for the first name, then as Lock for the second, but lets in
// others who share the second.
func (db *DB) LockBoth(ctx context.Context, tx *sql.Tx, alone, shared string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1), pg_advisory_xact_lock_shared($2)`, db.key(alone), db.key(shared))
	return err
}

// key names an advisory lock: such locks are numbers, shared by the whole database.
func (db *DB) key(name string) int64 {
	h := sha256.Sum256([]byte("relais/lock/1 " + strconv.Itoa(len(db.schema)) + " " + db.schema + " " + name))
	return int64(binary.BigEndian.Uint64(h[:8])) // #nosec G115 -- all 64 bits, whatever the sign
}
