package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/groupcommit"
	"github.com/relais-archive/relais/internal/stream"
)

// maxShared bounds the values that one transaction holds, in bytes.
const maxShared = 16 << 20

// chunks are the numbers of rows that one statement inserts: the parser and the
// driver cost more than the rows when each comes alone.
func chunks() []int { return []int{64, 8, 1} }

// job is one caller's part of a transaction.
type job struct {
	topic string // to wake, "" for none
	size  int
	apply func(context.Context, *sql.Tx) error
}

// writer makes the changes of many callers durable together.
type writer struct {
	db      *sql.DB
	inserts map[string][]*sql.Stmt // by topic, in the order of chunks
	wake    func(topic string)
	queue   *groupcommit.Queue[job]
}

func newWriter(ctx context.Context, db *sql.DB, wake func(string)) (*writer, error) {
	w := &writer{db: db, wake: wake, inserts: map[string][]*sql.Stmt{}}
	w.queue = groupcommit.New(maxShared, func(j job) int { return j.size }, w.commit)
	for _, topic := range stream.Topics() {
		for _, n := range chunks() {
			s, err := db.PrepareContext(ctx, insert(topic, n))
			if err != nil {
				return nil, err
			}
			w.inserts[topic] = append(w.inserts[topic], s)
		}
	}
	return w, nil
}

// insert is the statement for n rows: parameter 1 is the time, shared by all. The
// rowid is one more than the largest, which Compact never deletes.
func insert(topic string, n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + topic + " (key, value, appended) VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "(?%d,?%d,?1)", 2*i+2, 2*i+3)
	}
	return b.String()
}

// do makes one change durable, with whatever others are waiting: see
// [groupcommit.Queue.Do].
func (w *writer) do(ctx context.Context, j job) error {
	err := w.queue.Do(ctx, j)
	if errors.Is(err, groupcommit.ErrClosed) {
		return stream.ErrClosed
	}
	return err
}

// commit applies jobs in one transaction, and wakes the readers that wait for their
// records.
func (w *writer) commit(ctx context.Context, jobs []job) error {
	if err := w.apply(ctx, jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		if j.topic != "" {
			w.wake(j.topic)
		}
	}
	return nil
}

func (w *writer) apply(ctx context.Context, jobs []job) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := j.apply(ctx, tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// Append adds records to a topic: see [stream.Appender].
func (l *Log) Append(ctx context.Context, topic string, records []stream.Record) error {
	if err := stream.CheckAppend(topic, records); err != nil {
		return err
	}
	if len(records) == 0 {
		return nil
	}
	size := 0
	for _, r := range records {
		size += len(r.Value)
	}
	insert := func(ctx context.Context, tx *sql.Tx) error {
		return l.writer.insertAll(ctx, tx, topic, records)
	}
	return l.fail(ctx, "append to "+topic, l.writer.do(ctx, job{topic: topic, size: size, apply: insert}))
}

func (w *writer) insertAll(ctx context.Context, tx *sql.Tx, topic string, records []stream.Record) error {
	now := time.Now().UnixMicro()
	args := make([]any, 0, 1+2*chunks()[0])
	for i, n := range chunks() {
		if len(records) < n {
			continue
		}
		s := tx.StmtContext(ctx, w.inserts[topic][i])
		for ; len(records) >= n; records = records[n:] {
			args = append(args[:0], now)
			for _, r := range records[:n] {
				args = append(args, r.Key, value(r.Value))
			}
			if _, err := s.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// value is what is stored: NULL for a tombstone.
func value(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}
