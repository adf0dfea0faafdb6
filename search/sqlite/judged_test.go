package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/searchtest"
)

func TestJudged(t *testing.T) {
	corpus := os.Getenv("RELAIS_CORPUS")
	if corpus == "" {
		t.Skip("RELAIS_CORPUS names no corpus")
	}
	for set, language := range map[string]string{"cranfield": "en", "piaf-fr": "fr", "cnil-fr": "fr"} {
		t.Run(set, func(t *testing.T) {
			j, err := searchtest.ReadJudged(filepath.Join(corpus, "relevance", set))
			if err != nil {
				t.Fatal(err)
			}
			x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index-1.db"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			if _, err := x.Apply(t.Context(), j.Docs); err != nil {
				t.Fatal(err)
			}
			plain := searchtest.NewPlain(j.Docs, language)
			var ours, theirs, typed float64
			bad := 0
			for _, q := range j.Questions {
				theirs += q.NDCG(plain.Search(q.Text))
				res, err := x.Search(t.Context(), search.Request{Query: searchtest.AnyWord(q.Text), Scope: relais.Everything(), Order: search.Relevance, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				ours += q.NDCG(res.IDs)
				n, err := search.Parse(q.Text, search.ParseOptions{})
				if err != nil {
					bad++
					continue
				}
				res, err = x.Search(t.Context(), search.Request{Query: n, Scope: relais.Everything(), Order: search.Relevance, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				typed += q.NDCG(res.IDs)
			}
			n := float64(len(j.Questions))
			t.Logf("ours %.4f plain %.4f typed %.4f bad %d of %.0f", ours/n, theirs/n, typed/n, bad, n)
		})
	}
}
