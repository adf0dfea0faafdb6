package sqlite

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

var _ search.Counter = (*Index)(nil)

// Counts counts what queries find in a scope, all from one commit.
func (x *Index) Counts(ctx context.Context, scope relais.Scope, queries []search.Node) ([]int, error) {
	queries, err := search.CheckedCounts(queries)
	if err != nil {
		return nil, err
	}
	r, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer r.end()
	a := x.analyzers.Get().(*analysis.Analyzer)
	defer x.analyzers.Put(a)
	c := &counter{query: &query{reading: r, analyzer: a}, sets: make(map[any]*roaring.Bitmap)}
	counts, seen := make([]int, len(queries)), r.snap.scope(scope)
	for i, n := range queries {
		if n == nil || seen.IsEmpty() {
			counts[i] = int(seen.GetCardinality())
			continue
		}
		found, err := c.find(ctx, n)
		if err != nil {
			return nil, err
		}
		counts[i] = int(found.AndCardinality(seen))
	}
	return counts, nil
}

// counter evaluates queries that are made of the same few parts, each of which is looked
// for once: two hundred readings of one question have a dozen words between them.
type counter struct {
	*query
	sets map[any]*roaring.Bitmap // by words or leaf; never changed
}

// wordsKey is the key of one phrase in a field.
type wordsKey struct {
	in     search.TextField
	phrase string
}

// everyRow is the key of all rows.
type everyRow struct{}

// find gives the rows that a tree finds, as query.find does. The set must not be changed.
func (c *counter) find(ctx context.Context, n search.Node) (*roaring.Bitmap, error) {
	switch n := n.(type) {
	case search.And:
		return c.all(ctx, n)
	case search.Or:
		found := roaring.New()
		for _, child := range n {
			set, err := c.find(ctx, child)
			if err != nil {
				return nil, err
			}
			found.Or(set)
		}
		return found, nil
	case search.Not:
		set, err := c.find(ctx, n.Of)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(c.every(), set), nil
	case search.Text:
		return c.text(ctx, n)
	case nil:
		return c.query.find(ctx, n) // says what is wrong
	}
	return c.once(n, func() (*roaring.Bitmap, error) { return c.query.find(ctx, n) })
}

// all gives the rows that all of some nodes find.
func (c *counter) all(ctx context.Context, nodes search.And) (*roaring.Bitmap, error) {
	found := c.every()
	for _, child := range nodes {
		set, err := c.find(ctx, child)
		if err != nil {
			return nil, err
		}
		found = roaring.And(found, set)
	}
	return found, nil
}

// text gives the rows that hold all phrases of a clause.
func (c *counter) text(ctx context.Context, t search.Text) (*roaring.Bitmap, error) {
	var found *roaring.Bitmap
	for _, p := range t.Clause(c.analyzer).Phrases {
		e := phrase(p)
		if e == "" {
			continue
		}
		set, err := c.once(wordsKey{t.In, e}, func() (*roaring.Bitmap, error) { return c.match(ctx, columnFilter(t.In)+e) })
		if err != nil {
			return nil, err
		}
		if found == nil {
			found = set
			continue
		}
		found = roaring.And(found, set)
	}
	if found == nil {
		found = roaring.New()
	}
	return found, nil
}

// every gives all rows.
func (c *counter) every() *roaring.Bitmap {
	set, _ := c.once(everyRow{}, func() (*roaring.Bitmap, error) { return c.snap.all(), nil }) // never fails
	return set
}

// once makes a set, unless it is there.
func (c *counter) once(key any, find func() (*roaring.Bitmap, error)) (*roaring.Bitmap, error) {
	if set, ok := c.sets[key]; ok {
		return set, nil
	}
	set, err := find()
	if err == nil {
		c.sets[key] = set
	}
	return set, err
}
