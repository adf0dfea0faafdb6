package elastic

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/sqlite"
)

// judged is documents and questions with the gain of each document for each question.
type judged struct {
	docs  []search.Entry
	asked []question
	gains map[string]map[string]float64
}

type question struct {
	ID   string `json:"_id"`
	Text string
}

// TestRelevance: both engines bring up about as much of what people judged to answer.
func TestRelevance(t *testing.T) {
	corpus := os.Getenv("RELAIS_CORPUS")
	if corpus == "" {
		t.Skip("RELAIS_CORPUS names no corpus")
	}
	p := newPlace(t, 1)
	for _, set := range []string{"cranfield", "piaf-fr", "cnil-fr"} {
		t.Run(set, func(t *testing.T) {
			j := readJudged(t, filepath.Join(corpus, "relevance", set))
			embedded, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "index-1.db"), sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = embedded.Close() }()
			mine, theirs := j.score(t, p.open(t, set)), j.score(t, embedded)
			t.Logf("nDCG@10 of %d questions: %.3f here, %.3f embedded", len(j.asked), mine, theirs)
			if mine < theirs-0.03 {
				t.Errorf("nDCG@10 is %.3f here and %.3f embedded", mine, theirs)
			}
		})
	}
}

// score gives the mean nDCG@10.
func (j *judged) score(t *testing.T, x search.Index) float64 {
	if _, err := x.Apply(t.Context(), j.docs); err != nil {
		t.Fatal(err)
	}
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, q := range j.asked {
		var words search.Or
		for _, w := range strings.Fields(q.Text) {
			words = append(words, search.Text{Words: w})
		}
		res, err := x.Search(t.Context(), search.Request{Query: words, Scope: relais.Everything(), Order: search.Relevance, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		sum += ndcg(res.IDs, j.gains[q.ID])
	}
	return sum / float64(len(j.asked))
}

func ndcg(found []relais.DocumentID, gains map[string]float64) float64 {
	got, best := 0.0, 0.0
	var ideal []float64
	for _, g := range gains {
		ideal = append(ideal, g)
	}
	slices.Sort(ideal)
	slices.Reverse(ideal)
	for i, id := range found {
		got += gains[string(id)] / math.Log2(float64(i+2))
	}
	for i, g := range ideal[:min(10, len(ideal))] {
		best += g / math.Log2(float64(i+2))
	}
	return got / max(best, 1e-9)
}

// readJudged reads a set in the layout of BEIR; of many questions every tenth.
func readJudged(t *testing.T, dir string) *judged {
	j := &judged{gains: map[string]map[string]float64{}}
	for line := range lines(t, filepath.Join(dir, "corpus.jsonl")) {
		var d struct {
			ID          string `json:"_id"`
			Title, Text string
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		e := doc(d.ID, 1)
		e.Envelope.Document.Subject, e.Text = d.Title, d.Text
		j.docs = append(j.docs, e)
	}
	for line := range lines(t, filepath.Join(dir, "qrels.tsv")) {
		if f := strings.Split(line, "\t"); len(f) == 3 {
			if g, err := strconv.ParseFloat(f[2], 64); err == nil {
				if j.gains[f[0]] == nil {
					j.gains[f[0]] = map[string]float64{}
				}
				j.gains[f[0]][f[1]] = g
			}
		}
	}
	n := 0
	for line := range lines(t, filepath.Join(dir, "queries.jsonl")) {
		var q question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		if n++; len(j.gains) < 500 || n%10 == 0 {
			j.asked = append(j.asked, q)
		}
	}
	return j
}

func lines(t *testing.T, path string) func(func(string) bool) {
	return func(yield func(string) bool) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		s := bufio.NewScanner(f)
		s.Buffer(nil, 16<<20)
		for s.Scan() && yield(s.Text()) {
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
}
