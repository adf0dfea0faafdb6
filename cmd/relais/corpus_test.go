package main

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// corpus is a folder of real mail, named by RELAIS_CORPUS; without it these tests
// are passed over.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("RELAIS_CORPUS")
	if dir == "" {
		t.Skip("RELAIS_CORPUS names no corpus")
	}
	return filepath.Join(dir, "mail")
}

// TestCorpusKilled ingests real mail at once, and again with kills (five, or RELAIS_TEST_KILLS): the exports
// are the same bytes, the accounts balance, every byte verifies.
func TestCorpusKilled(t *testing.T) {
	mail := corpus(t)
	plain := newProgram(t)
	plain.importClients()
	plain.must(ingestArgs(mail)...)
	want := plain.export()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	killed := newProgram(t)
	times := kills(t, 5)
	n := killed.killTimes(r, times, 100, 3000/times, ingestArgs(mail)...) // soon enough that most of them hit
	killed.importClients()
	killed.must(ingestArgs(mail)...)
	t.Logf("seed %d, %d kills, %s", seed, n, fingerprint(want))
	if got := killed.export(); got != want {
		t.Errorf("exports differ: %s", firstDifference(want, got))
	}
	for _, p := range []*program{plain, killed} {
		p.must("balance")
		p.must("verify", "--read-data")
	}
}

// TestCorpusShuffled takes the items of an archive of real mail and gives them to
// another one, shuffled, each twice, in small batches, while that one is closed and
// opened again five times.
func TestCorpusShuffled(t *testing.T) {
	mail := corpus(t)
	plain := newProgram(t)
	plain.importClients()
	plain.must(ingestArgs(mail)...)
	want := plain.export()
	from := plain.hold()
	items := captured(t, from)
	items = slices.Concat(items, items)
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })

	shuffled := newProgram(t)
	shuffled.importClients()
	to := shuffled.hold()
	k, err := to.Cases.Open(t.Context(), "Ann", relais.Owner{Address: ann}, true)
	if err != nil {
		t.Fatal(err)
	}
	to.Start(t.Context())
	stops := map[int]bool{}
	for range 5 {
		stops[r.IntN(len(items))] = true
	}
	for i := 0; i < len(items); {
		n := min(1+r.IntN(40), len(items)-i)
		give(t, from, to, k.Case.ID, items[i:i+n])
		for j := i; j < i+n; j++ {
			if stops[j] {
				if err := to.Close(); err != nil {
					t.Fatal(err)
				}
				to = shuffled.hold()
				to.Start(t.Context())
			}
		}
		i += n
	}
	if err := to.Wait(t.Context(), func(relais.Event) {}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*wire.Handle{from, to} {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := shuffled.export(); got != want {
		t.Errorf("exports differ: %s", firstDifference(want, got))
	}
	shuffled.must("balance")
	shuffled.must("verify", "--read-data")
}

// hold opens the program's archive in this process.
func (p *program) hold() *wire.Handle {
	p.t.Helper()
	a := &app{sys: system{in: strings.NewReader(""), out: io.Discard, err: io.Discard, env: os.Getenv}}
	a.cfg = config{Settings: wire.Settings{
		Data: filepath.Join(p.dir, "archive"), KeyFile: filepath.Join(p.dir, "master.key"), Namespace: p.namespace(),
		Stream: p.setting("RELAIS_STREAM"), Index: p.setting("RELAIS_INDEX"), Blobs: p.setting("RELAIS_BLOBS"), State: p.setting("RELAIS_STATE"),
	}, logLevel: "error"}
	held, err := a.program().Open(p.t.Context(), true)
	if err != nil {
		p.t.Fatal(err)
	}
	return held
}

// captured gives every item of an archive's stream "raw".
func captured(t *testing.T, a *wire.Handle) []relais.Item {
	t.Helper()
	var items []relais.Item
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err := a.Contracts.Log.Run(ctx, "test", stream.TopicRaw, stream.RunOptions{Idle: func(context.Context) error { stop(); return nil }},
		func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
			for _, m := range batch {
				record, err := relais.DecodeRecord(m.Value)
				if err != nil {
					return nil, err
				}
				plain, err := a.Contracts.Blobs.Unseal(ctx, record.Case, relais.SealedRaw, []blob.Sealed{{Digest: record.Blob, Bytes: record.Sealed}})
				if err != nil {
					return nil, err
				}
				var it relais.Item
				if err := json.Unmarshal(plain[0], &it); err != nil {
					return nil, err
				}
				items = append(items, it)
			}
			return nil, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// give captures items of one archive into another.
func give(t *testing.T, from, to *wire.Handle, c relais.CaseID, items []relais.Item) {
	t.Helper()
	ctx := t.Context()
	var blobs []blob.Blob
	var plain []blob.Sealed
	for _, it := range items {
		d := it.Occurrence.SHA256
		r, err := from.Contracts.Blobs.Open(ctx, it.Case, d)
		if err != nil {
			t.Fatal(err)
		}
		blobs = append(blobs, blob.Blob{Digest: d, Size: r.Size(), Open: func() (io.ReadCloser, error) { return from.Contracts.Blobs.Open(ctx, it.Case, d) }})
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		plain = append(plain, blob.Sealed{Digest: d, Bytes: b})
	}
	if err := to.Contracts.Blobs.Put(ctx, c, blobs); err != nil {
		t.Fatal(err)
	}
	sealed, err := to.Contracts.Blobs.Seal(ctx, c, relais.SealedRaw, plain)
	if err != nil {
		t.Fatal(err)
	}
	var records []stream.Record
	for i, s := range sealed {
		value, err := relais.SealedRecord{Format: relais.RawFormat, Case: c, Blob: plain[i].Digest, Sealed: s}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, stream.Record{Key: "k", Value: value})
	}
	if err := to.Contracts.Log.Append(ctx, stream.TopicRaw, records); err != nil {
		t.Fatal(err)
	}
}
