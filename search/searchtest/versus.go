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

// runVersus sets an engine against the oracle: the same changes, then the same
// requests, must end in the same answers.
func runVersus(t *testing.T, e Engine) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			g, o, dir := newGenerator(seed), newOracle(e), t.TempDir()
			x := e.Open(t, dir)
			defer func() { closed(t, x) }()
			for range 4 {
				for range 1 + g.IntN(4) {
					b := g.batch(o, 40, 1+g.IntN(30))
					o.apply(b)
					apply(t, x, b)
				}
				if g.chance(30) {
					closed(t, x)
					x = e.Open(t, dir)
				}
				checkHeld(t, x, o)
				for range 25 {
					checkRequest(t, x, o, g.request())
				}
			}
		})
	}
}

func closed(t testing.TB, x search.Index) {
	t.Helper()
	if err := x.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func checkHeld(t *testing.T, x search.Index, o *oracle) {
	t.Helper()
	ids, got := held(t, x)
	if !slices.IsSorted(ids) {
		t.Errorf("each does not go by id: %v", ids)
	}
	want := make(map[relais.DocumentID]int64)
	for id, e := range o.docs {
		want[id] = e.Envelope.Revision
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("documents held (-want +got):\n%s", d)
	}
}

func checkRequest(t *testing.T, x search.Index, o *oracle, req search.Request) {
	t.Helper()
	got, err := pages(x, req)
	if err != nil {
		t.Fatalf("search %s: %v", describe(req), err)
	}
	if d := cmp.Diff(o.search(req), got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("search %s (-want +got):\n%s", describe(req), d)
	}
	req.Order = search.Relevance
	ranked, err := pages(x, req)
	if err != nil {
		t.Fatalf("search by relevance %s: %v", describe(req), err)
	}
	byID := cmpopts.SortSlices(func(a, b relais.DocumentID) bool { return a < b })
	if d := cmp.Diff(got, ranked, cmpopts.EquateEmpty(), byID); d != "" {
		t.Fatalf("search by relevance %s finds another set (-by date +by relevance):\n%s", describe(req), d)
	}
	checkDrill(t, x, req, got)
}

// checkDrill: to choose a value of a facet gives as many hits as it announced.
func checkDrill(t *testing.T, x search.Index, req search.Request, res search.Result) {
	t.Helper()
	by := map[search.Field]search.ValueField{search.FacetTopic: search.ByTopic, search.FacetType: search.ByType,
		search.FacetKind: search.ByKind, search.FacetLanguage: search.ByLanguage}
	for _, v := range res.Facets[search.FacetYear] {
		if days, err := search.Parse("date:"+v.Value, parseOptions()); err == nil { // the language ends with year 9998
			drill(t, x, req, days, v)
		}
	}
	for facet, field := range by {
		for _, v := range res.Facets[facet] {
			drill(t, x, req, search.Value{Field: field, Value: v.Value}, v)
		}
	}
}

// drill searches with one more clause, that of a facet's value.
func drill(t *testing.T, x search.Index, req search.Request, clause search.Node, v relais.FacetValue) {
	t.Helper()
	n := search.And{clause}
	if req.Query != nil {
		n = append(n, req.Query)
	}
	res, err := x.Search(context.Background(), search.Request{Query: n, Scope: req.Scope, Limit: 1})
	if err != nil || res.Total != v.Count {
		t.Fatalf("%#v has %d hits where the facet says %d of %s (%v): %s", clause, res.Total, v.Count, v.Value, err, describe(req))
	}
}

func describe(req search.Request) string {
	return fmt.Sprintf("%+v of %#v", req, req.Query)
}

// runInterference: in a scope, an index that holds everything must answer as one that
// holds only what the scope shows. Order by relevance is left out: the rarity of a word is
// that in the whole index, and ranks are never shown.
func runInterference(t *testing.T, e Engine) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			g, o := newGenerator(1000+seed), newOracle(e)
			whole := e.Open(t, t.TempDir())
			defer func() { closed(t, whole) }()
			b := g.batch(o, 60, 80)
			o.apply(b)
			apply(t, whole, b)
			for range 3 {
				checkInterference(t, e, g, o, whole)
			}
		})
	}
}

func checkInterference(t *testing.T, e Engine, g generator, o *oracle, whole search.Index) {
	t.Helper()
	scope := g.scope()
	part := e.Open(t, t.TempDir())
	defer func() { closed(t, part) }()
	var seen []search.Entry
	for _, d := range o.docs {
		if scope.Allows(d.Envelope.CaseID, &d.Envelope.Document) {
			seen = append(seen, d)
		}
	}
	apply(t, part, seen)
	for range 40 {
		req := g.request()
		req.Scope = scope
		want, err := pages(part, req)
		if err != nil {
			t.Fatalf("search %s: %v", describe(req), err)
		}
		got, err := pages(whole, req)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Fatalf("what the scope hides shows (%v): %s (-part +whole):\n%s", err, describe(req), d)
		}
	}
}
