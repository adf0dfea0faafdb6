package state_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
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
