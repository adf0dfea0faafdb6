package pipeline

import (
	"context"
	"maps"
	"time"

	"github.com/relais-archive/relais/internal/stream"
)

// watched is the log as a stage of this process reads it: batches are finished when
// the stage must stop, and leave their time behind.
func (p *Pipeline) watched(stage string) stream.Log {
	return watchedLog{Log: p.deps.Log, moved: func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.moved == nil {
			p.moved = map[string]time.Time{}
		}
		p.moved[stage] = time.Now()
	}, fault: p.starved, broken: p.deps.Broken}
}

// LastMoved gives when each stage that runs here last finished a batch.
func (p *Pipeline) LastMoved() map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.moved)
}

type watchedLog struct {
	stream.Log
	moved  func()
	fault  func(error) bool // told of each error that the stage outlives
	broken func(error) bool // tells the errors of malformed files
}

// Run reads a topic: see [stream.Log].
func (w watchedLog) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	warn := opt.OnFault
	opt.OnFault = func(err error) {
		w.fault(err)
		if warn != nil {
			warn(err)
		}
	}
	return w.Log.Run(ctx, group, topic, opt, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		ctx, cancel := outlive(ctx, finishTime)
		defer cancel()
		refused, err := h(ctx, batch)
		switch {
		case err == nil:
			w.moved()
		case w.broken(err):
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
