package archive

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// TestNothingToRetry: it is said, and nothing is read again.
func TestNothingToRetry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 2))
	before, err := b.on.State.Generation(t.Context())
	b.must(err)
	var e told
	b.must(b.RetryRefused(t.Context(), "Ann", e.emit))
	b.must(b.RetryUnread(t.Context(), e.emit))
	if !e.says("note", "Nothing was refused.") || !e.says("note", "Everything was read.") {
		t.Errorf("%q", e.details("note"))
	}
	if err := b.RetryRefused(t.Context(), "Bob", e.emit); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("a case of nobody: %v", err)
	}
	if after, err := b.on.State.Generation(t.Context()); err != nil || after != before {
		t.Errorf("generation %d, then %d (%v)", before, after, err)
	}
}

// TestRefusedOfACase: the refusals of a case are its own; what is known as an item is not
// told once more as a record.
func TestRefusedOfACase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 3)
	b.ingest(mail)
	b = b.again(nil)
	b.append(stream.TopicEnriched, b.spoiled())
	b.append(stream.TopicRaw, stream.Record{Key: "poison", Value: []byte("no record")})
	b.ingest(mail)
	ours, err := b.Refusals(t.Context(), b.ours().ID)
	b.must(err)
	all := b.refusals()
	if len(ours) != 1 || ours[0].Stage != StageIndex || len(all) != 2 || relais.Apart(all) != 1 {
		t.Errorf("of the case %+v, of all %+v", ours, all)
	}
	other, err := b.Cases.Create(t.Context(), relais.Case{Name: "Bob"})
	b.must(err)
	if list, err := b.Refusals(t.Context(), other.ID); err != nil || len(list) != 0 {
		t.Errorf("of another case: %+v, %v", list, err)
	}
}

// counted is an extractor that counts what it is asked to read.
type counted struct {
	extract.Extractor
	asked atomic.Int64
}

func (c *counted) Extract(ctx context.Context, in extract.Input) (extract.Result, error) {
	c.asked.Add(1)
	return c.Extractor.Extract(ctx, in)
}

// TestRetryUnread: what could not be read is read again, and how much still cannot is told.
func TestRetryUnread(t *testing.T) {
	t.Parallel()
	reader := &counted{}
	b := newBench(t, with(func(on *Contracts) { reader.Extractor, on.Extractor = on.Extractor, reader }))
	mail := mailbox(t, 1)
	put(t, mail, "", "bad", letter(9, "x@acme.example", "Plan", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\nContent-Type: text/plain\r\n\r\nVoir le plan.\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-1.4 cut\r\n--b--"))
	b.ingest(mail)
	before, err := b.on.State.UnreadTotals(t.Context())
	b.must(err)
	if before.Unreadable != 1 {
		t.Fatalf("%+v", before)
	}
	asked := reader.asked.Load()
	var e told
	b.must(b.RetryUnread(t.Context(), e.emit))
	if reader.asked.Load() == asked {
		t.Error("nothing was read again")
	}
	notes := e.of("note")
	if last := notes[len(notes)-1]; last.Result != before || !strings.Contains(last.Detail, "1 document could not be read, 1 still cannot") {
		t.Errorf("%+v", notes)
	}
	b.sound()
}
