package ingest

import (
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
