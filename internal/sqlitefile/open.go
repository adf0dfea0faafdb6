package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// Options are what files differ in; the zero value takes SQLite's own.
type Options struct {
	Checkpoint int // pages the log of writes grows to before it is copied into the file
	WriteCache int // KiB of pages that the writer keeps; twice that in memory, by the driver's way to allocate
	ReadCache  int // the same, for each reader

	Readers     int // reads at once; further ones wait
	IdleReaders int // readers that stay open between reads

	TempInMemory bool // no temporary file holds what the tables do
	SecureDelete bool // what is deleted is overwritten with zeros
}

// File is an open file. It is safe for concurrent use.
type File struct {
	Write *sql.DB // one connection: writers queue here rather than in the file
	Read  *sql.DB // connections that refuse to write
}

// Open opens a file, or makes one that its owner alone may read. Nothing is read yet: it
// takes the first statement to find that a file is no database.
func Open(path string, o Options) (*File, error) {
	if err := errors.Join(sums(), private(path)); err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", source(path, o.writer(), true))
	if err != nil {
		return nil, err
	}
	read, err := sql.Open("sqlite", source(path, o.reader(), false))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(o.Readers)
	read.SetMaxIdleConns(o.IdleReaders)
	return &File{Write: write, Read: read}, nil
}

// private makes the file where there is none, before SQLite does: the log beside it
// takes the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- a path of ours
	if err != nil {
		return err
	}
	return f.Close()
}

// source names the file and how to open it. The whole path is escaped: SQLite takes a
// URI, in which ? and # and % mean something.
func source(path string, pragmas []string, immediate bool) string {
	query := url.Values{"_pragma": pragmas}
	if immediate {
		query.Set("_txlock", "immediate")
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: query.Encode()}).String()
}

// patience is how long a statement waits for another process, in milliseconds.
const patience = 10_000

// writer gives the pragmas of the connection that writes. The driver runs them in the
// order of the alphabet, but for the first: one that must come before journal_mode
// (page_size, say) does nothing here.
func (o Options) writer() []string {
	list := []string{pragma("busy_timeout", patience), "journal_mode(WAL)", "synchronous(FULL)"}
	if o.Checkpoint > 0 {
		list = append(list, pragma("wal_autocheckpoint", o.Checkpoint))
	}
	if o.SecureDelete {
		list = append(list, pragma("secure_delete", 1))
	}
	return append(list, o.memory(o.WriteCache)...)
}

// reader gives the pragmas of a connection that reads: those of the file itself, and
// of writing, are the writer's.
func (o Options) reader() []string {
	list := append([]string{pragma("busy_timeout", patience)}, o.memory(o.ReadCache)...)
	return append(list, pragma("query_only", 1))
}

// memory gives what concerns the memory of one connection.
func (o Options) memory(cache int) (list []string) {
	if cache > 0 {
		list = append(list, pragma("cache_size", -cache)) // negative: KiB, not pages
	}
	if o.TempInMemory {
		list = append(list, "temp_store(MEMORY)")
	}
	return list
}

func pragma(name string, value int) string { return fmt.Sprintf("%s(%d)", name, value) }

// Close releases the file, the writer last: it then copies the log into the file.
func (f *File) Close() error { return errors.Join(f.Read.Close(), f.Write.Close()) }

// ErrBusy is the error of CutLog while somebody reads.
var ErrBusy = errors.New("the log is being read")

// CutLog copies the log of writes into the file and cuts it to nothing, so that no byte of
// what was deleted is left in it. Readers that look at an older commit keep SQLite from
// cutting it, which SQLite does not take for an error: it is ErrBusy here.
func (f *File) CutLog(ctx context.Context) error {
	var busy, pages, moved int
	row := f.Write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	if err := row.Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return ErrBusy
	}
	return nil
}
