package archive

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/relais-archive/relais/ingest"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/internal/testkit"
)

// TestIngest: an ingest tells how far it is and ends with the account; all can be found
// then. Done again it changes nothing, and neither does opening the archive again.
func TestIngest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 6)
	e := b.ingest(mail)
	bal := e.balance(t)
	if !bal.Balanced || bal.Seen != 7 || bal.Stored != 6 || bal.Duplicate != 1 {
		t.Errorf("%+v", bal.Counts)
	}
	stages := map[string]bool{}
	for _, p := range e.of("progress") {
		stages[p.Stage] = true
	}
	if !e.says("note", `Opened case "Ann"`) || !stages["capture"] || !stages[StageEnrich] {
		t.Errorf("told: %+v", e.list)
	}
	if n := b.found("pompe"); n != 6 {
		t.Errorf("%d found", n)
	}
	want := b.export()
	b.sound()
	if e = b.ingest(mail); e.balance(t).Seen != 7 || e.says("note", "Opened") || b.export() != want {
		t.Errorf("a second ingest of the same mail changes something: %+v", e.list)
	}
	b = b.again(nil)
	if got := b.export(); got != want || b.found("pompe") != 6 {
		t.Error("opened again, the archive is another one")
	}
}

// TestIngestWithoutWaiting: what was captured is pending, until somebody waits; where no
// stage runs in this process, a worker's does.
func TestIngestWithoutWaiting(t *testing.T) {
	t.Parallel()
	b := newBench(t, sharing)
	req := request(mailbox(t, 4))
	req.NoWait = true
	var e told
	b.must(b.Ingest(t.Context(), req, e.emit))
	if bal := e.balance(t); bal.Pending != 5 || bal.Stored != 0 {
		t.Errorf("%+v", bal.Counts)
	}
	// Somebody who waits for it in vain is told what is the matter.
	req.NoWait, req.Timeout = false, time.Millisecond
	if err := b.Ingest(t.Context(), req, e.emit); relais.KindOf(err) != relais.KindUnavailable || !strings.Contains(relais.HintOf(err), "relais balance") {
		t.Errorf("nobody reads, and the wait ends with %v", err)
	}
	worker := b.beside(shared())
	stop := worker.work(Stages()...)
	req.Timeout = 0
	var again told
	b.must(b.Ingest(t.Context(), req, again.emit))
	if bal := again.balance(t); bal.Pending != 0 || bal.Stored != 4 || b.found("pompe") != 4 {
		t.Errorf("%+v", bal.Counts)
	}
	stop()
}

// TestRefusalIsToldOnce: what was refused before is no news, and stays in the account.
func TestRefusalIsToldOnce(t *testing.T) {
	t.Parallel()
	mail := mailbox(t, 2)
	if err := os.Symlink("/etc/hostname", filepath.Join(mail, "cur", "link")); err != nil {
		t.Skip("no symbolic links here")
	}
	b := newBench(t)
	for run, want := range []int{1, 0} {
		e := b.ingest(mail)
		if got := e.of("refused"); len(got) != want || want == 1 && got[0].Refusal.Code != ingest.ReasonNotRegular {
			t.Errorf("run %d tells of %+v", run, got)
		}
		if bal := e.balance(t); bal.Refused != 1 || !bal.Balanced {
			t.Errorf("run %d: %+v", run, bal.Counts)
		}
	}
}

// TestRefusalOfALaterStage: what a later stage has refused is told at the end of the
// ingest that waited for it, and by no other.
func TestRefusalOfALaterStage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 3)
	b.ingest(mail)
	b = b.again(nil) // no stage has begun yet
	b.append(stream.TopicEnriched, b.spoiled())
	e := b.ingest(mail)
	if got := e.of("refused"); len(got) != 1 || got[0].Refusal.Stage != StageIndex || got[0].Refusal.Case != b.ours().ID {
		t.Errorf("told: %+v", got)
	}
	if got := b.ingest(mail).of("refused"); len(got) != 0 {
		t.Errorf("told once more: %+v", got)
	}
}

// spoiled gives the record of a document as a fault of a disk may leave it.
func (b *bench) spoiled() stream.Record {
	b.t.Helper()
	m := b.message()
	found, err := b.on.State.Envelopes(b.t.Context(), []relais.DocumentID{m.ID})
	b.must(err)
	return b.sealed(string(m.ID), relais.SealedRecord{Format: relais.RawFormat, Blob: m.SHA256, Document: m.ID,
		Revision: found[m.ID].Revision, Sealed: []byte("spoiled")})
}

// message gives a message of the archive.
func (b *bench) message() relais.Document {
	b.t.Helper()
	list := b.documents()
	return list[slices.IndexFunc(list, func(d relais.Document) bool { return d.Kind == relais.KindMessage })]
}

func (b *bench) sealed(key string, r relais.SealedRecord) stream.Record {
	b.t.Helper()
	r.Case = b.ours().ID
	value, err := r.Encode()
	b.must(err)
	return stream.Record{Key: key, Value: value}
}

// TestFolderThatIsNotRead: it costs no other folder, every run says so, and the case
// does not balance until it was read.
func TestFolderThatIsNotRead(t *testing.T) {
	t.Parallel()
	inbox := &testkit.IMAPFolder{Name: "INBOX", Messages: []testkit.IMAPMessage{{UID: 1, Body: testkit.Message(1)}}}
	server := testkit.NewIMAP(t, inbox)
	server.List = "* LIST () \"/\" \"Gone\"\r\n"
	b := newBench(t)
	req := request("imap://" + server.Addr())
	req.User, req.Password = "rep", "relais-test"
	for run := range 2 {
		var e told
		b.must(b.Ingest(t.Context(), req, e.emit))
		got := e.of("refused")
		if len(got) != 1 || !got[0].Refusal.OfFolder() || got[0].Folder != "Gone" {
			t.Errorf("run %d tells of %+v", run, got)
		}
		if bal := e.balance(t); bal.FoldersUnread != 1 || bal.Stored != 1 || bal.Balanced {
			t.Errorf("run %d: %+v", run, bal)
		}
	}
	var text strings.Builder
	b.must(b.Metrics(t.Context(), &text))
	if !strings.Contains(text.String(), "relais_folders_unread 1\n") || !strings.Contains(text.String(), "relais_refused 0\n") {
		t.Error(text.String())
	}
	server.List = "" // the folder is gone for good
}

// TestTokenOfOAuth: a token is used in the place of a password.
func TestTokenOfOAuth(t *testing.T) {
	t.Parallel()
	server := testkit.NewIMAP(t, &testkit.IMAPFolder{Name: "INBOX", Messages: []testkit.IMAPMessage{{UID: 1, Body: testkit.Message(1)}}})
	server.Caps = "IMAP4rev1 AUTH=XOAUTH2"
	b := newBench(t)
	req := request("imap://" + server.Addr())
	req.User, req.Token = "rep", "relais-test"
	var e told
	b.must(b.Ingest(t.Context(), req, e.emit))
	if e.balance(t).Stored != 1 || !slices.ContainsFunc(server.Lines(), func(s string) bool { return strings.Contains(s, "AUTHENTICATE") }) {
		t.Errorf("%+v, %q", e.balance(t).Counts, server.Lines())
	}
}

// TestIngestThatCannotBegin: each of these ends with an error, and captures nothing.
func TestIngestThatCannotBegin(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 2)
	b.ingest(mail)
	for name, tc := range map[string]struct {
		change func(*relais.IngestRequest)
		kind   relais.Kind
	}{
		"no such source":         {func(r *relais.IngestRequest) { r.Sources = []string{mail, filepath.Join(mail, "none")} }, relais.KindNotFound},
		"a name close to ours":   {func(r *relais.IngestRequest) { r.Case = "Änn" }, relais.KindConflict},
		"a glob of no meaning":   {func(r *relais.IngestRequest) { r.ExcludeFolders = []string{"["} }, relais.KindInvalid},
		"a dry run of no mail":   {func(r *relais.IngestRequest) { r.DryRun, r.Sources = true, []string{filepath.Join(mail, "none")} }, relais.KindNotFound},
		"a name that is no name": {func(r *relais.IngestRequest) { r.Case = "\n" }, relais.KindInvalid},
	} {
		req := request(mail)
		tc.change(&req)
		var e told
		if err := b.Ingest(t.Context(), req, e.emit); relais.KindOf(err) != tc.kind {
			t.Errorf("%s: %v, want %s", name, err, tc.kind)
		}
		if n := len(e.of("balance")); n > 0 && !req.DryRun && tc.kind != relais.KindInvalid {
			t.Errorf("%s: an account is given all the same", name)
		}
	}
	if list, err := b.Cases.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("cases: %+v %v", list, err)
	}
}

// TestInterruptedIngest: one that is told to end gives no account, and goes on when it
// is run again.
func TestInterruptedIngest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := mailbox(t, 6)
	ctx, cancel := context.WithCancel(t.Context())
	var e told
	err := b.Ingest(ctx, request(mail), func(ev relais.Event) {
		e.emit(ev)
		if ev.Stage == "capture" {
			cancel()
		}
	})
	if relais.KindOf(err) != relais.KindCanceled || len(e.of("balance")) > 0 {
		t.Errorf("%v, told %+v", err, e.list)
	}
	if bal := b.ingest(mail).balance(t); bal.Stored != 6 || !bal.Balanced {
		t.Errorf("%+v", bal.Counts)
	}
}

// fullDisk is a store of packs on a disk that has no room.
type fullDisk struct {
	blob.Store
	full bool
}

func (d *fullDisk) Put(ctx context.Context, c relais.CaseID, blobs []blob.Blob) error {
	if d.full {
		return relais.E(relais.KindUnavailable, "write pack", syscall.ENOSPC)
	}
	return d.Store.Put(ctx, c, blobs)
}

// TestFullDisk: an ingest waits for room, then ends with the account and with what is to
// be done; with room made it goes on. The clock is a made-up one.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &fullDisk{full: true}
		b := newBench(t, sharing, with(func(on *Contracts) { disk.Store, on.Blobs = on.Blobs, disk }))
		b.append(stream.TopicRaw, stream.Record{Key: "pending"}) // which nobody reads now
		mail := mailbox(t, 3)
		var e told
		start := time.Now()
		req := request(mail)
		req.Timeout = time.Hour
		err := b.Ingest(t.Context(), req, e.emit)
		if !relais.NoRoom(err) || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(relais.HintOf(err), "make room") {
			t.Errorf("%v, %s", err, relais.HintOf(err))
		}
		if waited := time.Since(start); waited < 20*time.Second || waited > 2*time.Minute {
			t.Errorf("it gives up after %v", waited)
		}
		if bal := e.balance(t); bal.Stored != 0 || bal.Pending != 0 {
			t.Errorf("%+v", bal.Counts)
		}
		disk.full = false
		b.beside(shared()).work(Stages()...)
		if bal := b.ingest(mail).balance(t); bal.Stored != 3 || !bal.Balanced {
			t.Errorf("%+v", bal.Counts)
		}
		b.must(b.close())
	})
}

// TestDryRun: a dry run counts as an ingest would, after what was captured before, and
// leaves nothing behind; so does one where there is no archive.
func TestDryRun(t *testing.T) {
	t.Parallel()
	mail := mailbox(t, 4)
	req := request(mail)
	req.DryRun, req.ExcludeFolders = true, []string{"Archive"}
	want := relais.Counts{Seen: 5, Excluded: 1, Pending: 4}
	check := func(name string, e *told, err error, want relais.Counts) {
		t.Helper()
		if err != nil {
			t.Fatal(name, err)
		}
		if bal := e.balance(t); bal.Counts != want || bal.Case != "Ann" || bal.Sources == nil || bal.Reasons == nil {
			t.Errorf("%s: %+v, want %+v", name, bal, want)
		}
	}
	var none told
	check("no archive", &none, DryRun(t.Context(), req, none.emit), want)
	b := newBench(t)
	var empty told
	check("an empty archive", &empty, b.Ingest(t.Context(), req, empty.emit), want)
	if list, err := b.Cases.List(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("a dry run opens a case: %+v, %v", list, err)
	}
	b.ingest(mail)
	put(t, mail, "", "new", letter(20, "x@acme.example", "Nouvelle", "", "Une de plus."))
	var after told
	check("after an ingest", &after, b.Ingest(t.Context(), req, after.emit), relais.Counts{Seen: 2, Excluded: 1, Pending: 1})
	if b.found("nouvelle") != 0 {
		t.Error("a dry run captures")
	}
}

// TestNothingCaptured: the ledger that a dry run goes by where there is no archive.
func TestNothingCaptured(t *testing.T) {
	var l nothingCaptured
	ctx := t.Context()
	if err := l.RecordCaptured(ctx, relais.Captured{}); relais.KindOf(err) != relais.KindInternal {
		t.Error(err)
	}
	if err := l.Supersede(ctx, "", nil); relais.KindOf(err) != relais.KindInternal {
		t.Error(err)
	}
	if known, err := l.Known(ctx, "", "", ""); err != nil || known("INBOX", "1") {
		t.Error("a position is known", err)
	}
	if copies, err := l.CopiesAt(ctx, "", "", "", "", ""); err != nil || copies != nil {
		t.Error(copies, err)
	}
}

// sourceThatStays does not close.
type sourceThatStays struct{ ingest.Source }

func (sourceThatStays) Close() error { return io.ErrUnexpectedEOF }

// TestSourcesAreClosed: all are, whatever one of them says.
func TestSourcesAreClosed(t *testing.T) {
	err := closeSources([]ingest.Source{sourceThatStays{}, sourceThatStays{}})
	if !errors.Is(err, io.ErrUnexpectedEOF) || strings.Count(err.Error(), io.ErrUnexpectedEOF.Error()) != 2 {
		t.Error(err)
	}
}

// TestCaptureEvents: what a capture tells, in the words of the command line.
func TestCaptureEvents(t *testing.T) {
	ten := int64(10)
	refusal := &relais.Refusal{ID: "r"}
	for name, tc := range map[string]struct {
		in   ingest.Event
		want relais.Event
	}{
		"progress": {ingest.Event{Source: "s", Folder: "f", Counts: ingest.Counts{Seen: 3, Bytes: 4}, Announced: &ten},
			relais.Event{Type: "progress", Stage: "capture", Source: "s", Folder: "f", Done: 3, Total: 10, Bytes: 4}},
		"a note":    {ingest.Event{Source: "s", Note: "n"}, relais.Event{Type: "note", Source: "s", Detail: "n"}},
		"a refusal": {ingest.Event{Source: "s", Refusal: refusal}, relais.Event{Type: "refused", Stage: "capture", Source: "s", Refusal: refusal}},
	} {
		if got := captureEvent(tc.in); got != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
