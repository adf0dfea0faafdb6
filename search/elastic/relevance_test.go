package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/searchtest"
	"github.com/relais-archive/relais/search/sqlite"
)

// TestRelevance: both engines bring up at least as much of what people judged to answer
// as Lucene's own BM25 over Snowball's stems does on the same server.
func TestRelevance(t *testing.T) {
	corpus := os.Getenv("RELAIS_CORPUS")
	if corpus == "" {
		t.Skip("RELAIS_CORPUS names no corpus")
	}
	p := newPlace(t, 1)
	for _, set := range searchtest.Sets() {
		t.Run(set.Name, func(t *testing.T) {
			j, err := searchtest.ReadJudged(filepath.Join(corpus, "relevance", set.Name))
			if err != nil {
				t.Fatal(err)
			}
			x := p.open(t, set.Name)
			embedded, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "index-1.db"), sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = embedded.Close() }()
			for _, engine := range []search.Index{x, embedded} {
				if _, err := engine.Apply(t.Context(), j.Docs); err != nil {
					t.Fatal(err)
				}
				if err := engine.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			here := judged(t, j, searchtest.ByRelevance(t.Context(), x))
			there := judged(t, j, searchtest.ByRelevance(t.Context(), embedded))
			lucene := judged(t, j, newLucene(t, x, j, set.Language).find)
			t.Logf("nDCG@10 of %d questions: %.4f here, %.4f embedded, %.4f by Lucene and Snowball", len(here), here.Mean(), there.Mean(), lucene.Mean())
			for name, m := range map[string]searchtest.Measured{"here": here, "embedded": there} {
				better, deviation := m.Margin(lucene)
				t.Logf("%s: better by %+.4f (standard error %.4f)", name, better, deviation)
				if better < 0 {
					t.Errorf("%s is worse than Lucene", name)
				}
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

// lucene is an index of the server that ranks as the server does by itself. Snowball's
// stems are made here, for a server may have no stemmer; nothing else of it is ours.
type lucene struct {
	ctx   context.Context
	x     *Index // for its connection alone
	name  string
	plain *searchtest.Plain
}

// newLucene indexes documents, subject and text as one.
func newLucene(t *testing.T, x *Index, j *searchtest.Judged, language string) *lucene {
	l := &lucene{t.Context(), x, x.namespace + "-lucene-" + language + strconv.Itoa(len(j.Docs)), searchtest.NewPlain(j.Docs, language)}
	body := object{
		"settings": object{"number_of_shards": 1},
		"mappings": object{"properties": object{"text": object{"type": "text", "analyzer": "whitespace"}}},
	}
	l.call(t, func() esapi.Request { return esapi.IndicesCreateRequest{Index: l.name, Body: reader(t, body)} })
	t.Cleanup(func() {
		l.ctx = context.Background()
		l.call(t, func() esapi.Request { return esapi.IndicesDeleteRequest{Index: []string{l.name}} })
	})
	var bulk bytes.Buffer
	lines := json.NewEncoder(&bulk)
	for i := range j.Docs {
		d := &j.Docs[i].Envelope.Document
		if err := lines.Encode(object{"index": object{"_id": d.ID}}); err != nil {
			t.Fatal(err)
		}
		if err := lines.Encode(object{"text": l.stems(d.Subject + "\n" + j.Docs[i].Text)}); err != nil {
			t.Fatal(err)
		}
	}
	l.call(t, func() esapi.Request {
		return esapi.BulkRequest{Index: l.name, Body: bytes.NewReader(bulk.Bytes()), Refresh: "true"}
	})
	return l
}

func (l *lucene) stems(text string) string { return strings.Join(l.plain.Stems(text), " ") }

func reader(t *testing.T, body object) *bytes.Reader {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}

func (l *lucene) call(t *testing.T, request func() esapi.Request) {
	t.Helper()
	r, err := l.x.call(l.ctx, "ask Lucene", request)
	if err == nil {
		err = r.fault("ask Lucene")
	}
	if err != nil || bytes.Contains(r.body, []byte(`"errors":true`)) {
		t.Fatalf("%v: %.500s", err, r.body)
	}
}

// find gives the ten best documents, those of one score as the server has them.
func (l *lucene) find(question string) ([]relais.DocumentID, error) {
	body, err := json.Marshal(object{"query": object{"match": object{"text": l.stems(question)}}, "size": searchtest.Depth, "_source": false})
	if err != nil {
		return nil, err
	}
	r, err := l.x.call(l.ctx, "ask Lucene", func() esapi.Request {
		return esapi.SearchRequest{Index: []string{l.name}, Body: bytes.NewReader(body)}
	})
	if err != nil {
		return nil, err
	}
	var found struct {
		Hits struct {
			Hits []struct {
				ID relais.DocumentID `json:"_id"`
			}
		}
	}
	err = r.decode("ask Lucene", &found)
	var ids []relais.DocumentID
	for _, h := range found.Hits.Hits {
		ids = append(ids, h.ID)
	}
	return ids, err
}
