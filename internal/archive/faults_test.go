package archive

import (
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// verbs is what is asked of an archive: each by its name.
func (b *bench) verbs(ctx context.Context, mail string, emit func(relais.Event)) map[string]func() error {
	dry := request(mail)
	dry.DryRun = true
	return map[string]func() error{
		"ingest":         func() error { return b.Ingest(ctx, request(mail), emit) },
		"dry run":        func() error { return b.Ingest(ctx, dry, emit) },
		"import clients": func() error { return b.ImportClients(ctx, strings.NewReader("account_id,name\na,A\n"), nil, emit) },
		"refusals":       func() error { _, err := b.Refusals(ctx, ""); return err },
		"retry refused":  func() error { return b.RetryRefused(ctx, "", emit) },
		"retry unread":   func() error { return b.RetryUnread(ctx, emit) },
		"reindex":        func() error { return b.Reindex(ctx, false, emit) },
		"verify":         func() error { return b.Verify(ctx, false, false, emit) },
		"metrics":        func() error { return b.Metrics(ctx, io.Discard) },
		"doubtful":       func() error { _, err := b.Doubtful(ctx, relais.DoubtfulQuery{}); return err },
		"disclose":       func() error { _, err := b.Disclose(ctx, "d", by("x")); return err },
		"settle": func() error {
			return b.Settle(ctx, relais.SettleRequest{Case: "Ann", Rules: []string{"subject"}, Verdict: relais.Personal}, by("x"), emit)
		},
		"undo":     func() error { return b.UndoSettling(ctx, relais.UndoRequest{ID: "x"}, by("x"), emit) },
		"evaluate": func() error { return b.Evaluate(ctx, strings.NewReader(""), emit) },
		"wait":     func() error { return b.Wait(ctx, emit) },
	}
}

// TestStateThatDoesNotAnswer: whatever is asked, it is said, and nobody is told that
// anything was done.
func TestStateThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t, sharing)
	mail := mailbox(t, 1)
	req := request(mail)
	req.NoWait = true
	b.must(b.Ingest(t.Context(), req, new(told).emit))
	b.must(b.on.State.Close())
	ctx := t.Context()
	var e told
	for name := range b.verbs(ctx, mail, e.emit) {
		brief, cancel := context.WithTimeout(ctx, 20*time.Millisecond) // some wait for a server to come back
		if err := b.verbs(brief, mail, e.emit)[name](); err == nil {
			t.Errorf("%s: nothing is said", name)
		}
		cancel()
	}
	for _, kind := range []string{"balance", "imported", "reindexed", "verified", "settled", "evaluated"} {
		if list := e.of(kind); len(list) > 0 {
			t.Errorf("told as done: %+v", list)
		}
	}
	if _, err := Open(ctx, b.on, shared(), Options{Location: time.UTC, Logger: b.logger}); err == nil {
		t.Error("an archive opens on it")
	}
	if _, err := OpenGenerations(ctx, b.on.State, b.at.shelf, false, 0); err == nil {
		t.Error("an index opens on it")
	}
	if _, err := AdmitLoss(ctx, b.on.State, b.on.Log); err == nil {
		t.Error("a loss is admitted on it")
	}
}

// TestLogThatIsLost: those who need the streams say that they are lost, and the rest
// goes on.
func TestLogThatIsLost(t *testing.T) {
	t.Parallel()
	lost := pipeline.LogError("ask", stream.ErrLost)
	cut := &cutLog{}
	b := newBench(t, sharing, with(func(on *Contracts) { cut.Log, on.Log = on.Log, cut }))
	mail := mailbox(t, 1)
	req := request(mail)
	req.NoWait = true
	b.must(b.Ingest(t.Context(), req, new(told).emit))
	cut.end, cut.committed = lost, lost
	needs := map[string]bool{"ingest": true, "import clients": true, "reindex": true, "verify": true, "metrics": true, "wait": true, "settle": true}
	for name, verb := range b.verbs(t.Context(), mail, new(told).emit) {
		err := verb()
		if needs[name] && relais.KindOf(err) != relais.KindDamaged || !needs[name] && relais.KindOf(err) == relais.KindDamaged {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// deafAudit is an audit log that takes no entries.
type deafAudit struct{ audit.Log }

func (deafAudit) Append(context.Context, audit.Entry) error { return io.ErrShortWrite }

// TestPromotionIsAudited: what cannot be put on record is not begun.
func TestPromotionIsAudited(t *testing.T) {
	t.Parallel()
	b := newBench(t, with(func(on *Contracts) { on.Audit = deafAudit{on.Audit} }))
	if err := (&Promotion{From: b.Archive, Emit: new(told).emit}).Drain(t.Context()); err != io.ErrShortWrite {
		t.Error(err)
	}
}

// TestFullDiskIsExplained: an error for want of room says what to do, another is left as
// it is.
func TestFullDiskIsExplained(t *testing.T) {
	if err := FullDisk(relais.E(relais.KindUnavailable, "write", syscall.ENOSPC)); !strings.Contains(relais.HintOf(err), "make room") {
		t.Errorf("%v (%s)", err, relais.HintOf(err))
	}
	if err := FullDisk(io.ErrShortWrite); err != io.ErrShortWrite {
		t.Error(err)
	}
}
