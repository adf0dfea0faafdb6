package sqlite

import (
	"context"
	"iter"
	"path/filepath"
	"testing"

	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
	"github.com/relais-archive/relais/search/searchtest"
)

// engine is this package as the conformance suite sees it.
func engine() searchtest.Engine {
	return searchtest.Engine{
		Open: func(t testing.TB, dir string) search.Index {
			x, err := Open(context.Background(), filepath.Join(dir, "index-1.db"), Options{Zone: searchtest.Zone()})
			if err != nil {
				t.Fatal(err)
			}
			return x
		},
		Tokens: func(text string) iter.Seq2[string, string] {
			return func(yield func(term, surface string) bool) {
				for t := range analysis.New().All(text) {
					if !yield(t.Term, t.Surface) {
						return
					}
				}
			}
		},
		Clause: func(t search.Text) search.Clause { return t.Clause(analysis.New()) },
	}
}

func TestSuite(t *testing.T) { searchtest.Run(t, engine()) }
