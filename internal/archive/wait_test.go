package archive

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// TestWaitWhereNothingMoves: where no stage runs in this process, somebody who waits is
// told now and then what may be missing; where they all do, nobody is. The clock is a
// made-up one.
func TestWaitWhereNothingMoves(t *testing.T) {
	for name, tc := range map[string]struct {
		inside []string
		notes  int
	}{"no stage": {nil, 3}, "not the one": {[]string{pipeline.Refused}, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, func(p *place) { p.policy = Policy{Shared: true, Inside: tc.inside} })
				req := request(mailbox(t, 2))
				req.NoWait = true
				b.must(b.Ingest(t.Context(), req, new(told).emit))
				ctx, cancel := context.WithTimeout(t.Context(), 3*stillAfter+stillAfter/2)
				defer cancel()
				var e told
				if err := b.Wait(ctx, e.emit); relais.KindOf(err) != relais.KindCanceled {
					t.Errorf("the wait ends with %v", err)
				}
				if got := e.of("note"); len(got) != tc.notes || tc.notes > 0 && !e.says("note", "Still waiting for stage enrich") {
					t.Errorf("told %+v", got)
				}
				if n := len(e.of("progress")); n < 2 || n > int((4*stillAfter)/(100*time.Millisecond)) {
					t.Errorf("progress is told %d times", n)
				}
				b.must(b.close())
			})
		})
	}
}

// TestWaitTakesUpWhatWasLeft: what a process had decided of documents when it was killed is
// appended by whoever waits next, for workers with nothing to read do not look.
func TestWaitTakesUpWhatWasLeft(t *testing.T) {
	b := newBench(t, sharing)
	stop := b.work(pipeline.All()...)
	defer stop()
	b.ingest(mailbox(t, 3))
	before := b.export()
	b.must(b.on.State.MarkAll(t.Context())) // as a kill between the merge and the append leaves them
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b.must(b.Wait(ctx, new(told).emit))
	if left, err := b.on.State.DirtyCases(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if b.export() != before {
		t.Error("it is another archive now")
	}
}

// TestWaitSettlesWhatWasLeft: a case that a process was killed at after its merge, and
// before it settled it, is settled by whoever waits next.
func TestWaitSettlesWhatWasLeft(t *testing.T) {
	b := newBench(t, sharing)
	stop := b.work(pipeline.All()...)
	defer stop()
	b.ingest(mailbox(t, 3))
	b.must(b.on.State.Merge(t.Context(), b.ours().ID, b.generation(), func(*state.Merging) error { return nil }))
	if left, err := b.on.State.Unsettled(t.Context()); err != nil || len(left) == 0 {
		t.Fatalf("nothing is left to settle: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b.must(b.Wait(ctx, new(told).emit))
	if left, err := b.on.State.Unsettled(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
