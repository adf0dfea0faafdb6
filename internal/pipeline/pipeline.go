// Package pipeline answers one question: how do the stages run, and when has what I
// put in passed them?
//
// A [Pipeline] runs stages in this process, starts one that failed again, and tells
// those who wait how far each group has read. It knows the stages by small interfaces:
// which ones run here, and on what they rest, is the caller's to say.
package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/relais-archive/relais/internal/refused"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// The stages that a process may run.
const (
	Enrich  = "enrich"      // reads what was captured
	Index   = "index"       // feeds the index in use
	Refused = refused.Group // keeps the account of what no stage can handle
)

// All gives every stage.
func All() []string { return []string{Enrich, Index, Refused} }

// Enricher is the enrich stage at one generation of the documents.
type Enricher interface {
	// Run reads stream "raw" until ctx ends.
	Run(ctx context.Context, log stream.Log) error
	// Group names the consumer group of the stage's generation.
	Group() string
}

// Consumer is a stage that handles batches of one topic.
type Consumer interface {
	RunOptions() stream.RunOptions
	Handle(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error)
}

// Target is the index in use.
type Target interface {
	// Group names the consumer group that feeds it: one for each generation of the index.
	Group() string
	// Refresh makes what was applied found.
	Refresh(ctx context.Context) error
}

// Memory is what the pipeline asks of state.
type Memory interface {
	Generation(ctx context.Context) (int64, error)
	Unsettled(ctx context.Context) (map[relais.CaseID]int64, error)
	DirtyCases(ctx context.Context) ([]relais.CaseID, error)
	Meta(ctx context.Context, name string) (string, error)
	SetMeta(ctx context.Context, name, value string) error
}

// Deps is what a pipeline works with.
type Deps struct {
	Log      stream.Log
	State    Memory
	Enricher func(ctx context.Context) (Enricher, error) // makes the stage of the generation there is now
	Group    func(generation int64) string               // of the enrich stage at a generation
	Target   Target
	Indexer  Consumer         // feeds the target
	Refusals Consumer         // of topic "refused"
	Inside   []string         // what Start runs; nothing where workers of their own do
	Broken   func(error) bool // tells the errors of malformed files: no time mends them, and no message is guilty of them
	Logger   *slog.Logger
}

// The times of a pipeline.
const (
	// lookEvery is how often a process looks whether another one has changed what it
	// works with: the generation of the documents, the index in use.
	lookEvery = time.Second
	// finishTime is what a stage that must stop has to finish the batch it is in.
	finishTime = 10 * time.Second
)

// Pipeline runs stages inside this process.
type Pipeline struct {
	deps Deps

	mu      sync.Mutex
	cancel  context.CancelFunc
	renew   context.CancelFunc // ends the enrich stage, which then begins anew
	running sync.WaitGroup
	fault   error
	spoiled chan error           // what no time mends; nil where nobody asks
	moved   map[string]time.Time // when each stage that runs here last finished a batch
	full    fullDisk

	inspected time.Time // when a stream was last asked whether all of it can be read
}

// New makes a pipeline, which runs nothing yet.
func New(d Deps) *Pipeline { return &Pipeline{deps: d} }

// Start runs the stages that belong inside this process, once something needs them.
func (p *Pipeline) Start(parent context.Context) { p.Run(parent, p.deps.Inside) }

// Run runs stages if none run yet. They outlive the context, and end with Stop.
func (p *Pipeline) Run(parent context.Context, stages []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil || len(stages) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	p.cancel = cancel
	for _, name := range stages {
		stage := map[string]func(context.Context) error{Enrich: p.enrich, Index: p.feed, Refused: p.account}[name]
		p.running.Go(func() { p.keep(ctx, name, stage) })
	}
}

// Work runs stages until ctx ends or a stage meets what no time mends, which it gives.
func (p *Pipeline) Work(ctx context.Context, stages []string) (err error) {
	spoiled := make(chan error, 1)
	p.mu.Lock()
	p.spoiled = spoiled
	p.mu.Unlock()
	p.Run(ctx, stages)
	select {
	case <-ctx.Done():
	case err = <-spoiled:
	}
	p.Stop()
	return err
}

// Renew makes the enrich stage begin anew: the clients or the generation changed.
func (p *Pipeline) Renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.renew != nil {
		p.renew()
	}
}

// Stop ends the stages after the batch each is in.
func (p *Pipeline) Stop() {
	p.mu.Lock()
	cancel := p.cancel
	p.cancel = nil
	p.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	p.running.Wait()
}

// keep runs a stage until ctx ends; one that fails is started again after a pause,
// and its fault is what those who wait are told.
func (p *Pipeline) keep(ctx context.Context, name string, stage func(context.Context) error) {
	for ctx.Err() == nil {
		err := stage(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		p.deps.Logger.Error("a stage stopped", "stage", name, "code", string(relais.KindOf(err)), "error", err)
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

// spoil tells Work that the stages cannot go on: a log of which records are gone is no
// matter of time, and what this process remembers of it is wrong once it was repaired.
func (p *Pipeline) spoil(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spoiled != nil {
		select {
		case p.spoiled <- err:
		default: // told already
		}
	}
}

// Forgive forgets the fault of a stage, so that those who wait from now on are told of
// later ones alone.
func (p *Pipeline) Forgive() { p.setFault(nil) }

func (p *Pipeline) setFault(err error) {
	p.mu.Lock()
	p.fault = err
	p.mu.Unlock()
}
