package enrich_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/enrich/library"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// bench is a stage over real state and packs, with a log in memory whose appends may fail.
type bench struct {
	t       testing.TB
	file    string // of the state
	db      *state.DB
	parts   blobtest.Parts
	blobs   blob.Store // over parts
	library *library.Library
	c       relais.Case
	labels  map[string][]string // of the items of a folder

	mu       sync.Mutex
	appended []stream.Message // to "enriched"
	fail     func(n int) error
	appends  int
}

const owner = "ann@pumps.example"

func newBench(t testing.TB, clients ...relais.Client) *bench {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.db")
	db, err := state.OpenSQLite(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := &bench{t: t, file: file, db: db, parts: blobtest.Parts{Backend: blobtest.NewBackend(), Keys: blobtest.NewKeys(), Index: blobtest.NewIndex()}}
	b.blobs = blob.New(b.parts.Backend, b.parts.Keys, b.parts.Index, blob.Options{})
	b.library = library.New(db, b.blobs)
	if b.c, err = db.CreateCase(t.Context(), relais.Case{Name: "Ann"}); err != nil {
		t.Fatal(err)
	}
	if err := db.AddOwner(t.Context(), b.c.ID, relais.Owner{Address: owner}); err != nil {
		t.Fatal(err)
	}
	if len(clients) > 0 {
		if _, err := db.PutClients(t.Context(), clients, nil); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// Append is the log's.
func (b *bench) Append(_ context.Context, _ string, records []stream.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.appends++
	if b.fail != nil {
		if err := b.fail(b.appends); err != nil {
			return err
		}
	}
	for _, r := range records {
		b.appended = append(b.appended, stream.Message{Record: r, Offset: int64(len(b.appended))})
	}
	return nil
}

func (b *bench) stage() *enrich.Stage {
	b.t.Helper()
	s, err := enrich.NewStage(b.t.Context(), enrich.Deps{
		Log: b, Blobs: b.blobs, State: b.db, Extractor: extract.NewInProcess(format.DefaultLimits()), Limits: format.DefaultLimits(),
		Logger: slog.New(slog.DiscardHandler), Clock: time.Now, Workers: 2,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// mail is one occurrence of a message.
type mail struct{ folder, position, text string }

func (b *bench) capture(m mail) stream.Message {
	b.t.Helper()
	d := relais.DigestOf([]byte(m.text))
	if err := b.blobs.Put(b.t.Context(), b.c.ID, []blob.Blob{blobtest.Of([]byte(m.text))}); err != nil {
		b.t.Fatal(err)
	}
	item, err := json.Marshal(relais.Item{
		Format: 1, Case: b.c.ID, Kind: relais.KindMessage, Labels: b.labels[m.folder],
		Occurrence: relais.Occurrence{Owner: owner, Source: "Maildir", Folder: m.folder, Position: m.position, SHA256: d},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	sealed, err := b.blobs.Seal(b.t.Context(), b.c.ID, relais.SealedRaw, []blob.Sealed{{Digest: d, Bytes: item}})
	if err != nil {
		b.t.Fatal(err)
	}
	value, err := relais.SealedRecord{Format: relais.RawFormat, Case: b.c.ID, Blob: d, Sealed: sealed[0]}.Encode()
	if err != nil {
		b.t.Fatal(err)
	}
	return stream.Message{Record: stream.Record{Key: "k", Value: value}}
}

// run captures mails and hands them to a stage in batches of a size, settling at the end.
func (b *bench) run(mails []mail, size int) {
	b.t.Helper()
	s := b.stage()
	for batch := range slices.Chunk(mails, size) {
		var messages []stream.Message
		for _, m := range batch {
			messages = append(messages, b.capture(m))
		}
		refused, err := s.Handle(b.t.Context(), messages)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(refused) > 0 {
			b.t.Fatalf("refused: %s", refused[0].Record.Value)
		}
	}
	if err := s.Idle(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// served gives what the library serves, as JSON by id.
func (b *bench) served() map[string]string {
	b.t.Helper()
	docs := map[string]string{}
	err := b.library.Each(b.t.Context(), relais.Everything(), func(d relais.Document) error {
		j, err := json.MarshalIndent(d, "", " ")
		docs[string(d.ID)] = string(j)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return docs
}

// inStream gives what a sink makes of the stream: the last record of each key.
func (b *bench) inStream() map[string]string {
	b.t.Helper()
	last := map[string]string{}
	for _, m := range b.appended {
		list, faults, err := b.library.Records(b.t.Context(), []stream.Message{m})
		switch {
		case err != nil || faults[0] != nil:
			b.t.Fatal(err, faults[0])
		case m.Value == nil:
			delete(last, m.Key)
		default:
			e := list[0]
			e.Revision = 0
			j, err := json.Marshal(e)
			if err != nil {
				b.t.Fatal(err)
			}
			last[m.Key] = string(j)
		}
	}
	return last
}

func message(id, from, to, subject, date, more, body string) string {
	return fmt.Sprintf("Message-ID: <%s>\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\n%s\r\n%s\r\n", id, from, to, subject, date, more, body)
}

// story is a small mailbox: threads by reference and by subject, copies, a late
// personal mark, attachments, an undated message.
func story() []mail {
	day := func(n int) string {
		return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC).Format(time.RFC1123Z)
	}
	private := message("p1@x", "ann@pumps.example", "mum@free.example", "Dimanche", day(9), "", "On vient dimanche.")
	offer := message("m1@acme.example", "Bob <bob@acme.example>", owner, "Pompes P12", day(1), "", "Quel prix pour la P12 ?")
	attached := "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
	parts := "--b\r\nContent-Type: text/plain\r\n\r\nVoici notre offre.\r\n--b\r\nContent-Type: text/plain; name=offre.txt\r\n" +
		"Content-Disposition: attachment; filename=offre.txt\r\n\r\nP12 : 1 250 EUR\r\n--b--"
	doubtful := message("w1@acme.example", "bob@acme.example", owner, "Re: Pompes P12", day(5), "References: <m1@acme.example>\r\n", "Prix de la P12 : 1 250 EUR.")
	list := []mail{
		{"INBOX", "1", offer}, {"Clients/Acme", "7", offer}, {"Archive", "3", offer},
		{"Sent", "1", message("m2@pumps.example", owner, "bob@acme.example", "Re: Pompes P12", day(2), "In-Reply-To: <m1@acme.example>\r\n"+attached, parts)},
		{"INBOX", "2", message("m3@acme.example", "bob@acme.example", owner, "Re: Pompes P12", day(3), "References: <m1@acme.example> <m2@pumps.example>\r\n", "Trop cher.")},
		{"Sent", "2", message("m4@pumps.example", owner, "chef@pumps.example", "Tr: Pompes P12", day(4), "References: <m3@acme.example>\r\n", "Qu'en dis-tu ?")},
		{"INBOX", "3", message("m5@beta.example", "lea@beta.example", owner, "Visite du site", day(5), "", "Venez mardi.")},
		{"Sent", "3", message("m6@pumps.example", owner, "lea@beta.example", "RE : Visite du site", day(6), "", "D'accord pour mardi.")},
		{"INBOX", "4", message("m7@beta.example", "lea@beta.example", owner, "Visite du site", day(28), "", "Une autre visite ?")},
		{"INBOX", "5", "From: odd\r\nSubject: sans date\r\n\r\nRien.\r\n"},
		{"INBOX", "8", private}, {"Personnel", "1", private},
		{"INBOX", "30", doubtful}, {"Clients/CSE", "4", doubtful},
	}
	for n := range 6 {
		list = append(list, mail{"INBOX", fmt.Sprint(20 + n), message(fmt.Sprintf("g%d@gamma.example", n), "x@gamma.example", owner,
			fmt.Sprintf("Commande %d", n), day(10+n), "", "Une commande.")})
	}
	list = append(list, mail{"Sent", "9", message("g9@pumps.example", owner, "x@gamma.example", "Merci beaucoup", day(20), "", "Merci.")})
	return append(list, exchange()...)
}

func TestConvergence(t *testing.T) {
	for _, known := range []struct {
		name    string
		clients []relais.Client
	}{
		{"clients from a file", []relais.Client{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}, {ID: "beta", Name: "Beta", Domains: []string{"beta.example"}}}},
		{"clients discovered", nil},
	} {
		t.Run(known.name, func(t *testing.T) {
			plain := newBench(t, known.clients...)
			plain.run(story(), 100)
			want := plain.served()
			if len(want) < 10 {
				t.Fatalf("only %d documents", len(want))
			}
			if diff := cmp.Diff(len(want), len(plain.inStream())); diff != "" {
				t.Errorf("stream and library differ in number: %s", diff)
			}
			for seed := range uint64(8) {
				r := rand.New(rand.NewPCG(seed, 1))
				mails := slices.Concat(story(), story())
				r.Shuffle(len(mails), func(i, j int) { mails[i], mails[j] = mails[j], mails[i] })
				b := newBench(t, known.clients...)
				b.run(mails, 1+r.IntN(5))
				if diff := cmp.Diff(want, b.served()); diff != "" {
					t.Fatalf("seed %d:\n%s", seed, diff)
				}
				if diff := cmp.Diff(keys(plain.inStream()), keys(b.inStream())); diff != "" {
					t.Fatalf("seed %d, in the stream:\n%s", seed, diff)
				}
			}
		})
	}
}

func keys(m map[string]string) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// TestAppendsThatFail stops the stage at each of its appends in turn, and goes on
// with a new one: what is served is what was served without a stop.
func TestAppendsThatFail(t *testing.T) {
	plain := newBench(t)
	plain.run(story(), 3)
	want, stops := plain.served(), plain.appends
	for stop := 1; stop <= stops; stop++ {
		b := newBench(t)
		b.fail = func(n int) error {
			if n == stop {
				return relais.Errorf(relais.KindUnavailable, "append", "the disk is full")
			}
			return nil
		}
		for batch := range slices.Chunk(story(), 3) {
			var messages []stream.Message
			for _, m := range batch {
				messages = append(messages, b.capture(m))
			}
			if _, err := b.stage().Handle(t.Context(), messages); err != nil {
				s := b.stage() // the process was killed; the log hands the batch out again
				if err := s.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Handle(t.Context(), messages); err != nil {
					t.Fatal(err)
				}
			}
		}
		s := b.stage()
		if err := s.Idle(t.Context()); err != nil {
			if err = b.stage().Idle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, b.served()); diff != "" {
			t.Fatalf("stopped at append %d:\n%s", stop, diff)
		}
		if diff := cmp.Diff(keys(plain.inStream()), keys(b.inStream())); diff != "" {
			t.Fatalf("stopped at append %d, in the stream:\n%s", stop, diff)
		}
	}
}

func TestOneMarkWithdraws(t *testing.T) {
	b := newBench(t)
	private := message("p1@x", owner, "mum@free.example", "Dimanche", "Mon, 2 Mar 2026 09:00:00 +0000",
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\n\r\nOn vient.\r\n--b\r\nContent-Disposition: attachment; filename=plan.txt\r\n\r\nle plan\r\n--b--")
	b.run([]mail{{"INBOX", "1", private}}, 1)
	if n := len(b.served()); n != 2 {
		t.Fatalf("%d documents before the mark", n)
	}
	b.run([]mail{{"Personnel", "1", private}}, 1)
	if served := b.served(); len(served) != 0 {
		t.Errorf("served after the mark: %v", served)
	}
	if left := b.inStream(); len(left) != 0 {
		t.Errorf("in the stream after the mark: %v", left)
	}
	b.run([]mail{{"Archive", "1", private}}, 1)
	if served := b.served(); len(served) != 0 {
		t.Errorf("a later copy brought it back: %v", served)
	}
	balance, err := b.db.Balance(t.Context(), b.c)
	if err != nil || balance.Quarantined != 3 || balance.Seen != 3 {
		t.Errorf("balance: %+v, %v", balance.Counts, err)
	}
	for _, m := range b.appended {
		if strings.Contains(string(m.Value), "On vient") {
			t.Error("the stream holds its text")
		}
	}
}

func TestForgottenItemsArePassedOver(t *testing.T) {
	b := newBench(t)
	gone := mail{"INBOX", "1", message("a@x", "bob@acme.example", owner, "Perdu", "Mon, 2 Mar 2026 09:00:00 +0000", "", "x")}
	kept := mail{"INBOX", "2", message("b@x", "bob@acme.example", owner, "Reste", "Mon, 2 Mar 2026 09:00:00 +0000", "", "y")}
	messages := []stream.Message{b.capture(gone), b.capture(kept)}
	if err := b.blobs.Forget(t.Context(), b.c.ID, []relais.Digest{relais.DigestOf([]byte(gone.text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.stage().Handle(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	if served := b.served(); len(served) != 1 || !strings.Contains(fmt.Sprint(served), "Reste") {
		t.Errorf("served: %v", served)
	}
}

func TestRecordsThatAreNoneAreRefused(t *testing.T) {
	b := newBench(t)
	refused, err := b.stage().Handle(t.Context(), []stream.Message{{Record: stream.Record{Key: "x", Value: []byte("{")}}})
	if err != nil || len(refused) != 1 || refused[0].Index != 0 {
		t.Errorf("%v, %v", refused, err)
	}
}

func TestClientsTagAnew(t *testing.T) {
	b := newBench(t)
	b.run(story(), 100)
	if strings.Contains(fmt.Sprint(b.served()), `"id": "acme"`) {
		t.Fatal("a client nobody named")
	}
	if _, err := b.db.PutClients(t.Context(), []relais.Client{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}}, nil); err != nil {
		t.Fatal(err)
	}
	b.run(story(), 4)
	fresh := newBench(t, relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}})
	fresh.run(story(), 100)
	if diff := cmp.Diff(fresh.served(), b.served()); diff != "" {
		t.Error("tagged anew and tagged at first differ:\n" + diff)
	}
}

// handing is a log that hands one batch over, again and again, until Run is to end.
type handing struct {
	stream.Log
	batch   []stream.Message
	refused int
}

func (l *handing) Run(ctx context.Context, _, _ string, _ stream.RunOptions, h stream.Handler) error {
	for ctx.Err() == nil {
		refused, _ := h(ctx, l.batch)
		l.refused += len(refused)
	}
	return nil
}

// TestRunEndsWithItsGeneration: what was read with clients that changed since is
// neither merged nor refused: the stage ends, and the next one reads it.
func TestRunEndsWithItsGeneration(t *testing.T) {
	b := newBench(t)
	old := b.stage()
	if _, err := b.db.NextGeneration(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := &handing{}
	for _, m := range story() {
		log.batch = append(log.batch, b.capture(m))
	}
	if err := old.Run(t.Context(), log); err != nil || log.refused > 0 {
		t.Errorf("run: %v, %d refused", err, log.refused)
	}
	if cases, err := b.db.DirtyCases(t.Context()); err != nil || len(cases)+len(b.appended) > 0 {
		t.Errorf("an old stage has merged: %v, %d appended (%v)", cases, len(b.appended), err)
	}
	if _, err := b.stage().Handle(t.Context(), log.batch); err != nil || len(b.appended) == 0 {
		t.Errorf("the next stage: %v, %d appended", err, len(b.appended))
	}
}
