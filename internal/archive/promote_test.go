package archive

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// target opens the contracts of an archive that another one is to be copied to, under
// the same master key.
func (b *bench) target() *bench {
	b.t.Helper()
	p := newPlace(b.t)
	p.policy = shared()
	key, err := os.ReadFile(filepath.Join(b.at.dir, "master.key"))
	b.must(err)
	write(b.t, filepath.Join(p.dir, "master.key"), string(key))
	return p.contracts(b.t)
}

// promotion is that of one archive to another, told to e.
func (b *bench) promotion(to *bench, emit func(relais.Event)) *Promotion {
	return &Promotion{From: b.Archive, Emit: emit, CopyAudit: func(ctx context.Context, told func(int64)) error {
		have := int64(0)
		if err := to.on.Audit.Read(ctx, 1, func(e audit.Entry) error { have = e.Seq; return nil }); err != nil {
			return err
		}
		return b.on.Audit.Read(ctx, have+1, func(e audit.Entry) error {
			told(e.Seq)
			return to.on.Audit.Append(ctx, e)
		})
	}}
}

// promote copies the archive to contracts that were opened, as far as it comes.
func (b *bench) promote(ctx context.Context, to *bench, emit func(relais.Event)) error {
	b.t.Helper()
	p := b.promotion(to, emit)
	b.must(p.Drain(b.t.Context()))
	b.must(p.Claim(b.t.Context(), to.on.State))
	if to.Archive == nil {
		b.must(to.assemble())
	}
	return p.Run(ctx, to.Archive)
}

// promoted makes an archive that holds some of everything.
func promoted(t *testing.T) (b *bench, mail string) {
	t.Helper()
	b = newBench(t)
	mail = council(t)
	b.must(b.ImportClients(t.Context(), strings.NewReader("account_id,name,domains\nacme,Brasserie Acme,acme.example\n"), nil, new(told).emit))
	b.ingest(mail)
	b.settle(relais.SettleRequest{Rules: []string{"subject"}, Verdict: relais.Professional, Reason: "looked at"})
	b.append(stream.TopicRaw, stream.Record{Key: "poison", Value: []byte("no record")})
	b.ingest(mail)
	return b, mail
}

// same wants two archives to hold the same, and each to be sound.
func same(t *testing.T, a, b *bench) {
	t.Helper()
	if a.export() != b.export() {
		t.Error("the two hold different documents")
	}
	x, err := a.Cases.Balance(t.Context(), "Ann")
	a.must(err)
	y, err := b.Cases.Balance(t.Context(), "Ann")
	b.must(err)
	if x.Counts != y.Counts || a.found("zircon") != b.found("zircon") || len(a.refusals()) != len(b.refusals()) {
		t.Errorf("%+v and %+v, %d and %d found, %d and %d refused", x.Counts, y.Counts, a.found("zircon"), b.found("zircon"), len(a.refusals()), len(b.refusals()))
	}
	a.sound()
	b.sound()
}

// TestPromote copies an archive to an empty one: it holds the same, each step is told,
// and both come to the same with new mail.
func TestPromote(t *testing.T) {
	t.Parallel()
	from, mail := promoted(t)
	to := from.target()
	var e told
	from.must(from.promote(t.Context(), to, e.emit))
	same(t, from, to)
	steps := []string{"packs …", "keys …", "audit log …", "state …", "captured items …", "documents …", "index …", "refused records …", "verification …"}
	if got := e.details("note"); strings.Join(got, " ") != strings.Join(steps, " ") {
		t.Errorf("told %q", got)
	}
	entries := func(b *bench) (n int) {
		from.must(b.on.Audit.Read(t.Context(), 1, func(audit.Entry) error { n++; return nil }))
		return n
	}
	if entries(from) != entries(to) || entries(to) == 0 {
		t.Errorf("%d and %d audit entries", entries(from), entries(to))
	}
	put(t, mail, "", "new", letter(20, "bob@acme.example", "Nouvelle", "", "Zircon 20."))
	from.ingest(mail)
	to.work(Stages()...)
	to.ingest(mail)
	same(t, from, to)
	// Two more attempts: the first is done again as a whole, another archive's is refused.
	other := newBench(t)
	if err := other.promotion(to, new(told).emit).Claim(t.Context(), to.on.State); relais.KindOf(err) != relais.KindConflict || relais.HintOf(err) == "" {
		t.Errorf("claimed by another archive: %v", err)
	}
}

// TestInterruptedPromotion ends a promotion as each of its steps begins, and in the midst
// of those that tell how far they are: done again, it comes to its end, and nothing is
// there twice.
func TestInterruptedPromotion(t *testing.T) {
	t.Parallel()
	from, _ := promoted(t)
	to := from.target()
	begins := func(step string) func(relais.Event) bool {
		return func(e relais.Event) bool { return e.Detail == step+" …" }
	}
	goesOn := func(stage string) func(relais.Event) bool {
		return func(e relais.Event) bool { return e.Type == "progress" && e.Stage == stage }
	}
	stops := []func(relais.Event) bool{
		begins("packs"), goesOn("packs"), begins("keys"), goesOn("keys"), begins("audit log"), begins("state"), goesOn("state: documents"),
		begins("captured items"), goesOn("raw"), begins("documents"), begins("index"), goesOn("reindex"), begins("refused records"), begins("verification"),
	}
	for i, stop := range stops {
		ctx, cancel := context.WithCancel(t.Context())
		err := from.promote(ctx, to, func(e relais.Event) {
			if stop(e) {
				cancel()
			}
		})
		if ctx.Err() == nil {
			t.Errorf("stop %d was never met: %v", i, err)
		}
		cancel()
	}
	from.must(from.promote(t.Context(), to, new(told).emit))
	same(t, from, to)
}

// TestPromotionFindsADifference: a copy that is not whole, or not the same, is told.
func TestPromotionFindsADifference(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(from, to *bench)
		says  string
	}{
		"an envelope is lost on the way": {func(_, to *bench) { to.must(os.Remove(to.packs()[0])) }, "fault"},
		"other documents came in":        {func(from, _ *bench) { from.ingest(council(from.t)) }, "different documents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := newBench(t)
			from.ingest(mailbox(t, 2))
			to := from.target()
			var e told
			err := from.promote(t.Context(), to, func(ev relais.Event) {
				e.emit(ev)
				if ev.Detail == "verification …" {
					tc.spoil(from, to)
				}
			})
			if relais.KindOf(err) != relais.KindDamaged || !strings.Contains(err.Error(), tc.says) || len(e.of("fault")) > 0 != (tc.says == "fault") {
				t.Errorf("%v, told %v", err, e.details("fault"))
			}
		})
	}
}

// TestPromotionToAnotherArchive: state that holds a case of its own is left as it is.
func TestPromotionToAnotherArchive(t *testing.T) {
	t.Parallel()
	from := newBench(t)
	from.ingest(mailbox(t, 1))
	to := from.target()
	_, err := to.on.State.CreateCase(t.Context(), relais.Case{ID: relais.NewCaseID("Bob", 0), Name: "Bob"})
	to.must(err)
	if err := from.promote(t.Context(), to, new(told).emit); relais.KindOf(err) != relais.KindConflict {
		t.Errorf("%v", err)
	}
}
