package ingest

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/testkit"
)

// TestWithTheRealLedger: the account kept by package state balances with what is on
// the disk, over runs with other rules, and a refusal goes once its reason is gone.
func TestWithTheRealLedger(t *testing.T) {
	ledger, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ledger.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteMaildir(t, dir, 30)
	testkit.WriteTree(t, dir, map[string]string{"old.mbox": mboxOf(0, 10), "files/big.eml": "From: a@b.example\n\n" + strings.Repeat("x", 5000)})
	a := newArchive()
	deps := a.deps(t)
	deps.Ledger, deps.Limits.ItemBytes = ledger, 4000
	run := func(since time.Time) relais.Counts {
		j := job(open(t, dir))
		j.Since = since
		if _, err := NewCapture(deps).Run(t.Context(), j, nil); err != nil {
			t.Fatal(err)
		}
		b, err := ledger.Balance(t.Context(), relais.Case{ID: j.Case})
		if err != nil || b.Sum() != b.Seen {
			t.Fatalf("balance %+v, %v", b, err)
		}
		for _, s := range b.Sources {
			if s.Announced == nil || *s.Announced != s.Seen {
				t.Errorf("folder %q: announced %v, seen %d", s.Folder, s.Announced, s.Seen)
			}
		}
		return b.Counts
	}
	// Message(n) is dated n days after 2 January 2023.
	for _, tc := range []struct {
		since time.Time
		limit int64
		want  relais.Counts
	}{
		{testkit.Date(5), 4000, relais.Counts{Seen: 41, Pending: 30, Excluded: 10, Refused: 1}},
		{testkit.Date(5), 4000, relais.Counts{Seen: 41, Pending: 30, Excluded: 10, Refused: 1}},
		{time.Time{}, 4000, relais.Counts{Seen: 41, Pending: 40, Refused: 1}},
		{time.Time{}, 9000, relais.Counts{Seen: 41, Pending: 41}},
	} {
		deps.Limits.ItemBytes = tc.limit
		if diff := cmp.Diff(tc.want, run(tc.since)); diff != "" {
			t.Errorf("since %v, limit %d: %s", tc.since, tc.limit, diff)
		}
	}
	if list, err := ledger.Refusals(t.Context(), "c1"); err != nil || len(list) != 0 {
		t.Errorf("refusals left: %+v, %v", list, err)
	}
}

// TestOnePositionWhateverTheRules: of each kind of source, every position is one item of
// the account, whatever rules its runs had and in whatever order they came.
func TestOnePositionWhateverTheRules(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	testkit.WriteMaildir(t, tree, 6)
	testkit.WriteTree(t, tree, map[string]string{"old.mbox": mboxOf(6, 10), "files/a.eml": testkit.Message(10), "files/b.txt": "b", "files/Thumbs.db": "x"})
	box := filepath.Join(t.TempDir(), "box.mbox")
	testkit.WriteTree(t, filepath.Dir(box), map[string]string{"box.mbox": mboxOf(0, 8)})
	packed := zipped(t, "files/1.eml", testkit.Message(1), "files/b.txt", "b", "old/all.mbox", mboxOf(2, 6), "Maildir/cur/1.host:2,S", testkit.Message(6))
	server := testkit.NewIMAP(t, inbox(9))
	for name, src := range map[string]struct {
		open      func(t *testing.T) Source
		positions int64
	}{
		"tree": {func(t *testing.T) Source { return open(t, tree) }, 13},
		"mbox": {func(t *testing.T) Source { return open(t, box) }, 8},
		"zip":  {func(t *testing.T) Source { return open(t, packed) }, 7},
		"imap": {func(t *testing.T) Source { return openServer(t, "imap://"+server.Addr()) }, 9},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) {
				ledger, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
				if err != nil {
					t.Fatal(err)
				}
				deps, rnd := newArchive().deps(t), rand.New(rand.NewPCG(seed, 2))
				deps.Ledger = ledger
				for range 5 {
					j := anyRules(rnd, job(src.open(t)))
					if _, err := NewCapture(deps).Run(t.Context(), j, nil); err != nil {
						t.Fatal(err)
					}
					b, err := ledger.Balance(t.Context(), relais.Case{ID: j.Case})
					if err != nil || b.Seen != src.positions || b.Sum() != b.Seen {
						t.Fatalf("since %v, until %v, without %v: %d positions, %+v (%v)", j.Since, j.Until, j.ExcludeFolders, src.positions, b.Counts, err)
					}
				}
				if err := ledger.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// anyRules gives a job rules as somebody might from one run to the next.
func anyRules(rnd *rand.Rand, j Job) Job {
	switch rnd.IntN(5) {
	case 0:
		j.Since = testkit.Date(rnd.IntN(10))
	case 1:
		j.Until = testkit.Date(rnd.IntN(10))
	case 2:
		j.ExcludeFolders = []string{"inbox"}
	case 3:
		j.ExcludeFolders = []string{"*"}
	}
	return j
}

// TestUnreadFolderStandsInTheBalance: it is no item; the case does not balance until
// the folder was read, or is left out.
func TestUnreadFolderStandsInTheBalance(t *testing.T) {
	ledger, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ledger.Close(); err != nil {
			t.Error(err)
		}
	}()
	deps := newArchive().deps(t)
	deps.Ledger = ledger
	list := relais.Errorf(relais.KindRefused, "list", "half of it")
	folder := relais.Errorf(relais.KindUnavailable, "read", "gone")
	for i, tc := range []struct {
		list, folder error
		exclude      []string
		want         int64
	}{
		{list, folder, nil, 2}, {list, folder, nil, 2}, {nil, folder, nil, 1}, {list, nil, nil, 1}, {nil, nil, nil, 0},
		{nil, folder, nil, 1}, {nil, folder, []string{"b"}, 0},
	} {
		s := messages(2, "a", "b")
		s.lost, s.fail["b"] = tc.list, tc.folder
		j := job(askedFor{s})
		j.ExcludeFolders = tc.exclude
		_, failed := NewCapture(deps).Run(t.Context(), j, nil)
		b, err := ledger.Balance(t.Context(), relais.Case{ID: "c1"})
		if err != nil || b.FoldersUnread != tc.want || (failed != nil) != (tc.want > 0) || b.Refused != 0 || b.Seen != 4 || b.Sum() != b.Seen {
			t.Errorf("run %d: want %d unread, run %v: %+v, %v", i, tc.want, failed, b, err)
		}
		unread := int64(0)
		for _, f := range b.Sources {
			if f.Unread {
				unread++
			}
		}
		if unread != tc.want || b.Balanced {
			t.Errorf("run %d: %d folders are marked, want %d", i, unread, tc.want)
		}
	}
}

// askedFor is a source that may not tell all its folders.
type askedFor struct{ *listed }

func (askedFor) Notes() []string { return nil }
