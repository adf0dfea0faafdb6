package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorded is a fake that notes what Deliver asks of it, in order: order is what is
// promised, and the end looks the same without it.
type recorded struct {
	*fake
	steps []string
	// stuck makes the last writes hang until their context ends.
	stuck bool
}

func (r *recorded) note(what string, err error) error {
	if err != nil {
		what += " fails"
	}
	r.steps = append(r.steps, what)
	return err
}

// write is what each write does first: it refuses a context that has ended, as a
// server's client does, and notes one without an end.
func (r *recorded) write(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		r.steps = append(r.steps, "a write without a time limit")
	}
	if r.stuck {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (r *recorded) Append(ctx context.Context, topic string, records []Record) error {
	err := r.write(ctx)
	if err == nil {
		err = r.fake.Append(ctx, topic, records)
	}
	what := "append to " + topic
	for _, record := range records {
		what += " " + record.Key
	}
	return r.note(what, err)
}

func (r *recorded) Commit(ctx context.Context, batch []Message) error {
	err := r.write(ctx)
	if err == nil {
		err = r.fake.Commit(ctx, batch)
	}
	return r.note(fmt.Sprint("commit ", batch[len(batch)-1].Offset+1), err)
}

// refusing refuses the first message of each batch and fails on those whose key is bad.
func refusing(r *recorded, bad ...string) Handler {
	return func(_ context.Context, batch []Message) ([]Refusal, error) {
		what := "handle"
		for _, m := range batch {
			what += " " + m.Key
			if slices.Contains(bad, m.Key) {
				return nil, r.note(what, errBad)
			}
		}
		_ = r.note(what, nil)
		return []Refusal{{Index: 0}}, nil
	}
}

// TestWhatIsRefusedIsDurableBeforeTheCommit: between the two a stop may come, and a
// message that was passed without its record is lost without a word.
func TestWhatIsRefusedIsDurableBeforeTheCommit(t *testing.T) {
	lost, closed := fmt.Errorf("append: %w", ErrLost), fmt.Errorf("append: %w", ErrClosed)
	lone := []string{"handle k0 fails", "handle k0 fails", "handle k0 fails"}
	for name, tt := range map[string]struct {
		messages        int
		bad             []string
		appends, commit []error
		want            []string
		err             error
	}{
		"at once":           {messages: 2, want: []string{"handle k0 k1", "append to refused k0", "commit 2"}},
		"the append fails":  {messages: 1, appends: []error{errDown, errBad}, want: []string{"handle k0", "append to refused k0 fails", "append to refused k0 fails", "append to refused k0", "commit 1"}},
		"the log is closed": {messages: 1, appends: []error{closed}, want: []string{"handle k0", "append to refused k0 fails"}, err: ErrClosed},
		"the log has lost":  {messages: 1, appends: []error{lost}, want: []string{"handle k0", "append to refused k0 fails"}, err: ErrLost},
		"the commit fails": {messages: 1, commit: []error{errDown}, want: []string{
			"handle k0", "append to refused k0", "commit 1 fails", "handle k0", "append to refused k0", "commit 1"}},
		"poison":            {messages: 1, bad: []string{"k0"}, want: append(slices.Clone(lone), "append to refused k0", "commit 1")},
		"poison, closed":    {messages: 1, bad: []string{"k0"}, appends: []error{closed}, want: append(slices.Clone(lone), "append to refused k0 fails"), err: ErrClosed},
		"poison among more": {messages: 2, bad: []string{"k1"}, want: []string{"handle k0 k1 fails", "handle k0", "append to refused k0", "commit 1", "handle k1 fails", "handle k1 fails", "handle k1 fails", "append to refused k1", "commit 2"}},
	} {
		bubble(t, name, func(t *testing.T) {
			r := &recorded{fake: newFake(tt.messages)}
			r.appends, r.commits = tt.appends, tt.commit
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			opt := RunOptions{Idle: func(context.Context) error { cancel(); return nil }}
			if err := Deliver(ctx, r, r, "enrich", TopicRaw, opt, refusing(r, tt.bad...)); !errors.Is(err, tt.err) {
				t.Errorf("deliver: %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, r.steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingRefusedAppendsNothing: an append costs a wait for the disk.
func TestNothingRefusedAppendsNothing(t *testing.T) {
	bubble(t, "none", func(t *testing.T) {
		r := &recorded{fake: newFake(3)}
		ctx, cancel := context.WithCancel(t.Context())
		opt := RunOptions{Idle: func(context.Context) error { cancel(); return nil }}
		err := Deliver(ctx, r, r, "g", TopicRaw, opt, func(context.Context, []Message) ([]Refusal, error) { return nil, nil })
		if diff := cmp.Diff([]string{"commit 3"}, r.steps); diff != "" || err != nil {
			t.Errorf("error %v, steps (-want +got):\n%s", err, diff)
		}
	})
}

// TestAFinishedBatchIsNotDoneAgain: the stop comes while the handler is at work; what
// it finishes is committed all the same, with what it refuses.
func TestAFinishedBatchIsNotDoneAgain(t *testing.T) {
	bubble(t, "stop", func(t *testing.T) {
		r := &recorded{fake: newFake(2)}
		ctx, stop := context.WithCancel(t.Context())
		err := Deliver(ctx, r, r, "enrich", TopicRaw, RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
			stop()
			return []Refusal{{Index: 1}}, nil
		})
		if diff := cmp.Diff([]string{"append to refused k1", "commit 2"}, r.steps); diff != "" || err != nil || r.committed != 2 {
			t.Errorf("error %v, %d committed, steps (-want +got):\n%s", err, r.committed, diff)
		}
	})
}

// TestAStopWaitsForTheLastWritesForATime: a server that hangs keeps no program from
// ending, and nothing is committed before what was refused is durable.
func TestAStopWaitsForTheLastWritesForATime(t *testing.T) {
	for _, refused := range [][]Refusal{nil, {{}}} {
		bubble(t, fmt.Sprint(len(refused), " refused"), func(t *testing.T) {
			r := &recorded{fake: newFake(1), stuck: true}
			ctx, stop := context.WithCancel(t.Context())
			start := time.Now()
			err := Deliver(ctx, r, r, "g", TopicRaw, RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
				start = time.Now()
				stop()
				return refused, nil
			})
			if waited := time.Since(start); err != nil || waited != settleTime {
				t.Errorf("error %v after %v, want none after %v", err, waited, settleTime)
			}
			if want := []string{"commit 1 fails", "append to refused k0 fails"}[len(refused)]; len(r.steps) != 1 || r.steps[0] != want {
				t.Errorf("steps %q, want %q", r.steps, want)
			}
		})
	}
}

// TestIdleIsOfTheGroup: what another runner of the group has read and not committed
// is not done, though this one has nothing left to read.
func TestIdleIsOfTheGroup(t *testing.T) {
	bubble(t, "another runner", func(t *testing.T) {
		f := newFake(3)
		f.next = 3 // the other runner has them
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		for at := int64(1); at <= 3; at++ {
			time.AfterFunc(time.Duration(at)*time.Minute, func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.committed = at
			})
		}
		calls := 0
		opt := RunOptions{Idle: func(context.Context) error {
			calls++
			if f.committed != 3 {
				t.Errorf("idle when %d of 3 were committed", f.committed)
			}
			if d := time.Since(start) - 3*time.Minute; d > time.Second {
				t.Errorf("idle only %v after the last commit", d)
			}
			time.AfterFunc(time.Minute, cancel)
			return nil
		}}
		if err := Deliver(ctx, f, f, "g", TopicRaw, opt, nil); err != nil || calls != 1 {
			t.Errorf("error %v, idle called %d times, want once", err, calls)
		}
	})
}

// TestCaughtUp: every partition counts, and what cannot be asked is an error, not a yes.
func TestCaughtUp(t *testing.T) {
	for name, tt := range map[string]struct {
		committed   int64
		ends, marks []error
		want        bool
		err         error
	}{
		"behind":            {committed: 2},
		"there":             {committed: 3, want: true},
		"no end":            {committed: 3, ends: []error{errDown}, err: errDown},
		"no position":       {committed: 3, marks: []error{errBad}, err: errBad},
		"neither":           {committed: 3, ends: []error{errDown}, marks: []error{errBad}, err: errDown},
		"behind, no answer": {committed: 2, marks: []error{errBad}, err: errBad},
	} {
		f := newFake(3)
		f.committed, f.ends, f.marks = tt.committed, tt.ends, tt.marks
		if got, err := CaughtUp(t.Context(), f, "g", TopicRaw); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %t, %v; want %t, %v", name, got, err, tt.want, tt.err)
		}
	}
}

// TestIdleIsCalledOnceForEachTimeSomethingWasRead: asking on costs a server's answer
// each time, and what an idle stage does is not small.
func TestIdleIsCalledOnceForEachTimeSomethingWasRead(t *testing.T) {
	bubble(t, "later message", func(t *testing.T) {
		f := newFake(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for at := int64(1); at <= 2; at++ {
			time.AfterFunc(time.Duration(at)*time.Minute, func() { f.add(Message{Offset: at}) })
		}
		var at []int64
		opt := RunOptions{Idle: func(context.Context) error { at = append(at, f.committed); return nil }}
		if err := Deliver(ctx, f, f, "g", TopicRaw, opt, func(context.Context, []Message) ([]Refusal, error) { return nil, nil }); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]int64{1, 2, 3}, at); diff != "" {
			t.Errorf("committed at each idle (-want +got):\n%s", diff)
		}
	})
}
