package state_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/relais-archive/relais/internal/postgres/postgrestest"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/state/statetest"
)

func TestSQLite(t *testing.T) {
	statetest.Test(t, func(t *testing.T) statetest.Open {
		file := filepath.Join(t.TempDir(), "state.db")
		return func(t *testing.T) *state.DB {
			t.Helper()
			db, err := state.OpenSQLite(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
	})
}

// TestPostgres runs the suite on the server that RELAIS_TEST_POSTGRES names, each
// test in a schema of its own.
func TestPostgres(t *testing.T) {
	statetest.Test(t, postgresStorage)
	statetest.TestShared(t, postgresStorage)
}

func postgresStorage(t *testing.T) statetest.Open {
	url := postgrestest.URL(t)
	namespace := postgrestest.Schema(t, url)
	return func(t *testing.T) *state.DB {
		t.Helper()
		db, err := state.OpenPostgres(t.Context(), state.PostgresOptions{URL: url, Namespace: namespace})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

// TestDamagedFileIsTold: what is no database any more is damaged, not busy.
func TestDamagedFileIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(file, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := state.OpenSQLite(t.Context(), file); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("a file of something else: %v", err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	db, err := state.OpenSQLite(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := state.SetSchemaVersion(t.Context(), db, 1000); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err = state.OpenSQLite(t.Context(), file); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a newer schema: %v", err)
	}
}

// TestFirstSchemaIsMigrated: what the first schema's program remembered is known still.
func TestFirstSchemaIsMigrated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	open := func() *state.DB {
		db, err := state.OpenSQLite(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := open()
	c := statetest.Fill(t, db, 10)
	if err := state.Unguard(t.Context(), db); err != nil { // that program knew no checksums of rows
		t.Fatal(err)
	}
	if err := state.Exec(t.Context(), db, `ALTER TABLE documents DROP COLUMN topics; ALTER TABLE documents DROP COLUMN sent;
		DROP TABLE refused_records; DROP TABLE warned; DROP TABLE underway; DROP INDEX documents_withheld;
		DROP TABLE decisions; DROP TABLE decisions_pending; DROP TABLE disclosures; DROP INDEX documents_doubts;
		ALTER TABLE documents DROP COLUMN doubts; ALTER TABLE documents DROP COLUMN earlier;
		ALTER TABLE documents DROP COLUMN status; ALTER TABLE documents DROP COLUMN reason;
		DROP INDEX envelopes_state; ALTER TABLE envelopes DROP COLUMN state; ALTER TABLE envelopes DROP COLUMN unread;
		ALTER TABLE documents DROP COLUMN people; DROP TABLE correspondents;
		DELETE FROM schema_version WHERE version > 1`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open()
	defer db.Close() //nolint:errcheck // a test's
	docs := 0
	err := db.Settle(t.Context(), c.ID, func(m *state.Merging) error {
		return m.All(t.Context(), func(d state.Document) error {
			docs++
			withheld := map[bool]relais.Status{true: relais.StatusQuarantined}[d.Personal != ""]
			if d.Clients["c1"] != 900 || d.Topics != nil || d.Sent != 0 || d.Status != withheld || d.Reason != d.Personal {
				t.Errorf("migrated: %+v", d)
			}
			return nil
		})
	})
	if err != nil || docs != 10 {
		t.Errorf("%d documents, %v", docs, err)
	}
}

func BenchmarkSQLite(b *testing.B) {
	db, err := state.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a benchmark's
	statetest.Bench(b, db)
}

func BenchmarkPostgres(b *testing.B) {
	url := postgrestest.URL(b)
	db, err := state.OpenPostgres(b.Context(), state.PostgresOptions{URL: url, Namespace: postgrestest.Schema(b, url)})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a benchmark's
	statetest.Bench(b, db)
}
