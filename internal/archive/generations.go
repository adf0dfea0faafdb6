package archive

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/search"
)

// Generations is the index in use, which another one may take the place of while
// searches go on.
type Generations struct {
	state  *state.DB
	kept   Indexes
	linger time.Duration

	mu      sync.RWMutex
	number  int
	current search.Index
}

// Indexes is where the indexes of an archive are kept, by number.
type Indexes interface {
	// Open opens an index, which is there already unless it is fresh. One that is lost
	// or cannot be read is of relais.KindDamaged.
	Open(ctx context.Context, n int, fresh bool) (search.Index, error)
	// Drop removes an index that nobody has open, or its leftover.
	Drop(ctx context.Context, n int) error
}

// indexSetting names where state keeps the number of the index in use.
const indexSetting = "index"

// OpenGenerations opens the index that state says is in use, or makes the first one of
// an archive that is fresh. linger is how long an index that was replaced is kept for the
// processes that have not noticed yet, 0 where there is no other.
func OpenGenerations(ctx context.Context, db *state.DB, kept Indexes, fresh bool, linger time.Duration) (*Generations, error) {
	value, err := db.Meta(ctx, indexSetting)
	if err != nil {
		return nil, err
	}
	number, err := numberOf(value)
	if err != nil {
		return nil, err
	}
	current, err := kept.Open(ctx, number, fresh)
	if relais.KindOf(err) == relais.KindDamaged || errors.Is(err, search.ErrFormat) {
		err = relais.E(relais.KindDamaged, "open index", err)
		current, err = damagedIndex{relais.WithHint(err, "`relais reindex` makes the index again")}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Generations{state: db, kept: kept, linger: linger, number: number, current: current}, nil
}

// numberOf reads which index is in use: the first, where none was ever replaced. What is
// no number is damage: another index would answer with less, or with nothing.
func numberOf(value string) (int, error) {
	if value == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, relais.Errorf(relais.KindDamaged, "open index", "state names no index but %q", value)
	}
	return n, nil
}

// damagedIndex stands for an index that cannot be read, or is of another format: the
// archive opens all the same, for an index is made again from what the archive holds.
type damagedIndex struct{ fault error }

// Search tells the damage.
func (d damagedIndex) Search(context.Context, search.Request) (search.Result, error) {
	return search.Result{}, d.fault
}

// Counts tells the damage.
func (d damagedIndex) Counts(context.Context, relais.Scope, []search.Node) ([]int, error) {
	return nil, d.fault
}

// List tells the damage.
func (d damagedIndex) List(context.Context, relais.Scope, search.Node, func([]relais.DocumentID) error) error {
	return d.fault
}

// Apply tells the damage.
func (d damagedIndex) Apply(context.Context, []search.Entry) ([]search.Refusal, error) {
	return nil, d.fault
}

// Refresh tells the damage.
func (d damagedIndex) Refresh(context.Context) error { return d.fault }

// Each tells the damage.
func (d damagedIndex) Each(context.Context, func(relais.DocumentID, int64) error) error {
	return d.fault
}

// Close has nothing to close.
func (d damagedIndex) Close() error { return nil }

func groupOf(number int) string { return "index-" + strconv.Itoa(number) }

// Group names the consumer group that feeds the index in use.
func (g *Generations) Group() string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return groupOf(g.number)
}

// damaged tells whether the index in use cannot be read.
func (g *Generations) damaged() bool { return g.fault() != nil }

// fault tells why the index in use cannot be read, nil when it can.
func (g *Generations) fault() error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if d, damaged := g.current.(damagedIndex); damaged {
		return d.fault
	}
	return nil
}

// with runs fn on the index in use, which stays open meanwhile.
func (g *Generations) with(fn func(search.Index) error) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return fn(g.current)
}

// Search answers from the index in use.
func (g *Generations) Search(ctx context.Context, req search.Request) (res search.Result, err error) {
	err = g.with(func(ix search.Index) error { res, err = ix.Search(ctx, req); return err })
	return res, err
}

// Counts counts in the index in use.
func (g *Generations) Counts(ctx context.Context, scope relais.Scope, queries []search.Node) (counts []int, err error) {
	err = g.with(func(ix search.Index) error {
		c, ok := ix.(search.Counter)
		if !ok {
			return relais.Errorf(relais.KindInternal, "count", "the index in use counts nothing")
		}
		counts, err = c.Counts(ctx, scope, queries)
		return err
	})
	return counts, err
}

// List lists what a query finds in the index in use.
func (g *Generations) List(ctx context.Context, scope relais.Scope, query search.Node, fn func([]relais.DocumentID) error) error {
	return g.with(func(ix search.Index) error { return ix.List(ctx, scope, query, fn) })
}

// Apply feeds the index in use.
func (g *Generations) Apply(ctx context.Context, entries []search.Entry) (refused []search.Refusal, err error) {
	err = g.with(func(ix search.Index) error { refused, err = ix.Apply(ctx, entries); return err })
	return refused, err
}

// Purge lets the index in use drop what was removed.
func (g *Generations) Purge(ctx context.Context) error {
	return g.with(func(ix search.Index) error {
		if p, ok := ix.(search.Purger); ok {
			return p.Purge(ctx)
		}
		return nil
	})
}

// Refresh makes what was applied found.
func (g *Generations) Refresh(ctx context.Context) error {
	return g.with(func(ix search.Index) error { return ix.Refresh(ctx) })
}

// Check tells whether the file of the index in use is whole, where it is a file.
func (g *Generations) Check(ctx context.Context, deep bool) error {
	return g.with(func(ix search.Index) error {
		if c, ok := ix.(interface {
			Check(ctx context.Context, deep bool) error
		}); ok {
			return c.Check(ctx, deep)
		}
		return nil
	})
}

// Prove reads what the index in use holds; nil where its server sees to that.
func (g *Generations) Prove(ctx context.Context) (proof search.Proof, err error) {
	err = g.with(func(ix search.Index) error {
		if p, ok := ix.(search.Prover); ok {
			proof, err = p.Prove(ctx)
		}
		return err
	})
	return proof, err
}

// Each lists what the index in use holds.
func (g *Generations) Each(ctx context.Context, fn func(relais.DocumentID, int64) error) error {
	return g.with(func(ix search.Index) error { return ix.Each(ctx, fn) })
}

// Close closes the index in use.
func (g *Generations) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.current.Close()
}

// next opens the index that is to take the place of the one in use. A leftover of
// an interrupted rebuild is dropped first.
func (g *Generations) next(ctx context.Context) (int, search.Index, error) {
	g.mu.RLock()
	n := g.number + 1
	g.mu.RUnlock()
	if err := g.kept.Drop(ctx, n); err != nil {
		return 0, nil, err
	}
	ix, err := g.kept.Open(ctx, n, true)
	return n, ix, err
}

// swap puts an index in the place of the one in use, once all that was applied to it is
// found; the old one is then closed and dropped. The error tells what is left of the old
// one, and does no harm, when swapped is true.
func (g *Generations) swap(ctx context.Context, number int, next search.Index) (swapped bool, err error) {
	if err := next.Refresh(ctx); err != nil {
		return false, err
	}
	if err := g.state.SetMeta(ctx, indexSetting, strconv.Itoa(number)); err != nil {
		return false, err
	}
	old, oldNumber := g.take(number, next)
	err = old.Close()
	select {
	case <-time.After(g.linger):
	case <-ctx.Done():
	}
	return true, errors.Join(err, g.kept.Drop(ctx, oldNumber))
}

// take puts an index in use and gives the one that was.
func (g *Generations) take(number int, next search.Index) (old search.Index, oldNumber int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, oldNumber = g.current, g.number
	g.current, g.number = next, number
	return old, oldNumber
}

// follow takes up the index that another process has put in use, if one has.
func (g *Generations) follow(ctx context.Context) error {
	value, err := g.state.Meta(ctx, indexSetting)
	if err != nil {
		return err
	}
	number, err := numberOf(value)
	if err != nil || groupOf(number) == g.Group() {
		return err
	}
	next, err := g.kept.Open(ctx, number, false)
	if err != nil {
		return err
	}
	old, _ := g.take(number, next)
	return old.Close()
}
