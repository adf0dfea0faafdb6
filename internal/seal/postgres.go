package seal

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/postgres"
	"github.com/relais-archive/relais/internal/relais"
)

// PostgresOptions say where the keys of an archive are.
type PostgresOptions struct {
	URL       string // postgres://user@host:port/database?sslmode=…, without a password
	Namespace string // of the archive; the keys' schema is named after it: <namespace>_keys
}

// OpenPostgres opens, or makes, the keyring of a distributed archive: a schema of its
// own, so that its dumps can expire sooner than those of the rest. A keyring made
// under another master key is refused as relais.KindInvalid.
//
// Forget deletes the rows and vacuums the table, so that their space is used again, but
// PostgreSQL writes no zeros over it. What the server still holds of a deleted wrap (free
// space of a page, its write-ahead log, replicas, the operator's backups) opens nothing
// without the master key, and disappears as the operator lets these expire.
func OpenPostgres(ctx context.Context, o PostgresOptions, master Master) (*Keyring, error) {
	const op = "open keys"
	wraps, err := newWrapper(master)
	if err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	// One connection for writers, which wait for each other anyway; two for readers.
	write, err := postgres.Open(postgres.Options{URL: o.URL, Schema: o.Namespace + "_keys", Conns: 1, ByKey: true})
	if err != nil {
		return nil, err
	}
	read, err := postgres.Open(postgres.Options{URL: o.URL, Schema: o.Namespace + "_keys", Conns: 2, ByKey: true})
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	k := &Keyring{write: write.DB, read: read.DB, engine: shared{db: write, read: read.DB}, wraps: wraps, keys: newMemory(cacheKeys)}
	k.scrub = k.vacuum
	err = write.Prepare(ctx, func(tx *sql.Tx) error {
		if err := k.makeTables(ctx, tx, strings.ReplaceAll(schema, " TEXT ", ` TEXT COLLATE "C" `), master); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO seal_meta (name, value) VALUES ('version', $1) ON CONFLICT (name) DO NOTHING`,
			binary.BigEndian.AppendUint64(nil, 0))
		return err
	})
	if err != nil {
		return nil, errors.Join(postgres.OpenError(op, err), k.Close())
	}
	return k, nil
}

// Made tells whether a keyring was made there, under whatever master key. Nothing is made.
func (o PostgresOptions) Made(ctx context.Context) (made bool, err error) {
	const op = "look for keys"
	db, err := postgres.Open(postgres.Options{URL: o.URL, Schema: o.Namespace + "_keys", Conns: 1, ByKey: true})
	if err != nil {
		return false, err
	}
	err = db.QueryRowContext(ctx, `SELECT to_regclass('seal_meta') IS NOT NULL`).Scan(&made)
	if err != nil {
		err = postgres.Error(op, err)
	}
	return made, errors.Join(err, db.Close())
}

// vacuum frees the space of deleted wraps.
func (k *Keyring) vacuum(ctx context.Context) error {
	_, err := k.write.ExecContext(ctx, `VACUUM seal_wraps`)
	return err
}

// shared is the engine of PostgreSQL, where several processes write.
type shared struct {
	db   *postgres.DB
	read *sql.DB
}

func (s shared) lock(ctx context.Context, tx *sql.Tx) error { return s.db.Lock(ctx, tx, "keys") }

func (s shared) version(ctx context.Context) (uint64, error) { return version(ctx, s.read) }

// version is one row read by its key: that is all a call costs when it finds every key in
// memory.
func version(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) (uint64, error) {
	var value []byte
	if err := q.QueryRowContext(ctx, `SELECT value FROM seal_meta WHERE name = 'version'`).Scan(&value); err != nil {
		return 0, err
	}
	if len(value) != 8 {
		return 0, relais.Errorf(relais.KindDamaged, "read keys", "their version is of %d bytes", len(value))
	}
	return binary.BigEndian.Uint64(value), nil
}

// raise is called by one transaction at a time: see lock.
func (shared) raise(ctx context.Context, tx *sql.Tx) error {
	n, err := version(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE seal_meta SET value = $1 WHERE name = 'version'`, binary.BigEndian.AppendUint64(nil, n+1))
	return err
}

func (shared) digests(after int, list []relais.Digest) (string, []any) {
	array := make([][]byte, len(list))
	for i := range list {
		array[i] = list[i][:]
	}
	return "= ANY($" + strconv.Itoa(after+1) + "::bytea[])", []any{array}
}

func (shared) values(rows []row) (string, []any) {
	digests, cases, wraps := make([][]byte, len(rows)), make([]string, len(rows)), make([][]byte, len(rows))
	for i := range rows {
		digests[i], cases[i], wraps[i] = rows[i].digest[:], string(rows[i].c), rows[i].wrap
	}
	return "SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[])", []any{digests, cases, wraps}
}
