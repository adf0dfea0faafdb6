package sqlite

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
	"github.com/relais-archive/relais/search/searchtest"
)

// naiveScore is BM25 of a word in the columns of a field, from the documents themselves.
func naiveScore(docs map[relais.DocumentID]search.Entry, in search.TextField, term string) map[relais.DocumentID]float64 {
	a := analysis.New()
	often, long := make(map[relais.DocumentID]float64), make(map[relais.DocumentID]float64)
	var holding [search.ColumnCount]float64
	mean := 0.0
	for id, e := range docs {
		var has [search.ColumnCount]bool
		for _, p := range search.Parts(&e) {
			if !slices.Contains(in.Columns(), p.In) {
				continue
			}
			for _, t := range a.Terms(nil, p.Text) {
				long[id] += p.In.Weight()
				if t == term && p.In.Weight() > 0 {
					often[id] += p.In.Weight()
					has[p.In] = true
				}
			}
		}
		for c, yes := range has {
			if yes {
				holding[c]++
			}
		}
		mean += long[id] / float64(len(docs))
	}
	n := slices.Max(holding[:])
	idf := math.Log(1 + (float64(len(docs))-n+0.5)/(n+0.5))
	scores := make(map[relais.DocumentID]float64)
	for id, f := range often {
		scores[id] = idf * f * 2.2 / (f + 1.2*(0.25+0.75*long[id]/mean))
	}
	return scores
}

// TestBM25: what a word scores is BM25, in each field, also after documents have
// changed, lost their tags, gone and come back.
func TestBM25(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x, docs := opened(t, file(t)), make(map[relais.DocumentID]search.Entry)
	all := searchtest.Documents(300)
	for i := range all {
		e := &all[i]
		e.Text = e.Text[:min(len(e.Text), 300+r.IntN(300))]
		e.Envelope.Document.Cc = []relais.Address{{Name: "Ici Aussi", Address: "cc@example.com"}}
		e.Envelope.Document.Zones = []relais.Zone{{Kind: relais.ZoneQuote, Start: 100, End: 200}}
	}
	for round := range 6 {
		var batch []search.Entry
		for range 150 {
			e := all[r.IntN(len(all))]
			id := e.Envelope.Document.ID
			switch r.IntN(4) {
			case 0:
				e = search.Entry{Removed: true}
				e.Envelope.Document.ID = id
				delete(docs, id)
			case 1:
				e.Text = all[r.IntN(len(all))].Text
				docs[id] = e
			default:
				docs[id] = e
			}
			batch = append(batch, e)
		}
		applied(t, x, batch...)
		if round == 4 {
			if err := x.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		checkScores(t, x, docs, r)
	}
}

// checkScores compares the scores of some words.
func checkScores(t *testing.T, x *Index, docs map[relais.DocumentID]search.Entry, r *rand.Rand) {
	t.Helper()
	for _, in := range []search.TextField{search.InAll, search.InSubject, search.InFrom, search.InWith, search.InCc} {
		var terms []string
		for _, e := range docs {
			for _, p := range search.Parts(&e) {
				if slices.Contains(in.Columns(), p.In) {
					terms = analysis.New().Terms(terms, p.Text)
				}
			}
		}
		for range 20 {
			checkScore(t, x, docs, in, terms[r.IntN(len(terms))])
		}
	}
}

func checkScore(t *testing.T, x *Index, docs map[relais.DocumentID]search.Entry, in search.TextField, term string) {
	t.Helper()
	view, err := x.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.end()
	g := &ranking{query: &query{reading: view, analyzer: analysis.New()}, hits: view.snap.all(), scores: make([]float64, view.snap.next)}
	if err := g.word(context.Background(), search.RankedWord{In: in, Term: term, Times: 1}); err != nil {
		t.Fatal(err)
	}
	want := naiveScore(docs, in, term)
	f, err := g.frequency(t.Context(), term, columnWeights(in))
	if err != nil || (f.documents == 0) != (len(want) == 0) || f.places < len(want) || f.documents > len(want) {
		t.Fatalf("%q in %q stands in %d documents, %v, not in %d: %v", term, in, f.documents, f.places, len(want), err)
	}
	for row, score := range g.scores {
		id := view.snap.id(uint32(row))
		if math.Abs(score+want[id]) > 1e-9 {
			t.Fatalf("%q in %q: document %s scores %v, want %v", term, in, id, -score, want[id])
		}
		delete(want, id)
	}
	if len(want) > 0 {
		t.Fatalf("%q in %q: no score of %v", term, in, want)
	}
}

// TestBM25Among: a word's score is BM25 as well where FTS5 is asked for it, in the hits
// alone, be the word in all documents or in a quarter: exactly, where documents have
// nothing but terms in one column; and about as much with surfaces, quotes and subjects.
func TestBM25Among(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for name, tolerance := range map[string]float64{"terms": 1e-9, "all": 0.4} {
		t.Run(name, func(t *testing.T) {
			x, docs := opened(t, file(t)), make(map[relais.DocumentID]search.Entry)
			for i := range 400 {
				text := strings.Repeat("contrat ", 1+r.IntN(60)) + strings.Repeat("mandat ", 1+r.IntN(60))
				if i%4 == 0 {
					text += strings.Repeat("quota ", 1+r.IntN(9))
				}
				e := entry(fmt.Sprint("d", i), text, 1)
				e.Envelope.Document.From = nil
				if name == "all" {
					e.Text += strings.Repeat("autres choses négociées ", 1+r.IntN(10))
					e.Envelope.Document.Subject = "contrat"
					e.Envelope.Document.Zones = []relais.Zone{{Kind: relais.ZoneQuote, Start: len(text), End: len(e.Text)}}
				}
				docs[e.Envelope.Document.ID] = e
			}
			applied(t, x, slices.Collect(maps.Values(docs))...)
			view, err := x.begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer view.end()
			for _, term := range []string{"contrat", "quota"} {
				checkAmong(t, view, docs, term, tolerance)
			}
		})
	}
}

func checkAmong(t *testing.T, view *reading, docs map[relais.DocumentID]search.Entry, term string, tolerance float64) {
	t.Helper()
	all := naiveScore(docs, search.InAll, term)
	hits := roaring.New()
	for row := uint32(0); hits.GetCardinality() < 20; row++ {
		if all[view.snap.id(row)] > 0 {
			hits.Add(row)
		}
	}
	g := &ranking{query: &query{reading: view, analyzer: analysis.New()}, hits: hits, scores: make([]float64, view.snap.next)}
	if err := g.among(t.Context(), search.RankedWord{Term: term, Times: 1}, columnWeights(search.InAll), len(all)); err != nil {
		t.Fatal(err)
	}
	for row, score := range g.scores {
		want := 0.0
		if hits.ContainsInt(row) {
			want = all[view.snap.id(uint32(row))]
		}
		if math.Abs(score+want) > tolerance*want {
			t.Errorf("%s: row %d scores %v, want %v", term, row, -score, want)
		}
	}
}

// TestFewHits: few hits are ranked in the order of BM25, and each word counts.
func TestFewHits(t *testing.T) {
	x := opened(t, file(t))
	var all []search.Entry
	for i := range 200 {
		all = append(all, entry(fmt.Sprint("other", i), "rien de tout cela ici", 1))
	}
	all = append(all, entry("a", "contrat et mandat", 1), entry("b", "contrat contrat et mandat", 1), entry("c", "contrat mandat mandat mandat mandat", 1),
		entry("d", "mandat", 1), entry("e", "mandat", 1), entry("f", "mandat", 1))
	applied(t, x, all...)
	docs := make(map[relais.DocumentID]search.Entry)
	for _, e := range all {
		docs[e.Envelope.Document.ID] = e
	}
	for _, terms := range [][]string{{"contrat", "mandat"}, {"contrat"}, {"mandat"}} {
		want, query := make(map[relais.DocumentID]float64), search.And{}
		for _, term := range terms {
			query = append(query, word(term))
			for id, score := range naiveScore(docs, search.InAll, term) {
				want[id] += score
			}
		}
		res, err := x.Search(t.Context(), search.Request{Query: query, Scope: relais.Everything(), Order: search.Relevance})
		if err != nil || len(res.IDs) < 3 {
			t.Fatalf("%v: %v, %v", terms, res.IDs, err)
		}
		for i := range res.IDs[1:] {
			if want[res.IDs[i]] < want[res.IDs[i+1]]-1e-9 {
				t.Errorf("%v: %v, though scores are %v", terms, res.IDs, want)
			}
		}
	}
}
