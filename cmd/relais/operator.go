package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// operator does what only the local operator may ask for.
type operator struct{ ar *archive }

// ImportClients adds clients and contacts from CSV files; documents already there
// are tagged anew. Rows that could not be read are sent as refusals.
func (o *operator) ImportClients(ctx context.Context, clients, contacts io.Reader, emit func(relais.Event)) error {
	list, problems, err := crm.ReadClients(clients)
	if err != nil {
		return err
	}
	refused := tellProblems("clients", problems, emit)
	people, problems, err := crm.ReadContacts(contacts)
	if err != nil {
		return err
	}
	refused += tellProblems("contacts", problems, emit)
	changed, err := o.ar.state.PutClients(ctx, list, people)
	if err != nil {
		return err
	}
	emit(relais.Event{Type: "imported", Result: map[string]int{"clients": len(list), "contacts": len(people), "changed": changed, "refused": refused}})
	if changed == 0 {
		return nil
	}
	o.ar.pipeline.start(ctx)
	o.ar.pipeline.renewed()
	return o.Wait(ctx, emit)
}

// tellProblems sends what was passed over of a table, and counts the rows of which
// nothing was read.
func tellProblems(table string, problems []crm.Problem, emit func(relais.Event)) (refused int) {
	for _, p := range problems {
		if !p.Refused {
			emit(relais.Event{Type: "note", Source: table, Detail: table + ", " + p.String()})
			continue
		}
		refused++
		emit(relais.Event{Type: "refused", Source: table, Refusal: &relais.Refusal{
			Source: table, Position: fmt.Sprintf("line %d", p.Line), Stage: "import", Code: "row", Detail: p.Reason, Attempts: 1,
		}})
	}
	return refused
}

// stillAfter is how long nothing may move before a user is told what may be missing.
const stillAfter = 30 * time.Second

// Wait returns when all that was captured can be found.
func (o *operator) Wait(ctx context.Context, emit func(relais.Event)) error {
	return o.waitSince(ctx, taken{}, emit)
}

// waitSince waits as Wait does, and tells only of the records that came after before.
func (o *operator) waitSince(ctx context.Context, before taken, emit func(relais.Event)) error {
	if err := o.ar.index.fault(); err != nil {
		return err // nothing will be found in it, however long one waits
	}
	o.ar.pipeline.start(ctx)
	told, moved, last := time.Time{}, time.Now(), lag{}
	return o.ar.pipeline.wait(ctx, before, func(stage string, l lag) {
		switch {
		case l != last:
			last, moved = l, time.Now()
		case len(o.ar.inside) == 0 && time.Since(moved) > stillAfter:
			moved = time.Now()
			emit(relais.Event{Type: "note", Detail: "Nothing has moved for a while: does a worker run? `relais worker all` is one. Still waiting for stage " + stage + "."})
		}
		if time.Since(told) > 100*time.Millisecond {
			told = time.Now()
			emit(relais.Event{Type: "progress", Stage: stage, Done: l.Done, Total: l.Total})
		}
	})
}

// Reindex makes the index again, from stream "enriched" or from the captured bytes,
// while the old one serves; then it takes its place.
func (o *operator) Reindex(ctx context.Context, fromRaw bool, emit func(relais.Event)) error {
	done, err := o.upkeep("reindex")
	if err != nil {
		return err
	}
	defer done()
	start := time.Now()
	damaged := o.ar.index.damaged()
	if damaged { // the feed of this index fails, and would fail whoever waits
		o.ar.pipeline.stop()
		o.ar.pipeline.setFault(nil)
	}
	again, err := o.mend(ctx)
	if err != nil {
		return err
	}
	if again && !fromRaw {
		fromRaw = true
		emit(relais.Event{Type: "note", Detail: "Some items are on record as read, and their documents are not there: everything is read again."})
	}
	if damaged || !fromRaw {
		if err := o.rebuild(ctx, emit); err != nil {
			return err
		}
	}
	if fromRaw {
		if _, err := o.ar.state.NextGeneration(ctx); err != nil {
			return err
		}
		o.ar.pipeline.renewed()
		if err := o.Wait(ctx, emit); err != nil {
			return err
		}
		if err := o.rebuild(ctx, emit); err != nil {
			return err
		}
	}
	if err := o.Wait(ctx, emit); err != nil {
		return err
	}
	return o.tellReindexed(ctx, fromRaw, time.Since(start), emit)
}

// tellReindexed says what was read and indexed again.
func (o *operator) tellReindexed(ctx context.Context, fromRaw bool, took time.Duration, emit func(relais.Event)) error {
	done := map[string]int64{"milliseconds": took.Milliseconds()}
	var documents int64
	if err := o.ar.index.Each(ctx, func(relais.DocumentID, int64) error { documents++; return nil }); err != nil {
		return err
	}
	done["documents"] = documents
	if fromRaw {
		items, _, err := o.ar.state.Held(ctx)
		if err != nil {
			return err
		}
		done["items"] = items
	}
	emit(relais.Event{Type: "reindexed", Result: done})
	return nil
}

// rebuild makes the index again from stream "enriched".
func (o *operator) rebuild(ctx context.Context, emit func(relais.Event)) error {
	if err := o.ar.log.Compact(ctx, stream.TopicEnriched); err != nil {
		return err
	}
	number, next, err := o.ar.index.next(ctx)
	if err != nil {
		return err
	}
	if err := o.replaceIndex(ctx, number, next, emit); err != nil {
		return errors.Join(err, next.Close())
	}
	return nil
}

// upkeep keeps a second rebuild or verification out until done is called.
func (o *operator) upkeep(op string) (done func(), err error) {
	if !o.ar.index.upkeep.TryLock() {
		return nil, relais.WithHint(relais.Errorf(relais.KindLocked, op, "the archive is being verified or its index made again"), "wait for that to end")
	}
	return o.ar.index.upkeep.Unlock, nil
}

// replaceIndex fills an index twice: while the stages run, then, for what came in
// meanwhile, while they rest; then it takes the place of the one in use.
func (o *operator) replaceIndex(ctx context.Context, number int, next search.Index, emit func(relais.Event)) error {
	if err := o.ar.log.Reset(ctx, groupOf(number), stream.TopicEnriched, stream.Position{}); err != nil {
		return err
	}
	h := o.ar.indexStage(next)
	if err := o.fill(ctx, groupOf(number), h, emit); err != nil {
		return err
	}
	o.ar.pipeline.stop()
	defer o.ar.pipeline.start(ctx)
	if err := o.fill(ctx, groupOf(number), h, emit); err != nil {
		return err
	}
	withdrawn, err := o.withdrawUnknown(ctx, next)
	if err == nil && withdrawn {
		err = o.fill(ctx, groupOf(number), h, emit)
	}
	if err != nil {
		return err
	}
	swapped, err := o.ar.index.swap(ctx, number, next)
	if swapped && err != nil {
		o.ar.logger.Warn("the old index could not be dropped", "error", err)
		err = nil
	}
	return err
}

// fill feeds an index from stream "enriched" until it has caught up.
func (o *operator) fill(ctx context.Context, group string, h *search.Stage, emit func(relais.Event)) error {
	goal, err := o.ar.log.End(ctx, stream.TopicEnriched)
	if err != nil {
		return err
	}
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- o.ar.log.Run(runCtx, group, stream.TopicEnriched, indexOptions(h, o.ar.logger), h.Handle)
	}()
	err = o.ar.pipeline.poll(ctx, func() (bool, error) {
		select {
		case err := <-ended:
			ended <- err
			return false, errors.Join(errors.New("the rebuild stopped"), err)
		default:
		}
		at, err := o.ar.log.Committed(ctx, group, stream.TopicEnriched)
		emit(relais.Event{Type: "progress", Stage: "reindex", Done: sum(at), Total: sum(goal)})
		return at.Reached(goal), err
	})
	stop()
	return errors.Join(err, <-ended)
}
