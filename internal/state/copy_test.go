package state_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/state/statetest"
)

func TestCopyToPostgres(t *testing.T) {
	testCopy(t, func(t *testing.T) *state.DB { return postgresStorage(t)(t) })
}

func TestCopyToSQLite(t *testing.T) { testCopy(t, newSQLite) }

func newSQLite(t *testing.T) *state.DB {
	t.Helper()
	db, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func dump(t *testing.T, db *state.DB) string {
	t.Helper()
	var b bytes.Buffer
	if err := state.Dump(t.Context(), db, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// testCopy: a state becomes another to the byte, after a stop in the middle and
// after more has happened to the first.
func testCopy(t *testing.T, fresh func(t *testing.T) *state.DB) {
	from, to := newSQLite(t), fresh(t)
	c := statetest.Fill(t, from, 1200)
	if err := to.SetMeta(t.Context(), "stray", "x"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	err := state.Copy(ctx, from, to, nil, func(table string, rows int64) {
		if table == "occurrences" && rows > 500 {
			stop()
		}
	})
	if relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("stopped: %v", err)
	}
	for range 2 {
		if err := state.Copy(t.Context(), from, to, nil, func(string, int64) {}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(dump(t, from), dump(t, to)); diff != "" {
		t.Errorf("another memory (-from +to):\n%.2000s", diff)
	}
	statetest.Change(t, from, c)
	if err := state.Copy(t.Context(), from, to, nil, func(string, int64) {}); err != nil {
		t.Fatal(err)
	}
	want := dump(t, from)
	if diff := cmp.Diff(want, dump(t, to)); diff != "" {
		t.Errorf("what changed was not copied (-from +to):\n%.2000s", diff)
	}
	for i, name := range state.Tables() { // the test shows nothing of a table without rows
		if strings.Contains(want, name) && !strings.Contains(want, fmt.Sprintf("%s ", name)) || emptyTable(want, name) {
			t.Errorf("table %d, %s, is empty", i, name)
		}
	}
}

func emptyTable(dump, name string) bool {
	lines := strings.Split(dump, "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+" ") })
	return i < 0 || i+1 >= len(lines) || !strings.HasPrefix(lines[i+1], "[")
}

// TestCopyKnowsEveryTable: a migration that adds a table or a column shows here.
func TestCopyKnowsEveryTable(t *testing.T) {
	have, err := state.SchemaTables(t.Context(), newSQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	want := append(append(state.Tables(), state.LeftTables()...), "schema_version")
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("tables (-copied +there):\n%s", diff)
	}
	for line := range strings.Lines(dump(t, newSQLite(t))) {
		if f := strings.Fields(line); f[1] != f[2] {
			t.Errorf("%s has %s columns, %s are copied", f[0], f[1], f[2])
		}
	}
}

// TestCopyLeavesAnotherArchive: a target with a case of its own is not overwritten.
func TestCopyLeavesAnotherArchive(t *testing.T) {
	from, to := newSQLite(t), newSQLite(t)
	statetest.Fill(t, from, 10)
	if _, err := to.CreateCase(t.Context(), relais.Case{Name: "somebody else's"}); err != nil {
		t.Fatal(err)
	}
	had := dump(t, to)
	if err := state.Copy(t.Context(), from, to, nil, func(string, int64) {}); relais.KindOf(err) != relais.KindConflict {
		t.Errorf("copy: %v, want a conflict", err)
	}
	if diff := cmp.Diff(had, dump(t, to)); diff != "" {
		t.Error(diff)
	}
}
