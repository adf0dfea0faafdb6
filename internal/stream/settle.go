package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/relais-archive/relais/internal/backoff"
)

// loneAttempts is how often a message fails alone before it is refused.
const loneAttempts = 3

// settleTime bounds the writes that end a batch: they go on when ctx has ended, so
// that a finished batch is not done again at the next start.
const settleTime = 10 * time.Second

// settle handles a batch and commits it; one that fails for good is split in halves, to
// find the guilty message.
func (r *runner) settle(ctx context.Context, batch []Message) error {
	refused, err := r.patient(ctx, batch)
	switch {
	case err == nil:
		return r.commit(ctx, batch, refused)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrLost):
		return err // of a log that the handler wrote to: no message is guilty
	case len(batch) == 1:
		return r.alone(ctx, batch, err)
	}
	r.fault(ctx, err)
	half := len(batch) / 2
	if err := r.settle(ctx, batch[:half]); err != nil {
		return err
	}
	return r.settle(ctx, batch[half:])
}

// patient calls the handler until it succeeds, or fails with an error that waiting does
// not mend.
func (r *runner) patient(ctx context.Context, batch []Message) ([]Refusal, error) {
	pause := newPause()
	for {
		refused, err := r.call(ctx, batch)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrLost) || !(errors.Is(err, ErrUnavailable) || r.opt.Retryable(err)) {
			return refused, err
		}
		r.fault(ctx, err)
		_ = pause.Wait(ctx)
	}
}

// alone gives a message that has failed by itself its last attempts, then refuses it.
func (r *runner) alone(ctx context.Context, lone []Message, err error) error {
	pause := newPause()
	for range loneAttempts - 1 {
		r.fault(ctx, err)
		_ = pause.Wait(ctx)
		var refused []Refusal
		if refused, err = r.patient(ctx, lone); err == nil {
			return r.commit(ctx, lone, refused)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrLost) {
			return err
		}
	}
	m := lone[0]
	r.fault(ctx, fmt.Errorf("%s refuses %s/%d@%d: %w", r.group, m.Topic, m.Partition, m.Offset, err))
	record, err := r.point(m, CodePoison, loneAttempts)
	if err != nil {
		return err
	}
	return r.commit(ctx, lone, []Refusal{{Record: record}})
}

// Panic is the error of a handler that has panicked. Its text says where it happened and
// omits the panic's value, which may quote a message.
type Panic struct {
	Type  string // of the panic's value
	Stack []byte
}

// Error gives the type of the panic's value.
func (p *Panic) Error() string { return "the handler panicked with a value of type " + p.Type }

// call runs the handler once and checks what it refuses.
func (r *runner) call(ctx context.Context, batch []Message) (refused []Refusal, err error) {
	err = guard(func() error {
		refused, err = r.handler(ctx, batch)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s handles %d messages of %s: %w", r.group, len(batch), r.topic, err)
	}
	for _, f := range refused {
		if f.Index < 0 || f.Index >= len(batch) {
			return nil, fmt.Errorf("%s refuses message %d of a batch of %d", r.group, f.Index, len(batch))
		}
	}
	return refused, nil
}

// guard runs fn and turns its panic into an error.
func guard(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Panic{Type: fmt.Sprintf("%T", v), Stack: debug.Stack()}
		}
	}()
	return fn()
}

// commit appends what was refused, then moves the group past the batch: a crash
// between the two refuses twice, never silently.
func (r *runner) commit(ctx context.Context, batch []Message, refused []Refusal) error {
	records, err := r.records(batch, refused)
	if err != nil {
		return err
	}
	pause := newPause()
	for len(records) > 0 {
		err := finish(ctx, func(ctx context.Context) error { return r.log.Append(ctx, TopicRefused, records) })
		if err == nil {
			break
		}
		if errors.Is(err, ErrClosed) || errors.Is(err, ErrLost) || ctx.Err() != nil {
			return err
		}
		r.fault(ctx, fmt.Errorf("record refusals of %s: %w", r.group, err))
		_ = pause.Wait(ctx)
	}
	if err := finish(ctx, func(ctx context.Context) error { return r.feed.Commit(ctx, batch) }); err != nil {
		return fmt.Errorf("commit %s in %s: %w", r.group, r.topic, err)
	}
	return nil
}

// finish runs a last write under a time limit of its own.
func finish(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	return write(ctx)
}

// records gives what goes to topic "refused"; a refusal without a record, or with
// one that no log takes, gets a pointer to its message.
func (r *runner) records(batch []Message, refused []Refusal) ([]Record, error) {
	records := make([]Record, 0, len(refused))
	for _, f := range refused {
		record := f.Record
		empty := record.Key == "" && record.Value == nil
		if err := CheckAppend(TopicRefused, []Record{record}); empty || err != nil {
			if record, err = r.point(batch[f.Index], cmp.Or(f.Code, CodeRefused), 1); err != nil {
				return nil, err
			}
		}
		records = append(records, record)
	}
	return records, nil
}

// point gives the record that points to a message.
func (r *runner) point(m Message, code string, attempts int) (Record, error) {
	p := PointTo(m, r.group, code, attempts)
	if r.opt.Version != nil {
		p.Version = r.opt.Version(m)
	}
	return p.Record()
}

// The first and the longest pause before something is tried again.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// newPause gives the pauses of one run of tries. The loop that waits checks ctx itself.
func newPause() *backoff.Pause { return &backoff.Pause{First: firstPause, Last: lastPause} }
