package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/relais-archive/relais/internal/stream"
)

// poll is how often a reader looks for what another process may have appended;
// appends of this process wake it at once.
const poll = time.Second

// lease names who reads: one Run at a time holds it.
type lease struct{ group, topic string }

// Run reads a topic for a group: see [stream.Runner]. A second Run of a group waits
// until the first ends.
func (l *Log) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	if err := stream.CheckTopic(topic); err != nil {
		return err
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.life, cancel)()

	held := l.lease(group, topic)
	select {
	case held <- struct{}{}:
		defer func() { <-held }()
		if err := stream.Deliver(run, l, &feed{log: l, group: group, topic: topic}, group, topic, opt, h); err != nil {
			return err
		}
	case <-run.Done():
	}
	if l.life.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("run %s: %w", group, stream.ErrClosed)
	}
	return nil
}

// lease gives the semaphore of a group and topic.
func (l *Log) lease(group, topic string) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := lease{group, topic}
	c, ok := l.leases[key]
	if !ok {
		c = make(chan struct{}, 1)
		l.leases[key] = c
	}
	return c
}

// feed reads for one Run.
type feed struct {
	log          *Log
	group, topic string
	known        bool  // next is the position to read from
	next         int64 // offset
}

var _ stream.Feed = (*feed)(nil)

// Next gives the messages after the last ones: see [stream.Feed].
func (f *feed) Next(ctx context.Context, limit, maxBytes int) ([]stream.Message, error) {
	for {
		appended := f.log.appended(f.topic) // before reading: nothing slips in between
		batch, err := f.read(ctx, limit, maxBytes)
		if err != nil || len(batch) > 0 {
			return batch, f.log.fail(ctx, "read "+f.topic, err)
		}
		if err := wait(ctx, appended); err != nil {
			return nil, f.log.fail(ctx, "read "+f.topic, err)
		}
	}
}

func wait(ctx context.Context, appended <-chan struct{}) error {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-appended:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (f *feed) read(ctx context.Context, limit, maxBytes int) ([]stream.Message, error) {
	if !f.known {
		at, err := f.log.Committed(ctx, f.group, f.topic)
		if err != nil {
			return nil, err
		}
		f.next, f.known = at[0], true
	}
	batch, err := f.log.scan(ctx, f.topic, f.next, limit, maxBytes)
	if err != nil {
		return nil, err // ctx may end between two rows: they come again
	}
	if len(batch) > 0 {
		f.next = batch[len(batch)-1].Offset + 1
	}
	return batch, nil
}

// scan reads messages from an offset on, until limit or maxBytes is reached.
func (l *Log) scan(ctx context.Context, topic string, from int64, limit, maxBytes int) (batch []stream.Message, err error) {
	rows, err := l.file.Read.QueryContext(ctx,
		`SELECT id, key, value, appended FROM `+topic+` WHERE id > ?1 ORDER BY id LIMIT ?2`, from, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for size := 0; size < max(maxBytes, 1) && rows.Next(); {
		m := stream.Message{Topic: topic}
		var appended int64
		if err := rows.Scan(&m.Offset, &m.Key, &m.Value, &appended); err != nil {
			return nil, err
		}
		m.Offset-- // a rowid starts at 1
		m.Appended = time.UnixMicro(appended).UTC()
		size += len(m.Value)
		batch = append(batch, m)
	}
	return batch, rows.Err()
}

// Commit moves the group past a batch: see [stream.Feed].
func (f *feed) Commit(ctx context.Context, batch []stream.Message) error {
	err := f.log.setPosition(ctx, f.group, f.topic, batch[len(batch)-1].Offset+1)
	if err != nil {
		f.known = false
	}
	return err
}

func (l *Log) setPosition(ctx context.Context, group, topic string, next int64) error {
	set := func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO positions (consumer, topic, next) VALUES (?1, ?2, ?3)
			ON CONFLICT (consumer, topic) DO UPDATE SET next = excluded.next`, group, topic, next)
		return err
	}
	return l.fail(ctx, "set position", l.writer.do(ctx, job{apply: set}))
}

// End gives the position after the last acknowledged record.
func (l *Log) End(ctx context.Context, topic string) (stream.Position, error) {
	if err := stream.CheckTopic(topic); err != nil {
		return nil, err
	}
	return l.position(ctx, `SELECT COALESCE(MAX(id), 0) FROM `+topic)
}

// Committed gives the position a group has committed.
func (l *Log) Committed(ctx context.Context, group, topic string) (stream.Position, error) {
	if err := stream.CheckTopic(topic); err != nil {
		return nil, err
	}
	return l.position(ctx, `SELECT COALESCE(MAX(next), 0) FROM positions WHERE consumer = ?1 AND topic = ?2`, group, topic)
}

func (l *Log) position(ctx context.Context, query string, args ...any) (stream.Position, error) {
	var next int64
	if err := l.file.Read.QueryRowContext(ctx, query, args...).Scan(&next); err != nil {
		return nil, l.fail(ctx, "read position", err)
	}
	return stream.Position{0: next}, nil
}

// Reset sets a group's position: see [stream.Positions]. A group that is running keeps
// its own position until it ends.
func (l *Log) Reset(ctx context.Context, group, topic string, to stream.Position) error {
	if err := stream.CheckTopic(topic); err != nil {
		return err
	}
	return l.setPosition(ctx, group, topic, to[0])
}
