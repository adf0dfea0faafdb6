package searchtest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Compare sets two engines against each other on documents: they are given them in
// the same changes, then asked the same questions at random, and must give the same
// hits in the same order, the same totals, facets and histograms. By relevance the
// hits must be the same set; how far their orders agree is logged.
func Compare(t *testing.T, one, other search.Index, docs []search.Entry, queries int, seed uint64) {
	a := newAsker(docs, seed)
	history := a.history()
	for _, x := range []search.Index{one, other} {
		for chunk := range slices.Chunk(history, 700) {
			apply(t, x, chunk)
		}
	}
	_, want := held(t, one)
	if _, got := held(t, other); !cmp.Equal(want, got) {
		t.Fatalf("documents held:\n%s", cmp.Diff(want, got))
	}
	c := comparison{T: t, one: one, other: other, asker: a}
	for range queries {
		c.ask()
	}
	t.Logf("seed %d: %d documents, %d questions (%d found nothing), %d pages, %d differ; %d texts were no query; by relevance %.0f of 100 of the first ten are the same",
		seed, len(want), queries, c.empty, c.pages, c.differ, c.unparsed, 100*float64(c.agree)/float64(max(1, c.ranked)))
	if c.unparsed > queries/4 {
		t.Errorf("%d of %d texts were no query", c.unparsed, queries)
	}
}

// history gives the documents as changes: some twice, some late, some taken back and
// brought again.
func (a *asker) history() []search.Entry {
	var list []search.Entry
	for _, e := range a.docs {
		list = append(list, e)
		newer, gone := e, search.Entry{Removed: true}
		newer.Envelope.Revision += int64(1 + a.IntN(3))
		gone.Envelope.Document.ID = e.Envelope.Document.ID
		switch a.IntN(20) {
		case 0:
			list = append(list, newer, e)
		case 1:
			list = append(list, newer, gone, e)
		case 2:
			list = append(list, gone)
		}
	}
	return list
}

// comparison counts what was asked.
type comparison struct {
	*testing.T
	one, other search.Index
	*asker
	unparsed, empty, pages, differ int
	agree, ranked                  int // of the first ten hits by relevance
}

// ask asks both engines one question, and goes on through pages by the cursor of each.
func (c *comparison) ask() {
	mine, text, ok := c.request()
	if !ok {
		return
	}
	theirs := mine
	for page := range 4 {
		a, errA := c.one.Search(context.Background(), mine)
		b, errB := c.other.Search(context.Background(), theirs)
		c.pages++
		if page == 0 && a.Total == 0 {
			c.empty++
		}
		d := c.difference(mine, a, b)
		if relais.KindOf(errA) != relais.KindOf(errB) {
			d = fmt.Sprintf("%v | %v", errA, errB)
		}
		if d != "" {
			c.report(fmt.Sprintf("page %d of %s", page, text), mine, d)
		}
		if d != "" || errA != nil || a.Next == "" {
			return
		}
		mine.Cursor, theirs.Cursor = a.Next, b.Next
		mine.Facets, theirs.Facets = nil, nil
	}
}

// request makes a question.
func (c *comparison) request() (search.Request, string, bool) {
	text := c.query()
	n, err := search.Parse(text, parseOptions())
	if err != nil {
		c.unparsed++
		return search.Request{}, text, false
	}
	req := search.Request{Query: n, Scope: c.scope(), Order: pick(c.generator, search.Newest, search.Oldest, search.Relevance),
		Limit: pick(c.generator, 1, 7, 20, 100), Facets: facets(), FacetSize: pick(c.generator, 1, 3, 20, 200), Histogram: c.chance(50)}
	if req.Order == search.Relevance {
		req.Limit = 1000 // one page, so that sets can be compared
	}
	if c.chance(3) {
		req.Query = nil
	}
	return req, text, true
}

// difference tells how two answers differ.
func (c *comparison) difference(req search.Request, a, b search.Result) string {
	if (a.Next == "") != (b.Next == "") {
		return "one has a next page, the other has none"
	}
	a.Next, b.Next, a.Notes, b.Notes = "", "", nil, nil
	if req.Order == search.Relevance {
		first, second := a.IDs[:min(10, len(a.IDs))], b.IDs[:min(10, len(b.IDs))]
		for _, id := range first {
			c.ranked++
			if slices.Contains(second, id) {
				c.agree++
			}
		}
		if a.Total > req.Limit {
			a.IDs, b.IDs = nil, nil
		}
		a.IDs, b.IDs = slices.Sorted(slices.Values(a.IDs)), slices.Sorted(slices.Values(b.IDs))
	}
	return cmp.Diff(a, b, cmpopts.EquateEmpty())
}

func (c *comparison) report(text string, req search.Request, diff string) {
	c.differ++
	if c.differ <= 10 {
		c.Errorf("%s: %s\n%s", text, describe(req), diff)
	}
}
