package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// operator does what only the local operator may ask for.
type operator struct{ ar *archive }

// ImportClients adds clients and contacts from CSV files; documents already there
// are tagged anew.
func (o *operator) ImportClients(ctx context.Context, clients, contacts io.Reader, emit func(relais.Event)) error {
	list, problems, err := enrich.ReadClients(clients)
	if err != nil {
		return err
	}
	var people []relais.Contact
	if contacts != nil {
		var more []enrich.Problem
		if people, more, err = enrich.ReadContacts(contacts); err != nil {
			return err
		}
		problems = append(problems, more...)
	}
	for _, p := range problems {
		emit(relais.Event{Type: "note", Detail: p.String()})
	}
	changed, err := o.ar.state.PutClients(ctx, list, people)
	if err != nil {
		return err
	}
	emit(relais.Event{Type: "imported", Result: map[string]int{"clients": len(list), "contacts": len(people), "changed": changed}})
	if changed == 0 {
		return nil
	}
	o.ar.pipeline.start(ctx)
	o.ar.pipeline.renewed()
	return o.Wait(ctx, emit)
}

// stillAfter is how long nothing may move before a user is told what may be missing.
const stillAfter = 30 * time.Second

// Wait returns when all that was captured can be found.
func (o *operator) Wait(ctx context.Context, emit func(relais.Event)) error {
	o.ar.pipeline.start(ctx)
	told, moved, before := time.Time{}, time.Now(), lag{}
	return o.ar.pipeline.wait(ctx, func(stage string, l lag) {
		switch {
		case l != before:
			before, moved = l, time.Now()
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
	damaged := o.ar.index.damaged()
	if damaged { // the feed of this index fails, and would fail whoever waits
		o.ar.pipeline.stop()
		o.ar.pipeline.setFault(nil)
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
	return o.Wait(ctx, emit)
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
