package pipeline

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// world is what a pipeline works with, in memory: a log of one partition a topic, state,
// an index, and stages that only count. Each part fails when it is told to.
type world struct {
	mu         sync.Mutex
	topics     map[string]int64 // records that were appended
	at         map[string]int64 // by group
	fail       map[string]error // by what fails: "end", "run", "handle", "refresh", "meta", "generation", "stage"
	meta       map[string]string
	generation int64
	index      int // the number of the index in use
	unsettled  int
	refreshed  int
	made       int // enrich stages
	handled    map[string]int
	running    map[string]int // runs of each group that have begun
}

func newWorld() *world {
	return &world{
		topics: map[string]int64{}, at: map[string]int64{}, fail: map[string]error{}, meta: map[string]string{}, generation: 1, index: 1,
		handled: map[string]int{}, running: map[string]int{},
	}
}

// pipeline makes a pipeline of the world that runs every stage.
func (w *world) pipeline(t *testing.T, inside ...string) *Pipeline {
	t.Helper()
	p := New(Deps{
		Log: w, State: w, Group: enrichGroup, Target: target{w}, Indexer: consumer{w, Index}, Refusals: consumer{w, Refused}, Inside: inside,
		Enricher: func(context.Context) (Enricher, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.made++
			return enricher{w, w.generation}, w.fail["stage"]
		},
		Broken: func(err error) bool { return err == errMalformed }, Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(p.Stop)
	return p
}

// do changes the world, or looks at it.
func (w *world) do(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
}

func (w *world) fault(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fail[what]
}

var errMalformed = relais.Errorf(relais.KindInternal, "read", "malformed")

func enrichGroup(generation int64) string { return "enrich-" + strconv.FormatInt(generation, 10) }

// Append adds records.
func (w *world) Append(_ context.Context, topic string, records []stream.Record) error {
	w.do(func() { w.topics[topic] += int64(len(records)) })
	return nil
}

// Run gives each new record in a batch of its own, until ctx ends.
func (w *world) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	w.do(func() { w.running[group]++ })
	for ctx.Err() == nil {
		if err := w.fault("run " + topic); err != nil {
			return err
		}
		var at, end int64
		w.do(func() { at, end = w.at[group], w.topics[topic] })
		if at == end {
			pause(ctx)
			continue
		}
		_, err := h(ctx, []stream.Message{{Topic: topic, Offset: at}})
		switch {
		case err != nil && relais.Retryable(err):
			opt.OnFault(err)
			pause(ctx)
		case err != nil:
			return err
		default:
			w.do(func() { w.at[group]++ })
		}
	}
	return nil
}

// End gives how much a topic holds.
func (w *world) End(_ context.Context, topic string) (stream.Position, error) {
	if err := w.fault("end"); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return stream.Position{0: w.topics[topic]}, nil
}

// Committed gives how far a group is.
func (w *world) Committed(_ context.Context, group, _ string) (stream.Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return stream.Position{0: w.at[group]}, w.fail["committed"]
}

// Reset sets a group back.
func (w *world) Reset(_ context.Context, group, _ string, to stream.Position) error {
	w.do(func() { w.at[group] = to[0] })
	return nil
}

// Compact does nothing.
func (w *world) Compact(context.Context, string) error { return nil }

// Close does nothing.
func (w *world) Close() error { return nil }

// Generation gives that of the documents.
func (w *world) Generation(context.Context) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.generation, w.fail["generation"]
}

// Unsettled names a case while something of it is not settled.
func (w *world) Unsettled(context.Context) (map[relais.CaseID]int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unsettled == 0 {
		return nil, nil
	}
	w.unsettled--
	return map[relais.CaseID]int64{"c": 1}, nil
}

// DirtyCases names none.
func (w *world) DirtyCases(context.Context) ([]relais.CaseID, error) { return nil, nil }

// Meta gives a setting.
func (w *world) Meta(_ context.Context, name string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.meta[name], w.fail["meta"]
}

// SetMeta sets one.
func (w *world) SetMeta(_ context.Context, name, value string) error {
	w.do(func() { w.meta[name] = value })
	return nil
}

type target struct{ w *world }

func (t target) Group() string {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	return "index-" + strconv.Itoa(t.w.index)
}

func (t target) Refresh(context.Context) error {
	t.w.do(func() { t.w.refreshed++ })
	return t.w.fault("refresh")
}

// enricher appends an envelope for each item.
type enricher struct {
	w          *world
	generation int64
}

func (e enricher) Group() string { return enrichGroup(e.generation) }

func (e enricher) Run(ctx context.Context, log stream.Log) error {
	return log.Run(ctx, e.Group(), stream.TopicRaw, stream.RunOptions{}, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		if err := e.w.fault("handle"); err != nil {
			return nil, err
		}
		e.w.do(func() { e.w.handled[Enrich] += len(batch) })
		return nil, e.w.Append(ctx, stream.TopicEnriched, make([]stream.Record, len(batch)))
	})
}

type consumer struct {
	w    *world
	name string
}

func (c consumer) RunOptions() stream.RunOptions { return stream.RunOptions{} }

func (c consumer) Handle(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
	if err := c.w.fault("handle " + c.name); err != nil {
		return nil, err
	}
	c.w.do(func() { c.w.handled[c.name] += len(batch) })
	return nil, nil
}
