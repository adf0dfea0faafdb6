// Package streamtest answers one question: does a log keep the promises of package
// stream? Every twin runs [Test] in its own tests.
package streamtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/relais-archive/relais/internal/stream"
)

// patience bounds what a test waits for: a first join of a Kafka group takes
// seconds.
const patience = 60 * time.Second

// Place makes one empty log and gives the way to open it; what it opens is the same
// log each time. Test closes what it opens.
type Place func(t *testing.T) (open func() (stream.Log, error))

// Test holds a log to its contract. Cases run in parallel, each in a place of its
// own.
func Test(t *testing.T, place Place) {
	t.Run("contract", func(t *testing.T) {
		for name, test := range cases() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, newBench(t, place))
			})
		}
	})
	checkLeaks(t)
}

func cases() map[string]func(*testing.T, *bench) {
	return map[string]func(*testing.T, *bench){
		"Order":          testOrder,
		"Values":         testValues,
		"Limits":         testLimits,
		"Reopen":         testReopen,
		"HandlerError":   testHandlerError,
		"CommitLast":     testCommitLast,
		"Groups":         testGroups,
		"Positions":      testPositions,
		"Refused":        testRefused,
		"Poison":         testPoison,
		"Idle":           testIdle,
		"BatchBounds":    testBatchBounds,
		"Appenders":      testAppenders,
		"Cancel":         testCancel,
		"Close":          testClose,
		"Compact":        testCompact,
		"SharedGroup":    testSharedGroup,
		"FollowsAppends": testFollowsAppends,
		"BeyondEnd":      testBeyondEnd,
		"Together":       testTogether,
	}
}

// bench is one log under test.
type bench struct {
	*testing.T
	open func() (stream.Log, error)
	log  stream.Log
	ctx  context.Context
}

func newBench(t *testing.T, place Place) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	b := &bench{T: t, open: place(t), ctx: ctx}
	b.reopen()
	t.Cleanup(func() {
		cancel()
		if err := b.log.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// reopen closes the log and opens it again.
func (b *bench) reopen() {
	b.Helper()
	if b.log != nil {
		if err := b.log.Close(); err != nil {
			b.Fatalf("close: %v", err)
		}
	}
	log, err := b.open()
	if err != nil {
		b.Fatalf("open: %v", err)
	}
	b.log = log
}

func (b *bench) append(topic string, records ...stream.Record) {
	b.Helper()
	if err := b.log.Append(b.ctx, topic, records); err != nil {
		b.Fatalf("append to %s: %v", topic, err)
	}
}

func (b *bench) end(topic string) stream.Position {
	b.Helper()
	p, err := b.log.End(b.ctx, topic)
	if err != nil {
		b.Fatalf("end of %s: %v", topic, err)
	}
	return p
}

func (b *bench) committed(group, topic string) stream.Position {
	b.Helper()
	p, err := b.log.Committed(b.ctx, group, topic)
	if err != nil {
		b.Fatalf("committed by %s: %v", group, err)
	}
	return p
}

// start runs a group until stop is called, which waits for its end and gives its
// error.
func (b *bench) start(group, topic string, opt stream.RunOptions, h stream.Handler) (stop func() error) {
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- b.log.Run(ctx, group, topic, opt, h) }()
	return func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			return errors.New("run does not end")
		}
	}
}

// drain runs a group until it has committed all there is, and gives what it read.
func (b *bench) drain(group, topic string) []stream.Message {
	b.Helper()
	var got []stream.Message
	idle := make(chan struct{})
	opt := stream.RunOptions{Idle: func(context.Context) error { close(idle); return nil }}
	stop := b.start(group, topic, opt, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		got = append(got, batch...)
		return nil, nil
	})
	b.wait("drained "+topic, idle)
	if err := stop(); err != nil {
		b.Fatalf("run %s: %v", group, err)
	}
	return got
}

func (b *bench) wait(what string, done <-chan struct{}) {
	b.Helper()
	select {
	case <-done:
	case <-b.ctx.Done():
		b.Fatalf("waited too long: %s", what)
	}
}

// until polls until ok.
func (b *bench) until(what string, ok func() bool) {
	b.Helper()
	for !ok() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-b.ctx.Done():
			b.Fatalf("waited too long: %s", what)
		}
	}
}

// numbered makes n records whose values count from first, under a few keys.
func numbered(first, n int) []stream.Record {
	records := make([]stream.Record, n)
	for i := range records {
		records[i] = stream.Record{Key: fmt.Sprintf("key-%d", (first+i)%7), Value: fmt.Appendf(nil, "%06d", first+i)}
	}
	return records
}

// checkOrder wants the messages of each partition in order, without a gap where
// there are no duplicates, and the values of each key ascending.
func checkOrder(t *testing.T, got []stream.Message) {
	t.Helper()
	next := map[int]int64{}
	last := map[string]string{}
	for _, m := range got {
		if m.Offset != next[m.Partition] {
			t.Errorf("partition %d: offset %d, want %d", m.Partition, m.Offset, next[m.Partition])
		}
		next[m.Partition] = m.Offset + 1
		if v := string(m.Value); v <= last[m.Key] {
			t.Errorf("key %s: value %s after %s", m.Key, v, last[m.Key])
		}
		last[m.Key] = string(m.Value)
	}
}

// checkValues wants exactly these values, however often each came.
func checkValues(t *testing.T, got []stream.Message, want []stream.Record) {
	t.Helper()
	if diff := cmp.Diff(values(want, func(r stream.Record) string { return string(r.Value) }),
		values(got, func(m stream.Message) string { return string(m.Value) })); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

// values gives the distinct values, sorted.
func values[T any](list []T, value func(T) string) []string {
	all := make([]string, 0, len(list))
	for _, v := range list {
		all = append(all, value(v))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sink collects messages of concurrent handlers.
type sink struct {
	mu  sync.Mutex
	got []stream.Message
}

func (s *sink) handle(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, batch...)
	return nil, nil
}

func (s *sink) distinct() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(values(s.got, func(m stream.Message) string { return string(m.Value) }))
}

func (s *sink) all() []stream.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// checkLeaks wants no goroutine of a log to outlive its Close.
func checkLeaks(t *testing.T) {
	t.Helper()
	var left []string
	for range 100 {
		if left = goroutines(); len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d goroutines are left, such as:\n%s", len(left), left[0])
}

// goroutines gives the stacks that run code of a log's, but for the caller's own.
func goroutines() []string {
	var left []string
	for i, stack := range strings.Split(allStacks(), "\n\n") {
		if i > 0 && (strings.Contains(stack, "internal/stream/") || strings.Contains(stack, "segmentio/kafka-go.")) &&
			!strings.Contains(stack, "testing.(*T).Run") {
			left = append(left, stack)
		}
	}
	return left
}
