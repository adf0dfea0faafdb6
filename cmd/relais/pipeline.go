package main

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// The stages that a process may run.
const (
	stageEnrich  = "enrich"
	stageIndex   = "index"
	stageRefused = refused.Group
)

// The times of a pipeline.
const (
	// lookEvery is how often a process looks whether another one has changed what it
	// works with: the generation of the documents, the index in use.
	lookEvery = time.Second
	// finishTime is what a stage that must stop has to finish the batch it is in.
	finishTime = 10 * time.Second
)

// pipeline runs stages inside this process.
type pipeline struct {
	log      stream.Log
	state    *state.DB
	newStage func(ctx context.Context) (*enrich.Stage, error)
	index    search.Writer
	indexer  *search.Stage
	refusals *refused.Stage
	group    func() string // of the index in use: one for each generation of the index
	inside   []string      // what start runs; nothing where workers of their own do
	logger   *slog.Logger

	mu      sync.Mutex
	cancel  context.CancelFunc
	renew   context.CancelFunc // ends the enrich stage, which then begins anew
	running sync.WaitGroup
	fault   error
	spoiled chan error           // what no time mends; nil where nobody asks
	moved   map[string]time.Time // when each stage that runs here last finished a batch
	full    fullDisk
}

// start runs the stages that belong inside this process, once something needs them.
func (p *pipeline) start(parent context.Context) { p.run(parent, p.inside) }

// run runs stages if none run yet; they end with stop.
func (p *pipeline) run(parent context.Context, stages []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil || len(stages) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	p.cancel = cancel
	for _, name := range stages {
		stage := map[string]func(context.Context) error{stageEnrich: p.enrich, stageIndex: p.feed, stageRefused: p.account}[name]
		p.running.Go(func() { p.keep(ctx, name, stage) })
	}
}

// keep runs a stage until ctx ends; one that fails is started again after a pause,
// and its fault is what those who wait are told.
func (p *pipeline) keep(ctx context.Context, name string, stage func(context.Context) error) {
	for ctx.Err() == nil {
		err := stage(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		p.logger.Error("a stage stopped", "stage", name, "code", string(relais.KindOf(err)), "error", err)
		if relais.KindOf(err) == relais.KindDamaged {
			p.spoil(err)
		}
		if !p.starved(err) {
			p.setFault(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// spoil tells those who only run stages that they cannot go on: a log of which records
// are gone is no matter of time, and what this process remembers of it is wrong once
// it was repaired.
func (p *pipeline) spoil(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spoiled != nil {
		select {
		case p.spoiled <- err:
		default: // told already
		}
	}
}

func (p *pipeline) setFault(err error) {
	p.mu.Lock()
	p.fault = err
	p.mu.Unlock()
}

// enrich runs one generation of the enrich stage: it returns when clients changed,
// here or in another process, to begin anew with them.
func (p *pipeline) enrich(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	p.renew = cancel
	p.mu.Unlock()
	stage, err := p.newStage(ctx)
	if err == nil {
		go until(ctx, cancel, func(ctx context.Context) (bool, error) {
			g, err := p.state.Generation(ctx)
			return enrich.Group(g) != stage.Group(), err
		})
		err = stage.Run(ctx, p.watched(stageEnrich))
	}
	if ctx.Err() != nil || relais.KindOf(err) == relais.KindConflict && p.outdated(ctx, stage) {
		return nil // renewed or stopped, whatever the stage was doing
	}
	return err
}

// outdated tells whether the generation rose since a stage was made: its merges are
// refused then, be it before anybody has told this process.
func (p *pipeline) outdated(ctx context.Context, stage *enrich.Stage) bool {
	g, err := p.state.Generation(ctx)
	return err == nil && enrich.Group(g) != stage.Group()
}

// feed feeds the index in use, until another one is.
func (p *pipeline) feed(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group := p.group()
	go until(ctx, cancel, func(context.Context) (bool, error) { return p.group() != group, nil })
	err := p.watched(stageIndex).Run(ctx, group, stream.TopicEnriched, indexOptions(p.indexer, p.logger), p.indexer.Handle)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// account brings what other stages refused into state.
func (p *pipeline) account(ctx context.Context) error {
	opt := p.refusals.RunOptions()
	opt.OnFault = bears(stageRefused, p.logger)
	err := p.watched(stageRefused).Run(ctx, refused.Group, stream.TopicRefused, opt, p.refusals.Handle)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// until calls end once changed says so. What it cannot find out it asks again.
func until(ctx context.Context, end context.CancelFunc, changed func(context.Context) (bool, error)) {
	every(ctx, func() bool {
		yes, err := changed(ctx)
		if yes && err == nil {
			end()
		}
		return yes && err == nil
	})
}

// every looks again and again until ctx ends or look has seen enough.
func every(ctx context.Context, look func() (enough bool)) {
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

// watched is the log as a stage of this process reads it: batches are finished when
// the stage must stop, and leave their time behind.
func (p *pipeline) watched(stage string) stream.Log {
	return watchedLog{p.log, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.moved == nil {
			p.moved = map[string]time.Time{}
		}
		p.moved[stage] = time.Now()
	}, p.starved}
}

// lastMoved gives when each stage that runs here last finished a batch.
func (p *pipeline) lastMoved() map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.moved)
}

type watchedLog struct {
	stream.Log
	moved func()
	fault func(error) bool // told of what the stage bears
}

// Run reads a topic: see [stream.Log].
func (w watchedLog) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	warn := opt.OnFault
	opt.OnFault = func(err error) {
		w.fault(err)
		warn(err)
	}
	return w.Log.Run(ctx, group, topic, opt, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		ctx, cancel := outlive(ctx, finishTime)
		defer cancel()
		refused, err := h(ctx, batch)
		switch {
		case err == nil:
			w.moved()
		case sqlitefile.Damaged(err):
			err = brokenFile{err}
		}
		return refused, err
	})
}

// brokenFile is the error of a batch that met a malformed file. Time does not mend it
// and no message is guilty of it: to the stage, the log is lost.
type brokenFile struct{ error }

// Unwrap gives the file's own error.
func (b brokenFile) Unwrap() error { return b.error }

// Is says that the error ends a run.
func (brokenFile) Is(target error) bool { return target == stream.ErrLost }

// outlive gives a context that ends a while after its parent.
func outlive(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		select {
		case <-time.After(d):
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { stop(); cancel() }
}

func indexOptions(s *search.Stage, logger *slog.Logger) stream.RunOptions {
	opt := s.RunOptions()
	opt.MaxWait, opt.Pause, opt.Retryable = time.Second, 100*time.Millisecond, relais.Retryable
	opt.OnFault = bears(stageIndex, logger)
	return opt
}

// bears logs what a stage goes on after.
func bears(stage string, logger *slog.Logger) func(error) {
	return func(err error) {
		logger.Warn("a batch must be handled again", "stage", stage, "code", string(relais.KindOf(err)), "error", err)
	}
}

// renewed makes the enrich stage begin anew: the clients or the generation changed.
func (p *pipeline) renewed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.renew != nil {
		p.renew()
	}
}

// stop ends the stages after the batch each is in.
func (p *pipeline) stop() {
	p.mu.Lock()
	cancel := p.cancel
	p.cancel = nil
	p.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	p.running.Wait()
}
