package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/searchtest"
)

const benchDocuments = 20_000

// benchCorpus is made once.
var benchCorpus = sync.OnceValue(func() []search.Entry { return searchtest.Documents(benchDocuments) })

// benchIndex is the corpus, indexed once.
func benchIndex(b *testing.B) *Index {
	b.Helper()
	x, err := Open(context.Background(), filepath.Join(b.TempDir(), "index-1.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close() })
	if _, err := x.Apply(context.Background(), benchCorpus()); err != nil {
		b.Fatal(err)
	}
	return x
}

func BenchmarkApply(b *testing.B) {
	for _, size := range []int{256, 2_000, 5_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			entries := benchCorpus()
			for b.Loop() {
				x, err := Open(context.Background(), filepath.Join(b.TempDir(), "index-1.db"), Options{})
				if err != nil {
					b.Fatal(err)
				}
				for i := 0; i < len(entries); i += size {
					if _, err := x.Apply(context.Background(), entries[i:min(i+size, len(entries))]); err != nil {
						b.Fatal(err)
					}
				}
				if err := x.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(entries)*b.N)/b.Elapsed().Seconds(), "docs/s")
		})
	}
}

// BenchmarkRetag changes the tags of documents: no postings.
func BenchmarkRetag(b *testing.B) {
	x := benchIndex(b)
	entries, revision := append([]search.Entry(nil), benchCorpus()[:2_000]...), int64(1)
	for b.Loop() {
		revision++
		for i := range entries {
			entries[i].Envelope.Revision = revision
		}
		if _, err := x.Apply(context.Background(), entries); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(entries)*b.N)/b.Elapsed().Seconds(), "docs/s")
}

// BenchmarkApplyOne indexes one document at a time, as a live archive does.
func BenchmarkApplyOne(b *testing.B) {
	x := benchIndex(b)
	var times []time.Duration
	for i := 0; b.Loop(); i++ {
		e := benchCorpus()[i%benchDocuments]
		e.Envelope.Document.ID = relais.DocumentID(fmt.Sprint("one", i))
		start := time.Now()
		if _, err := x.Apply(context.Background(), []search.Entry{e}); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	report(b, times, 0)
}

// BenchmarkPurge removes one document and makes the file forget it.
func BenchmarkPurge(b *testing.B) {
	x := benchIndex(b)
	for i := 0; b.Loop(); i++ {
		gone := search.Entry{Removed: true}
		gone.Envelope.Document.ID = benchCorpus()[i].Envelope.Document.ID
		if _, err := x.Apply(context.Background(), []search.Entry{gone}); err != nil {
			b.Fatal(err)
		}
		if err := x.Purge(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "index-1.db")
	for i := 0; b.Loop(); i++ {
		x, err := Open(context.Background(), path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			b.StopTimer()
			if _, err := x.Apply(context.Background(), benchCorpus()); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	x := benchIndex(b)
	facets := []search.Field{search.FacetClient, search.FacetTopic, search.FacetCase, search.FacetKind, search.FacetType, search.FacetLanguage, search.FacetYear, search.FacetFrom}
	word := func(i int) string { return strings.Fields(benchCorpus()[i].Text)[7*i%200] }
	for name, req := range map[string]func(i int) search.Request{
		"term":   func(i int) search.Request { return search.Request{Query: search.Text{Words: word(i)}} },
		"common": func(int) search.Request { return search.Request{Query: search.Text{Words: "baba"}} },
		"and3": func(i int) search.Request {
			return search.Request{Query: search.Text{Words: word(i) + " " + word(i+1) + " " + word(i+2)}}
		},
		"phrase": func(i int) search.Request {
			return search.Request{Query: search.Text{Words: strings.Join(strings.Fields(benchCorpus()[i].Text)[10:12], " "), Phrase: true}}
		},
		"prefix": func(i int) search.Request {
			return search.Request{Query: search.Text{Words: word(i)[:4], Prefix: true}}
		},
		"faceted": func(i int) search.Request {
			return search.Request{Facets: facets, Histogram: true, Query: search.And{search.Text{Words: word(i)},
				search.Value{Field: search.ByClient, Value: fmt.Sprint("K", i%60)}, search.Days{From: time.Unix(1_620_000_000, 0)}}}
		},
		"everything faceted": func(int) search.Request { return search.Request{Facets: facets, Histogram: true} },
		"relevance": func(i int) search.Request {
			return search.Request{Order: search.Relevance, Query: search.Text{Words: word(i) + " " + word(i+1)}}
		},
		"relevance common": func(int) search.Request {
			return search.Request{Order: search.Relevance, Query: search.Text{Words: "bacon"}} // in all, some twelve times
		},
		"relevance common and rare": func(i int) search.Request {
			return search.Request{Order: search.Relevance, Query: search.Text{Words: "bacon " + word(i)}}
		},
		"relevance question": func(i int) search.Request {
			var any search.Or
			for n := range 8 {
				any = append(any, search.Text{Words: word(i + n)})
			}
			return search.Request{Order: search.Relevance, Query: any}
		},
		"relevance prefix": func(i int) search.Request {
			return search.Request{Order: search.Relevance, Query: search.Text{Words: word(i)[:4], Prefix: true}}
		},
		"from": func(i int) search.Request {
			return search.Request{Query: search.Text{In: search.InFrom, Words: benchCorpus()[i].Envelope.Document.From.Address}}
		},
	} {
		b.Run(name, func(b *testing.B) {
			var times []time.Duration
			hits := 0
			for i := 0; b.Loop(); i = (i + 1) % 1000 {
				r := req(i)
				r.Scope = relais.Everything()
				start := time.Now()
				res, err := x.Search(context.Background(), r)
				if err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(start))
				hits += res.Total
			}
			report(b, times, hits)
		})
	}
}

// report gives the median and the 95th percentile, in milliseconds.
func report(b *testing.B, times []time.Duration, hits int) {
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(times[len(times)*95/100].Seconds()*1e3, "p95-ms")
	b.ReportMetric(float64(hits)/float64(len(times)), "hits")
}

// BenchmarkList lists all there is as exports do, in one look, beside page after page, which
// looks at all of it for each page.
func BenchmarkList(b *testing.B) {
	x := benchIndex(b)
	b.Run("once", func(b *testing.B) {
		for b.Loop() {
			n := 0
			err := x.List(context.Background(), relais.Everything(), nil, func(ids []relais.DocumentID) error { n += len(ids); return nil })
			if err != nil || n != benchDocuments {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("pages", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for req := (search.Request{Scope: relais.Everything(), Limit: 1000}); ; {
				res, err := x.Search(context.Background(), req)
				if err != nil {
					b.Fatal(err)
				}
				if n, req.Cursor = n+len(res.IDs), res.Next; req.Cursor == "" {
					break
				}
			}
			if n != benchDocuments {
				b.Fatal(n)
			}
		}
	})
}
