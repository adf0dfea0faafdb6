package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/relais-archive/relais/internal/stream"
)

// testOrder: what was appended comes out once, in order within a partition, one
// partition to a key.
func testOrder(t *testing.T, b *bench) {
	want := numbered(0, 1000)
	for part := range 10 {
		b.append(stream.TopicRaw, want[100*part:100*part+100]...)
	}
	got := b.drain("g", stream.TopicRaw)
	if len(got) != len(want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	checkOrder(t, got)
	checkValues(t, got, want)
	part := map[string]int{}
	for _, m := range got {
		if p, ok := part[m.Key]; ok && p != m.Partition {
			t.Errorf("key %s in partitions %d and %d", m.Key, p, m.Partition)
		}
		part[m.Key] = m.Partition
		if m.Topic != stream.TopicRaw || time.Since(m.Appended).Abs() > time.Hour {
			t.Errorf("topic %q, appended %v", m.Topic, m.Appended)
		}
	}
}

// testTogether: records that are to stand together do, whatever their keys, which are
// what they were; others go by their keys.
func testTogether(t *testing.T, b *bench) {
	records := numbered(0, 200)
	for i := range records[:100] {
		records[i].Together = fmt.Sprintf("pack %d", i/10)
	}
	b.append(stream.TopicRaw, records...)
	part := map[string]int{}
	got := b.drain("g", stream.TopicRaw)
	checkValues(t, got, records)
	for _, m := range got {
		i := slices.IndexFunc(records, func(r stream.Record) bool { return bytes.Equal(r.Value, m.Value) })
		if i < 0 || m.Key != records[i].Key {
			t.Fatalf("record %q came back under key %q", m.Value, m.Key)
		}
		place := records[i].Together
		if place == "" {
			place = "key " + m.Key
		}
		if p, ok := part[place]; ok && p != m.Partition {
			t.Errorf("%s in partitions %d and %d", place, p, m.Partition)
		}
		part[place] = m.Partition
	}
}

// testValues: keys of no bytes and of the largest size, values of any bytes and of
// the largest size come back as they went; values of no bytes come back as nil.
func testValues(t *testing.T, b *bench) {
	large := bytes.Repeat([]byte("0123456789abcdef"), stream.MaxValue/16)
	want := map[string][]byte{
		"tombstone": nil, "": []byte("no key"), "clé ☃": {0, 1, 255, '\n'},
		string(bytes.Repeat([]byte("k"), stream.MaxKey)): []byte("long key"), "large": large,
	}
	for k, v := range want {
		b.append(stream.TopicEnriched, stream.Record{Key: k, Value: v})
	}
	want["empty"] = nil
	b.append(stream.TopicEnriched, stream.Record{Key: "empty", Value: []byte{}})
	b.append(stream.TopicRaw, stream.Record{Value: large}, stream.Record{Value: large}, stream.Record{Value: large})
	got := map[string][]byte{}
	for _, m := range b.drain("g", stream.TopicEnriched) {
		got[m.Key] = m.Value
	}
	if !cmp.Equal(want, got) {
		for k, v := range want {
			t.Logf("key %.20q: want %d bytes (nil %t), got %d (nil %t)", k, len(v), v == nil, len(got[k]), got[k] == nil)
		}
		t.Error("values differ")
	}
	if n := len(b.drain("g", stream.TopicRaw)); n != 3 {
		t.Errorf("%d large messages, want 3", n)
	}
}

// testLimits: a record over a limit, or for no topic, is refused for good and
// nothing of its batch is added.
func testLimits(t *testing.T, b *bench) {
	good := stream.Record{Key: "good", Value: []byte("v")}
	for name, bad := range map[string]stream.Record{
		"value": {Key: "k", Value: make([]byte, stream.MaxValue+1)},
		"key":   {Key: string(make([]byte, stream.MaxKey+1))},
	} {
		if err := b.log.Append(b.ctx, stream.TopicRaw, []stream.Record{good, bad}); !errors.Is(err, stream.ErrTooLarge) {
			t.Errorf("append of a %s too large: %v, want ErrTooLarge", name, err)
		}
	}
	if err := b.log.Append(b.ctx, "nothing", []stream.Record{good}); !errors.Is(err, stream.ErrUnknownTopic) {
		t.Errorf("append to no topic: %v, want ErrUnknownTopic", err)
	}
	if err := b.log.Run(b.ctx, "g", "nothing", stream.RunOptions{}, nil); !errors.Is(err, stream.ErrUnknownTopic) {
		t.Errorf("run of no topic: %v, want ErrUnknownTopic", err)
	}
	if _, err := b.log.End(b.ctx, "nothing"); !errors.Is(err, stream.ErrUnknownTopic) {
		t.Errorf("end of no topic: %v, want ErrUnknownTopic", err)
	}
	if err := b.log.Append(b.ctx, stream.TopicRaw, nil); err != nil {
		t.Errorf("append of nothing: %v", err)
	}
	if n := count(b.end(stream.TopicRaw)); n != 0 {
		t.Errorf("%d records were added, want none", n)
	}
}

// testReopen: records and positions outlive Close; a group goes on where it was.
func testReopen(t *testing.T, b *bench) {
	b.append(stream.TopicRaw, numbered(0, 50)...)
	first := b.drain("g", stream.TopicRaw)
	b.reopen()
	if got := b.drain("g", stream.TopicRaw); len(got) != 0 {
		t.Errorf("%d messages after reopening, want none", len(got))
	}
	b.append(stream.TopicRaw, numbered(50, 50)...)
	b.reopen()
	second := b.drain("g", stream.TopicRaw)
	if len(first) != 50 || len(second) != 50 {
		t.Errorf("%d and %d messages, want 50 and 50", len(first), len(second))
	}
	checkOrder(t, append(first, second...))
}

// testHandlerError: a batch that fails for a time comes again, and nothing after it
// overtakes it.
func testHandlerError(t *testing.T, b *bench) {
	b.append(stream.TopicRaw, numbered(0, 40)...)
	var got []stream.Message
	down, failures, faults := errors.New("server down"), 0, 0
	idle := make(chan struct{})
	stop := b.start("g", stream.TopicRaw, stream.RunOptions{
		MaxBatch:  10,
		Idle:      func(context.Context) error { close(idle); return nil },
		Retryable: func(err error) bool { return errors.Is(err, down) },
		OnFault: func(err error) {
			if errors.Is(err, down) {
				faults++
			}
		},
	}, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		if failures < 3 {
			failures++
			return []stream.Refusal{{Index: 0}}, down
		}
		got = append(got, batch...)
		return nil, nil
	})
	b.wait("idle", idle)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	checkOrder(t, got)
	checkValues(t, got, numbered(0, 40))
	if faults != 3 {
		t.Errorf("%d faults were told, want 3", faults)
	}
	if n := count(b.end(stream.TopicRefused)); n != 0 {
		t.Errorf("%d refused, want none", n)
	}
}

// testCommitLast: a handler that did not return has committed nothing; one that did
// is committed even when the program stops meanwhile.
func testCommitLast(t *testing.T, b *bench) {
	b.append(stream.TopicRaw, numbered(0, 20)...)
	entered := make(chan struct{}, 1)
	stop := b.start("g", stream.TopicRaw, stream.RunOptions{}, func(ctx context.Context, _ []stream.Message) ([]stream.Refusal, error) {
		entered <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	b.wait("handler", entered)
	if n := count(b.committed("g", stream.TopicRaw)); n != 0 {
		t.Errorf("%d committed while the handler runs", n)
	}
	if err := stop(); err != nil {
		t.Errorf("run: %v", err)
	}
	if n := count(b.committed("g", stream.TopicRaw)); n != 0 {
		t.Errorf("%d committed after the handler gave up", n)
	}
	stop = b.start("g", stream.TopicRaw, stream.RunOptions{}, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		entered <- struct{}{}
		<-ctx.Done()
		return nil, nil
	})
	b.wait("handler", entered)
	if err := stop(); err != nil {
		t.Errorf("run: %v", err)
	}
	if n := count(b.committed("g", stream.TopicRaw)); n == 0 {
		t.Error("nothing committed after the handler finished")
	}
}

// testGroups: each group reads everything, whatever the others do.
func testGroups(t *testing.T, b *bench) {
	want := numbered(0, 30)
	b.append(stream.TopicRaw, want...)
	checkValues(t, b.drain("one", stream.TopicRaw), want)
	if n := count(b.committed("two", stream.TopicRaw)); n != 0 {
		t.Errorf("group two stands at %d before it ran", n)
	}
	checkValues(t, b.drain("two", stream.TopicRaw), want)
	if !b.committed("two", stream.TopicRaw).Reached(b.end(stream.TopicRaw)) {
		t.Error("group two has not reached the end")
	}
}

// testPositions: End moves with Append, Committed with Run, and Reset sets it.
func testPositions(t *testing.T, b *bench) {
	if n := count(b.end(stream.TopicRaw)); n != 0 {
		t.Errorf("an empty topic ends at %d", n)
	}
	b.append(stream.TopicRaw, numbered(0, 25)...)
	end := b.end(stream.TopicRaw)
	if count(end) != 25 || count(b.end(stream.TopicEnriched)) != 0 {
		t.Errorf("ends %v and %v, want 25 and 0", end, b.end(stream.TopicEnriched))
	}
	b.drain("g", stream.TopicRaw)
	if at := b.committed("g", stream.TopicRaw); !at.Reached(end) || count(at) != 25 {
		t.Errorf("committed %v, want %v", at, end)
	}
	if err := b.log.Reset(b.ctx, "g", stream.TopicRaw, stream.Position{}); err != nil {
		t.Fatal(err)
	}
	if n := count(b.committed("g", stream.TopicRaw)); n != 0 {
		t.Errorf("stands at %d after a reset", n)
	}
	checkValues(t, b.drain("g", stream.TopicRaw), numbered(0, 25))
	if err := b.log.Reset(b.ctx, "new", stream.TopicRaw, end); err != nil {
		t.Fatal(err)
	}
	b.append(stream.TopicRaw, numbered(25, 5)...)
	checkValues(t, b.drain("new", stream.TopicRaw), numbered(25, 5))
}

// testBeyondEnd: a group that stands where the log has never been is told so, and
// not given what comes to stand there; after a reset it reads all.
func testBeyondEnd(t *testing.T, b *bench) {
	b.append(stream.TopicRaw, numbered(0, 5)...)
	beyond := b.end(stream.TopicRaw)
	for p := range beyond {
		beyond[p] += 3
	}
	if err := b.log.Reset(b.ctx, "g", stream.TopicRaw, beyond); err != nil {
		t.Fatal(err)
	}
	var s sink
	if err := b.log.Run(b.ctx, "g", stream.TopicRaw, stream.RunOptions{}, s.handle); !errors.Is(err, stream.ErrLost) {
		t.Errorf("run: %v, want ErrLost", err)
	}
	if n := s.distinct(); n != 0 {
		t.Errorf("%d messages were handled, want none", n)
	}
	if err := b.log.Reset(b.ctx, "g", stream.TopicRaw, stream.Position{}); err != nil {
		t.Fatal(err)
	}
	checkValues(t, b.drain("g", stream.TopicRaw), numbered(0, 5))
}

// testBatchBounds: no batch is over its bounds, but for a message that is alone.
func testBatchBounds(t *testing.T, b *bench) {
	var records []stream.Record
	for i := range 60 {
		size := 100
		if i%20 == 19 {
			size = 5000
		}
		records = append(records, stream.Record{Key: fmt.Sprint(i), Value: bytes.Repeat([]byte{'x'}, size)})
	}
	b.append(stream.TopicRaw, records...)
	n, idle := 0, make(chan struct{})
	opt := stream.RunOptions{MaxBatch: 16, MaxBytes: 1000, Idle: func(context.Context) error { close(idle); return nil }}
	stop := b.start("g", stream.TopicRaw, opt, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		size := 0
		for _, m := range batch {
			size += len(m.Value)
		}
		if len(batch) == 0 || len(batch) > 16 || (size > 1000 && len(batch) > 1) {
			t.Errorf("a batch of %d messages, %d bytes", len(batch), size)
		}
		n += len(batch)
		return nil, nil
	})
	b.wait("idle", idle)
	if err := stop(); err != nil || n != 60 {
		t.Errorf("%d messages, error %v; want 60", n, err)
	}
}

// testAppenders: concurrent appends all arrive, each batch in its order.
func testAppenders(t *testing.T, b *bench) {
	const writers, batches, size = 8, 10, 20
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range batches {
				records := make([]stream.Record, size)
				for j := range records {
					records[j] = stream.Record{Key: fmt.Sprintf("writer-%d", w), Value: fmt.Appendf(nil, "%d-%04d", w, i*size+j)}
				}
				if err := b.log.Append(b.ctx, stream.TopicRaw, records); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	all.Wait()
	got := b.drain("g", stream.TopicRaw)
	if len(got) != writers*batches*size {
		t.Errorf("%d messages, want %d", len(got), writers*batches*size)
	}
	checkOrder(t, got)
}

// testCompact: after Compact a new group still reads the last value of each key,
// tombstones too, and the topics that are kept are whole.
func testCompact(t *testing.T, b *bench) {
	for round := range 3 {
		for k := range 20 {
			r := stream.Record{Key: fmt.Sprintf("doc-%d", k), Value: fmt.Appendf(nil, "%d", round)}
			if round == 2 && k == 0 {
				r.Value = nil
			}
			b.append(stream.TopicEnriched, r)
		}
	}
	b.append(stream.TopicRaw, numbered(0, 20)...)
	b.drain("old", stream.TopicEnriched)
	end := b.end(stream.TopicEnriched)
	for _, topic := range stream.Topics() {
		if err := b.log.Compact(b.ctx, topic); err != nil {
			t.Fatalf("compact %s: %v", topic, err)
		}
	}
	if diff := cmp.Diff(end, b.end(stream.TopicEnriched)); diff != "" {
		t.Errorf("the end has moved (-before +after):\n%s", diff)
	}
	last := map[string]string{}
	for _, m := range b.drain("new", stream.TopicEnriched) {
		last[m.Key] = fmt.Sprintf("%s nil=%t", m.Value, m.Value == nil)
	}
	for k := range 20 {
		want := "2 nil=false"
		if k == 0 {
			want = " nil=true"
		}
		if got := last[fmt.Sprintf("doc-%d", k)]; got != want {
			t.Errorf("doc-%d: last value %q, want %q", k, got, want)
		}
	}
	checkValues(t, b.drain("g", stream.TopicRaw), numbered(0, 20))
}

// count sums a position over its partitions.
func count(p stream.Position) int64 {
	var n int64
	for _, off := range p {
		n += off
	}
	return n
}
