package archive

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/search"
)

// otherFormat keeps indexes of another format than this program's.
type otherFormat struct{}

func (otherFormat) Open(context.Context, int, bool) (search.Index, error) {
	return nil, relais.E(relais.KindInvalid, "open index", search.ErrFormat)
}

func (otherFormat) Drop(context.Context, int) error { return nil }

// TestIndexOfAnotherFormat: an archive opens whose index is of another format, and
// says how the index is made again.
func TestIndexOfAnotherFormat(t *testing.T) {
	db, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	g, err := OpenGenerations(t.Context(), db, otherFormat{}, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Search(t.Context(), search.Request{}); !g.damaged() || !strings.Contains(relais.HintOf(err), "relais reindex") {
		t.Errorf("damaged %v, a search in it: %v", g.damaged(), err)
	}
}

// TestGenerationsOfOneOfMany: a process takes up the index that another has put in use,
// and only then lets the old one go; without a setting it keeps what it has.
func TestGenerationsOfOneOfMany(t *testing.T) {
	t.Parallel()
	b := newBench(t, sharing)
	other := b.beside(shared())
	b.must(other.on.Index.follow(t.Context()))
	if other.on.Index.Group() != "index-1" {
		t.Errorf("%s is followed, and nobody has put any in use", other.on.Index.Group())
	}
	defer other.work(Stages()...)()
	b.ingest(mailbox(t, 3))
	b.reindex(false)
	eventually(t, "the other process takes up the new index", func() bool { return other.on.Index.Group() == "index-2" })
	if b.found("pompe") != 3 || other.found("pompe") != 3 {
		t.Errorf("%d and %d found", b.found("pompe"), other.found("pompe"))
	}
}

// TestFollowThatFails: an index that cannot be opened is told, and the one in use stays.
func TestFollowThatFails(t *testing.T) {
	t.Parallel()
	b := newBench(t, sharing)
	b.must(b.on.State.SetMeta(t.Context(), indexSetting, "7"))
	if err := b.on.Index.follow(t.Context()); relais.KindOf(err) != relais.KindDamaged || b.on.Index.Group() != "index-1" {
		t.Errorf("%v, %s in use", err, b.on.Index.Group())
	}
	eventually(t, "it is told", func() bool { return strings.Contains(b.log.said(), "cannot tell which index is in use") })
}

// TestIndexOfNoNumber: where state says what is no number, nobody knows which index is in
// use: the first one would answer with less, or with nothing.
func TestIndexOfNoNumber(t *testing.T) {
	t.Parallel()
	b := newBench(t, sharing)
	for _, value := range []string{"x", "0", "-1", "2 "} {
		b.must(b.on.State.SetMeta(t.Context(), indexSetting, value))
		if err := b.on.Index.follow(t.Context()); relais.KindOf(err) != relais.KindDamaged || b.on.Index.Group() != "index-1" {
			t.Errorf("%q: %v, %s in use", value, err, b.on.Index.Group())
		}
		if g, err := OpenGenerations(t.Context(), b.on.State, b.at.shelf, false, 0); relais.KindOf(err) != relais.KindDamaged {
			t.Errorf("%q: %v opens, %v", value, g, err)
		}
	}
}

// TestLinger: an index that was replaced is kept for a while, or until nobody has the
// patience; it is closed at once.
func TestLinger(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *place) { p.linger = 1 << 60 })
	ctx, cancel := context.WithCancel(t.Context())
	n, next, err := b.on.Index.next(ctx)
	b.must(err)
	type end struct {
		swapped bool
		err     error
	}
	ended := make(chan end, 1)
	go func() {
		swapped, err := b.on.Index.swap(ctx, n, next)
		ended <- end{swapped, err}
	}()
	eventually(t, "the next is in use", func() bool { return b.on.Index.Group() == "index-2" })
	if _, err := os.Stat(b.at.shelf.path(1)); err != nil {
		t.Error("the old one is dropped at once:", err)
	}
	cancel()
	if got := <-ended; !got.swapped || got.err != nil {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(b.at.shelf.path(1)); err == nil {
		t.Error("the old one is kept")
	}
	if value, err := b.on.State.Meta(t.Context(), indexSetting); err != nil || value != "2" {
		t.Errorf("state says %q (%v)", value, err)
	}
}

// unready is an index that does not let be found what it was given.
type unready struct{ search.Index }

// Refresh fails.
func (unready) Refresh(context.Context) error {
	return relais.Errorf(relais.KindUnavailable, "refresh", "no answer")
}

// TestSwapWaitsForTheNext: an index that would not find what it holds takes no place.
func TestSwapWaitsForTheNext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	n, next, err := b.on.Index.next(t.Context())
	b.must(err)
	t.Cleanup(func() { _ = next.Close() })
	swapped, err := b.on.Index.swap(t.Context(), n, unready{next})
	if value, _ := b.on.State.Meta(t.Context(), indexSetting); swapped || err == nil || b.on.Index.Group() != "index-1" || value != "" {
		t.Errorf("swapped %v (%v), %s in use, state says %q", swapped, err, b.on.Index.Group(), value)
	}
}

// plain is an index that is no file and has nothing to purge.
type plain struct{ search.Index }

// TestDamagedIndexStandsIn: each call tells the damage, but those that ask for nothing.
func TestDamagedIndexStandsIn(t *testing.T) {
	fault := relais.Errorf(relais.KindDamaged, "open index", "gone")
	g := &Generations{number: 3, current: damagedIndex{fault}}
	_, applied := g.Apply(t.Context(), nil)
	for name, err := range map[string]error{
		"apply": applied, "refresh": g.Refresh(t.Context()), "each": g.Each(t.Context(), nil), "fault": g.fault(),
	} {
		if !errors.Is(err, fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"purge": g.Purge(t.Context()), "check": g.Check(t.Context(), true), "close": g.Close(),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if g.take(4, plain{}); g.damaged() || g.Group() != "index-4" || g.Purge(t.Context()) != nil || g.Check(t.Context(), true) != nil {
		t.Errorf("%s, damaged %v", g.Group(), g.damaged())
	}
}
