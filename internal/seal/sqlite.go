package seal

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

// fileOptions: wraps that were deleted are overwritten, and no temporary file may ever
// hold one.
func fileOptions() sqlitefile.Options {
	return sqlitefile.Options{Readers: 4, IdleReaders: 2, TempInMemory: true, SecureDelete: true}
}

// OpenSQLite opens, or makes, the keyring of an embedded archive: the file path. A
// keyring made under another master key is refused as relais.KindInvalid.
func OpenSQLite(ctx context.Context, path string, master Master) (*Keyring, error) {
	const op = "open keys file"
	wraps, err := newWrapper(master)
	if err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	file, err := sqlitefile.Open(path, fileOptions())
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, op, err)
	}
	engine := embedded{file}
	k := &Keyring{write: file.Write, read: file.Read, engine: engine, wraps: wraps, keys: newMemory(cacheKeys), scrub: engine.emptyLog}
	if err := k.prepare(ctx, master); err != nil {
		return nil, errors.Join(storeError(op, err), k.Close())
	}
	return k, nil
}

// prepare makes the tables of a new keyring, or checks those of an old one.
func (k *Keyring) prepare(ctx context.Context, master Master) error {
	err := inTx(ctx, k.write, func(tx *sql.Tx) error { return k.makeTables(ctx, tx, sqliteSchema(), master) })
	if err != nil {
		return err
	}
	// A crash between a deletion and its scrub leaves wraps in the log: this is the first
	// chance to remove them.
	return k.scrub(ctx)
}

// sqliteSchema keeps rows in the tree of their primary key: half the space.
func sqliteSchema() string { return schema + " WITHOUT ROWID" }

// embedded is the engine of SQLite: one process, and in it one connection, writes.
type embedded struct{ file *sqlitefile.File }

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

// emptyLog leaves nothing of what was deleted in the log beside the file.
func (e embedded) emptyLog(ctx context.Context) error {
	err := e.file.CutLog(ctx)
	if errors.Is(err, sqlitefile.ErrBusy) {
		return relais.Errorf(relais.KindUnavailable, "", "the log of the keys file is being read: not emptied")
	}
	return err
}
