package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/searchtest"
)

// TestJudged: by relevance, documents that people judged to answer a question come up at
// least as well as by plain BM25 over Snowball's stems. Logged as well: each half of the
// questions, for what is tuned on one half must show on the other, and what the question
// finds as it is typed, when all of its words are wanted.
func TestJudged(t *testing.T) {
	corpus := os.Getenv("RELAIS_CORPUS")
	if corpus == "" {
		t.Skip("RELAIS_CORPUS names no corpus")
	}
	for _, set := range searchtest.Sets() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			j, err := searchtest.ReadJudged(filepath.Join(corpus, "relevance", set.Name))
			if err != nil {
				t.Fatal(err)
			}
			x := opened(t, file(t))
			applied(t, x, j.Docs...)
			ours := judged(t, j, searchtest.ByRelevance(t.Context(), x))
			plain := searchtest.NewPlain(j.Docs, set.Language)
			theirs := judged(t, j, func(question string) ([]relais.DocumentID, error) { return plain.Search(question), nil })
			typed := judged(t, j, func(question string) ([]relais.DocumentID, error) { return asTyped(t, x, question) })
			better, deviation := ours.Margin(theirs)
			t.Logf("nDCG@10 of %d questions: %.4f (halves %.4f %.4f); plain BM25 over Snowball's stems %.4f (%.4f %.4f); better by %+.4f, standard error %.4f; all words wanted %.4f",
				len(ours), ours.Mean(), ours.Half(0).Mean(), ours.Half(1).Mean(), theirs.Mean(), theirs.Half(0).Mean(), theirs.Half(1).Mean(), better, deviation, typed.Mean())
			if better < 0 {
				t.Error("plain BM25 is better")
			}
		})
	}
}

func judged(t *testing.T, j *searchtest.Judged, find func(string) ([]relais.DocumentID, error)) searchtest.Measured {
	t.Helper()
	m, err := j.Measure(find)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// asTyped asks for all words of a question; a question that does not parse finds nothing.
func asTyped(t *testing.T, x *Index, question string) ([]relais.DocumentID, error) {
	n, err := search.Parse(question, search.ParseOptions{})
	if err != nil {
		return nil, nil
	}
	res, err := x.Search(t.Context(), search.Request{Query: n, Scope: relais.Everything(), Order: search.Relevance, Limit: searchtest.Depth})
	return res.IDs, err
}
