package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Lag tells how far a group has read a topic, in records.
type Lag struct{ Done, Total int64 }

// since leaves out what was there before: the progress of an ingest counts that ingest.
func (l Lag) since(before int64) Lag { return Lag{max(l.Done-before, 0), max(l.Total-before, 0)} }

// Taken is how many records the streams had taken when something began.
type Taken struct{ raw, enriched int64 }

// Taken looks how much the streams hold now. It is for progress alone: a server that
// does not answer makes it count from the start.
func (p *Pipeline) Taken(ctx context.Context) Taken {
	raw, _ := p.deps.Log.End(ctx, stream.TopicRaw)           // see above
	enriched, _ := p.deps.Log.End(ctx, stream.TopicEnriched) // see above
	return Taken{Records(raw), Records(enriched)}
}

// Records counts the records of a topic up to a position.
func Records(p stream.Position) (n int64) {
	for _, off := range p {
		n += off
	}
	return n
}

// Wait returns when everything appended to stream "raw" so far can be found:
// enriched, settled, indexed and refreshed, and what was refused of it told. tell is
// told how far each stage is with what came after before.
func (p *Pipeline) Wait(ctx context.Context, before Taken, tell func(stage string, l Lag)) error {
	p.setFault(nil)
	p.progressed()
	step := p.steps(before, tell)
	goal, err := p.End(ctx, stream.TopicRaw)
	if err != nil {
		return err
	}
	if err := p.poll(ctx, func() (bool, error) { return p.enrichedTo(ctx, goal, step) }); err != nil {
		return err
	}
	end, err := p.End(ctx, stream.TopicEnriched)
	if err != nil {
		return err
	}
	if err := p.poll(ctx, func() (bool, error) { return p.indexedTo(ctx, end, step) }); err != nil {
		return err
	}
	if err := p.poll(ctx, func() (bool, error) { err := p.deps.Target.Refresh(ctx); return err == nil, err }); err != nil {
		return err
	}
	if err := p.accounted(ctx, step); err != nil {
		return err
	}
	return p.remember(ctx, map[string]stream.Position{stream.TopicRaw: goal, stream.TopicEnriched: end})
}

// steps gives what is to be told of each look at a stage: it notes that something has
// moved, and leaves out what the streams held before.
func (p *Pipeline) steps(before Taken, tell func(string, Lag)) func(stage string, l Lag) {
	var last Lag
	return func(stage string, l Lag) {
		if l != last {
			p.progressed()
		}
		last = l
		switch stage {
		case Enrich:
			l = l.since(before.raw)
		case Index:
			l = l.since(before.enriched)
		}
		tell(stage, l)
	}
}

// indexedTo tells whether the index in use has taken all up to end.
func (p *Pipeline) indexedTo(ctx context.Context, end stream.Position, step func(string, Lag)) (bool, error) {
	at, err := p.deps.Log.Committed(ctx, p.deps.Target.Group(), stream.TopicEnriched)
	step(Index, Lag{Records(at), Records(end)})
	if err != nil || at.Reached(end) {
		return err == nil, err
	}
	return false, p.whole(ctx)
}

// accounted returns when everything that was refused so far is in state.
func (p *Pipeline) accounted(ctx context.Context, step func(string, Lag)) error {
	end, err := p.End(ctx, stream.TopicRefused)
	if err != nil {
		return err
	}
	return p.poll(ctx, func() (bool, error) {
		at, err := p.deps.Log.Committed(ctx, refused.Group, stream.TopicRefused)
		step(Refused, Lag{Records(at), Records(end)})
		return err == nil && at.Reached(end), err
	})
}

// whole asks for what only the end of a topic tells: that it has lost records. The
// stages of other processes would not go on, and a group's position says nothing of it.
func (p *Pipeline) whole(ctx context.Context) error {
	for _, topic := range []string{stream.TopicRaw, stream.TopicEnriched} {
		if _, err := p.deps.Log.End(ctx, topic); err != nil {
			return err
		}
	}
	return nil
}

// readable asks, every few seconds, whether a group that is waited for can come to its end
// at all: the stage that finds out may be another process's.
func (p *Pipeline) readable(ctx context.Context, group, topic string) error {
	log, ok := p.deps.Log.(inspector)
	p.mu.Lock()
	due := time.Since(p.inspected) > Notice
	if due {
		p.inspected = time.Now()
	}
	p.mu.Unlock()
	if !ok || !due {
		return nil
	}
	return log.Inspect(ctx, group, topic)
}

// End gives the end of a topic, and waits for a server that does not answer.
func (p *Pipeline) End(ctx context.Context, topic string) (end stream.Position, err error) {
	err = p.poll(ctx, func() (bool, error) {
		var err error
		end, err = p.deps.Log.End(ctx, topic)
		return err == nil, err
	})
	return end, err
}

// enrichedTo tells whether the current generation has read up to goal and settled.
func (p *Pipeline) enrichedTo(ctx context.Context, goal stream.Position, step func(string, Lag)) (bool, error) {
	generation, err := p.deps.State.Generation(ctx)
	if err != nil {
		return false, err
	}
	at, err := p.deps.Log.Committed(ctx, p.deps.Group(generation), stream.TopicRaw)
	if err != nil {
		return false, err
	}
	step(Enrich, Lag{Records(at), Records(goal)})
	if !at.Reached(goal) {
		return false, errors.Join(p.whole(ctx), p.readable(ctx, p.deps.Group(generation), stream.TopicRaw))
	}
	unsettled, err := p.deps.State.Unsettled(ctx)
	if err != nil || len(unsettled) > 0 {
		return false, err
	}
	dirty, err := p.deps.State.DirtyCases(ctx)
	return len(dirty) == 0, err
}

// serverPatience is how long a server that does not answer is waited for: a restart
// takes less, and what was captured does not go away.
const serverPatience = 3 * time.Minute

// poll asks again and again, a little later each time, until done, a fault that time
// does not mend, or the context's end.
func (p *Pipeline) poll(ctx context.Context, done func() (bool, error)) error {
	pause, answered := 2*time.Millisecond, time.Now()
	for {
		ok, err := done()
		switch {
		case ok, err != nil && (!relais.Retryable(err) || time.Since(answered) > serverPatience):
			return err
		case err == nil:
			answered = time.Now()
		}
		p.mu.Lock()
		fault := errors.Join(p.fault, p.full.over())
		p.mu.Unlock()
		if fault != nil {
			return fault
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(pause*3/2, 100*time.Millisecond)
	}
}
