package search

import (
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TestFingerprint: no two requests that page differently share a cursor.
func TestFingerprint(t *testing.T) {
	w := Text{Words: "a"}
	day := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := make(map[string]int)
	for i, n := range []Node{
		nil, w, Text{Words: "b"}, Text{Words: "a", Phrase: true}, Text{Words: "a", Prefix: true}, Text{Words: "a", In: InCc},
		And{w}, Or{w}, Not{Of: w}, And{}, Or{}, And{w, w}, And{And{w}, w}, And{And{w, w}},
		And{Or{w}, w}, And{Or{w, w}}, Nothing{}, Days{From: day}, Days{Until: day},
		Bytes{Over: 1}, Bytes{Under: 1}, Value{Field: ByKind, Value: "a"}, Value{Field: ByTopic, Value: "a"},
	} {
		f := Request{Query: n, Order: Newest}.Fingerprint()
		if before, ok := seen[f]; ok {
			t.Errorf("queries %d and %d share a fingerprint", i, before)
		}
		seen[f] = i
	}
	paris := Days{From: day.In(time.FixedZone("", 3600))}
	if _, ok := seen[Request{Query: paris, Order: Newest}.Fingerprint()]; !ok {
		t.Error("the same day in another zone is another request")
	}
}

// TestCursor: a cursor comes back as the place it was made of, and to no other search.
func TestCursor(t *testing.T) {
	req := Request{Query: Text{Words: "a"}, Order: Newest, Scope: relais.Everything()}
	next, err := req.SealCursor([]int{7})
	if err != nil {
		t.Fatal(err)
	}
	req.Cursor = next
	var place []int
	if ok, err := req.OpenCursor(&place); !ok || err != nil || len(place) != 1 || place[0] != 7 {
		t.Errorf("%v %t %v", place, ok, err)
	}
	if _, err := req.OpenCursor(new(string)); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("the place of another engine: %v", err)
	}
	req.Scope = relais.Scope{}
	if _, err := req.OpenCursor(&place); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("another scope: %v", err)
	}
}

// TestCheckedLimits: what is not asked gets a default; what no engine should serve is
// refused.
func TestCheckedLimits(t *testing.T) {
	good := Request{Order: Newest}
	for name, tc := range map[string]struct {
		change func(*Request)
		want   bool
	}{
		"defaults": {func(*Request) {}, true}, "most": {func(r *Request) { r.Limit, r.FacetSize = maxLimit, maxLimit }, true},
		"too many": {func(r *Request) { r.Limit = maxLimit + 1 }, false}, "fewer than none": {func(r *Request) { r.Limit = -1 }, false},
		"too many values": {func(r *Request) { r.FacetSize = maxLimit + 1 }, false}, "fewer values than none": {func(r *Request) { r.FacetSize = -1 }, false},
		"an unknown order": {func(r *Request) { r.Order = "best" }, false}, "an unknown facet": {func(r *Request) { r.Facets = []Field{"x"} }, false},
		"all facets": {func(r *Request) { r.Facets = Facets() }, true},
	} {
		r := good
		tc.change(&r)
		got, err := r.Checked()
		if (err == nil) != tc.want || err != nil && relais.KindOf(err) != relais.KindInvalid || got.Limit == 0 || got.FacetSize == 0 {
			t.Errorf("%s: %v, limits %d and %d", name, err, got.Limit, got.FacetSize)
		}
	}
}
