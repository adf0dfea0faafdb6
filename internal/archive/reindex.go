package archive

import (
	"context"
	"errors"
	"time"

	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// Reindex makes the index again, from stream "enriched" or from the captured bytes,
// while the old one serves; then it takes its place.
func (ar *Archive) Reindex(ctx context.Context, fromRaw bool, emit func(relais.Event)) error {
	done, err := ar.alone("reindex")
	if err != nil {
		return err
	}
	defer done()
	return ar.reindex(ctx, fromRaw, emit)
}

// reindex does so for whoever keeps others out.
func (ar *Archive) reindex(ctx context.Context, fromRaw bool, emit func(relais.Event)) error {
	start := time.Now()
	damaged := ar.on.Index.damaged()
	if damaged { // the feed of this index fails, and would fail whoever waits
		ar.pipeline.Stop()
		ar.pipeline.Forgive()
	}
	again, err := ar.mend(ctx)
	if err != nil {
		return err
	}
	if again && !fromRaw {
		fromRaw = true
		emit(relais.Event{Type: "note", Detail: "Some items are on record as read, and their documents are not there: everything is read again."})
	}
	if damaged || !fromRaw {
		if err := ar.rebuild(ctx, emit); err != nil {
			return err
		}
	}
	if fromRaw {
		if err := ar.readAnew(ctx, emit); err != nil {
			return err
		}
		if err := ar.rebuild(ctx, emit); err != nil {
			return err
		}
	}
	if err := ar.Wait(ctx, emit); err != nil {
		return err
	}
	return ar.tellReindexed(ctx, fromRaw, time.Since(start), emit)
}

// tellReindexed says what was read and indexed again.
func (ar *Archive) tellReindexed(ctx context.Context, fromRaw bool, took time.Duration, emit func(relais.Event)) error {
	done := map[string]int64{"milliseconds": took.Milliseconds()}
	var documents int64
	if err := ar.on.Index.Each(ctx, func(relais.DocumentID, int64) error { documents++; return nil }); err != nil {
		return err
	}
	done["documents"] = documents
	if fromRaw {
		items, _, err := ar.on.State.Held(ctx)
		if err != nil {
			return err
		}
		done["items"] = items
	}
	emit(relais.Event{Type: "reindexed", Result: done})
	return nil
}

// rebuild makes the index again from stream "enriched".
func (ar *Archive) rebuild(ctx context.Context, emit func(relais.Event)) error {
	if err := ar.on.Log.Compact(ctx, stream.TopicEnriched); err != nil {
		return err
	}
	number, next, err := ar.on.Index.next(ctx)
	if err != nil {
		return err
	}
	if err := ar.replaceIndex(ctx, number, next, emit); err != nil {
		return errors.Join(err, next.Close())
	}
	return nil
}

// alone keeps a second rebuild or verification out until done is called.
func (ar *Archive) alone(op string) (done func(), err error) {
	if !ar.upkeep.TryLock() {
		return nil, relais.WithHint(relais.Errorf(relais.KindLocked, op, "the archive is being verified or its index made again"), "wait for that to end")
	}
	return ar.upkeep.Unlock, nil
}

// replaceIndex fills an index twice: while the stages run, then, for what came in
// meanwhile, while they rest; then it takes the place of the one in use.
func (ar *Archive) replaceIndex(ctx context.Context, number int, next search.Index, emit func(relais.Event)) error {
	if err := ar.on.Log.Reset(ctx, groupOf(number), stream.TopicEnriched, stream.Position{}); err != nil {
		return err
	}
	if err := ar.fill(ctx, groupOf(number), next, emit); err != nil {
		return err
	}
	ar.pipeline.Stop()
	defer ar.pipeline.Start(ctx)
	if err := ar.fill(ctx, groupOf(number), next, emit); err != nil {
		return err
	}
	withdrawn, err := ar.withdrawUnknown(ctx, next)
	if err == nil && withdrawn {
		err = ar.fill(ctx, groupOf(number), next, emit)
	}
	if err != nil {
		return err
	}
	swapped, err := ar.on.Index.swap(ctx, number, next)
	if swapped && err != nil {
		ar.logger.Warn("the old index could not be dropped", "error", err)
		err = nil
	}
	return err
}

// fill feeds an index from stream "enriched" until it has caught up.
func (ar *Archive) fill(ctx context.Context, group string, w search.Writer, emit func(relais.Event)) error {
	return ar.pipeline.Fill(ctx, group, ar.indexStage(w), func(l pipeline.Lag) {
		emit(relais.Event{Type: "progress", Stage: "reindex", Done: l.Done, Total: l.Total})
	})
}
