package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	errDown = errors.New("server down")
	errBad  = errors.New("cannot be read")
)

// fake is a log of one topic in memory, and the feed of one group. Its faults are
// given one by one: each call takes the first of its list.
type fake struct {
	mu        sync.Mutex
	messages  []Message
	committed int64
	next      int64 // what Next gives next
	refused   []Record
	reads     []error // faults of Next
	commits   []error // faults of Commit
	appends   []error // faults of Append
	ends      []error // faults of End
	marks     []error // faults of Committed
	more      chan struct{}
}

func newFake(n int) *fake {
	f := &fake{more: make(chan struct{})}
	for i := range n {
		f.messages = append(f.messages, Message{
			Record: Record{Key: fmt.Sprint("k", i), Value: fmt.Append(nil, i)}, Topic: TopicRaw, Offset: int64(i),
		})
	}
	return f
}

// add appends a message, and wakes the reader that waits for one.
func (f *fake) add(m Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, m)
	close(f.more)
	f.more = make(chan struct{})
}

func fault(list *[]error) error {
	if len(*list) == 0 {
		return nil
	}
	err := (*list)[0]
	*list = (*list)[1:]
	return err
}

func (f *fake) Next(ctx context.Context, limit, _ int) ([]Message, error) {
	for {
		f.mu.Lock()
		err, batch, more := fault(&f.reads), f.messages[f.next:min(int(f.next)+limit, len(f.messages))], f.more
		if err == nil {
			f.next += int64(len(batch))
		}
		f.mu.Unlock()
		if err != nil || len(batch) > 0 {
			return slices.Clone(batch), err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *fake) Commit(_ context.Context, batch []Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := fault(&f.commits); err != nil {
		f.next = f.committed
		return err
	}
	f.committed = batch[len(batch)-1].Offset + 1
	return nil
}

func (f *fake) Append(_ context.Context, _ string, records []Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := fault(&f.appends)
	if err == nil {
		f.refused = append(f.refused, records...)
	}
	return err
}

func (f *fake) End(context.Context, string) (Position, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Position{0: int64(len(f.messages))}, fault(&f.ends)
}

func (f *fake) Committed(context.Context, string, string) (Position, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Position{0: f.committed}, fault(&f.marks)
}

func (f *fake) Run(context.Context, string, string, RunOptions, Handler) error { return nil }
func (f *fake) Reset(context.Context, string, string, Position) error          { return nil }
func (f *fake) Compact(context.Context, string) error                          { return nil }
func (f *fake) Close() error                                                   { return nil }

// deliver runs until the group has committed everything, and gives what was told to
// OnFault. Time is the test's own: pauses cost nothing.
func deliver(t *testing.T, f *fake, opt RunOptions, h Handler) []error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var faults []error
	opt.OnFault = func(err error) { faults = append(faults, err) }
	opt.Idle = func(context.Context) error { cancel(); return nil }
	opt.Retryable = func(err error) bool { return errors.Is(err, errDown) }
	if err := Deliver(ctx, f, f, "enrich", TopicRaw, opt, h); err != nil {
		t.Errorf("deliver: %v", err)
	}
	if ctx.Err() == context.DeadlineExceeded {
		t.Errorf("stands at %d of %d after an hour", f.committed, len(f.messages))
	}
	return faults
}

// bubble runs a test under a clock of its own.
func bubble(t *testing.T, name string, test func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// TestFaults: whatever fails for a time, everything is handled in order, and nothing
// is committed before it was handled.
func TestFaults(t *testing.T) {
	faults := []error{errDown, errBad, errDown}
	for name, set := range map[string]func(*fake){
		"none":   func(*fake) {},
		"read":   func(f *fake) { f.reads = slices.Clone(faults) },
		"commit": func(f *fake) { f.commits = slices.Clone(faults) },
		"end":    func(f *fake) { f.ends = slices.Clone(faults) },
		"mark":   func(f *fake) { f.marks = slices.Clone(faults) },
		"read later": func(f *fake) {
			f.reads = append([]error{nil, nil, nil}, faults...)
		},
	} {
		bubble(t, name, func(t *testing.T) {
			f := newFake(100)
			set(f)
			handled := int64(0)
			// The fake reads 7 at once, of which 5 bytes are a batch: some are left over.
			told := deliver(t, f, RunOptions{MaxBatch: 7, MaxBytes: 5}, func(_ context.Context, batch []Message) ([]Refusal, error) {
				if first := batch[0].Offset; first > handled || first < f.committed {
					t.Errorf("offset %d comes when %d is handled and %d committed", first, handled, f.committed)
				}
				for i, m := range batch {
					if m.Offset != batch[0].Offset+int64(i) {
						t.Errorf("offset %d at place %d of a batch from %d", m.Offset, i, batch[0].Offset)
					}
				}
				handled = max(handled, batch[len(batch)-1].Offset+1)
				return nil, nil
			})
			if handled != 100 || f.committed != 100 {
				t.Errorf("%d handled, %d committed, want 100", handled, f.committed)
			}
			if want := 3; name != "none" && len(told) > want {
				t.Errorf("%d faults told, want at most %d", len(told), want)
			}
			if len(f.refused) != 0 {
				t.Errorf("%d refused", len(f.refused))
			}
		})
	}
}

func TestRetryableErrorsWaitAndGrow(t *testing.T) {
	bubble(t, "pauses", func(t *testing.T) {
		f := newFake(3)
		var at []time.Time
		deliver(t, f, RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
			if at = append(at, time.Now()); len(at) < 15 {
				return nil, errDown
			}
			return nil, nil
		})
		want := firstPause
		for i := 1; i < len(at); i++ {
			if d := at[i].Sub(at[i-1]); d < want/2 || d > want {
				t.Errorf("pause %d: %v, want %v to %v", i, d, want/2, want)
			}
			want = min(2*want, lastPause)
		}
		if want != lastPause || len(f.refused) != 0 {
			t.Errorf("last pause %v, %d refused", want, len(f.refused))
		}
	})
}

// TestPoisonIsFoundInAnyPlace: for random sets of bad messages, exactly these are
// refused, all others are handled once, and each bad one alone three times.
func TestPoisonIsFoundInAnyPlace(t *testing.T) {
	for seed := range uint64(20) {
		bubble(t, fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			f := newFake(1 + random.IntN(60))
			bad := map[int64]bool{}
			for i := range f.messages {
				if random.IntN(8) == 0 {
					bad[int64(i)] = true
				}
			}
			handled, alone := map[int64]int{}, map[int64]int{}
			deliver(t, f, RunOptions{MaxBatch: 1 + random.IntN(30), Version: offsetOf}, func(_ context.Context, batch []Message) ([]Refusal, error) {
				for _, m := range batch {
					if bad[m.Offset] {
						if len(batch) == 1 {
							alone[m.Offset]++
						}
						if m.Offset%2 == 0 {
							panic(string(m.Value))
						}
						return nil, errBad
					}
				}
				for _, m := range batch {
					handled[m.Offset]++
				}
				return nil, nil
			})
			checkPoison(t, f, bad, handled, alone)
		})
	}
}

func checkPoison(t *testing.T, f *fake, bad map[int64]bool, handled, alone map[int64]int) {
	t.Helper()
	for i := range f.messages {
		switch off := int64(i); {
		case bad[off] && alone[off] != loneAttempts:
			t.Errorf("message %d failed alone %d times", i, alone[off])
		case !bad[off] && handled[off] != 1:
			t.Errorf("message %d was handled %d times", i, handled[off])
		}
	}
	var want, got []Pointer
	for i, m := range f.messages {
		if bad[int64(i)] {
			p := PointTo(m, "enrich", CodePoison, 3)
			p.Version = offsetOf(m)
			want = append(want, p)
		}
	}
	for _, r := range f.refused {
		var p Pointer
		if err := json.Unmarshal(r.Value, &p); err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

// offsetOf stands for what a stage knows of the version of a message.
func offsetOf(m Message) int64 { return m.Offset }

// TestRefusedBeforeCommitted: the group does not pass a refused message until its
// record is durable.
func TestRefusedBeforeCommitted(t *testing.T) {
	bubble(t, "append fails", func(t *testing.T) {
		f := newFake(4)
		f.appends = []error{errDown, errBad, nil}
		calls := 0
		told := deliver(t, f, RunOptions{}, func(_ context.Context, batch []Message) ([]Refusal, error) {
			calls++
			return []Refusal{{Index: 2, Code: "why"}, {Index: 3, Record: Record{Key: "large", Value: make([]byte, MaxValue+1)}}}, nil
		})
		if calls != 1 || len(told) != 2 || f.committed != 4 {
			t.Errorf("%d calls, %d faults, %d committed", calls, len(told), f.committed)
		}
		var keys []string
		for _, r := range f.refused {
			var p Pointer
			if err := json.Unmarshal(r.Value, &p); err != nil {
				t.Error(err)
			}
			keys = append(keys, r.Key+" "+p.Code)
		}
		if diff := cmp.Diff([]string{"k2 why", "k3 refused"}, keys); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
	})
}

func TestRefusalOutsideTheBatchIsAFault(t *testing.T) {
	bubble(t, "index", func(t *testing.T) {
		f := newFake(2)
		deliver(t, f, RunOptions{}, func(_ context.Context, batch []Message) ([]Refusal, error) {
			return []Refusal{{Index: len(batch)}}, nil
		})
		if len(f.refused) != 2 {
			t.Errorf("%d refused as poison, want 2", len(f.refused))
		}
	})
}

// TestPanicTellsNoContent: what a panic says may quote a mail.
func TestPanicTellsNoContent(t *testing.T) {
	bubble(t, "panic", func(t *testing.T) {
		told := deliver(t, newFake(1), RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
			panic(errors.New("secret subject"))
		})
		if len(told) == 0 {
			t.Fatal("no fault was told")
		}
		for _, err := range told {
			var p *Panic
			if !errors.As(err, &p) || !strings.Contains(string(p.Stack), "deliver_test.go") {
				t.Errorf("fault %v has no stack", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("fault %q quotes the panic", err)
			}
		}
	})
}

// TestBatchWaits: a batch that is not full waits MaxWait for more, and no longer.
func TestBatchWaits(t *testing.T) {
	bubble(t, "linger", func(t *testing.T) {
		f := newFake(3)
		start := time.Now()
		go func() {
			time.Sleep(30 * time.Millisecond)
			f.add(Message{Record: Record{Key: "late"}, Offset: 3})
		}()
		var sizes []int
		deliver(t, f, RunOptions{MaxWait: 100 * time.Millisecond}, func(_ context.Context, batch []Message) ([]Refusal, error) {
			sizes = append(sizes, len(batch))
			if d := time.Since(start); d != 100*time.Millisecond {
				t.Errorf("the batch came after %v", d)
			}
			return nil, nil
		})
		if diff := cmp.Diff([]int{4}, sizes); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

// TestBatchPauses: a batch that grows waits on, but no longer than Pause for the next
// message.
func TestBatchPauses(t *testing.T) {
	bubble(t, "pause", func(t *testing.T) {
		f := newFake(1)
		start := time.Now()
		go func() {
			for i := range 3 {
				time.Sleep(30 * time.Millisecond)
				f.add(Message{Record: Record{Key: "late"}, Offset: int64(1 + i)})
			}
		}()
		deliver(t, f, RunOptions{MaxWait: time.Second, Pause: 40 * time.Millisecond}, func(_ context.Context, batch []Message) ([]Refusal, error) {
			if d := time.Since(start); len(batch) != 4 || d != 130*time.Millisecond {
				t.Errorf("%d messages came after %v", len(batch), d)
			}
			return nil, nil
		})
	})
}

func TestClosedLogEndsDeliver(t *testing.T) {
	for name, set := range map[string]func(*fake){
		"read":   func(f *fake) { f.reads = []error{ErrClosed} },
		"commit": func(f *fake) { f.commits = []error{ErrClosed} },
		"append": func(f *fake) { f.appends = []error{fmt.Errorf("append: %w", ErrClosed)} },
	} {
		bubble(t, name, func(t *testing.T) {
			f := newFake(1)
			set(f)
			err := Deliver(t.Context(), f, f, "g", TopicRaw, RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
				return []Refusal{{}}, nil
			})
			if !errors.Is(err, ErrClosed) {
				t.Errorf("deliver: %v, want ErrClosed", err)
			}
		})
	}
}

func TestIdleFaults(t *testing.T) {
	bubble(t, "idle", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls, told := 0, 0
		opt := RunOptions{
			OnFault: func(error) { told++ },
			Idle: func(context.Context) error {
				switch calls++; calls {
				case 1:
					return errBad
				case 2:
					panic("settle")
				}
				cancel()
				return nil
			},
		}
		f := newFake(0)
		if err := Deliver(ctx, f, f, "g", TopicRaw, opt, nil); err != nil || calls != 3 || told != 2 {
			t.Errorf("error %v, %d calls, %d faults", err, calls, told)
		}
	})
}

func TestReached(t *testing.T) {
	for _, tt := range []struct {
		at, goal Position
		want     bool
	}{
		{nil, nil, true},
		{nil, Position{0: 0, 1: 0}, true},
		{nil, Position{0: 1}, false},
		{Position{0: 5}, Position{0: 5}, true},
		{Position{0: 5, 1: 2}, Position{0: 5, 1: 3}, false},
		{Position{0: 9, 1: 9, 7: 1}, Position{0: 5, 1: 3}, true},
	} {
		if got := tt.at.Reached(tt.goal); got != tt.want {
			t.Errorf("%v reached %v: %t", tt.at, tt.goal, got)
		}
	}
}

func TestPointerIsFrozen(t *testing.T) {
	m := Message{Record: Record{Key: "t1", Value: []byte("content")}, Topic: TopicRaw, Partition: 2, Offset: 41}
	r, err := PointTo(m, "enrich", CodePoison, 3).Record()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"stage":"enrich","code":"poison","topic":"raw","partition":2,"offset":41,"key":"t1","attempts":3}`
	if r.Key != "t1" || string(r.Value) != want {
		t.Errorf("record %s under %q, want %s", r.Value, r.Key, want)
	}
}

// TestLogDownInHandlerIsNoPoison: a handler's own append that fails costs no message,
// whatever the caller calls retryable.
func TestLogDownInHandlerIsNoPoison(t *testing.T) {
	bubble(t, "log down", func(t *testing.T) {
		f, calls := newFake(3), 0
		deliver(t, f, RunOptions{}, func(context.Context, []Message) ([]Refusal, error) {
			if calls++; calls < 20 {
				return nil, Fault(t.Context(), "append to enriched", errors.New("disk full"), false)
			}
			return nil, nil
		})
		if len(f.refused) != 0 || calls != 20 {
			t.Errorf("%d refused after %d calls", len(f.refused), calls)
		}
	})
}

func TestFault(t *testing.T) {
	disk := errors.New("disk full")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx       context.Context
		err       error
		closed    bool
		want, not error
	}{
		"disk":           {t.Context(), disk, false, ErrUnavailable, ErrClosed},
		"cause":          {t.Context(), disk, false, disk, context.Canceled},
		"closed":         {t.Context(), disk, true, ErrClosed, ErrUnavailable},
		"canceled":       {ended, context.Canceled, false, context.Canceled, ErrUnavailable},
		"client's limit": {t.Context(), context.DeadlineExceeded, false, ErrUnavailable, ErrClosed},
	} {
		if err := Fault(tt.ctx, "append", tt.err, tt.closed); !errors.Is(err, tt.want) || errors.Is(err, tt.not) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if err := Fault(ended, "append", nil, true); err != nil {
		t.Errorf("nil became %v", err)
	}
}

// TestLostRecordsEndDeliver: neither a wait nor a refusal mends a loss, wherever it
// is noticed and whatever the handler's owner takes for retryable.
func TestLostRecordsEndDeliver(t *testing.T) {
	lost := fmt.Errorf("append: %w", ErrLost)
	for name, set := range map[string]func(*fake, *RunOptions){
		"beyond the end": func(f *fake, _ *RunOptions) { f.committed = 11 },
		"read":           func(f *fake, _ *RunOptions) { f.reads = []error{lost} },
		"commit":         func(f *fake, _ *RunOptions) { f.commits = []error{lost} },
		"refusal":        func(f *fake, _ *RunOptions) { f.appends = []error{lost} },
		"handler":        func(*fake, *RunOptions) {},
		"one by one":     func(_ *fake, opt *RunOptions) { opt.MaxBatch = 1 },
	} {
		bubble(t, name, func(t *testing.T) {
			f, opt := newFake(10), RunOptions{Retryable: func(error) bool { return true }}
			set(f, &opt)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			err := Deliver(ctx, f, f, "enrich", TopicRaw, opt, func(context.Context, []Message) ([]Refusal, error) {
				if name == "handler" || name == "one by one" {
					return nil, lost
				}
				return []Refusal{{Index: 0}}, nil
			})
			if !errors.Is(err, ErrLost) || name != "commit" && len(f.refused) != 0 {
				t.Errorf("error %v, %d refused; want ErrLost and none", err, len(f.refused))
			}
		})
	}
}
