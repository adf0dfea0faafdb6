package elastic

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
	"github.com/relais-archive/relais/search/searchtest"
)

// address is a real server's; without one the tests that need it are passed over.
func address(t testing.TB) string {
	t.Helper()
	url := os.Getenv("RELAIS_TEST_ELASTICSEARCH")
	if url == "" {
		t.Skip("RELAIS_TEST_ELASTICSEARCH names no server")
	}
	return url
}

// place is a namespace of one test on the server, whose indices are numbered by the
// directories they stand for.
type place struct {
	opt     Options
	mu      sync.Mutex
	numbers map[string]int
}

// newPlace makes a namespace, and removes all that was made in it.
func newPlace(t testing.TB, shards int) *place {
	t.Helper()
	p := &place{numbers: make(map[string]int)}
	p.opt = Options{URLs: []string{address(t)}, Namespace: "relaistest-" + strings.ToLower(rand.Text()[:12]), Fresh: true, Shards: shards, Zone: searchtest.Zone()}
	t.Cleanup(func() {
		x, err := connect(p.opt)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = x.Close() }()
		r, err := x.call(context.Background(), "drop template", func() esapi.Request {
			return esapi.IndicesDeleteIndexTemplateRequest{Name: p.opt.Namespace + "-index"}
		})
		if err != nil || r.status >= 300 && r.status != 404 {
			t.Errorf("drop template: %d %v", r.status, err)
		}
	})
	return p
}

// open opens the index of a directory, and drops it with the directory.
func (p *place) open(t testing.TB, dir string) *Index {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	opt := p.opt
	if opt.Number = p.numbers[dir]; opt.Number == 0 {
		p.numbers[dir] = len(p.numbers) + 1
		opt.Number = p.numbers[dir]
		t.Cleanup(func() {
			if err := Drop(context.Background(), opt); err != nil {
				t.Error(err)
			}
		})
	}
	x, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

// engine is this package as the conformance suite sees it.
func (p *place) engine() searchtest.Engine {
	return searchtest.Engine{
		Open: func(t testing.TB, dir string) search.Index { return p.open(t, dir) },
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

func TestSuite(t *testing.T) {
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) { searchtest.Run(t, newPlace(t, shards).engine()) })
	}
}
