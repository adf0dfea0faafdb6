package enrich_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// heavyMail is a message of n attached texts, each of size bytes.
func heavyMail(position string, n, size int) mail {
	var parts strings.Builder
	for i := range n {
		parts.WriteString(part("text/plain", fmt.Sprintf("Content-Disposition: attachment; filename=t%d.txt\r\n", i),
			strings.Repeat(fmt.Sprintf("pompe %s %d\n", position, i), size)[:size]))
	}
	return mail{"INBOX", position, message(position+"@acme.example", "bob@acme.example", owner, "Lourd", "Mon, 2 Mar 2026 09:00:00 +0000",
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\nBonjour\r\n"+parts.String()+"--b--")}
}

// weighing measures what comes into packs together.
type weighing struct {
	blob.Store
	most, puts atomic.Int64
}

func (w *weighing) Put(ctx context.Context, c relais.CaseID, list []blob.Blob) error {
	size := int64(0)
	for _, b := range list {
		size += b.Size
	}
	w.most.Store(max(w.most.Load(), size))
	if len(list) > 0 {
		w.puts.Add(1)
	}
	return w.Store.Put(ctx, c, list)
}

// TestTextsLeaveMemory: the texts of one batch, however many, are in packs before they
// come to much more than what may wait in memory, and nothing of them is lost.
func TestTextsLeaveMemory(t *testing.T) {
	const texts, size = 8, 3 << 20
	b := newBench(t)
	w := &weighing{Store: b.blobs}
	b.blobs = w
	batch := []stream.Message{b.capture(heavyMail("h1", texts/2, size)), b.capture(heavyMail("h2", texts/2, size))}
	w.most.Store(0)
	w.puts.Store(0)
	if _, err := b.stage().Handle(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if most, puts := w.most.Load(), w.puts.Load(); most > 8<<20+size || puts < texts*size/(8<<20+size) {
		t.Errorf("%d puts of up to %d bytes", puts, most)
	}
	whole := 0
	err := b.library.Each(t.Context(), relais.Everything(), func(d relais.Document) error {
		if d.Kind == relais.KindAttachment && len(d.Text) == size && d.Extraction == relais.ExtractionComplete {
			whole++
		}
		return nil
	})
	if err != nil || whole != texts {
		t.Errorf("%d whole texts: %v", whole, err)
	}
}

// workStage is a stage that does so much work, and no more, for one message.
func (b *bench) workStage(most int64) *enrich.Stage {
	b.t.Helper()
	lim := format.DefaultLimits()
	lim.MessageWork = most
	s, err := enrich.NewStage(b.t.Context(), enrich.Deps{Log: b, Blobs: b.blobs, State: b.db, Extractor: extract.NewInProcess(lim), Limits: lim,
		Logger: slog.New(slog.DiscardHandler), Clock: time.Now, Workers: 2})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// TestWorkOfAMessage: beyond the work that one message may cost its parts are kept unread,
// with the reason; the same parts whether their texts are read or recalled. The messages
// beside it are read whole.
func TestWorkOfAMessage(t *testing.T) {
	const size = 1000
	b := newBench(t)
	heavy, light := b.capture(heavyMail("h", 6, size)), b.capture(heavyMail("l", 2, size))
	if _, err := b.workStage(3*size-100).Handle(t.Context(), []stream.Message{heavy, light}); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	err := b.library.Each(t.Context(), relais.Everything(), func(d relais.Document) error {
		warned := ""
		for _, w := range d.Warnings {
			warned += w.Code + w.Detail
		}
		got[fmt.Sprintf("%s %s %s %s", d.Kind, d.Extraction, d.Unread, warned)]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"message complete  message_work_limit3": 1, "message complete  ": 1, "attachment complete  ": 5, "attachment failed limit message_work_limit": 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	before := b.served()
	if _, err := b.db.NextGeneration(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.workStage(3*size-100).Handle(t.Context(), []stream.Message{light, heavy}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, b.served()); diff != "" {
		t.Error(diff)
	}
}
