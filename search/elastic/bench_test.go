//go:build unix

package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"golang.org/x/sync/errgroup"

	"github.com/relais-archive/relais/enrich/library"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
	"github.com/relais-archive/relais/search/searchtest"
)

var senders = flag.Int("senders", 0, "bulk calls at once in BenchmarkLoad; the default when 0")

const (
	benchDocuments = 10_000
	benchBatch     = 5_000 // as the stage reads
)

// BenchmarkLoad sends the same documents to the server in three ways, in turn: ready
// ones by a plain loader with nothing around it (calls of 500, two at once), by Apply,
// which makes their terms first, and by the whole stage, which opens sealed envelopes
// and texts as well. All end when the documents can be found. What is told are the best times of each, for others may use the
// machine as well, and the processor time of this process and of the
// server.
func BenchmarkLoad(b *testing.B) {
	entries := measured(b)
	ready, archive := plainLoads(b, entries), newArchive(b, entries)
	best, cpu, serving := make(map[string]time.Duration), make(map[string]time.Duration), make(map[string]time.Duration)
	ways := map[string]func(x *Index) error{
		"plain": func(x *Index) error { return plain(b.Context(), address(b)+"/"+x.name+"/_bulk", ready) },
		"apply": func(x *Index) error { return applied(b.Context(), x, entries) },
		"stage": func(x *Index) error { return archive.feed(b.Context(), x) },
	}
	for b.Loop() {
		for name, load := range ways { // in any order
			p := newPlace(b, 1)
			p.opt.Senders = *senders
			x := p.open(b, name)
			start, used, served := time.Now(), processorTime(b), serverTime(b, x)
			if err := load(x); err != nil {
				b.Fatal(err)
			}
			if err := x.Refresh(b.Context()); err != nil {
				b.Fatal(err)
			}
			took := time.Since(start)
			res, err := x.Search(b.Context(), search.Request{Scope: relais.Everything(), Limit: 1})
			if err != nil || res.Total != benchDocuments {
				b.Fatalf("%s: %d documents, %v", name, res.Total, err)
			}
			if t, ok := best[name]; !ok || took < t {
				best[name], cpu[name], serving[name] = took, processorTime(b)-used, serverTime(b, x)-served
			}
			if err := Drop(b.Context(), Options{URLs: p.opt.URLs, Namespace: p.opt.Namespace, Number: 1}); err != nil {
				b.Fatal(err)
			}
		}
	}
	for name, took := range best {
		b.ReportMetric(benchDocuments/took.Seconds(), name+"-docs/s")
		b.ReportMetric(cpu[name].Seconds()*1e6/benchDocuments, name+"-cpu-us/doc")
		b.ReportMetric(serving[name].Seconds()*1e6/benchDocuments, name+"-server-us/doc")
		if name != "plain" {
			b.ReportMetric(took.Seconds()/best["plain"].Seconds(), name+"-ratio")
		}
	}
}

// measured gives real mail, over and over under other ids until there is enough, where
// RELAIS_CORPUS names some; else what is made up.
func measured(b *testing.B) []search.Entry {
	if os.Getenv("RELAIS_CORPUS") == "" {
		return searchtest.Documents(benchDocuments)
	}
	mail := realMail(b, program(b))
	entries, size := make([]search.Entry, benchDocuments), 0
	for i := range entries {
		entries[i] = mail[i%len(mail)]
		entries[i].Envelope.Document.ID += relais.DocumentID(fmt.Sprint(".", i/len(mail)))
		size += len(entries[i].Text)
	}
	b.Logf("%d documents of the corpus, %d bytes of text each", len(mail), size/len(entries))
	return entries
}

// serverTime is what the server's processes have used of the processors.
func serverTime(b *testing.B, x *Index) time.Duration {
	r, err := x.call(b.Context(), "measure", func() esapi.Request { return esapi.NodesStatsRequest{Metric: []string{"process"}} })
	if err != nil {
		b.Fatal(err)
	}
	var stats struct {
		Nodes map[string]struct {
			Process struct {
				CPU struct {
					Total int64 `json:"total_in_millis"`
				}
			}
		}
	}
	if err := r.decode("measure", &stats); err != nil {
		b.Fatal(err)
	}
	var sum time.Duration
	for _, node := range stats.Nodes {
		sum += time.Duration(node.Process.CPU.Total) * time.Millisecond
	}
	return sum
}

// processorTime is what this process has used of the processors.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// plainLoads makes the bodies of calls of 500 documents.
func plainLoads(b *testing.B, entries []search.Entry) [][]byte {
	var loads [][]byte
	e := newEncoder(analysis.New(), time.UTC)
	for chunk := range slices.Chunk(entries, 500) {
		var body bytes.Buffer
		for i := range chunk {
			e.Reset()
			if err := e.write(&chunk[i]); err != nil {
				b.Fatal(err)
			}
			fmt.Fprintf(&body, `{"index":{"_id":"%s"}}`+"\n", chunk[i].Envelope.Document.ID)
			body.Write(e.Bytes())
		}
		loads = append(loads, body.Bytes())
	}
	return loads
}

// plain sends ready calls over two connections.
func plain(ctx context.Context, url string, loads [][]byte) error {
	next := make(chan []byte)
	g, ctx := errgroup.WithContext(ctx)
	for range 2 {
		g.Go(func() error {
			for body := range next {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
				if err != nil {
					return err
				}
				req.Header.Set("Content-Type", "application/x-ndjson")
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					return err
				}
				_, err = io.Copy(io.Discard, res.Body)
				if err := res.Body.Close(); err != nil {
					return err
				}
				if err != nil || res.StatusCode != http.StatusOK {
					return fmt.Errorf("%d %v", res.StatusCode, err)
				}
			}
			return nil
		})
	}
	for _, body := range loads {
		next <- body
	}
	close(next)
	return g.Wait()
}

func applied(ctx context.Context, x *Index, entries []search.Entry) error {
	for chunk := range slices.Chunk(entries, benchBatch) {
		refused, err := x.Apply(ctx, chunk)
		if err != nil {
			return err
		}
		if len(refused) > 0 {
			return fmt.Errorf("refused %v", refused)
		}
	}
	return nil
}

// archive is sealed records of documents whose texts are in packs.
type archive struct {
	library *library.Library
	records []stream.Message
}

// newArchive seals documents as the enrich stage does.
func newArchive(b *testing.B, entries []search.Entry) *archive {
	store := blobtest.NewStore()
	a := &archive{library: library.New(nil, store)}
	const c = relais.CaseID("c1")
	for chunk := range slices.Chunk(entries, 500) {
		var texts []blob.Blob
		var plain []blob.Sealed
		for i := range chunk {
			env := chunk[i].Envelope
			env.CaseID, env.TextBlob = c, relais.DigestOf([]byte(chunk[i].Text))
			texts = append(texts, blobtest.Of([]byte(chunk[i].Text)))
			body, err := json.Marshal(env)
			if err != nil {
				b.Fatal(err)
			}
			plain = append(plain, blob.Sealed{Digest: env.TextBlob, Bytes: body})
		}
		if err := store.Put(b.Context(), c, texts); err != nil {
			b.Fatal(err)
		}
		sealed, err := store.Seal(b.Context(), c, relais.SealedEnvelope, plain)
		if err != nil {
			b.Fatal(err)
		}
		for i, s := range sealed {
			id := chunk[i].Envelope.Document.ID
			value, err := relais.SealedRecord{Format: relais.RawFormat, Case: c, Blob: plain[i].Digest, Document: id, Revision: 1, Sealed: s}.Encode()
			if err != nil {
				b.Fatal(err)
			}
			a.records = append(a.records, stream.Message{Topic: stream.TopicEnriched, Record: stream.Record{Key: string(id), Value: value}})
		}
	}
	return a
}

// Open opens envelopes as the program does.
func (a *archive) Open(ctx context.Context, batch []stream.Message) ([]search.Opened, error) {
	envelopes, faults, err := a.library.Records(ctx, batch)
	if err != nil {
		return nil, err
	}
	opened := make([]search.Opened, len(batch))
	for i := range opened {
		opened[i] = search.Opened{Envelope: envelopes[i], Err: faults[i]}
	}
	return opened, nil
}

func (a *archive) feed(ctx context.Context, x *Index) error {
	s := search.NewStage(x, a.library, a)
	for chunk := range slices.Chunk(a.records, benchBatch) {
		refused, err := s.Handle(ctx, chunk)
		if err != nil {
			return err
		}
		if len(refused) > 0 {
			return fmt.Errorf("%d refused", len(refused))
		}
	}
	return nil
}

// BenchmarkEncode makes documents ready without sending them.
func BenchmarkEncode(b *testing.B) {
	entries := searchtest.Documents(2_000)
	e := newEncoder(analysis.New(), time.UTC)
	n := 0
	for b.Loop() {
		e.Reset()
		for i := range entries {
			if err := e.write(&entries[i]); err != nil {
				b.Fatal(err)
			}
		}
		n += len(entries)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "docs/s")
	b.ReportMetric(float64(e.Len())/float64(len(entries)), "bytes/doc")
}

// BenchmarkOpen opens sealed envelopes and texts, and indexes nothing.
func BenchmarkOpen(b *testing.B) {
	a := newArchive(b, searchtest.Documents(2_000))
	s := search.NewStage(nowhere{}, a.library, a)
	n := 0
	for b.Loop() {
		if _, err := s.Handle(b.Context(), a.records); err != nil {
			b.Fatal(err)
		}
		n += len(a.records)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "docs/s")
}

// nowhere is a writer that keeps nothing.
type nowhere struct{ search.Writer }

func (nowhere) Apply(context.Context, []search.Entry) ([]search.Refusal, error) { return nil, nil }
