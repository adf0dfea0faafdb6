package main

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/internal/stream/kafka"
	logfile "github.com/relais-archive/relais/internal/stream/sqlite"
)

// openLog opens the log of the program's archive as another program might; of one in a
// directory, no verb may run meanwhile.
func (p *program) openLog() stream.Log {
	p.t.Helper()
	var log stream.Log
	var err error
	if p.env == nil {
		log, err = logfile.Open(p.t.Context(), filepath.Join(p.dir, "archive", "log.db"))
	} else {
		log, err = kafka.Open(p.t.Context(), kafka.Options{Brokers: p.brokers(), Namespace: p.namespace()})
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return log
}

// poison appends what no stage of the program has written.
func (p *program) poison(topic string, records ...stream.Record) {
	p.t.Helper()
	log := p.openLog()
	defer func() { _ = log.Close() }()
	for _, r := range records { // one by one: they need not come together
		if err := log.Append(p.t.Context(), topic, []stream.Record{r}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// aMessage gives one of the archive's messages.
func (p *program) aMessage() (m relais.Document) {
	p.t.Helper()
	for line := range strings.Lines(p.export()) {
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Kind == relais.KindMessage {
			break
		}
	}
	return m
}

func (p *program) sealed(key string, r relais.SealedRecord) stream.Record {
	p.t.Helper()
	r.Case = relais.NewCaseID("Ann", 0)
	b, err := r.Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	return stream.Record{Key: key, Value: b}
}

// poisons gives records of stream "raw" that nobody can read: of no bytes, of others, of
// a newer version, and not sealed under the key they name.
func (p *program) poisons() []stream.Record {
	sha := p.aMessage().SHA256
	return []stream.Record{
		{Key: "poison-0", Value: []byte("no record")}, {Key: "poison-1"},
		p.sealed("poison-2", relais.SealedRecord{Format: relais.RawFormat, Blob: sha, Sealed: []byte("not sealed under this key at all")}),
		p.sealed("poison-3", relais.SealedRecord{Format: relais.RawFormat + 1, Blob: sha, Sealed: []byte("of a newer version")}),
	}
}

// TestPoisonRecords appends to the streams what no stage has written. Each record is
// passed over and pointed to once, people are told of it, the rest goes on, the
// account of the case stays what it was, and a verification knows of it.
func TestPoisonRecords(t *testing.T) { modes(t, testPoison) }

func testPoison(t *testing.T, fresh func() *program) {
	p := fresh()
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	p.must(ingestArgs(mail)...)
	p.poison(stream.TopicRaw, p.poisons()...)
	p.poison(stream.TopicEnriched, stream.Record{Key: "poison-e", Value: []byte("no record")})
	more := filepath.Join(t.TempDir(), "mail")
	mailbox(t, more, 40)
	p.must(ingestArgs(more)...)
	plain := newProgram(t)
	plain.must(ingestArgs(mail)...)
	plain.must(ingestArgs(more)...)
	if want, got := plain.export(), p.export(); got != want {
		t.Errorf("exports differ: %s and %s\n%s", fingerprint(want), fingerprint(got), firstDifference(want, got))
	}
	if want, got := accounts(plain), strings.ReplaceAll(accounts(p), `"apart":5,`, ""); got != want {
		t.Errorf("accounts differ by more than what stands apart:\n%s\n%s", want, got)
	}
	want := map[string]int{"poison-0": 1, "poison-1": 1, "poison-2": 3, "poison-3": 1, "poison-e": 1}
	if got := p.pointers(); !maps.Equal(got, want) {
		t.Errorf("refused, after so many attempts: %v, want %v", got, want)
	}
	p.wantRefused(want)
	if out := p.must("verify", "--read-data"); strings.Count(out, "record_refused") != len(want)-1 { // an empty one says nothing
		t.Errorf("verify knows of others than the %d:\n%s", len(want)-1, out)
	}
	p.must("refused", "retry")
	p.wantRefused(want)
	p.must("reindex")
	p.wantRefused(want)
	p.must("verify", "--read-data")
	// A key that nobody has may be one that was destroyed: its record is refused by
	// nobody, and by a verification alone told from one that was erased.
	p.poison(stream.TopicRaw, p.sealed("poison-4", relais.SealedRecord{Format: relais.RawFormat, Blob: relais.Digest{1}, Sealed: []byte("of a blob that nobody has captured")}))
	p.must(ingestArgs(more)...)
	if r := p.run("verify", "--read-data"); r.code != exitDamaged || strings.Count(r.out, "record_unreadable") != 1 {
		t.Errorf("verify: exit %d\n%s%s", r.code, r.out, r.err)
	}
}

// wantRefused wants the verbs to tell of refused records, by their keys, after so many
// attempts, and of no case.
func (p *program) wantRefused(want map[string]int) {
	p.t.Helper()
	got, first := map[string]int{}, relais.Refusal{}
	for line := range strings.Lines(p.must("refused", "list", "--json")) {
		var r relais.Refusal
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Record == nil || r.Case != "" || r.At.IsZero() {
			p.t.Fatalf("refused: %s (%v)", line, err)
		}
		got[r.Record.Key] += r.Attempts
		first = r
	}
	if !maps.Equal(got, want) {
		p.t.Errorf("listed, after so many attempts: %v, want %v", got, want)
	}
	if out := p.must("refused", "show", first.ID); !strings.Contains(out, "record "+first.Record.Place()) || !strings.Contains(out, first.Code) {
		p.t.Errorf("shown: %s", out)
	}
	if out := p.must("refused", "list", "--case", "Ann"); out != "" {
		p.t.Errorf("of no case, and listed in one: %s", out)
	}
}

// TestRefusedDocument: a document that the index cannot take is refused in its case,
// which an ingest tells once; it is refused no more when it was written at last.
func TestRefusedDocument(t *testing.T) { modes(t, testRefusedDocument) }

func testRefusedDocument(t *testing.T, fresh func() *program) {
	p := fresh()
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 5)
	p.must(ingestArgs(mail)...)
	m := p.aMessage()
	// The document's own record, as a fault of a disk or of a program may leave it.
	p.poison(stream.TopicEnriched, p.sealed(string(m.ID), relais.SealedRecord{Format: relais.RawFormat, Blob: m.SHA256, Document: m.ID,
		Revision: p.revision(m.ID), Sealed: []byte("spoiled")}))
	for _, code := range []int{exitRefused, exitOK} {
		// A worker may be quicker than the program's start: it is no news of this run then.
		if r := p.run(ingestArgs(mail)...); r.code != code && (p.env == nil || r.code != exitOK) {
			t.Errorf("ingest: exit %d, want %d\n%s%s", r.code, code, r.out, r.err)
		}
	}
	var f relais.Refusal
	if err := json.Unmarshal([]byte(p.must("refused", "list", "--case", "Ann", "--json")), &f); err != nil ||
		f.ID != string(m.ID) || f.Stage != archive.StageIndex || f.Record == nil || f.Record.Topic != stream.TopicEnriched {
		t.Errorf("refused: %+v (%v)", f, err)
	}
	p.must("verify", "--read-data")
	p.must("refused", "retry")
	if out := p.must("refused", "list"); out != "" {
		t.Errorf("written at last, and still refused: %s", out)
	}
	p.must("verify", "--read-data")
}

// revision gives the revision of a document that was appended last.
func (p *program) revision(id relais.DocumentID) (last int64) {
	p.t.Helper()
	p.read(stream.TopicEnriched, func(m stream.Message) {
		if r, err := relais.DecodeRecord(m.Value); err == nil && m.Key == string(id) {
			last = r.Revision
		}
	})
	return last
}

// pointers gives the keys of the records that stream "refused" points to, each of which
// it may do once, and the attempts that were made.
func (p *program) pointers() map[string]int {
	p.t.Helper()
	list := map[string]int{}
	p.read(stream.TopicRefused, func(m stream.Message) {
		var one stream.Pointer
		if err := json.Unmarshal(m.Value, &one); err != nil {
			p.t.Error(err)
		}
		list[one.Key] += one.Attempts
	})
	return list
}

// read shows the records of a topic.
func (p *program) read(topic string, show func(stream.Message)) {
	p.t.Helper()
	log := p.openLog()
	defer func() { _ = log.Close() }()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	opt := stream.RunOptions{Idle: func(context.Context) error { cancel(); return nil }}
	if err := log.Run(ctx, "reader-of-the-test", topic, opt, func(_ context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		for _, m := range batch {
			show(m)
		}
		return nil, nil
	}); err != nil {
		p.t.Error(err)
	}
}
