package casefile

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// TestOpenedByManyAtOnce: those who open one case at once all get it, and one made it.
func TestOpenedByManyAtOnce(t *testing.T) {
	db, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	cases := New(db, time.Now, personal)
	for round := range 5 {
		var made atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				got, err := cases.Open(t.Context(), fmt.Sprintf("departure %d", round), relais.Owner{Address: fmt.Sprintf("o%d@x.example", i)}, false)
				if err != nil {
					t.Error(err)
				}
				if got.Created {
					made.Add(1)
				}
			})
		}
		all.Wait()
		if made.Load() != 1 {
			t.Errorf("round %d: made %d times", round, made.Load())
		}
	}
}

func TestNear(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"Départ Dupont", "depart dupont", true},
		{"dupont", "Dupond", true},
		{"dupont", "duopnt", true},
		{"dupont", "duponts", true},
		{"Dupont 2024", "Dupont 2025", false},
		{"Lea", "Leo", false},
		{"martin", "dupont", false},
		{"marie-claire", "marie claire", true},
	} {
		if got := near(tc.a, tc.b); got != tc.want {
			t.Errorf("near(%q, %q) = %v, want %v", tc.a, tc.b, got, tc.want)
		}
		if got := near(tc.b, tc.a); got != tc.want {
			t.Errorf("near(%q, %q) = %v, want %v", tc.b, tc.a, got, tc.want)
		}
	}
}
