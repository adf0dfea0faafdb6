package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// TestVerify: of an archive that nothing befell a verification counts everything, and
// finds nothing.
func TestVerify(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 4))
	e, damaged := b.verify()
	v := e.of("verified")[0].Result.(verification)
	if damaged || v.Documents != 5 || v.Records != 5+5 || v.Faults+v.Harmless+v.Refused != 0 || v.Blobs == 0 {
		t.Errorf("%+v, %v", v, e.details("fault"))
	}
	var quick told
	b.must(b.Verify(t.Context(), false, false, quick.emit))
	if v := quick.of("verified")[0].Result.(verification); v.Records != 0 || v.Documents != 5 {
		t.Errorf("without reading data: %+v", v)
	}
}

// TestDamageIsFound does one thing to an archive at a time: a verification names it, and
// what it concerns, and nothing else.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(b *bench) (concerns string)
		says  []string // by their codes, all of these and no others
	}{
		"a lost index entry": {func(b *bench) string {
			d, _ := b.one()
			b.apply(search.Entry{Envelope: relais.Envelope{Revision: d.Revision, Document: relais.Document{ID: d.ID}}, Removed: true})
			return string(d.ID)
		}, []string{"index_missing"}},
		"an entry of nobody": {func(b *bench) string {
			b.apply(search.Entry{Envelope: relais.Envelope{Revision: 1, Document: relais.Document{ID: relais.NewDocumentID("c", "x")}}})
			return string(relais.NewDocumentID("c", "x"))
		}, []string{"index_extra"}},
		"an entry of another revision": {func(b *bench) string {
			d, _ := b.one()
			b.apply(search.Entry{Envelope: relais.Envelope{Revision: d.Revision + 1, Document: relais.Document{ID: d.ID}}})
			return string(d.ID)
		}, []string{"index_stale"}},
		"a pack cut": {func(b *bench) string {
			packs := b.packs()
			b.must(os.Truncate(packs[0], 40))
			return ""
		}, []string{"bad_toc"}},
		"every pack lost": {func(b *bench) string {
			d, _ := b.one()
			for _, p := range b.packs() {
				b.must(os.Remove(p))
			}
			return string(d.ID)
		}, []string{"missing_pack", "document_unreadable"}},
		"read as nothing": {func(b *bench) string {
			d, at := b.one()
			b.must(b.reading(state.Reading{Item: relais.Item{Occurrence: at}, Document: "dnone"}))
			return string(d.ID)
		}, []string{"document_unseen", "occurrence_undocumented"}},
		"an envelope lost": {func(b *bench) string {
			d, _ := b.one()
			b.must(b.withdraw(d))
			return string(d.ID)
		}, []string{"envelopes_differ", "index_extra", "record_unknown"}},
		"a record of nobody's key": {func(b *bench) string {
			b.append(stream.TopicRaw, b.sealed("none", relais.SealedRecord{Format: relais.RawFormat, Blob: relais.Digest{1}, Sealed: []byte("x")}))
			return "raw 0/5"
		}, []string{"record_unreadable"}},
		"a record, where another was refused": {func(b *bench) string {
			b.append(stream.TopicRaw, b.sealed("none", relais.SealedRecord{Format: relais.RawFormat, Blob: relais.Digest{1}, Sealed: []byte("x")}))
			pointer, err := stream.Pointer{Stage: "enrich-0", Code: "refused", Topic: stream.TopicRaw, Offset: 5, Key: "other", Attempts: 1}.Record()
			b.must(err)
			b.append(stream.TopicRefused, pointer)
			return "raw 0/5"
		}, []string{"record_unreadable"}},
		"a record that is none": {func(b *bench) string {
			b.append(stream.TopicEnriched, stream.Record{Key: "none", Value: []byte("no record")})
			return "enriched 0/5"
		}, []string{"record_unreadable"}},
		"an entry of the audit log": {func(b *bench) string {
			path := filepath.Join(b.at.dir, "audit.log")
			text, err := os.ReadFile(path)
			b.must(err)
			write(b.t, path, strings.Replace(string(text), `"first"`, `"other"`, 1))
			return ""
		}, []string{"audit_chain"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.ingest(mailbox(t, 4))
			for _, action := range []string{"first", "second"} {
				b.must(b.Audit().Append(t.Context(), audit.Entry{Actor: "local", Action: action, Outcome: audit.Allowed}))
			}
			b = b.again(nil) // no stage runs
			b.sound()
			concerns := tc.spoil(b)
			e, damaged := b.verify()
			if !damaged {
				t.Fatalf("it is found whole: %v", e.list)
			}
			codes := map[string]bool{}
			for _, said := range e.details("fault") {
				code, _, _ := strings.Cut(said, " ")
				codes[code] = true
				if !slices.Contains(tc.says, code) {
					t.Errorf("it says %q too", said)
				}
			}
			if len(codes) != len(tc.says) || concerns != "" && !e.says("fault", concerns) {
				t.Errorf("%v, of %q: %v", tc.says, concerns, e.details("fault"))
			}
			if v := e.of("verified")[0].Result.(verification); v.Faults != int64(len(e.of("fault")))-v.Harmless || v.Faults == 0 {
				t.Errorf("%+v, told %d", v, len(e.of("fault")))
			}
		})
	}
}

// apply gives the index in use an entry that no stage gave it.
func (b *bench) apply(e search.Entry) {
	b.t.Helper()
	refused, err := b.on.Index.Apply(b.t.Context(), []search.Entry{e})
	b.must(err)
	if len(refused) > 0 {
		b.t.Fatal(refused)
	}
}

// packs names the files of packs, the largest first.
func (b *bench) packs() []string {
	b.t.Helper()
	list, err := filepath.Glob(filepath.Join(b.at.dir, "packs", "*", "*"))
	b.must(err)
	size := func(path string) int64 {
		info, err := os.Stat(path)
		b.must(err)
		return info.Size()
	}
	slices.SortFunc(list, func(x, y string) int { return int(size(y) - size(x)) })
	return list
}

// gapLog is a log of which some records are gone.
type gapLog struct {
	stream.Log
	topic string
	gone  func(offset int64) bool
	more  int64 // how much further the topic claims to go
	twice bool  // each batch comes a second time
}

func (l *gapLog) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	return l.Log.Run(ctx, group, topic, opt, func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		left := slices.DeleteFunc(slices.Clone(batch), func(m stream.Message) bool { return topic == l.topic && l.gone != nil && l.gone(m.Offset) })
		if l.twice {
			if refused, err := h(ctx, left); err != nil {
				return refused, err
			}
		}
		return h(ctx, left)
	})
}

func (l *gapLog) End(ctx context.Context, topic string) (stream.Position, error) {
	p, err := l.Log.End(ctx, topic)
	if topic == l.topic && err == nil {
		p[0] += l.more
	}
	return p, err
}

// TestMissingRecords: what is missing of stream "raw" is told, in the middle or at the
// end; "enriched" is compacted, and a record that comes twice is one.
func TestMissingRecords(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		log     gapLog
		says    string
		records int64
	}{
		"in the middle":   {gapLog{topic: stream.TopicRaw, gone: func(n int64) bool { return n == 1 || n == 2 }}, "raw 0/3: 2 records", 5 + 5 - 2},
		"at the end":      {gapLog{topic: stream.TopicRaw, more: 3}, "raw: the end", 5 + 5},
		"of enriched":     {gapLog{topic: stream.TopicEnriched, gone: func(n int64) bool { return n == 1 }}, "", 5 + 5 - 1},
		"twice":           {gapLog{twice: true}, "", 5 + 5},
		"the end of both": {gapLog{topic: stream.TopicEnriched, more: 1}, "enriched: the end", 5 + 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.ingest(mailbox(t, 4))
			b.at.twins = func(on *Contracts) {
				tc.log.Log = on.Log
				on.Log = &tc.log
			}
			b = b.again(nil)
			e, damaged := b.verify()
			if damaged != (tc.says != "") || tc.says != "" && !e.says("fault", "records_missing  "+tc.says) || damaged && len(e.of("fault")) != 1 {
				t.Errorf("damaged %v: %q", damaged, e.details("fault"))
			}
			if v := e.of("verified")[0].Result.(verification); v.Records != tc.records {
				t.Errorf("%d records, want %d", v.Records, tc.records)
			}
		})
	}
}

// TestFilesOfTables: a malformed file is a fault, and the other steps go on; a disk that
// does not answer ends the verification.
func TestFilesOfTables(t *testing.T) {
	t.Parallel()
	damaged := relais.Errorf(relais.KindDamaged, "check", "malformed")
	away := relais.Errorf(relais.KindUnavailable, "check", "no answer")
	var deep []bool
	file := File{Name: "state.db"}
	b := newBench(t, with(func(on *Contracts) {
		on.Files = []File{{Name: "log.db", Check: func(_ context.Context, d bool) error { deep = append(deep, d); return nil }},
			{Name: file.Name, Check: func(ctx context.Context, d bool) error { return file.Check(ctx, d) }}}
	}))
	b.ingest(mailbox(t, 2))
	for _, fault := range []error{damaged, away, nil} {
		want := relais.KindOf(fault)
		file.Check = func(context.Context, bool) error { return fault }
		var e told
		if err := b.Verify(t.Context(), true, false, e.emit); relais.KindOf(err) != want {
			t.Errorf("%v: %v", fault, err)
		}
		if got := e.says("fault", "file_damaged state.db"); got != (want == relais.KindDamaged) {
			t.Errorf("%v: told %v", fault, e.details("fault"))
		}
		if got := len(e.of("verified")); got != 1 && want != relais.KindUnavailable || got != 0 && want == relais.KindUnavailable {
			t.Errorf("%v: %d ends", fault, got)
		}
	}
	b.must(b.Verify(t.Context(), false, false, new(told).emit))
	if !slices.Equal(deep, []bool{true, true, true, false}) {
		t.Errorf("deep: %v", deep)
	}
}

// brokenAudit is an audit log that cannot be verified.
type brokenAudit struct {
	audit.Log
	err error
}

func (a *brokenAudit) Verify(context.Context) error { return a.err }

// TestWhatComesOfDamage: after a fault, an error of another step is one more fault, for
// it may come of it; without any it is the verification's own.
func TestWhatComesOfDamage(t *testing.T) {
	t.Parallel()
	broken := &brokenAudit{err: io.ErrUnexpectedEOF}
	b := newBench(t, with(func(on *Contracts) { broken.Log, on.Audit = on.Audit, broken }))
	b.ingest(mailbox(t, 2))
	var e told
	if err := b.Verify(t.Context(), false, false, e.emit); !errors.Is(err, io.ErrUnexpectedEOF) || len(e.of("verified")) > 0 {
		t.Errorf("%v, told %+v", err, e.list)
	}
	b.apply(search.Entry{Envelope: relais.Envelope{Revision: 1, Document: relais.Document{ID: "dextra"}}})
	e = told{}
	err := b.Verify(t.Context(), false, false, e.emit)
	if relais.KindOf(err) != relais.KindDamaged || !e.says("fault", "unreadable") || !strings.Contains(err.Error(), "2 faults") {
		t.Errorf("%v, told %v", err, e.details("fault"))
	}
}

// TestInterruptedVerify: one that is told to end finds no damage in that.
func TestInterruptedVerify(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 2))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var e told
	if err := b.Verify(ctx, true, false, e.emit); err == nil || relais.KindOf(err) == relais.KindDamaged || len(e.of("fault")) > 0 {
		t.Errorf("%v, told %v", err, e.details("fault"))
	}
	b.sound()
}

// TestRefusedIsKnown: what stages have refused is told as known, and is no fault; it
// stays refused when everything is read again, and so does what nobody can ever read.
func TestRefusedIsKnown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 3)
	b.ingest(mail)
	b.append(stream.TopicRaw,
		stream.Record{Key: "poison-0", Value: []byte("no record")},
		b.sealed("poison-1", relais.SealedRecord{Format: relais.RawFormat + 1, Blob: b.message().SHA256, Sealed: []byte("x")}))
	b.append(stream.TopicEnriched, b.spoiled())
	bal := b.ingest(mail).balance(t)
	if bal.Apart != 2 || bal.Refused != 0 {
		t.Errorf("%+v", bal)
	}
	check := func(want, known int) {
		t.Helper()
		e, damaged := b.verify()
		v := e.of("verified")[0].Result.(verification)
		if damaged || v.Refused != int64(known) || len(e.of("fault")) > 0 || !e.says("note", "record_refused raw/0/4 enrich") {
			t.Errorf("%+v, told %v %v", v, e.details("fault"), e.details("note"))
		}
		if n := len(b.refusals()); n != want {
			t.Errorf("%d listed, want %d: %+v", n, want, b.refusals())
		}
	}
	check(3, 3)
	var e told
	b.must(b.RetryRefused(t.Context(), "", e.emit)) // the document is written at last
	if !e.says("note", "Of 3 refused items, 2 still refused") {
		t.Errorf("%q", e.details("note"))
	}
	check(2, 3) // its record stays until the stream is compacted
	b.reindex(true)
	check(2, 2)
}

// TestDocumentRefusedByTheIndex: a document that the index in use has refused is missing
// from it, or older, and that is known.
func TestDocumentRefusedByTheIndex(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 3))
	b = b.again(nil)
	d, _ := b.one()
	b.apply(search.Entry{Envelope: relais.Envelope{Revision: d.Revision, Document: relais.Document{ID: d.ID}}, Removed: true})
	if e, damaged := b.verify(); !damaged || !e.says("fault", "index_missing") {
		t.Errorf("told %v", e.details("fault"))
	}
	pointer, err := stream.Pointer{Stage: b.on.Index.Group(), Code: "too_large", Topic: stream.TopicEnriched, Offset: 2, Key: string(d.ID), Attempts: 1, Version: d.Revision}.Record()
	b.must(err)
	b.append(stream.TopicRefused, pointer)
	e, damaged := b.verify()
	if damaged || !e.says("note", fmt.Sprintf("document_refused %s too_large", d.ID)) {
		t.Errorf("told %v %v", e.details("fault"), e.details("note"))
	}
}
