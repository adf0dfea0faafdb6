package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// lag tells how far a group is behind the end of a topic.
type lag struct{ Done, Total int64 }

// since leaves out what was there before: the progress of an ingest counts that ingest.
func (l lag) since(before int64) lag { return lag{max(l.Done-before, 0), max(l.Total-before, 0)} }

// taken is how many records the streams had taken when something began.
type taken struct{ raw, enriched int64 }

// taken looks how much the streams hold now. It is for progress alone: a server that
// does not answer makes it count from the start.
func (p *pipeline) taken(ctx context.Context) taken {
	raw, _ := p.log.End(ctx, stream.TopicRaw)           // see above
	enriched, _ := p.log.End(ctx, stream.TopicEnriched) // see above
	return taken{sum(raw), sum(enriched)}
}

func sum(p stream.Position) (n int64) {
	for _, off := range p {
		n += off
	}
	return n
}

// wait returns when everything appended to stream "raw" so far can be found:
// enriched, settled, indexed and refreshed, and what was refused of it told. tell is
// told how far each stage is with what came after before.
func (p *pipeline) wait(ctx context.Context, before taken, tell func(stage string, l lag)) error {
	p.setFault(nil)
	p.progressed()
	var last lag
	step := func(stage string, l lag) {
		if l != last {
			p.progressed()
		}
		last = l
		switch stage {
		case stageEnrich:
			l = l.since(before.raw)
		case stageIndex:
			l = l.since(before.enriched)
		}
		tell(stage, l)
	}
	goal, err := p.endOf(ctx, stream.TopicRaw)
	if err != nil {
		return err
	}
	if err := p.poll(ctx, func() (bool, error) { return p.enrichedTo(ctx, goal, step) }); err != nil {
		return err
	}
	end, err := p.endOf(ctx, stream.TopicEnriched)
	if err != nil {
		return err
	}
	if err := p.poll(ctx, func() (bool, error) {
		at, err := p.log.Committed(ctx, p.group(), stream.TopicEnriched)
		step(stageIndex, lag{sum(at), sum(end)})
		if err != nil || at.Reached(end) {
			return err == nil, err
		}
		return false, p.whole(ctx)
	}); err != nil {
		return err
	}
	if err := p.poll(ctx, func() (bool, error) { err := p.index.Refresh(ctx); return err == nil, err }); err != nil {
		return err
	}
	if err := p.accounted(ctx, step); err != nil {
		return err
	}
	return p.remember(ctx, map[string]stream.Position{stream.TopicRaw: goal, stream.TopicEnriched: end})
}

// accounted returns when everything that was refused so far is in state.
func (p *pipeline) accounted(ctx context.Context, step func(string, lag)) error {
	end, err := p.endOf(ctx, stream.TopicRefused)
	if err != nil {
		return err
	}
	return p.poll(ctx, func() (bool, error) {
		at, err := p.log.Committed(ctx, refused.Group, stream.TopicRefused)
		step(stageRefused, lag{sum(at), sum(end)})
		return err == nil && at.Reached(end), err
	})
}

// whole asks for what only the end of a topic tells: that it has lost records. The
// stages of other processes would not go on, and a group's position says nothing of it.
func (p *pipeline) whole(ctx context.Context) error {
	for _, topic := range []string{stream.TopicRaw, stream.TopicEnriched} {
		if _, err := p.log.End(ctx, topic); err != nil {
			return err
		}
	}
	return nil
}

// endOf gives the end of a topic, and waits for a server that does not answer.
func (p *pipeline) endOf(ctx context.Context, topic string) (end stream.Position, err error) {
	err = p.poll(ctx, func() (bool, error) {
		var err error
		end, err = p.log.End(ctx, topic)
		return err == nil, err
	})
	return end, err
}

// heldSetting names where state remembers how many records a topic has taken.
func heldSetting(topic string) string { return "held_" + topic }

// remember keeps in state where topics were seen to end: one that ends before was
// deleted, or brought back from before, and must not be taken for the whole.
func (p *pipeline) remember(ctx context.Context, ends map[string]stream.Position) error {
	held, err := held(ctx, p.state)
	if err != nil {
		return err
	}
	for topic, end := range ends {
		if n := sum(end); n > held[topic] {
			if err := p.state.SetMeta(ctx, heldSetting(topic), strconv.FormatInt(n, 10)); err != nil {
				return err
			}
		}
	}
	return nil
}

// captured remembers where stream "raw" ends after a capture, whether or not anybody
// waits for the rest of its way. Nothing depends on its success: the next one tries too.
func (p *pipeline) captured(ctx context.Context) {
	end, err := p.log.End(ctx, stream.TopicRaw)
	if err == nil {
		err = p.remember(ctx, map[string]stream.Position{stream.TopicRaw: end})
	}
	if err != nil && ctx.Err() == nil {
		p.logger.Warn("where a stream ends could not be remembered", "code", string(relais.KindOf(err)), "error", err)
	}
}

// held gives how many records each topic was seen to have taken.
func held(ctx context.Context, db *state.DB) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, topic := range []string{stream.TopicRaw, stream.TopicEnriched} {
		value, err := db.Meta(ctx, heldSetting(topic))
		if err != nil {
			return nil, err
		}
		if value == "" {
			continue
		}
		if counts[topic], err = strconv.ParseInt(value, 10, 64); err != nil {
			return nil, relais.E(relais.KindDamaged, "read "+heldSetting(topic), err)
		}
	}
	return counts, nil
}

// enrichedTo tells whether the current generation has read up to goal and settled.
func (p *pipeline) enrichedTo(ctx context.Context, goal stream.Position, step func(string, lag)) (bool, error) {
	generation, err := p.state.Generation(ctx)
	if err != nil {
		return false, err
	}
	at, err := p.log.Committed(ctx, enrich.Group(generation), stream.TopicRaw)
	if err != nil {
		return false, err
	}
	step(stageEnrich, lag{sum(at), sum(goal)})
	if !at.Reached(goal) {
		return false, p.whole(ctx)
	}
	unsettled, err := p.state.Unsettled(ctx)
	if err != nil || len(unsettled) > 0 {
		return false, err
	}
	dirty, err := p.state.DirtyCases(ctx)
	return len(dirty) == 0, err
}

// serverPatience is how long a server that does not answer is waited for: a restart
// takes less, and what was captured does not go away.
const serverPatience = 3 * time.Minute

// poll asks again and again, a little later each time, until done, a fault that time
// does not mend, or the context's end.
func (p *pipeline) poll(ctx context.Context, done func() (bool, error)) error {
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
