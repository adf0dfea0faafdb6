package streamtest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/relais-archive/relais/internal/stream"
)

// testRefused: what a handler refuses is in topic "refused", its own record or a
// pointer without content, and the group goes on.
func testRefused(t *testing.T, b *bench) {
	b.append(stream.TopicRaw, numbered(0, 10)...)
	idle := make(chan struct{})
	opt := stream.RunOptions{Idle: func(context.Context) error { close(idle); return nil }}
	stop := b.start("enrich", stream.TopicRaw, opt, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		var refused []stream.Refusal
		for i, m := range batch {
			switch string(m.Value) {
			case "000003":
				refused = append(refused, stream.Refusal{Index: i})
			case "000005":
				refused = append(refused, stream.Refusal{Index: i, Record: stream.Record{Key: "own", Value: []byte(`{"code":"own"}`)}})
			}
		}
		return refused, nil
	})
	b.wait("idle", idle)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	for _, m := range b.drain("list", stream.TopicRefused) {
		var p stream.Pointer
		if err := json.Unmarshal(m.Value, &p); err != nil {
			t.Fatal(err)
		}
		codes[m.Key] = p.Code
		if p.Code == stream.CodeRefused && (p.Stage != "enrich" || p.Topic != stream.TopicRaw || p.Attempts != 1) {
			t.Errorf("pointer %+v", p)
		}
		if strings.Contains(string(m.Value), "000003") {
			t.Errorf("content in a refusal: %s", m.Value)
		}
	}
	if diff := cmp.Diff(map[string]string{"key-3": stream.CodeRefused, "own": "own"}, codes); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
}

// testPoison: one message that always fails, by an error or a panic, is refused
// after three lone attempts; all others are handled.
func testPoison(t *testing.T, b *bench) {
	want := numbered(0, 64)
	b.append(stream.TopicRaw, want...)
	handled, alone := map[string]bool{}, map[string]int{}
	idle := make(chan struct{})
	opt := stream.RunOptions{Idle: func(context.Context) error { close(idle); return nil }}
	stop := b.start("enrich", stream.TopicRaw, opt, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		for _, m := range batch {
			v := string(m.Value)
			if len(batch) == 1 {
				alone[v]++
			}
			if v == "000013" {
				panic("a parser's bug on " + v)
			}
			if v == "000047" {
				return nil, errors.New("cannot read it")
			}
		}
		for _, m := range batch {
			handled[string(m.Value)] = true
		}
		return nil, nil
	})
	b.wait("idle", idle)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if len(handled) != len(want)-2 {
		t.Errorf("%d messages handled, want %d", len(handled), len(want)-2)
	}
	if alone["000013"] != 3 || alone["000047"] != 3 {
		t.Errorf("lone attempts: %d and %d, want 3 and 3", alone["000013"], alone["000047"])
	}
	refused := b.drain("list", stream.TopicRefused)
	if len(refused) != 2 {
		t.Errorf("%d refusals, want 2", len(refused))
	}
	for _, m := range refused {
		var p stream.Pointer
		if err := json.Unmarshal(m.Value, &p); err != nil || p.Code != stream.CodePoison || p.Attempts != 3 || p.Stage != "enrich" {
			t.Errorf("pointer %+v, error %v", p, err)
		}
	}
}

// testIdle: Idle is called at the start of a group that has nothing to read, and
// once after each time something was read and committed.
func testIdle(t *testing.T, b *bench) {
	var calls atomic.Int32
	var s sink
	opt := stream.RunOptions{Idle: func(ctx context.Context) error {
		if !b.committed("g", stream.TopicRaw).Reached(b.end(stream.TopicRaw)) {
			t.Error("idle before all was committed")
		}
		if calls.Add(1) == 2 {
			return errors.New("not settled yet")
		}
		return nil
	}}
	stop := b.start("g", stream.TopicRaw, opt, s.handle)
	b.until("idle at the start", func() bool { return calls.Load() == 1 })
	b.append(stream.TopicRaw, numbered(0, 5)...)
	b.until("idle after a commit, and again after its error", func() bool { return calls.Load() == 3 })
	time.Sleep(300 * time.Millisecond)
	if n := calls.Load(); n != 3 {
		t.Errorf("idle was called %d times, want 3", n)
	}
	if err := stop(); err != nil || s.distinct() != 5 {
		t.Errorf("%d messages, error %v; want 5", s.distinct(), err)
	}
}

// testFollowsAppends: a running group gets what is appended meanwhile.
func testFollowsAppends(t *testing.T, b *bench) {
	var s sink
	stop := b.start("g", stream.TopicRaw, stream.RunOptions{}, s.handle)
	b.append(stream.TopicRaw, numbered(0, 1)...)
	b.until("the first message", func() bool { return s.distinct() == 1 })
	for i := 1; i < 5; i++ {
		b.append(stream.TopicRaw, numbered(i, 1)...)
		b.until("a further message", func() bool { return s.distinct() == i+1 })
	}
	if err := stop(); err != nil {
		t.Errorf("run: %v", err)
	}
}

// testCancel: the end of the context ends Run with nil, also when it has nothing to
// do, and when its handler fails for ever.
func testCancel(t *testing.T, b *bench) {
	b.append(stream.TopicEnriched, numbered(0, 3)...)
	failing := make(chan struct{}, 100)
	stops := []func() error{
		b.start("quiet", stream.TopicRaw, stream.RunOptions{}, (&sink{}).handle),
		b.start("failing", stream.TopicEnriched, stream.RunOptions{Retryable: func(error) bool { return true }},
			func(context.Context, []stream.Message) ([]stream.Refusal, error) {
				failing <- struct{}{}
				return nil, errors.New("down")
			}),
	}
	b.wait("the failing handler", failing)
	for i, stop := range stops {
		if err := stop(); err != nil {
			t.Errorf("run %d: %v, want nil", i, err)
		}
	}
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	if err := b.log.Append(ctx, stream.TopicRaw, numbered(0, 1)); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("append under an ended context: %v, want success or the context's error", err)
	}
}

// testClose: a closed log refuses every call, and ends its runs with ErrClosed.
func testClose(t *testing.T, b *bench) {
	b.append(stream.TopicRaw, numbered(0, 3)...)
	var s sink
	done := make(chan error, 1)
	go func() { done <- b.log.Run(b.ctx, "g", stream.TopicRaw, stream.RunOptions{}, s.handle) }()
	b.until("the messages", func() bool { return s.distinct() == 3 })
	closed := b.log
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, stream.ErrClosed) {
		t.Errorf("run: %v, want ErrClosed", err)
	}
	_, endErr := closed.End(b.ctx, stream.TopicRaw)
	_, atErr := closed.Committed(b.ctx, "g", stream.TopicRaw)
	for name, err := range map[string]error{
		"Append":    closed.Append(b.ctx, stream.TopicRaw, numbered(0, 1)),
		"Run":       closed.Run(b.ctx, "g", stream.TopicRaw, stream.RunOptions{}, s.handle),
		"Reset":     closed.Reset(b.ctx, "g", stream.TopicRaw, nil),
		"End":       endErr,
		"Committed": atErr,
	} {
		if !errors.Is(err, stream.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	b.log = nil
	b.reopen()
	if n := count(b.end(stream.TopicRaw)); n != 3 {
		t.Errorf("%d records after Close, want 3", n)
	}
}

// testSharedGroup: two runners of one group lose nothing between them, while one of
// them stops in the middle.
func testSharedGroup(t *testing.T, b *bench) {
	var s sink
	opt := stream.RunOptions{MaxBatch: 10}
	first := b.start("g", stream.TopicRaw, opt, s.handle)
	second := b.start("g", stream.TopicRaw, opt, s.handle)
	want := numbered(0, 400)
	b.append(stream.TopicRaw, want[:200]...)
	b.until("some messages", func() bool { return s.distinct() > 0 })
	if err := first(); err != nil {
		t.Errorf("first run: %v", err)
	}
	b.append(stream.TopicRaw, want[200:]...)
	b.until("all messages", func() bool { return s.distinct() == len(want) })
	b.until("all committed", func() bool {
		return b.committed("g", stream.TopicRaw).Reached(b.end(stream.TopicRaw))
	})
	if err := second(); err != nil {
		t.Errorf("second run: %v", err)
	}
	checkValues(t, s.all(), want)
}
