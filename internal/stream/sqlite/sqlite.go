// Package sqlite answers one question: how does one process keep the log in one
// file? It is the embedded twin of package stream, on SQLite in pure Go.
//
// A topic is a table whose rowid is the offset plus one, a group's position a row:
//
//	raw, enriched, refused (id, key, value, appended)
//	positions (consumer, topic, next)
//	meta (name, value)
//
// One connection writes. Appends and commits that arrive while a transaction is
// being made durable share the next one, so that many callers cost one sync. Reads
// take connections of their own and end before a handler sees the batch: no read
// transaction keeps the write-ahead log from being reused.
//
// Each topic has one partition, 0. Groups are kept apart within the process; the caller
// makes sure that no second process uses the file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/relais-archive/relais/internal/sqlitefile"
	"github.com/relais-archive/relais/internal/stream"
)

// format is the number of the layout above; a file of a newer one is refused.
const format = 2 // 1 had no checksums of rows

// readers is how many reads go on at once; further ones wait.
const readers = 4

// Log is a log in one file. It is safe for concurrent use.
type Log struct {
	file   *sqlitefile.File
	writer *writer

	life context.Context // ends with Close
	end  context.CancelFunc

	mu     sync.Mutex
	wakes  map[string]chan struct{} // by topic: closed at the next append
	leases map[lease]chan struct{}  // who runs a group: one at a time
}

var _ stream.Log = (*Log)(nil)

// Open opens, or makes, the log in a file that only its owner may read. A file of a
// newer format is refused.
func Open(ctx context.Context, path string) (*Log, error) {
	file, err := sqlitefile.Open(path, fileOptions())
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l := &Log{file: file, wakes: map[string]chan struct{}{}, leases: map[lease]chan struct{}{}}
	l.life, l.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(l.fail(ctx, "open log", err), l.Close())
	}
	return l, nil
}

// fileOptions: records are appended and read in their order, many at a time.
func fileOptions() sqlitefile.Options {
	return sqlitefile.Options{Checkpoint: 2000, WriteCache: 16 << 10, ReadCache: 16 << 10,
		Readers: readers, IdleReaders: readers, TempInMemory: true}
}

func (l *Log) prepare(ctx context.Context) (err error) {
	if err := makeTables(ctx, l.file.Write); err != nil {
		return err
	}
	if l.writer, err = newWriter(ctx, l.file.Write, l.wake); err != nil {
		return err
	}
	return l.file.Read.PingContext(ctx)
}

func makeTables(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	statements := []string{
		`CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
		fmt.Sprintf(`INSERT OR IGNORE INTO meta VALUES ('format', %d)`, format),
		`CREATE TABLE IF NOT EXISTS positions (consumer TEXT, topic TEXT, next INTEGER NOT NULL,
			PRIMARY KEY (consumer, topic)) WITHOUT ROWID`,
		// Compact finds by it whether a key was appended again.
		`CREATE TABLE IF NOT EXISTS enriched (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, appended INTEGER NOT NULL)`,
		`CREATE INDEX IF NOT EXISTS enriched_key ON enriched (key)`,
	}
	for _, t := range stream.Topics() {
		statements = append(statements, `CREATE TABLE IF NOT EXISTS `+t+
			` (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, appended INTEGER NOT NULL)`)
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	if err := checkFormat(ctx, tx); err != nil {
		return err
	}
	// A program that knows no checksums must still be able to read the format.
	if err := sqlitefile.Guard(ctx, tx, "meta"); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE meta SET value = ? WHERE name = 'format' AND value < ?`, format, format); err != nil {
		return err
	}
	return tx.Commit()
}

func checkFormat(ctx context.Context, tx *sql.Tx) error {
	var have int
	if err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'format'`).Scan(&have); err != nil {
		return err
	}
	if have > format {
		return fmt.Errorf("its format %d is newer than this program's %d: use a newer relais", have, format)
	}
	return nil
}

// Close ends the runs and releases the file.
func (l *Log) Close() error {
	l.end()
	if l.writer != nil {
		l.writer.queue.Close()
	}
	return l.file.Close()
}

// fail turns a fault of the file into an error of package stream: a damaged file is lost
// for good.
func (l *Log) fail(ctx context.Context, op string, err error) error {
	if sqlitefile.Damaged(err) {
		return fmt.Errorf("%s: %w: %w", op, stream.ErrLost, err)
	}
	return stream.Fault(ctx, op, err, l.life.Err() != nil)
}

// Check reads the whole file, deep its indexes too: stream.ErrLost when it is damaged.
func (l *Log) Check(ctx context.Context, deep bool) error {
	return l.fail(ctx, "check log", l.file.Check(ctx, deep))
}

// Freeze keeps the log as it is at one moment: see [sqlitefile.File.Freeze].
func (l *Log) Freeze(ctx context.Context) (*sqlitefile.Frozen, error) {
	f, err := l.file.Freeze(ctx)
	return f, l.fail(ctx, "copy log", err)
}

// wake tells the readers of a topic that something was appended.
func (l *Log) wake(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c, ok := l.wakes[topic]; ok {
		close(c)
		delete(l.wakes, topic)
	}
}

// appended gives a channel that is closed at the next append to a topic.
func (l *Log) appended(topic string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.wakes[topic]
	if !ok {
		c = make(chan struct{})
		l.wakes[topic] = c
	}
	return c
}
