package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// TestTemplate: the template's numbers are this program's, and it has a field for all
// that a document has.
func TestTemplate(t *testing.T) {
	var file struct {
		Template struct {
			Mappings struct {
				Meta       map[string]int             `json:"_meta"`
				Properties map[string]json.RawMessage `json:"properties"`
			}
		}
	}
	if err := json.Unmarshal([]byte(template), &file); err != nil {
		t.Fatal(err)
	}
	m := file.Template.Mappings
	if m.Meta["relais_format"] != indexFormat || m.Meta["relais_analysis"] != analysis.Version {
		t.Errorf("the template is of %v", m.Meta)
	}
	for c := range search.ColumnCount {
		if _, ok := m.Properties[c.String()]; !ok {
			t.Errorf("no field for column %s", c)
		}
	}
}

// TestNoText: what the server is given holds no sentence as it was written, and no
// Message-ID, and what it gives back is a revision.
func TestNoText(t *testing.T) {
	e := doc("a", 1)
	d := &e.Envelope.Document
	d.Subject, d.MessageID, d.Thread, d.Content = "Négociations Confidentielles", "secret-id@host", "secret-thread", "1msecret"
	e.Text = "Les Pompes négociées partiront demain."
	enc := newEncoder(analysis.New(), time.UTC)
	if err := enc.write(&e); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"Négoc", "négoc", "Pompes négociées partiront", "secret-id", "secret-thread", "1msecret"} {
		if strings.Contains(enc.String(), s) {
			t.Errorf("the document holds %q: %s", s, enc.String())
		}
	}
	x := newPlace(t, 1).open(t, "a")
	if _, err := x.Apply(t.Context(), []search.Entry{e}); err != nil {
		t.Fatal(err)
	}
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := x.call(t.Context(), "look", func() esapi.Request { return esapi.SearchRequest{Index: []string{x.name}} })
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(r.body, []byte(`"_source":{"revision":1}`)) {
		t.Errorf("the server gives back %s", r.body)
	}
}

// TestOpen: an index that is lost is told from one that was never made, and one of
// another format is refused.
func TestOpen(t *testing.T) {
	p := newPlace(t, 1)
	opt := p.opt
	opt.Number, opt.Fresh = 1, false
	if _, err := Open(t.Context(), opt); relais.KindOf(err) != relais.KindDamaged || !strings.Contains(relais.HintOf(err), "reindex") {
		t.Errorf("an index that is not there: %v", err)
	}
	if err := Drop(t.Context(), opt); err != nil {
		t.Errorf("to drop what is not there: %v", err)
	}
	x := p.open(t, "a")
	if err := applied(t.Context(), x, []search.Entry{doc("a", 1)}); err != nil {
		t.Fatal(err)
	}
	again := p.open(t, "a") // fresh again: what is there is not made anew
	n := 0
	if err := again.Each(t.Context(), func(relais.DocumentID, int64) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("%d documents, %v", n, err)
	}
	for _, meta := range []string{`{"relais_format":99,"relais_analysis":1}`, `{}`} {
		r, err := x.call(t.Context(), "change", func() esapi.Request {
			return esapi.IndicesPutMappingRequest{Index: []string{x.name}, Body: strings.NewReader(`{"_meta":` + meta + `}`)}
		})
		if err != nil || r.status != 200 {
			t.Fatal(r.status, err)
		}
		if _, err := Open(t.Context(), opt); relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("an index of %s: %v", meta, err)
		}
	}
}

// TestGone: an index that is deleted by hand is not made again by a write.
func TestGone(t *testing.T) {
	p := newPlace(t, 1)
	x := p.open(t, "a")
	opt := p.opt
	opt.Number = 1
	if err := Drop(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Apply(t.Context(), []search.Entry{doc("a", 1)}); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("apply: %v", err)
	}
	if _, err := x.Search(t.Context(), search.Request{Scope: relais.Everything()}); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("search: %v", err)
	}
	if names, err := x.concrete(t.Context()); err != nil || len(names) > 0 {
		t.Errorf("made again: %v %v", names, err)
	}
}

// TestDown: a server that is not there can be tried again.
func TestDown(t *testing.T) {
	x, err := connect(Options{URLs: []string{"http://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	x.first, x.longest = time.Microsecond, time.Microsecond
	if err := x.prepare(t.Context(), true); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("%v", err)
	}
}

// TestWide: a phrase that ends in the beginning of a word is found whatever the number
// of words that begin so, or refused: never in part.
func TestWide(t *testing.T) {
	x := newPlace(t, 1).open(t, "a")
	var text strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, "ref a%d ", i)
	}
	e, last := doc("wide", 1), doc("last", 1)
	e.Text, last.Text = text.String(), "ref azz"
	if _, err := x.Apply(t.Context(), []search.Entry{e, last}); err != nil {
		t.Fatal(err)
	}
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func(words string) (int, error) {
		res, err := x.Search(t.Context(), search.Request{Query: search.Text{Words: words, Phrase: true, Prefix: true}, Scope: relais.Everything()})
		return res.Total, err
	}
	if n, err := ask("ref az"); n != 1 || err != nil {
		t.Errorf("one word: %d, %v", n, err)
	}
	if n, err := ask("ref a1"); n != 1 || err != nil {
		t.Errorf("11,111 words: %d, %v", n, err)
	}
	if n, err := ask("ref a"); err == nil && n != 2 || err != nil && relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("40,001 words: %d, %v", n, err)
	}
	if n, err := x.Search(t.Context(), search.Request{Query: search.Text{Words: "a", Prefix: true}, Scope: relais.Everything()}); err != nil || n.Total != 2 {
		t.Errorf("a beginning alone: %d, %v", n.Total, err)
	}
}

// TestDeep: the deepest tree that people can write can be asked, and one that is
// deeper is answered or refused.
func TestDeep(t *testing.T) {
	x := newPlace(t, 1).open(t, "a")
	if err := applied(t.Context(), x, []search.Entry{doc("a", 1)}); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("secret -(x OR ", search.MaxDepth) + "yy*" + strings.Repeat(")", search.MaxDepth)
	n, err := search.Parse(text, search.ParseOptions{Location: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Search(t.Context(), search.Request{Query: n, Scope: relais.Everything()}); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	for i := range 60 {
		if i%2 == 0 {
			n = search.Or{n, search.Text{Words: "a"}}
		} else {
			n = search.And{n, search.Text{Words: "b"}}
		}
		_, err := x.Search(t.Context(), search.Request{Query: n, Scope: relais.Everything()})
		if err != nil && relais.KindOf(err) != relais.KindInvalid {
			t.Fatalf("%d levels: %v", i, err)
		}
	}
}

// TestPurge: what was removed leaves the server's segments; until it has, Purge says so.
func TestPurge(t *testing.T) {
	x := newPlace(t, 2).open(t, "a")
	var entries []search.Entry
	for i := range 40 {
		entries = append(entries, doc(fmt.Sprint("d", i), 1))
	}
	if err := applied(t.Context(), x, entries); err != nil {
		t.Fatal(err)
	}
	if err := x.Purge(t.Context()); err != nil {
		t.Fatalf("nothing was removed: %v", err)
	}
	gone := search.Entry{Removed: true}
	gone.Envelope.Document.ID = "d7"
	if err := applied(t.Context(), x, []search.Entry{gone}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	err := x.Purge(ctx)
	for relais.Retryable(err) {
		if _, deleted, kept := x.kept(ctx); kept != nil || deleted == 0 {
			t.Errorf("Purge says that something is kept: %d, %v", deleted, kept)
		}
		if ctx.Err() != nil {
			break
		}
		time.Sleep(time.Second)
		err = x.Purge(ctx)
	}
	if _, deleted, errKept := x.kept(ctx); err != nil || errKept != nil || deleted > 0 {
		t.Errorf("%d removed documents are left: %v %v", deleted, err, errKept)
	}
}

// TestRemovals: a tombstone counts whatever is held, and what was removed may come
// again in any revision, after which the highest counts again.
func TestRemovals(t *testing.T) {
	x := newPlace(t, 1).open(t, "a")
	gone := func(revision int64) search.Entry {
		e := search.Entry{Removed: true}
		e.Envelope.Document.ID, e.Envelope.Revision = "a", revision
		return e
	}
	for i, step := range []struct {
		batch []search.Entry
		held  []int64
	}{
		{[]search.Entry{doc("a", 5)}, []int64{5}},
		{[]search.Entry{gone(3)}, []int64{5}},
		{[]search.Entry{gone(0)}, nil},
		{[]search.Entry{doc("a", 2)}, []int64{2}}, // its version is higher now
		{[]search.Entry{doc("a", 1)}, []int64{2}},
		{[]search.Entry{doc("a", 3)}, []int64{3}},
		{[]search.Entry{doc("a", 3), doc("a", 2)}, []int64{3}},
		{[]search.Entry{gone(2)}, []int64{3}},
		{[]search.Entry{gone(3)}, nil},
		{[]search.Entry{gone(9), doc("a", 1), gone(0), doc("a", 4), doc("a", 2)}, []int64{4}},
	} {
		if err := applied(t.Context(), x, step.batch); err != nil {
			t.Fatal(i, err)
		}
		var held []int64
		if err := x.Each(t.Context(), func(_ relais.DocumentID, r int64) error { held = append(held, r); return nil }); err != nil || !slices.Equal(held, step.held) {
			t.Fatalf("step %d: held %v (%v), want %v", i, held, err, step.held)
		}
	}
}

// TestLines: whatever a text holds, its document is one line of JSON.
func TestLines(t *testing.T) {
	e := doc("a\"\n", 1)
	e.Text = "L'été à Œuvre ß 東京都 한국어 Ωμέγα ½ x² \"quoted\" \\back\\ {d} \x00nul \xff\xfe\u2028 \u200bzero\u00adsoft " + strings.Repeat("long", 60)
	e.Envelope.Document.Subject, e.Envelope.Document.Name = e.Text, "\xc3"
	enc := newEncoder(analysis.New(), time.UTC)
	for range 2 { // nothing is left of the document before
		enc.Reset()
		if err := enc.write(&e); err != nil {
			t.Fatal(err)
		}
		line, rest, _ := strings.Cut(enc.String(), "\n")
		var back map[string]any
		if err := json.Unmarshal([]byte(line), &back); err != nil || rest != "" || back["new"] == nil || back["subject"] != back["new"] {
			t.Errorf("%v: %q", err, enc.String())
		}
	}
}

// TestMonth: the month that is counted is that of the archive's zone, and the undated
// are counted as such, in years alone.
func TestMonth(t *testing.T) {
	paris := time.FixedZone("Paris", 3600)
	dated, undated := doc("a", 1), doc("b", 1)
	dated.Envelope.Document.Date = time.Date(2024, 12, 31, 23, 30, 0, 0, time.UTC)
	enc := newEncoder(analysis.New(), paris)
	if d := enc.document(&dated); d.Month == nil || *d.Month != 2025*12 || *d.Date != dated.Envelope.Document.Date.UnixMilli() {
		t.Errorf("month %v, date %v", d.Month, d.Date)
	}
	if d := enc.document(&undated); d.Month != nil || d.Date != nil {
		t.Errorf("the undated has month %v, date %v", d.Month, d.Date)
	}
	c := counts{Buckets: []bucket{
		{Key: json.RawMessage("-1"), Count: 4}, {Key: json.RawMessage("24301"), Count: 1}, {Key: json.RawMessage("24300"), Count: 2}, {Key: json.RawMessage("24299"), Count: 1},
	}}
	req := search.Request{Facets: []search.Field{search.FacetYear}, FacetSize: 2}
	want := []relais.FacetValue{{Value: search.NoDate, Count: 4}, {Value: "2025", Count: 3}}
	if got := facets(req, map[string]counts{months: c})[search.FacetYear]; !slices.Equal(got, want) {
		t.Errorf("years %v, want %v", got, want)
	}
	if got := histogram(c); len(got) != 3 || got[0] != (relais.FacetValue{Value: "2024-12", Count: 1}) {
		t.Errorf("histogram %v", got)
	}
}
