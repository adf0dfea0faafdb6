package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asked is a feed that notes how it is asked, and gives one list after another; it
// waits for ctx when it has none left.
type asked struct {
	lists   [][]Message
	faults  []error
	calls   []string
	commits int
}

func (a *asked) Next(ctx context.Context, limit, maxBytes int) ([]Message, error) {
	call := fmt.Sprint(limit, " messages, ", maxBytes, " bytes")
	if until, ok := ctx.Deadline(); ok {
		call += ", " + time.Until(until).String()
	}
	a.calls = append(a.calls, call)
	if err := fault(&a.faults); err != nil {
		return nil, err
	}
	if len(a.lists) == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	list := a.lists[0]
	a.lists = a.lists[1:]
	return list, nil
}

func (a *asked) Commit(context.Context, []Message) error { a.commits++; return nil }

// sized makes a message for each size of value, at offsets from 0 on.
func sized(sizes ...int) []Message {
	list := make([]Message, len(sizes))
	for i, n := range sizes {
		list[i] = Message{Offset: int64(i), Record: Record{Value: make([]byte, n)}}
	}
	return list
}

// runnerOf makes a runner whose queue holds messages.
func runnerOf(f *fake, feed Feed, opt RunOptions, queue []Message) *runner {
	r := &runner{log: f, feed: feed, group: "g", topic: TopicRaw, opt: opt.withDefaults(), queue: queue}
	for _, m := range queue {
		r.bytes += len(m.Value)
	}
	return r
}

func TestDefaults(t *testing.T) {
	type plain struct {
		batch, bytes int
		wait, pause  time.Duration
	}
	for _, tt := range []struct {
		give RunOptions
		want plain
	}{
		{RunOptions{}, plain{256, 8 << 20, 50 * time.Millisecond, 50 * time.Millisecond}},
		{RunOptions{MaxBatch: -1, MaxBytes: -1, MaxWait: -1, Pause: -1}, plain{256, 8 << 20, 50 * time.Millisecond, 50 * time.Millisecond}},
		{RunOptions{MaxBatch: 1, MaxBytes: 1, MaxWait: 1, Pause: 1}, plain{1, 1, 1, 1}},
		{RunOptions{MaxWait: time.Second}, plain{256, 8 << 20, time.Second, time.Second}},
		{RunOptions{MaxWait: time.Second, Pause: 1}, plain{256, 8 << 20, time.Second, 1}},
		{RunOptions{MaxWait: time.Second, Pause: time.Minute}, plain{256, 8 << 20, time.Second, time.Second}},
	} {
		o := tt.give.withDefaults()
		if got := (plain{o.MaxBatch, o.MaxBytes, o.MaxWait, o.Pause}); got != tt.want {
			t.Errorf("%+v becomes %+v, want %+v", tt.give, got, tt.want)
		}
		if o.Retryable(errDown) {
			t.Error("every error is retryable by default")
		}
	}
	if o := (RunOptions{Retryable: func(error) bool { return true }}).withDefaults(); !o.Retryable(errBad) {
		t.Error("the caller's Retryable is not asked")
	}
}

// TestCut: a batch has at most MaxBatch messages and MaxBytes of values, but one message
// at least; what is left stays in order, and is counted.
func TestCut(t *testing.T) {
	for _, tt := range []struct {
		queue           []int
		batch, bytes    int
		want, left      int
		full            bool
		leftFull        bool
		description     string
		firstLeftOffset int64
	}{
		{queue: nil, batch: 2, bytes: 10, description: "nothing"},
		{queue: []int{1, 1}, batch: 3, bytes: 10, want: 2, description: "less than may be"},
		{queue: []int{1, 1, 1}, batch: 3, bytes: 10, want: 3, full: true, description: "as many as may be"},
		{queue: []int{1, 1, 1, 1, 1, 1, 1}, batch: 3, bytes: 10, want: 3, left: 4, full: true, leftFull: true, firstLeftOffset: 3, description: "more"},
		{queue: []int{4, 6}, batch: 3, bytes: 10, want: 2, full: true, description: "as many bytes as may be"},
		{queue: []int{4, 7, 1}, batch: 3, bytes: 10, want: 1, left: 8, full: true, firstLeftOffset: 1, description: "more bytes"},
		{queue: []int{4, 5, 2}, batch: 4, bytes: 10, want: 2, left: 2, full: true, firstLeftOffset: 2, description: "more bytes by the third"},
		{queue: []int{99, 1}, batch: 3, bytes: 10, want: 1, left: 1, full: true, firstLeftOffset: 1, description: "one that is over the limit"},
		{queue: []int{0, 99}, batch: 3, bytes: 10, want: 1, left: 99, full: true, leftFull: true, firstLeftOffset: 1, description: "the second is over it"},
	} {
		r := runnerOf(newFake(0), nil, RunOptions{MaxBatch: tt.batch, MaxBytes: tt.bytes}, sized(tt.queue...))
		if r.full() != tt.full {
			t.Errorf("%s: full %t", tt.description, !tt.full)
		}
		batch := r.cut()
		if len(batch) != tt.want || len(batch)+len(r.queue) != len(tt.queue) || r.bytes != tt.left || r.full() != tt.leftFull {
			t.Errorf("%s: %d messages, %d left of %d bytes, full %t; want %d, %d bytes, %t",
				tt.description, len(batch), len(r.queue), r.bytes, r.full(), tt.want, tt.left, tt.leftFull)
		}
		if len(batch) > 0 && batch[0].Offset != 0 || len(r.queue) > 0 && r.queue[0].Offset != tt.firstLeftOffset {
			t.Errorf("%s: out of order", tt.description)
		}
		if grown := append(batch, Message{Offset: -1}); len(r.queue) > 0 && r.queue[0].Offset == -1 {
			t.Errorf("%s: who appends to the batch (%d) writes over what is left", tt.description, len(grown))
		}
	}
}

// TestNextAsksForWhatIsMissing: each read is for what the batch still lacks, and the
// batch waits for its first message without an end, then Pause and MaxWait at most.
func TestNextAsksForWhatIsMissing(t *testing.T) {
	bubble(t, "missing", func(t *testing.T) {
		a := &asked{lists: [][]Message{sized(3), sized(2, 1), sized(1)}}
		r := runnerOf(newFake(0), a, RunOptions{MaxBatch: 5, MaxBytes: 20, MaxWait: time.Second, Pause: time.Minute}, nil)
		batch, err := r.next(t.Context())
		if err != nil || len(batch) != 4 || r.bytes != 0 {
			t.Errorf("%d messages, %d bytes left, error %v", len(batch), r.bytes, err)
		}
		want := []string{"5 messages, 20 bytes", "4 messages, 17 bytes, 1s", "2 messages, 14 bytes, 1s", "1 messages, 13 bytes, 1s"}
		if diff := cmp.Diff(want, a.calls); diff != "" {
			t.Errorf("reads (-want +got):\n%s", diff)
		}
	})
	bubble(t, "full", func(t *testing.T) {
		a := &asked{lists: [][]Message{sized(1, 1), sized(1)}}
		r := runnerOf(newFake(0), a, RunOptions{MaxBatch: 2}, nil)
		if batch, err := r.next(t.Context()); err != nil || len(batch) != 2 || len(a.calls) != 1 {
			t.Errorf("%d messages after %d reads, error %v; want 2 after 1", len(batch), len(a.calls), err)
		}
	})
	bubble(t, "left over", func(t *testing.T) {
		a := &asked{}
		r := runnerOf(newFake(0), a, RunOptions{MaxBatch: 1}, sized(1))
		if batch, err := r.next(t.Context()); err != nil || len(batch) != 1 || len(a.calls) != 0 {
			t.Errorf("%d messages after %d reads, error %v; want 1 after none", len(batch), len(a.calls), err)
		}
	})
	bubble(t, "a read fails later", func(t *testing.T) {
		a := &asked{lists: [][]Message{sized(1)}, faults: []error{nil, errBad}}
		r := runnerOf(newFake(0), a, RunOptions{}, nil)
		if batch, err := r.next(t.Context()); err != nil || len(batch) != 1 || len(a.calls) != 2 {
			t.Errorf("%d messages after %d reads, error %v; want 1 after 2", len(batch), len(a.calls), err)
		}
	})
	bubble(t, "the first read fails", func(t *testing.T) {
		a := &asked{faults: []error{errBad}}
		r := runnerOf(newFake(0), a, RunOptions{}, nil)
		if batch, err := r.next(t.Context()); !errors.Is(err, errBad) || batch != nil || len(a.calls) != 1 {
			t.Errorf("%d messages after %d reads, error %v; want the read's", len(batch), len(a.calls), err)
		}
	})
}

// TestIdleIsDueLaterAndLater: while Idle is due a read gives up, each time later, a
// second at most; when it is not, a read waits as long as it takes.
func TestIdleIsDueLaterAndLater(t *testing.T) {
	bubble(t, "due", func(t *testing.T) {
		a := &asked{}
		r := runnerOf(newFake(0), a, RunOptions{MaxBatch: 1, MaxBytes: 1, Pause: 30 * time.Millisecond, Idle: func(context.Context) error { return nil }}, nil)
		for range 8 {
			if batch, err := r.next(t.Context()); batch != nil || err != nil {
				t.Errorf("%d messages, error %v", len(batch), err)
			}
		}
		var waits []string
		for _, c := range a.calls {
			waits = append(waits, strings.TrimPrefix(c, "1 messages, 1 bytes, "))
		}
		if diff := cmp.Diff([]string{"30ms", "60ms", "120ms", "240ms", "480ms", "960ms", "1s", "1s"}, waits); diff != "" {
			t.Errorf("waits (-want +got):\n%s", diff)
		}
	})
	for name, set := range map[string]func(*runner){
		"no Idle": func(r *runner) { r.opt.Idle = nil },
		"done":    func(r *runner) { r.idled = true },
	} {
		bubble(t, name, func(t *testing.T) {
			a := &asked{lists: [][]Message{sized(1)}}
			r := runnerOf(newFake(0), a, RunOptions{MaxBatch: 1, MaxBytes: 1, Idle: func(context.Context) error { return nil }}, nil)
			set(r)
			if _, err := r.next(t.Context()); err != nil || len(a.calls) != 1 || a.calls[0] != "1 messages, 1 bytes" {
				t.Errorf("reads %q, error %v; want one without a limit of time", a.calls, err)
			}
		})
	}
}

// TestIdleIsAskedForOnlyWhenDue: a server is asked for the ends of a topic when Idle may
// come of it.
func TestIdleIsAskedForOnlyWhenDue(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx     context.Context
		set     func(*runner)
		behind  bool
		calls   int
		askedOf int
	}{
		"due":      {t.Context(), func(*runner) {}, false, 1, 1},
		"behind":   {t.Context(), func(*runner) {}, true, 0, 1},
		"no Idle":  {t.Context(), func(r *runner) { r.opt.Idle = nil }, false, 0, 0},
		"done":     {t.Context(), func(r *runner) { r.idled = true }, false, 0, 0},
		"stopping": {ended, func(*runner) {}, false, 0, 0},
	} {
		f, calls := newFake(1), 0
		if !tt.behind {
			f.committed = 1
		}
		f.ends = []error{nil}
		r := runnerOf(f, f, RunOptions{Idle: func(context.Context) error { calls++; return nil }}, nil)
		tt.set(r)
		if err := r.idle(tt.ctx); err != nil || calls != tt.calls || 1-len(f.ends) != tt.askedOf {
			t.Errorf("%s: error %v, Idle called %d times, the end asked for %d times", name, err, calls, 1-len(f.ends))
		}
	}
	f := newFake(0)
	f.ends = []error{errBad}
	r := runnerOf(f, f, RunOptions{Idle: func(context.Context) error { return nil }}, nil)
	if err := r.idle(t.Context()); !errors.Is(err, errBad) || r.idled {
		t.Errorf("no end: %v, done %t", err, r.idled)
	}
	r.opt.Idle = func(context.Context) error { return errDown }
	if err := r.idle(t.Context()); !errors.Is(err, errDown) || r.idled {
		t.Errorf("Idle fails: %v, done %t", err, r.idled)
	}
}

// TestThePositionIsCheckedOnce: before the first message, until the log has answered.
func TestThePositionIsCheckedOnce(t *testing.T) {
	for name, set := range map[string]func(*fake){
		"no position": func(f *fake) { f.marks = []error{errBad} },
		"no end":      func(f *fake) { f.ends = []error{errBad} },
	} {
		f := newFake(1)
		set(f)
		r := runnerOf(f, f, RunOptions{}, nil)
		if err := r.checkPosition(t.Context()); !errors.Is(err, errBad) || r.sound {
			t.Errorf("%s: error %v, sound %t", name, err, r.sound)
		}
		if err := r.checkPosition(t.Context()); err != nil || !r.sound {
			t.Errorf("%s, again: error %v, sound %t", name, err, r.sound)
		}
		f.committed = 99
		if err := r.checkPosition(t.Context()); err != nil {
			t.Errorf("%s: checked once more: %v", name, err)
		}
	}
}

// TestPausesBeginAnew: faults in a row are outlived with growing pauses, and the first
// fault after a success with a short one.
func TestPausesBeginAnew(t *testing.T) {
	bubble(t, "pauses", func(t *testing.T) {
		f := newFake(2)
		f.reads = []error{errBad, errBad, errBad, nil, nil, errBad}
		var at []time.Time
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		opt := RunOptions{
			MaxBatch: 2, OnFault: func(error) { at = append(at, time.Now()) },
			Idle: func(context.Context) error {
				if f.committed == 3 {
					cancel()
				}
				return nil
			},
		}
		var handled []time.Time
		time.AfterFunc(time.Minute, func() { f.add(Message{Offset: 2}) })
		if err := Deliver(ctx, f, f, "g", TopicRaw, opt, func(context.Context, []Message) ([]Refusal, error) {
			handled = append(handled, time.Now())
			return nil, nil
		}); err != nil || len(at) != 4 || len(handled) != 2 {
			t.Fatalf("error %v, %d faults, %d batches", err, len(at), len(handled))
		}
		for i, want := range []time.Duration{0, firstPause, 2 * firstPause, 4 * firstPause} {
			from, to := start, handled[0]
			if i > 0 {
				from = at[i-1]
			}
			if i < 3 {
				to = at[i]
			}
			if d := to.Sub(from); d < want/2 || d > want {
				t.Errorf("pause %d: %v, want %v to %v", i, d, want/2, want)
			}
		}
	})
}

// settled runs one settle of n messages, and gives the faults told and its error.
func settled(ctx context.Context, f *recorded, n int, opt RunOptions, h Handler) (told []string, err error) {
	opt.OnFault = func(err error) { told = append(told, err.Error()) }
	r := &runner{log: f, feed: f, group: "g", topic: TopicRaw, opt: opt.withDefaults(), handler: h}
	err = r.settle(ctx, f.messages[:n])
	return told, err
}

// TestSettleFails: what a batch fails with comes out, so that it is read again from the
// committed position, and nothing after it is handled first.
func TestSettleFails(t *testing.T) {
	lost := fmt.Errorf("append: %w", ErrLost)
	for name, tt := range map[string]struct {
		messages int
		commits  []error
		// handler gets how often it was called, from 1 on, and what ends the run.
		handler func(call int, stop func()) error
		calls   int
		err     error
		told    int
	}{
		"stopped":               {1, nil, func(_ int, stop func()) error { stop(); return errBad }, 1, context.Canceled, 0},
		"stopped, down":         {1, nil, func(_ int, stop func()) error { stop(); return errDown }, 1, context.Canceled, 0},
		"stopped, many":         {4, nil, func(_ int, stop func()) error { stop(); return errBad }, 1, context.Canceled, 0},
		"stopped, second try":   {1, nil, second(func(stop func()) error { stop(); return errBad }), 2, context.Canceled, 1},
		"lost, second try":      {1, nil, second(func(func()) error { return lost }), 2, ErrLost, 1},
		"good, second try":      {1, nil, second(func(func()) error { return nil }), 2, nil, 1},
		"no commit, second try": {1, []error{errDown}, second(func(func()) error { return nil }), 2, errDown, 1},
		"no commit, first half": {4, []error{errDown}, second(func(func()) error { return nil }), 2, errDown, 1},
		"no commit, last half":  {4, []error{nil, errDown}, second(func(func()) error { return nil }), 3, errDown, 1},
		"down, then good":       {1, nil, func(call int, _ func()) error { return []error{errDown, errDown, nil}[call-1] }, 3, nil, 2},
		"bad for ever":          {1, nil, func(int, func()) error { return errBad }, 3, nil, 3},
		"good, all retryable":   {1, nil, func(int, func()) error { return nil }, 1, nil, 0},
	} {
		bubble(t, name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			f := &recorded{fake: newFake(tt.messages)}
			f.commits = tt.commits
			calls := 0
			opt := RunOptions{Retryable: func(err error) bool { return err == nil || errors.Is(err, errDown) }}
			told, err := settled(ctx, f, tt.messages, opt, func(context.Context, []Message) ([]Refusal, error) {
				if calls++; calls > 10 {
					return nil, ErrLost
				}
				return nil, tt.handler(calls, stop)
			})
			if !errors.Is(err, tt.err) || calls != tt.calls || len(told) != tt.told {
				t.Errorf("error %v after %d calls, told %q; want %v after %d, %d told", err, calls, told, tt.err, tt.calls, tt.told)
			}
		})
	}
}

// second fails the first call and leaves the others to then.
func second(then func(stop func()) error) func(int, func()) error {
	return func(call int, stop func()) error {
		if call == 1 {
			return errBad
		}
		return then(stop)
	}
}

// TestLoneAttemptsPause: what fails for want of time gets some, longer each time.
func TestLoneAttemptsPause(t *testing.T) {
	bubble(t, "lone", func(t *testing.T) {
		f := &recorded{fake: newFake(1)}
		var at []time.Time
		told, err := settled(t.Context(), f, 1, RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
			at = append(at, time.Now())
			return nil, errBad
		})
		if err != nil || len(at) != 3 || len(told) != 3 || !strings.Contains(told[2], "g refuses raw/0@0") {
			t.Fatalf("error %v after %d attempts, told %q", err, len(at), told)
		}
		for i, want := range []time.Duration{firstPause, 2 * firstPause} {
			if d := at[i+1].Sub(at[i]); d < want/2 || d > want {
				t.Errorf("pause %d: %v, want %v to %v", i, d, want/2, want)
			}
		}
	})
}

// TestRefusalsAreOfTheBatch: the places of a batch are from 0 on.
func TestRefusalsAreOfTheBatch(t *testing.T) {
	for index, good := range map[int]bool{-1: false, 0: true, 1: true, 2: false} {
		r := runnerOf(newFake(2), nil, RunOptions{}, nil)
		r.handler = func(context.Context, []Message) ([]Refusal, error) { return []Refusal{{Index: index}}, nil }
		if refused, err := r.call(t.Context(), r.log.(*fake).messages); (err == nil) != good || good != (len(refused) == 1) {
			t.Errorf("place %d: %v, error %v", index, refused, err)
		}
	}
}

// TestNoFaultIsToldOfAStop: an end is no fault.
func TestNoFaultIsToldOfAStop(t *testing.T) {
	told := 0
	r := runnerOf(newFake(0), nil, RunOptions{OnFault: func(error) { told++ }}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	r.fault(ctx, errBad)
	cancel()
	r.fault(ctx, errBad)
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
	r.opt.OnFault = nil
	r.fault(t.Context(), errBad)
}

// TestAFailedBatchIsForgotten: the feed gives it again.
func TestAFailedBatchIsForgotten(t *testing.T) {
	bubble(t, "step", func(t *testing.T) {
		f := newFake(6)
		f.commits = []error{errDown}
		r := runnerOf(f, f, RunOptions{MaxBatch: 4, MaxBytes: 2}, nil)
		r.handler = func(context.Context, []Message) ([]Refusal, error) { return nil, nil }
		if err := r.step(t.Context()); !errors.Is(err, errDown) || len(r.queue) != 0 || r.bytes != 0 {
			t.Errorf("error %v, %d messages of %d bytes left", err, len(r.queue), r.bytes)
		}
	})
}

// TestCheckAppend: the limits may be reached, and one record over them refuses all.
func TestCheckAppend(t *testing.T) {
	key, value := strings.Repeat("k", MaxKey), make([]byte, MaxValue)
	for name, tt := range map[string]struct {
		topic   string
		records []Record
		err     error
	}{
		"nothing":     {TopicRaw, nil, nil},
		"largest":     {TopicEnriched, []Record{{Key: key, Value: value}}, nil},
		"key":         {TopicRaw, []Record{{}, {Key: key + "k"}}, ErrTooLarge},
		"value":       {TopicRefused, []Record{{}, {Value: append(slices.Clone(value), 0)}}, ErrTooLarge},
		"other topic": {"cooked", nil, ErrUnknownTopic},
	} {
		if err := CheckAppend(tt.topic, tt.records); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", name, err, tt.err)
		}
	}
}

// TestWhatStandsForARefusal: the handler's own record where it gives one, else a pointer
// to the message.
func TestWhatStandsForARefusal(t *testing.T) {
	pointer := `{"stage":"g","code":"%s","topic":"raw","partition":0,"offset":1,"key":"k1","attempts":1}`
	for name, tt := range map[string]struct {
		give Refusal
		want Record
	}{
		"nothing":   {Refusal{Index: 1}, Record{Key: "k1", Value: fmt.Appendf(nil, pointer, CodeRefused)}},
		"a code":    {Refusal{Index: 1, Code: "why"}, Record{Key: "k1", Value: fmt.Appendf(nil, pointer, "why")}},
		"a record":  {Refusal{Index: 1, Record: Record{Key: "k", Value: []byte("v")}}, Record{Key: "k", Value: []byte("v")}},
		"a value":   {Refusal{Index: 1, Record: Record{Value: []byte("v")}}, Record{Value: []byte("v")}},
		"a key":     {Refusal{Index: 1, Record: Record{Key: "k"}}, Record{Key: "k"}},
		"too large": {Refusal{Index: 1, Record: Record{Key: strings.Repeat("k", MaxKey+1)}}, Record{Key: "k1", Value: fmt.Appendf(nil, pointer, CodeRefused)}},
	} {
		f := newFake(2)
		got, err := runnerOf(f, f, RunOptions{}, nil).records(f.messages, []Refusal{tt.give})
		if diff := cmp.Diff([]Record{tt.want}, got); diff != "" || err != nil {
			t.Errorf("%s: error %v, records (-want +got):\n%s", name, err, diff)
		}
	}
}

// TestARefusalWaitsForTheLog: a log that is down is asked again after a pause.
func TestARefusalWaitsForTheLog(t *testing.T) {
	bubble(t, "down", func(t *testing.T) {
		f, start := &recorded{fake: newFake(1)}, time.Now()
		f.appends = []error{errDown, errDown}
		told, err := settled(t.Context(), f, 1, RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
			return []Refusal{{}}, nil
		})
		if d := time.Since(start); err != nil || len(told) != 2 || d < 3*firstPause/2 || d > 3*firstPause {
			t.Errorf("error %v after %v, told %q; want two pauses", err, d, told)
		}
	})
}

// halves is a feed whose time runs out in the middle of its first reading: what it has by
// then it gives with the error, and again when it is asked again.
type halves struct {
	asked
	half []Message
}

func (h *halves) Next(ctx context.Context, limit, maxBytes int) ([]Message, error) {
	if half := h.half; half != nil {
		h.half = nil
		<-ctx.Done()
		return half, ctx.Err()
	}
	return h.asked.Next(ctx, limit, maxBytes)
}

// TestAReadingCutShortGivesNothing: its messages come again with the next one, and would be
// handled twice.
func TestAReadingCutShortGivesNothing(t *testing.T) {
	whole := sized(1, 1, 1)
	r := runnerOf(newFake(0), &halves{asked: asked{lists: [][]Message{whole}}, half: whole[:2]}, RunOptions{}, nil)
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for _, ctx := range []context.Context{short, t.Context()} {
		if _, err := r.fill(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(whole, r.queue); diff != "" || r.bytes != 3 {
		t.Errorf("%d bytes (-want +got):\n%s", r.bytes, diff)
	}
}
