package archive

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// reindex makes the index again, and gives what was done.
func (b *bench) reindex(fromRaw bool) (*told, map[string]int64) {
	b.t.Helper()
	var e told
	b.must(b.Reindex(b.t.Context(), fromRaw, e.emit))
	list := e.of("reindexed")
	if len(list) != 1 {
		b.t.Fatalf("told: %+v", e.list)
	}
	return &e, list[0].Result.(map[string]int64)
}

// TestReindex: from either stream, in either way of running stages, the archive is what
// it was, in an index of the next number; the old one is dropped.
func TestReindex(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(*place){"alone": func(*place) {}, "shared": sharing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, how)
			if b.at.policy.Shared {
				b.beside(shared()).work(Stages()...)
			}
			b.ingest(mailbox(t, 5))
			want := b.export()
			_, done := b.reindex(false)
			if done["documents"] != 6 || done["items"] != 0 || b.found("pompe") != 5 || b.on.Index.Group() != "index-2" {
				t.Errorf("from enriched: %v, %d found in %s", done, b.found("pompe"), b.on.Index.Group())
			}
			_, done = b.reindex(true)
			if done["documents"] != 6 || done["items"] != 6 || b.found("pompe") != 5 || b.on.Index.Group() != "index-3" {
				t.Errorf("from raw: %v, %d found in %s", done, b.found("pompe"), b.on.Index.Group())
			}
			if got := b.export(); got != want {
				t.Error("the archive is another one")
			}
			if _, err := os.Stat(b.at.shelf.path(1)); err == nil || len(b.at.shelf.dropped) != 2 {
				t.Errorf("dropped: %v", b.at.shelf.dropped)
			}
			b.sound()
		})
	}
}

// TestReindexOfADamagedIndex: the archive opens, searches and waits tell the damage, and
// the index is made again from what the archive holds.
func TestReindexOfADamagedIndex(t *testing.T) {
	t.Parallel()
	for name, fromRaw := range map[string]bool{"enriched": false, "raw": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.ingest(mailbox(t, 3))
			want := b.export()
			b = b.again(func(string) {
				b.must(os.Remove(b.at.shelf.path(1)))
			})
			_, err := b.Searcher().Search(t.Context(), search.Request{Scope: relais.Everything()})
			if relais.KindOf(err) != relais.KindDamaged || !strings.Contains(relais.HintOf(err), "relais reindex") {
				t.Errorf("a search: %v", err)
			}
			if err := b.Wait(t.Context(), new(told).emit); relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("a wait: %v", err)
			}
			b.Start(t.Context()) // its feed fails from now on
			if e, damaged := b.verify(); !damaged || !e.says("fault", "index_damaged") {
				t.Errorf("verify: %v", e.details("fault"))
			}
			b.reindex(fromRaw)
			if b.found("pompe") != 3 || b.export() != want {
				t.Error("the archive is another one")
			}
			b.sound()
		})
	}
}

// TestOneUpkeepAtATime: while an index is made again, a second rebuild and a verification
// are kept out, and a search is answered.
func TestOneUpkeepAtATime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 3))
	var second, verified error
	searched := 0
	b.must(b.Reindex(t.Context(), false, func(e relais.Event) {
		if e.Type == "progress" && e.Stage == "reindex" && second == nil {
			second = b.Reindex(t.Context(), false, new(told).emit)
			verified = b.Verify(t.Context(), false, false, new(told).emit)
			searched = b.found("pompe")
		}
	}))
	for what, err := range map[string]error{"a second rebuild": second, "a verification": verified} {
		if relais.KindOf(err) != relais.KindLocked || relais.HintOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if searched != 3 || b.found("pompe") != 3 {
		t.Errorf("%d found meanwhile, %d then", searched, b.found("pompe"))
	}
	b.reindex(false)
}

// TestInterruptedReindex: one that was told to end leaves the old index in use; what it
// has left is dropped by the next.
func TestInterruptedReindex(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 3))
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Reindex(ctx, false, func(e relais.Event) {
		if e.Stage == "reindex" {
			cancel()
		}
	})
	if relais.KindOf(err) != relais.KindCanceled {
		t.Fatal(err)
	}
	if b.on.Index.Group() != "index-1" || b.found("pompe") != 3 {
		t.Errorf("%s is in use, %d found", b.on.Index.Group(), b.found("pompe"))
	}
	if _, err := os.Stat(b.at.shelf.path(2)); err != nil {
		t.Fatal("nothing is left of it:", err)
	}
	b = b.again(nil)
	b.reindex(false)
	if len(b.at.shelf.dropped) != 2 || b.at.shelf.dropped[0] != 2 || b.on.Index.Group() != "index-2" {
		t.Errorf("dropped %v, %s in use", b.at.shelf.dropped, b.on.Index.Group())
	}
	b.sound()
}

// TestReindexAfterMailCameIn: what comes in while the index is filled is in it.
func TestReindexAfterMailCameIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 3)
	b.ingest(mail)
	put(t, mail, "", "new", letter(20, "x@acme.example", "Nouvelle", "", "Une pompe de plus."))
	came := false
	b.must(b.Reindex(t.Context(), false, func(e relais.Event) {
		if e.Stage == "reindex" && !came {
			came = true
			b.ingest(mail)
		}
	}))
	if n := b.found("pompe"); !came || n != 4 {
		t.Errorf("%d found", n)
	}
	b.sound()
}

// TestReindexWhoseOldIndexStays: that the old one cannot be dropped does no harm.
func TestReindexWhoseOldIndexStays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 2))
	b.must(b.Reindex(t.Context(), false, func(e relais.Event) {
		if e.Stage == "reindex" { // its leftover was dropped before
			b.at.shelf.fail(errors.New("the disk is gone"))
		}
	}))
	if b.on.Index.Group() != "index-2" || b.found("pompe") != 2 || !strings.Contains(b.log.said(), "the disk is gone") {
		t.Errorf("%s in use; logged: %s", b.on.Index.Group(), b.log.said())
	}
	if err := b.Reindex(t.Context(), false, new(told).emit); err == nil || b.on.Index.Group() != "index-2" {
		t.Errorf("a leftover that stays: %v, %s in use", err, b.on.Index.Group())
	}
}

// fail makes an index stay that is to be dropped.
func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// cutLog is a log that fails in one call.
type cutLog struct {
	stream.Log
	compact, end, reset, committed error
}

func (l *cutLog) Compact(ctx context.Context, topic string) error {
	return errors.Join(l.compact, l.Log.Compact(ctx, topic))
}

func (l *cutLog) Reset(ctx context.Context, group, topic string, to stream.Position) error {
	if l.reset != nil {
		return l.reset
	}
	return l.Log.Reset(ctx, group, topic, to)
}

func (l *cutLog) End(ctx context.Context, topic string) (stream.Position, error) {
	if l.end != nil {
		return nil, l.end
	}
	return l.Log.End(ctx, topic)
}

func (l *cutLog) Committed(ctx context.Context, group, topic string) (stream.Position, error) {
	if l.committed != nil {
		return nil, l.committed
	}
	return l.Log.Committed(ctx, group, topic)
}

// TestReindexOnALogThatFails: the old index stays in use.
func TestReindexOnALogThatFails(t *testing.T) {
	t.Parallel()
	cut := &cutLog{}
	b := newBench(t, with(func(on *Contracts) {
		cut.Log = on.Log
		on.Log = cut
	}))
	b.ingest(mailbox(t, 2))
	lost := pipeline.LogError("ask", stream.ErrLost)
	for _, fault := range []*error{&cut.compact, &cut.reset} {
		*fault = lost
		if err := b.Reindex(t.Context(), false, new(told).emit); relais.KindOf(err) != relais.KindDamaged || b.on.Index.Group() != "index-1" {
			t.Errorf("%v, %s in use", err, b.on.Index.Group())
		}
		*fault = nil
	}
	b.reindex(false)
}

// TestReindexMends: what does not hang together is brought together again, by reading
// everything anew where no less does.
func TestReindexMends(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(b *bench, d state.Envelope, at relais.Occurrence) error
		anew  bool // everything has to be read
		lost  bool // the document is gone for good
	}{
		"read as nothing": {func(b *bench, _ state.Envelope, at relais.Occurrence) error {
			return b.reading(state.Reading{Item: relais.Item{Occurrence: at}, Document: "dnone"})
		}, true, false},
		"its envelope lost": {func(b *bench, d state.Envelope, _ relais.Occurrence) error {
			return b.withdraw(d)
		}, false, false},
		"unknown but to the stream": {func(b *bench, d state.Envelope, at relais.Occurrence) error {
			refused := state.Reading{Item: relais.Item{Occurrence: at}, Refusal: &relais.Refusal{ID: at.Key(), Case: b.ours().ID, Stage: "enrich", Code: "damaged"}}
			return errors.Join(b.reading(refused), b.merge(func(m *state.Merging) error {
				return m.PutDocuments(b.t.Context(), []state.Document{{ID: d.Root, Revision: d.Revision}})
			}), b.withdraw(d))
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.ingest(mailbox(t, 4))
			want := b.export()
			b = b.again(nil)
			d, at := b.one()
			b.must(tc.spoil(b, d, at))
			e, _ := b.reindex(false)
			if e.says("note", "everything is read again") != tc.anew {
				t.Errorf("told: %q", e.details("note"))
			}
			got := b.export()
			if (got != want) != tc.lost || strings.Contains(got, string(d.ID)) == tc.lost {
				t.Error("the archive is another one")
			}
			b.sound()
		})
	}
}

// one gives the envelope of a message without attachments or copies, and where it lies.
func (b *bench) one() (d state.Envelope, at relais.Occurrence) {
	b.t.Helper()
	for _, doc := range b.documents() {
		if doc.Subject == "Offre 2" {
			found, err := b.on.State.Envelopes(b.t.Context(), []relais.DocumentID{doc.ID})
			b.must(err)
			seen, err := b.on.State.Occurrences(b.t.Context(), b.ours().ID, []relais.DocumentID{doc.ID}, 10)
			b.must(err)
			return found[doc.ID], seen[doc.ID][0]
		}
	}
	b.t.Fatal("no such message")
	return d, at
}

// reading makes state remember another reading of an item than there was.
func (b *bench) reading(r state.Reading) error {
	return b.merge(func(m *state.Merging) error { return m.PutReadings(b.t.Context(), []state.Reading{r}) })
}

// merge changes what state remembers of our case, at whatever generation.
func (b *bench) merge(fn func(*state.Merging) error) error {
	return b.on.State.Merge(b.t.Context(), b.ours().ID, 1<<40, fn)
}

// withdraw makes state forget an envelope.
func (b *bench) withdraw(d state.Envelope) error {
	return b.on.State.Appended(b.t.Context(), b.ours().ID, []state.Appended{
		{Root: d.Root, Revision: d.Revision, Withdrawn: []relais.DocumentID{d.ID}},
	})
}
