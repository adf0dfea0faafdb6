package searchtest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// runRequests checks what an engine refuses, and how pages follow each other.
func runRequests(t *testing.T, e Engine) {
	x := e.Open(t, t.TempDir())
	defer func() { closed(t, x) }()
	apply(t, x, numbered(0, 30))
	t.Run("invalid", func(t *testing.T) { testInvalid(t, x) })
	t.Run("cursor", func(t *testing.T) { testCursor(t, x) })
	t.Run("refusal", func(t *testing.T) { testRefusal(t, x) })
	t.Run("canceled", func(t *testing.T) { testCanceled(t, x) })
	t.Run("each stops", func(t *testing.T) { testEachStops(t, x) })
	t.Run("pages", func(t *testing.T) { testPages(t, e) })
}

// numbered makes documents that differ in id alone, but for every third, older one.
func numbered(from, to int) []search.Entry {
	var l []search.Entry
	for n := from; n < to; n++ {
		e := search.Entry{Text: "devis", Envelope: relais.Envelope{Format: 1, CaseID: "c1", Revision: 1}}
		e.Envelope.Document = relais.Document{ID: id(n), Kind: relais.KindMessage, Date: time.Date(2021, 1, 1+n%3, 0, 0, 0, 0, time.UTC)}
		l = append(l, e)
	}
	return l
}

func testInvalid(t *testing.T, x search.Index) {
	deep := search.Node(search.Nothing{})
	for range 100_000 {
		deep = search.Not{Of: deep}
	}
	for name, req := range map[string]search.Request{
		"limit":      {Limit: 1001},
		"negative":   {Limit: -1},
		"facet size": {FacetSize: 1_000_000},
		"facet":      {Facets: []search.Field{"owner"}},
		"order":      {Order: "random"},
		"field":      {Query: search.Value{Field: "acl", Value: "x"}},
		"nil node":   {Query: search.And{nil}},
		"deep":       {Query: deep},
		"wide":       {Query: search.Or(slices.Repeat([]search.Node{search.Text{Words: "devis"}}, 100_000))},
		"no cursor":  {Cursor: "!"},
		"not ours":   {Cursor: "e30"},
	} {
		req.Scope = relais.Everything()
		if _, err := x.Search(context.Background(), req); relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%s: %v, want an error of kind invalid", name, err)
		}
	}
}

// testCursor: a cursor belongs to its query, scope and order, not to anything else.
func testCursor(t *testing.T, x search.Index) {
	ctx := context.Background()
	req := search.Request{Query: search.Text{Words: "devis"}, Scope: relais.Everything(), Limit: 5}
	first, err := x.Search(ctx, req)
	if err != nil || first.Next == "" {
		t.Fatalf("no next page: %v", err)
	}
	req.Cursor = first.Next
	more := req
	more.Limit, more.Histogram, more.Order = 10, true, search.Newest
	if res, err := x.Search(ctx, more); err != nil || len(res.IDs) != 10 || res.Total != 30 {
		t.Errorf("a cursor must bear another limit: %v, %d of %d", err, len(res.IDs), res.Total)
	}
	others := [3]search.Request{req, req, req}
	others[0].Query = search.Text{Words: "devis", In: search.InSubject}
	others[1].Scope.Grants = append(others[1].Scope.Grants, relais.Grant{AllCases: true})
	others[2].Order = search.Oldest
	for i, other := range others {
		if _, err := x.Search(ctx, other); relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("cursor of another request %d: %v, want an error of kind invalid", i, err)
		}
	}
}

func testRefusal(t *testing.T, x search.Index) {
	refused, err := x.Apply(context.Background(), []search.Entry{{}, numbered(30, 31)[0]})
	if err != nil || len(refused) != 1 || refused[0].Code == "" {
		t.Errorf("an entry without id: refused %v, error %v", refused, err)
	}
	if _, revisions := held(t, x); revisions[id(30)] != 1 {
		t.Error("the other entry of the batch is not held")
	}
}

func testCanceled(t *testing.T, x search.Index) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := x.Search(ctx, search.Request{Scope: relais.Everything()}); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("search: %v, want an error of kind canceled", err)
	}
	if _, err := x.Apply(ctx, numbered(40, 50)); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("apply: %v, want an error of kind canceled", err)
	}
	apply(t, x, numbered(40, 50))
}

func testEachStops(t *testing.T, x search.Index) {
	stop, n := errors.New("stop"), 0
	err := x.Each(context.Background(), func(relais.DocumentID, int64) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("each went on: %d calls, %v", n, err)
	}
}

// testPages: pages that are read while documents come and go show each document that
// stays once, in order.
func testPages(t *testing.T, e Engine) {
	for _, order := range []search.Order{search.Newest, search.Oldest, search.Relevance} {
		t.Run(string(order), func(t *testing.T) {
			x := e.Open(t, t.TempDir())
			defer func() { closed(t, x) }()
			apply(t, x, numbered(0, 100))
			req := search.Request{Scope: relais.Everything(), Order: order, Limit: 7}
			whole, err := pages(x, req)
			if err != nil || len(whole.IDs) != 100 {
				t.Fatalf("%d ids, %v", len(whole.IDs), err)
			}
			got := readWhileChanging(t, x, req)
			stayed := slices.DeleteFunc(whole.IDs, func(id relais.DocumentID) bool { return !slices.Contains(got, id) })
			if !slices.Equal(got, stayed) || len(got) < 50 {
				t.Errorf("pages of a changing index: %v", got)
			}
		})
	}
}

// readWhileChanging reads all pages and removes a document after each: the last of
// the page before, on which the cursor stands.
func readWhileChanging(t *testing.T, x search.Index, req search.Request) []relais.DocumentID {
	t.Helper()
	var got []relais.DocumentID
	for {
		res, err := x.Search(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, res.IDs...)
		if req.Cursor = res.Next; req.Cursor == "" {
			return got
		}
		gone := search.Entry{Removed: true}
		gone.Envelope.Document.ID = res.IDs[len(res.IDs)-1]
		apply(t, x, []search.Entry{gone})
	}
}
