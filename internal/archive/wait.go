package archive

import (
	"context"
	"time"

	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// stillAfter is how long nothing may move before a user is told what may be missing.
const stillAfter = 30 * time.Second

// Wait returns when all that was captured can be found.
func (ar *Archive) Wait(ctx context.Context, emit func(relais.Event)) error {
	if err := ar.takeUp(ctx); err != nil {
		return err
	}
	return ar.waitSince(ctx, pipeline.Taken{}, emit)
}

// takeUp does what a process was killed at, where no stage runs inside: workers look only
// when they have read something, and it would be waited for without end.
func (ar *Archive) takeUp(ctx context.Context) error {
	if len(ar.policy.Inside) > 0 {
		return nil
	}
	_, err := ar.follow(ctx)
	return err
}

// settleLeft settles what a process was killed at before it did, where no stage runs
// inside and the workers have nothing to read: those that have will settle it themselves.
func (ar *Archive) settleLeft(ctx context.Context) error {
	if len(ar.policy.Inside) > 0 {
		return nil
	}
	end, err := ar.on.Log.End(ctx, stream.TopicRaw)
	if err != nil {
		return err
	}
	read, err := ar.readSoFar(ctx)
	if err != nil || !read.Reached(end) {
		return err
	}
	stage, err := ar.stage(ctx)
	if err != nil {
		return err
	}
	return stage.SettleLeft(ctx)
}

// waitSince waits for the stages, and tells only of the records that came after before.
func (ar *Archive) waitSince(ctx context.Context, before pipeline.Taken, emit func(relais.Event)) error {
	if err := ar.on.Index.fault(); err != nil {
		return err // nothing will be found in it, however long one waits
	}
	if err := ar.settleLeft(ctx); err != nil {
		return err
	}
	ar.pipeline.Start(ctx)
	told, moved, last := time.Time{}, time.Now(), pipeline.Lag{}
	return ar.pipeline.Wait(ctx, before, func(stage string, l pipeline.Lag) {
		switch {
		case l != last:
			last, moved = l, time.Now()
		case len(ar.policy.Inside) == 0 && time.Since(moved) > stillAfter:
			moved = time.Now()
			emit(relais.Event{Type: "note", Detail: "Nothing has moved for a while: does a worker run? `relais worker all` is one. Still waiting for stage " + stage + "."})
		}
		if time.Since(told) > 100*time.Millisecond {
			told = time.Now()
			emit(relais.Event{Type: "progress", Stage: stage, Done: l.Done, Total: l.Total})
		}
	})
}

// readAnew has everything read at a new generation, and waits until it can be found.
func (ar *Archive) readAnew(ctx context.Context, emit func(relais.Event)) error {
	if _, err := ar.on.State.NextGeneration(ctx); err != nil {
		return err
	}
	ar.pipeline.Renew()
	return ar.Wait(ctx, emit)
}
