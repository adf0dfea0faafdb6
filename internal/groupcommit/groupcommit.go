// Package groupcommit answers one question: how do many callers share one sync?
//
// What arrives while a write is being made durable waits, and goes into the next one
// together. There is no goroutine for it: of the callers that wait, the one that gets the
// turn writes for all.
package groupcommit

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrClosed is the error of Do once the queue is closed.
var ErrClosed = errors.New("closed")

// Queue makes items durable in groups, in the order of their arrival. It is safe for
// concurrent use.
type Queue[T any] struct {
	write func(context.Context, []T) error
	size  func(T) int
	most  int

	turn   chan struct{} // of one; held by the caller that writes
	closed chan struct{}

	mu      sync.Mutex
	waiting []*pending[T]
}

// pending is an item that waits to be durable.
type pending[T any] struct {
	item T
	done chan struct{}
	err  error // set before done is closed
}

// New makes a queue. write makes a group durable, all or none; its context has the values
// of one caller's but not its end, so that the others do not fail with that caller. size
// measures an item, and most bounds the sizes of a group; an item larger than that goes
// alone.
func New[T any](most int, size func(T) int, write func(context.Context, []T) error) *Queue[T] {
	return &Queue[T]{write: write, size: size, most: most, turn: make(chan struct{}, 1), closed: make(chan struct{})}
}

// Do makes one item durable, with those that wait beside it, and gives the error of
// their write. When ctx ends first the item is withdrawn, unless its write is under way:
// that is waited for.
func (q *Queue[T]) Do(ctx context.Context, item T) error {
	p := &pending[T]{item: item, done: make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, p)
	q.mu.Unlock()
	for {
		select {
		case <-p.done:
			return p.err
		case <-ctx.Done():
			return q.withdraw(p, ctx.Err())
		case <-q.closed:
			return q.withdraw(p, ErrClosed)
		case q.turn <- struct{}{}:
			if !q.isClosed() {
				q.flush(context.WithoutCancel(ctx))
			}
			<-q.turn
		}
	}
}

// withdraw takes an item back for a reason; one that was taken is waited for.
func (q *Queue[T]) withdraw(p *pending[T], reason error) error {
	q.mu.Lock()
	i := slices.Index(q.waiting, p)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	q.mu.Unlock()
	if i >= 0 {
		return reason
	}
	<-p.done
	return p.err
}

// flush writes the group that is due and lets its callers go.
func (q *Queue[T]) flush(ctx context.Context) {
	group := q.take()
	if len(group) == 0 {
		return
	}
	items := make([]T, len(group))
	for i, p := range group {
		items[i] = p.item
	}
	err := q.write(ctx, items)
	for _, p := range group {
		p.err = err
		close(p.done)
	}
}

// take cuts the next group off those that wait.
func (q *Queue[T]) take() []*pending[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.waiting) {
		size += q.size(q.waiting[n].item)
		if n > 0 && size > q.most {
			break
		}
		n++
	}
	group := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group
}

// Alone runs fn while nothing is being written.
func (q *Queue[T]) Alone(fn func() error) error {
	q.turn <- struct{}{}
	defer func() { <-q.turn }()
	return fn()
}

// Waiting is how many items wait to be taken.
func (q *Queue[T]) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Close waits for the write under way and refuses what comes after it. A second call
// does nothing.
func (q *Queue[T]) Close() {
	_ = q.Alone(func() error {
		if !q.isClosed() {
			close(q.closed)
		}
		return nil
	})
}

func (q *Queue[T]) isClosed() bool {
	select {
	case <-q.closed:
		return true
	default:
		return false
	}
}
