package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// Frozen is a file as it was at one moment. It holds a connection of those that read until
// it is closed, and what is written meanwhile stays in the file's log.
type Frozen struct {
	writer *sql.Tx // keeps writers out; nil once they were let go on
	reader *sql.Conn
}

// Freeze waits for the writer and keeps it from writing until Release: whoever freezes
// several files has them all as they were at one moment.
func (f *File) Freeze(ctx context.Context) (*Frozen, error) {
	writer, err := f.Write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	frozen := &Frozen{writer: writer}
	if frozen.reader, err = f.Read.Conn(ctx); err != nil {
		return nil, errors.Join(err, frozen.Close())
	}
	// A transaction sees the file as it is at its first look.
	for _, statement := range []string{`BEGIN`, `SELECT count(*) FROM sqlite_schema`} {
		if _, err := frozen.reader.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(err, frozen.Close())
		}
	}
	return frozen, nil
}

// Release lets the writer go on.
func (f *Frozen) Release() error {
	if f.writer == nil {
		return nil
	}
	defer func() { f.writer = nil }()
	return f.writer.Rollback()
}

// backuper is what a connection of the driver offers.
type backuper interface {
	NewBackup(target string) (*sqlite.Backup, error)
}

// CopyTo writes the file as it was, by SQLite's own way to copy: a file of its owner's
// alone, with no log beside it. One that is there is overwritten.
func (f *Frozen) CopyTo(ctx context.Context, path string) error {
	if err := private(path); err != nil {
		return err
	}
	return f.reader.Raw(func(conn any) error {
		c, ok := conn.(backuper)
		if !ok {
			return errors.ErrUnsupported
		}
		b, err := c.NewBackup(source(path, nil, false))
		if err != nil {
			return err
		}
		for more := true; more; {
			if more, err = b.Step(4096); err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return errors.Join(fmt.Errorf("copy pages: %w", err), b.Finish())
			}
		}
		return b.Finish()
	})
}

// Close lets writers and the moment go.
func (f *Frozen) Close() error {
	err := f.Release()
	if f.reader == nil {
		return err
	}
	// The connection goes back to those that read, without the transaction.
	_, ended := f.reader.ExecContext(context.Background(), `ROLLBACK`)
	return errors.Join(err, ended, f.reader.Close())
}
