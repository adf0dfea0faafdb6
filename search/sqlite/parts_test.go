package sqlite

import (
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

func checkedEverything(t testing.TB) search.Request {
	t.Helper()
	req, err := search.Request{Scope: relais.Everything()}.Checked()
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// TestTextKey: it changes with every field of the postings, and with their bounds.
func TestTextKey(t *testing.T) {
	base := entry("a", "one two", 1)
	seen := map[key]string{textKey(search.Parts(&base)): "base"}
	for name, change := range map[string]func(*search.Entry){
		"text":       func(e *search.Entry) { e.Text = "one two three" },
		"subject":    func(e *search.Entry) { e.Envelope.Document.Subject = "s" },
		"name":       func(e *search.Entry) { e.Envelope.Document.Name = "s" },
		"from":       func(e *search.Entry) { e.Envelope.Document.From = &relais.Address{Name: "s"} },
		"address":    func(e *search.Entry) { e.Envelope.Document.From = &relais.Address{Address: "s"} },
		"cc":         func(e *search.Entry) { e.Envelope.Document.Cc = []relais.Address{{Name: "s"}} },
		"to":         func(e *search.Entry) { e.Envelope.Document.To = []relais.Address{{Name: "s"}} },
		"attachment": func(e *search.Entry) { e.Envelope.Document.Attachments = []relais.Attachment{{Name: "t"}} },
		"zones": func(e *search.Entry) {
			e.Envelope.Document.Zones = []relais.Zone{{Kind: relais.ZoneQuote, Start: 0, End: 3}}
		},
	} {
		e := entry("a", "one two", 1)
		change(&e)
		k := textKey(search.Parts(&e))
		if before, ok := seen[k]; ok {
			t.Errorf("%s has the key of %s", name, before)
		}
		seen[k] = name
	}
	same := entry("a", "one two", 7)
	same.Envelope.Document.Topics = []relais.Tag{{ID: "prix"}}
	if seen[textKey(search.Parts(&same))] != "base" {
		t.Error("a tag changes the text's key")
	}
}

// TestExpression: what FTS5 is asked.
func TestExpression(t *testing.T) {
	w := func(s string) search.Node { return search.Text{Words: s} }
	value := search.Value{Field: search.ByKind, Value: "note"}
	for _, tc := range []struct {
		node search.Node
		want string
		ok   bool
	}{
		{w("ref"), `"ref"`, true},
		{w("ref 12"), `"ref" AND "12"`, true},
		{search.Text{Words: "ref 12", Phrase: true, In: search.InSubject}, `{subject} : "ref 12"`, true},
		{search.Text{Words: "ref", Prefix: true, In: search.InWith}, `{sender recipient} : ("ref" * OR "=ref" *)`, true},
		{search.Text{Words: "ref-12", Prefix: true}, `"ref 12" *`, true},
		{w("!"), ``, true},
		{search.And{w("ref"), search.Not{Of: w("12")}}, `(("ref")) NOT (("12"))`, true},
		{search.Or{w("ref"), w("!")}, `("ref")`, true},
		{search.And{w("ref"), w("!")}, ``, true},
		{search.And{w("ref"), search.Not{Of: w("!")}}, `("ref")`, true},
		{search.Or{}, ``, true},
		{search.And{}, ``, false},
		{search.Not{Of: w("ref")}, ``, false},
		{search.And{w("ref"), value}, ``, false},
	} {
		q := &query{analyzer: analysis.New()}
		if got, ok := q.expression(tc.node); got != tc.want || ok != tc.ok {
			t.Errorf("%#v: %s %t, want %s %t", tc.node, got, ok, tc.want, tc.ok)
		}
	}
}

func TestBest(t *testing.T) {
	check := func(values []uint8, most uint8) bool {
		b := best[uint8]{most: int(most % 20), compare: func(x, y uint8) int { return int(x) - int(y) }}
		for _, v := range values {
			b.offer(v)
		}
		all := best[uint8]{most: len(values), compare: b.compare}
		for _, v := range values {
			all.offer(v)
		}
		return string(b.sorted()) == string(all.sorted()[:min(b.most, len(values))])
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestRows(t *testing.T) {
	b := newBuilder(new(snapshot), newDictionaries(), time.UTC)
	c := makeColumns(3, 3)
	copy(c.rows, []uint32{0, 2, 5000})
	copy(c.ids, []relais.DocumentID{"a", "b", "c"})
	b.put(c)
	q := &query{reading: &reading{snap: b.snapshot(1)}}
	for in, want := range map[string][]uint32{"": {}, "1": {0}, "1,2,3": {0, 2}, "5001,99999,4294967295": {5000}} {
		if d := cmp.Diff(want, q.rows([]byte(in))); d != "" {
			t.Errorf("%q (-want +got):\n%s", in, d)
		}
	}
}
