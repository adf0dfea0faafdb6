package state_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/state/statetest"
)

// TestGarbledColumns: a value that this program cannot have written is told as damage,
// whatever it was to be.
func TestGarbledColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := state.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.PutBlobs(t.Context(), map[relais.Digest]relais.Location{relais.DigestOf([]byte("a")): {Pack: "ab/pack"}}, false); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), `UPDATE blobs SET digest = ?`, "\x14"+strings.Repeat("0", 63)); err != nil {
		t.Fatal(err)
	}
	if db, err = state.OpenSQLite(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.EachBlob(t.Context(), func(relais.Digest, relais.Location) error { return nil })
	if relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("a digest that is none: %v", err)
	}
}

// TestGarbledJSON: whoever reads a column that holds a list or a map is told when it
// holds none, and nobody else.
func TestGarbledJSON(t *testing.T) {
	db := newSQLite(t)
	c := statetest.Fill(t, db, 20)
	if err := state.Unguard(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	const merge = "what is read in a merge"
	rows, doubts := []string{"DocumentRows", "Dirty", "Row", merge}, []string{"DocumentRows", "Dirty", "EachDoubtful", "Row", merge}
	for column, want := range map[string][]string{
		"owners.aliases": {"Cases", "Case"}, "clients.body": {"Clients"}, "contacts.body": {"Clients"}, "tokens.body": {"Token", "Tokens"},
		"occurrences.sha256": {"BytesOf", "Occurrences", merge}, "refusals.sha256": {"Refusals"},
		"envelopes.blob":    {"Envelopes", "SealedBy", "ThreadEnvelopes", "EachEnvelope"},
		"documents.clients": rows, "documents.domains": rows, "documents.topics": rows, "documents.blob": rows,
		"documents.doubts": doubts, "documents.earlier": doubts,
	} {
		table, name, _ := strings.Cut(column, ".")
		spoil := "CREATE TABLE was AS SELECT rowid AS id, " + name + " AS v FROM " + table + "; UPDATE " + table + " SET " + name + " = '{'"
		if err := state.Exec(t.Context(), db, spoil); err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, o := range reads() {
			if relais.KindOf(o.do(t.Context(), db, c)) == relais.KindDamaged {
				told = append(told, o.name)
			}
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%s (-should tell +told):\n%s", column, diff)
		}
		mend := "UPDATE " + table + " SET " + name + " = (SELECT v FROM was WHERE id = " + table + ".rowid); DROP TABLE was"
		if err := state.Exec(t.Context(), db, mend); err != nil {
			t.Fatal(err)
		}
	}
}
