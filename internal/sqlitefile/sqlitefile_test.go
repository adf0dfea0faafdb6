package sqlitefile

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestCheck: a whole file is sound; one whose pages are not what they were is told,
// whether SQLite opens it or not.
func TestCheck(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	db := open(t, whole)
	if _, err := db.Exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
		CREATE INDEX by_name ON t (name);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000)
		INSERT INTO t SELECT i, 'name ' || i FROM n`); err != nil {
		t.Fatal(err)
	}
	for _, deep := range []bool{false, true} {
		if err := Check(t.Context(), db, deep); err != nil {
			t.Errorf("a whole file: %v", err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	bytes, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 4096, 4096 + 3, 3 * 4096} { // the magic, a page's type, its count of cells
		changed := append([]byte(nil), bytes...)
		changed[at] ^= 0x40
		path := filepath.Join(t.TempDir(), "damaged.db")
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		db := open(t, path)
		if err := Check(t.Context(), db, true); !errors.Is(err, ErrDamaged) || !Damaged(err) {
			t.Errorf("a bit of byte %d: %v", at, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if Damaged(errors.New("another")) || Damaged(nil) {
		t.Error("any error is damage")
	}
}

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
