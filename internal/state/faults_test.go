package state_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/postgres/postgrestest"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/state/statetest"
)

// TestConnectionsEnd: every connection is ended again and again in the middle of
// merges: what fails may be tried again, what was acknowledged stands, once.
func TestConnectionsEnd(t *testing.T) {
	url := postgrestest.URL(t)
	namespace := postgrestest.Schema(t, url)
	testFault(t, url, namespace, func(merged func() int) {
		for n := range 6 {
			for merged() < 10*n { // some got through since
				time.Sleep(time.Millisecond)
			}
			postgrestest.Kill(t, url, namespace)
		}
	})
}

// TestServerRestarts: as above, by RELAIS_TEST_POSTGRES_RESTART, a command that kills
// the test server and starts it again. No other test may use the server meanwhile.
func TestServerRestarts(t *testing.T) {
	restart := os.Getenv("RELAIS_TEST_POSTGRES_RESTART")
	if restart == "" {
		t.Skip("RELAIS_TEST_POSTGRES_RESTART names no command")
	}
	url := postgrestest.URL(t)
	testFault(t, url, postgrestest.Schema(t, url), func(merged func() int) {
		for n := range 3 {
			for merged() < 20*n {
				time.Sleep(time.Millisecond)
			}
			if out, err := exec.CommandContext(t.Context(), "sh", "-c", restart).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		}
	})
}

// testFault raises documents from two processes, each step until it is acknowledged,
// while fault does its worst.
func testFault(t *testing.T, url, namespace string, fault func(merged func() int)) {
	ctx := t.Context()
	options := state.PostgresOptions{URL: url, Namespace: namespace}
	dbs := make([]*state.DB, 2)
	for i := range dbs {
		db, err := state.OpenPostgres(ctx, options)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // a test's
		dbs[i] = db
	}
	c := statetest.Fill(t, dbs[0], 1)
	var merged, failed atomic.Int64
	ended, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for n := int64(1); ended.Err() == nil; n++ {
				if !persist(t, &failed, func() error { return raiseTo(ctx, dbs[w%2], c, w, n) }) {
					end()
				}
				merged.Add(1)
			}
		})
	}
	fault(func() int { // waiters for merges wait no longer when none will come
		if ended.Err() != nil {
			return 1 << 30
		}
		return int(merged.Load())
	})
	end()
	all.Wait()
	if failed.Load() == 0 {
		t.Error("nothing failed: the test shows nothing")
	}
	t.Logf("%d merges, %d failed and were tried again", merged.Load(), failed.Load())
	if _, err := dbs[1].Balance(ctx, c); err != nil {
		t.Errorf("after all: %v", err)
	}
}

// persist tries until it works, and tells whether every failure was one of those to try again.
func persist(t *testing.T, failed *atomic.Int64, fn func() error) bool {
	for {
		err := fn()
		switch {
		case err == nil:
			return true
		case !relais.Retryable(err):
			t.Errorf("of kind %q: %v", relais.KindOf(err), err)
			return false
		}
		failed.Add(1)
		time.Sleep(5 * time.Millisecond)
	}
}

// raiseTo merges a worker's document at revision n, which must follow what the last
// acknowledged merge left: or be there, if its acknowledgement was lost.
func raiseTo(ctx context.Context, db *state.DB, c relais.Case, worker int, n int64) error {
	id := relais.DocumentID(fmt.Sprintf("w%d", worker))
	return db.Merge(ctx, c.ID, 1, func(m *state.Merging) error {
		docs, err := m.Documents(ctx, []relais.DocumentID{id})
		if err != nil {
			return err
		}
		if have := docs[id].Revision; have != n-1 && have != n {
			return relais.Errorf(relais.KindInternal, "test", "revision %d was acknowledged, %d is there", n-1, have)
		}
		return m.PutDocuments(ctx, []state.Document{{ID: id, Revision: n}})
	})
}

// TestLostClaim: whoever works alone on a connection that ends is told, and the next
// one comes in.
func TestLostClaim(t *testing.T) {
	url := postgrestest.URL(t)
	namespace := postgrestest.Schema(t, url)
	db, err := state.OpenPostgres(t.Context(), state.PostgresOptions{URL: url, Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	err = db.Alone(t.Context(), "c1", func(ctx context.Context) error {
		postgrestest.Kill(t, url, namespace)
		<-ctx.Done()
		if err := db.Alone(t.Context(), "c1", func(context.Context) error { return nil }); err != nil {
			t.Errorf("the next one: %v", err)
		}
		return ctx.Err()
	})
	if relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("of kind %q: %v", relais.KindOf(err), err)
	}
}
