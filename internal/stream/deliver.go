package stream

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Feed is what a twin gives Deliver: the messages of one topic that a group has not
// committed. One goroutine at a time calls it.
type Feed interface {
	// Next waits for messages until ctx ends and gives at most limit of them, in
	// order within a partition, stopping soon after maxBytes of values. A failed
	// call loses nothing and gives nothing: the next one gives what it would have.
	Next(ctx context.Context, limit, maxBytes int) ([]Message, error)
	// Commit makes the positions after these messages durable. When it fails, Next
	// starts again at the committed positions.
	Commit(ctx context.Context, batch []Message) error
}

// account is what Deliver asks of the log itself: where its groups stand, and where their
// refusals are written.
type account interface {
	Appender
	Positions
}

// Deliver is the read, handle, commit loop behind [Runner.Run]: twins differ in their
// Feed only. It returns nil when ctx ends and ErrClosed or ErrLost when the feed or
// the log says so; every other error is told to opt.OnFault, and tried again after a
// pause.
func Deliver(ctx context.Context, log account, feed Feed, group, topic string, opt RunOptions, h Handler) error {
	r := &runner{log: log, feed: feed, group: group, topic: topic, opt: opt.withDefaults(), handler: h}
	pause := newPause()
	for ctx.Err() == nil {
		err := r.step(ctx)
		if errors.Is(err, ErrClosed) || errors.Is(err, ErrLost) {
			return err
		}
		if err == nil {
			pause = newPause()
			continue
		}
		r.fault(ctx, err)
		_ = pause.Wait(ctx)
	}
	return nil
}

func (o RunOptions) withDefaults() RunOptions {
	if o.MaxBatch <= 0 {
		o.MaxBatch = 256
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 50 * time.Millisecond
	}
	if o.Pause <= 0 || o.Pause > o.MaxWait {
		o.Pause = o.MaxWait
	}
	if o.Retryable == nil {
		o.Retryable = func(error) bool { return false }
	}
	return o
}

// runner is one Run under way.
type runner struct {
	log          account
	feed         Feed
	group, topic string
	opt          RunOptions
	handler      Handler

	sound bool          // the group's position is one the log has reached
	queue []Message     // read, not yet given to the handler
	bytes int           // of the queue's values
	idled bool          // Idle has been called since something was last read
	quiet time.Duration // how long to wait before asking again whether all is committed
}

// step handles and commits one batch, or finds that there is none.
func (r *runner) step(ctx context.Context) error {
	if err := r.checkPosition(ctx); err != nil {
		return err
	}
	batch, err := r.next(ctx)
	if err != nil {
		return err
	}
	if len(batch) == 0 {
		return r.idle(ctx)
	}
	r.idled, r.quiet = false, 0
	if err := r.settle(ctx, batch); err != nil {
		r.queue, r.bytes = nil, 0 // the feed starts again at the committed position
		return err
	}
	return nil
}

// checkPosition refuses to read on from where the log has never been: the records appended
// there later do not follow those that the group has handled.
func (r *runner) checkPosition(ctx context.Context) error {
	if r.sound {
		return nil
	}
	at, err := r.log.Committed(ctx, r.group, r.topic)
	if err != nil {
		return err
	}
	end, err := r.log.End(ctx, r.topic) // after Committed: it only grows
	if err != nil {
		return err
	}
	if !end.Reached(at) {
		return fmt.Errorf("%s stands at %v of %s, which ends at %v: %w", r.group, at, r.topic, end, ErrLost)
	}
	r.sound = true
	return nil
}

// next gives the next batch: what is there once it is full, MaxWait after its first
// message, or Pause after its last. It is empty when nothing came in for a while and
// Idle is due.
func (r *runner) next(ctx context.Context) ([]Message, error) {
	if len(r.queue) == 0 {
		if err := r.await(ctx); err != nil || len(r.queue) == 0 {
			return nil, err
		}
	}
	linger, cancel := context.WithTimeout(ctx, r.opt.MaxWait)
	defer cancel()
	for !r.full() {
		// What fails here fails again in the next await: this batch goes first.
		if n, err := r.fillSoon(linger); err != nil || n == 0 {
			break
		}
	}
	return r.cut(), nil
}

// await reads the first messages of a batch. While Idle is due it gives up after a
// pause that grows, since asking a server for its end costs more than a message.
func (r *runner) await(ctx context.Context) error {
	wait := ctx
	if r.opt.Idle != nil && !r.idled {
		r.quiet = min(max(2*r.quiet, r.opt.Pause), time.Second)
		timed, cancel := context.WithTimeout(ctx, r.quiet)
		defer cancel()
		wait = timed
	}
	_, err := r.fill(wait)
	return err
}

// fillSoon is fill for no longer than Pause.
func (r *runner) fillSoon(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, r.opt.Pause)
	defer cancel()
	return r.fill(ctx)
}

// fill reads into the queue; the end of ctx is no error.
func (r *runner) fill(ctx context.Context) (int, error) {
	more, err := r.feed.Next(ctx, r.opt.MaxBatch-len(r.queue), r.opt.MaxBytes-r.bytes)
	switch {
	case err != nil && ctx.Err() == nil:
		return 0, fmt.Errorf("read %s for %s: %w", r.topic, r.group, err)
	case err != nil: // the next call gives what this one would have
		return 0, nil
	}
	for _, m := range more {
		r.bytes += len(m.Value)
	}
	r.queue = append(r.queue, more...)
	return len(more), nil
}

func (r *runner) full() bool {
	return len(r.queue) >= r.opt.MaxBatch || r.bytes >= r.opt.MaxBytes
}

// cut takes from the queue the messages that fit in one batch, one at least.
func (r *runner) cut() []Message {
	n, size := 0, 0
	for n < min(len(r.queue), r.opt.MaxBatch) {
		size += len(r.queue[n].Value)
		if n > 0 && size > r.opt.MaxBytes {
			size -= len(r.queue[n].Value)
			break
		}
		n++
	}
	batch := r.queue[:n:n]
	r.queue = r.queue[n:]
	r.bytes -= size
	return batch
}

// idle calls Idle once the group, not only this runner, has committed everything.
func (r *runner) idle(ctx context.Context) error {
	if r.opt.Idle == nil || r.idled || ctx.Err() != nil {
		return nil
	}
	done, err := CaughtUp(ctx, r.log, r.group, r.topic)
	if err != nil || !done {
		return err
	}
	if err := guard(func() error { return r.opt.Idle(ctx) }); err != nil {
		return fmt.Errorf("idle %s: %w", r.group, err)
	}
	r.idled = true
	return nil
}

// CaughtUp tells whether a group has committed everything that was acknowledged
// before the call.
func CaughtUp(ctx context.Context, log Positions, group, topic string) (bool, error) {
	end, err := log.End(ctx, topic)
	if err != nil {
		return false, fmt.Errorf("end of %s: %w", topic, err)
	}
	at, err := log.Committed(ctx, group, topic)
	if err != nil {
		return false, fmt.Errorf("position of %s in %s: %w", group, topic, err)
	}
	return at.Reached(end), nil
}

func (r *runner) fault(ctx context.Context, err error) {
	if r.opt.OnFault != nil && ctx.Err() == nil {
		r.opt.OnFault(err)
	}
}
