package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPausesGrow: each is between half of what is due and all of it, and what is due
// doubles up to the last.
func TestPausesGrow(t *testing.T) {
	for name, tc := range map[string]struct {
		pause Pause
		want  []time.Duration
	}{
		"bounded": {Pause{First: 100 * time.Millisecond, Last: 300 * time.Millisecond},
			[]time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 300 * time.Millisecond}},
		"not bounded": {Pause{First: time.Second},
			[]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}},
		"the last is shorter": {Pause{First: time.Hour, Last: time.Second}, []time.Duration{time.Second, time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				for i, whole := range tc.want {
					before := time.Now()
					if err := tc.pause.Wait(t.Context()); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(before); took < whole/2 || took > whole {
						t.Errorf("pause %d took %v, want %v to %v", i, took, whole/2, whole)
					}
				}
				if took := time.Since(begin); tc.pause.Waited() != took {
					t.Errorf("waited %v, of %v", tc.pause.Waited(), took)
				}
			})
		})
	}
}

// TestPausesDiffer: of many that begin together, not all come back together.
func TestPausesDiffer(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[(&Pause{First: time.Second}).draw()] = true
	}
	if len(seen) < 50 {
		t.Errorf("%d lengths of 100 pauses", len(seen))
	}
}

// TestEndOfContext: whoever gives up does not wait.
func TestEndOfContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := Pause{First: time.Hour}
	if err := p.Wait(ctx); !errors.Is(err, context.Canceled) || p.Waited() != 0 {
		t.Errorf("error %v after %v", err, p.Waited())
	}
}
