package seal

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	_ "modernc.org/sqlite" // the embedded twin's driver
)

// sqliteOptions: WAL and FULL make a commit durable; secure_delete overwrites what
// is deleted with zeros; no temporary file may ever hold a wrap.
const sqliteOptions = "?_pragma=busy_timeout(10000)&_pragma=secure_delete(1)&_pragma=journal_mode(WAL)" +
	"&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_txlock=immediate"

// OpenSQLite opens, or makes, the keyring of an embedded archive: the file path. A
// keyring made under another master key is refused as relais.KindInvalid.
func OpenSQLite(ctx context.Context, path string, master Master) (*Keyring, error) {
	const op = "open keys file"
	wraps, err := newWrapper(master)
	if err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	if err := private(path); err != nil {
		return nil, relais.E(relais.KindUnavailable, op, err)
	}
	k := &Keyring{engine: embedded{}, wraps: wraps, keys: newCache(cacheKeys)}
	file := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	if k.write, err = sql.Open("sqlite", file+sqliteOptions); err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	if k.read, err = sql.Open("sqlite", file+sqliteOptions+"&_pragma=query_only(1)"); err != nil {
		return nil, relais.E(relais.KindInternal, op, errors.Join(err, k.write.Close()))
	}
	k.write.SetMaxOpenConns(1) // writers queue here rather than in the file
	k.read.SetMaxOpenConns(4)
	k.scrub = k.emptyLog
	if err := k.prepare(ctx, master); err != nil {
		return nil, errors.Join(storeError(op, err), k.Close())
	}
	return k, nil
}

// private makes the file before SQLite does, readable to its owner alone; the log
// beside it takes the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- a path of ours
	if err != nil {
		return err
	}
	return f.Close()
}

// prepare makes the tables of a new keyring, or checks those of an old one.
func (k *Keyring) prepare(ctx context.Context, master Master) error {
	err := inTx(ctx, k.write, func(tx *sql.Tx) error { return k.makeTables(ctx, tx, sqliteSchema(), master) })
	if err != nil {
		return err
	}
	// A crash between a deletion and its scrub leaves wraps in the log: now is the
	// first moment to see to it.
	return k.scrub(ctx)
}

// sqliteSchema keeps rows in the tree of their primary key: half the space.
func sqliteSchema() string { return schema + " WITHOUT ROWID" }

// embedded is the engine of SQLite: one process, and in it one connection, writes.
type embedded struct{}

func (embedded) lock(context.Context, *sql.Tx) error     { return nil }
func (embedded) version(context.Context) (uint64, error) { return 0, nil }
func (embedded) raise(context.Context, *sql.Tx) error    { return nil }

func (embedded) digests(after int, list []relais.Digest) (string, []any) {
	args := make([]any, len(list))
	for i := range list {
		args[i] = list[i][:]
	}
	return "IN " + placeholders(after+1, len(list)), args
}

func (embedded) values(rows []row) (string, []any) {
	args := make([]any, 0, 3*len(rows))
	var q strings.Builder
	for i, r := range rows {
		q.WriteString([]string{"VALUES ", ","}[min(i, 1)] + placeholders(len(args)+1, 3))
		args = append(args, r.digest[:], string(r.c), r.wrap)
	}
	return q.String(), args
}

// placeholders gives "($first,…)", n of them.
func placeholders(first, n int) string {
	b := make([]byte, 0, 5*n)
	for i := range n {
		b = strconv.AppendInt(append(b, []byte{'(', ','}[min(i, 1)], '$'), int64(first+i), 10)
	}
	return string(append(b, ')'))
}

// emptyLog copies the write-ahead log into the file and cuts it to nothing. A
// reader in mid-sentence can make SQLite skip it without an error, hence the check.
func (k *Keyring) emptyLog(ctx context.Context) error {
	var busy, pages, moved int
	row := k.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	if err := row.Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return relais.Errorf(relais.KindUnavailable, "", "the log of the keys file is being read: not emptied")
	}
	return nil
}
