package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// enrich runs one generation of the enrich stage: it returns when clients changed,
// here or in another process, to begin anew with them.
func (p *Pipeline) enrich(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	p.renew = cancel
	p.mu.Unlock()
	stage, err := p.deps.Enricher(ctx)
	if err == nil {
		go until(ctx, cancel, func(ctx context.Context) (bool, error) {
			g, err := p.deps.State.Generation(ctx)
			return p.deps.Group(g) != stage.Group(), err
		})
		err = stage.Run(ctx, p.watched(Enrich))
	}
	if ctx.Err() != nil || relais.KindOf(err) == relais.KindConflict && p.outdated(ctx, stage) {
		return nil // renewed or stopped, whatever the stage was doing
	}
	return err
}

// outdated tells whether the generation rose since a stage was made: its merges are
// refused from then on, even before anybody has told this process.
func (p *Pipeline) outdated(ctx context.Context, stage Enricher) bool {
	if stage == nil {
		return false
	}
	g, err := p.deps.State.Generation(ctx)
	return err == nil && p.deps.Group(g) != stage.Group()
}

// feed feeds the index in use, until another one is.
func (p *Pipeline) feed(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group := p.deps.Target.Group()
	go until(ctx, cancel, func(context.Context) (bool, error) { return p.deps.Target.Group() != group, nil })
	err := p.watched(Index).Run(ctx, group, stream.TopicEnriched, p.indexOptions(p.deps.Indexer), p.deps.Indexer.Handle)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// account brings what other stages refused into state.
func (p *Pipeline) account(ctx context.Context) error {
	opt := p.deps.Refusals.RunOptions()
	opt.OnFault = bears(Refused, p.deps.Logger)
	err := p.watched(Refused).Run(ctx, refused.Group, stream.TopicRefused, opt, p.deps.Refusals.Handle)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Fill feeds an index that is not in use yet, through the stage of that index, from
// stream "enriched" until the group has read all there was. tell is told how far it is.
func (p *Pipeline) Fill(ctx context.Context, group string, stage Consumer, tell func(Lag)) error {
	goal, err := p.deps.Log.End(ctx, stream.TopicEnriched)
	if err != nil {
		return err
	}
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- p.deps.Log.Run(runCtx, group, stream.TopicEnriched, p.indexOptions(stage), stage.Handle)
	}()
	err = p.poll(ctx, func() (bool, error) {
		select {
		case err := <-ended:
			ended <- err
			return false, errors.Join(errors.New("the rebuild stopped"), err)
		default:
		}
		at, err := p.deps.Log.Committed(ctx, group, stream.TopicEnriched)
		tell(Lag{Records(at), Records(goal)})
		return at.Reached(goal), err
	})
	stop()
	return errors.Join(err, <-ended)
}

func (p *Pipeline) indexOptions(s Consumer) stream.RunOptions {
	opt := s.RunOptions()
	opt.MaxWait, opt.Pause, opt.Retryable = time.Second, 100*time.Millisecond, relais.Retryable
	opt.OnFault = bears(Index, p.deps.Logger)
	return opt
}

// bears logs what a stage goes on after. What is only not yet time is worth no warning.
func bears(stage string, logger *slog.Logger) func(error) {
	return func(err error) {
		var soon interface{ Waiting() bool }
		if errors.As(err, &soon) && soon.Waiting() {
			logger.Debug("a stage will try again", "stage", stage, "error", err)
			return
		}
		logger.Warn("a batch must be handled again", "stage", stage, "code", string(relais.KindOf(err)), "error", err)
	}
}

// until calls end once changed says so. What it cannot find out it asks again.
func until(ctx context.Context, end context.CancelFunc, changed func(context.Context) (bool, error)) {
	Every(ctx, func() bool {
		yes, err := changed(ctx)
		if yes && err == nil {
			end()
		}
		return yes && err == nil
	})
}

// Every looks once a second whether another process has changed something, until ctx
// ends or look has seen enough.
func Every(ctx context.Context, look func() (enough bool)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if look() {
				return
			}
		}
	}
}

// Notice is how long it takes, at most, until every process has seen what another one
// changed: three looks.
const Notice = 3 * lookEvery
