package audit

import (
	"context"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// maxGroup is how many entries one write makes durable.
const maxGroup = 256

// queue makes durable together what arrives while a write is under way: of those who
// wait, whoever gets the turn writes for all.
type queue struct {
	turn    chan struct{} // of one; held by the caller that writes
	mu      sync.Mutex
	waiting []*pending
}

// pending is an entry that waits to be durable.
type pending struct {
	entry Entry
	done  chan struct{}
	err   error // set before done is closed
}

// append has one entry written by write, with those that wait beside it, in the order
// of their arrival; write has the context of whoever came to write, without its end.
func (q *queue) append(ctx context.Context, e Entry, write func(context.Context, []Entry) error) error {
	if err := e.check(); err != nil {
		return err
	}
	p := &pending{entry: e, done: make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, p)
	q.mu.Unlock()
	for {
		select {
		case <-p.done:
			return p.err
		case <-ctx.Done():
			return relais.E(relais.KindCanceled, "append audit", ctx.Err())
		case q.turn <- struct{}{}:
			q.flush(context.WithoutCancel(ctx), write)
			<-q.turn
		}
	}
}

// flush writes the waiting entries and lets their callers go.
func (q *queue) flush(ctx context.Context, write func(context.Context, []Entry) error) {
	q.mu.Lock()
	n := min(len(q.waiting), maxGroup)
	group := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	q.mu.Unlock()
	if n == 0 {
		return
	}
	entries := make([]Entry, n)
	for i, p := range group {
		entries[i] = p.entry
	}
	err := write(ctx, entries)
	for _, p := range group {
		p.err = err
		close(p.done)
	}
}
