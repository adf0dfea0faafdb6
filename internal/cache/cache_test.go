package cache

import (
	"math/rand/v2"
	"testing"
)

// TestRecentIsBounded: what is always asked for stays, whatever else comes, and never
// more is held than Most.
func TestRecentIsBounded(t *testing.T) {
	r := Recent[int, int]{Most: 100}
	for i := range 1000 {
		r.Put(i, -i)
		if v, ok := r.Get(0); !ok || v != 0 {
			t.Fatalf("the one always asked for was dropped after %d", i)
		}
		if r.Len() > 100 {
			t.Fatalf("%d values held", r.Len())
		}
	}
	if v, ok := r.Get(999); !ok || v != -999 {
		t.Errorf("the last: %d, %v", v, ok)
	}
	if _, ok := r.Get(1); ok {
		t.Error("one of the first is held still")
	}
}

// TestRecentTellsTheTruth: whatever is put, asked for and dropped, in whatever order, a
// value that is found is the last one put, and none of a key that was dropped.
func TestRecentTellsTheTruth(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		r, truth := Recent[int, int]{Most: 2 + random.IntN(20)}, map[int]int{}
		for step := range 2000 {
			k := random.IntN(30)
			switch random.IntN(20) {
			case 0:
				r.Drop(k)
				delete(truth, k)
			case 1, 2, 3, 4, 5, 6:
				r.Put(k, step)
				truth[k] = step
			case 7:
				if random.IntN(20) == 0 {
					r.Clear()
					clear(truth)
				}
			}
			got, ok := r.Get(k)
			if want, known := truth[k]; ok && (!known || got != want) {
				t.Fatalf("seed %d, step %d: %d is %d, want %d (%v)", seed, step, k, got, want, known)
			}
		}
	}
}

// TestRecentKeepsHalf: the half used last is there for certain.
func TestRecentKeepsHalf(t *testing.T) {
	r := Recent[int, int]{Most: 20}
	for i := range 137 {
		r.Put(i, i)
		for j := max(0, i-9); j <= i; j++ {
			if _, ok := r.young[j]; !ok {
				if _, ok := r.old[j]; !ok {
					t.Fatalf("%d of the last ten is gone after %d", j, i)
				}
			}
		}
	}
}

// TestZeroRecent remembers nothing.
func TestZeroRecent(t *testing.T) {
	var r Recent[string, int]
	r.Put("a", 1)
	if _, ok := r.Get("a"); ok || r.Len() != 0 {
		t.Error("remembered")
	}
}
