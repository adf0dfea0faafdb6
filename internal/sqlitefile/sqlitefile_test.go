package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// TestCheck: a whole file is sound; one whose pages are not what they were is told,
// whether SQLite opens it or not.
func TestCheck(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	f := open(t, whole, Options{Readers: 1})
	if _, err := f.Write.Exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
		CREATE INDEX by_name ON t (name);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000)
		INSERT INTO t SELECT i, 'name ' || i FROM n`); err != nil {
		t.Fatal(err)
	}
	for _, deep := range []bool{false, true} {
		if err := f.Check(t.Context(), deep); err != nil {
			t.Errorf("a whole file: %v", err)
		}
	}
	if err := f.Close(); err != nil {
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
		if err := open(t, path, Options{Readers: 1}).Check(t.Context(), true); !errors.Is(err, ErrDamaged) || !Damaged(err) {
			t.Errorf("a bit of byte %d: %v", at, err)
		}
	}
	if Damaged(errors.New("another")) || Damaged(nil) {
		t.Error("any error is damage")
	}
}

// TestOpen: each connection is as the options say, whatever the name of the file.
func TestOpen(t *testing.T) {
	durable := map[string]int{"synchronous": 2, "busy_timeout": 10_000, "query_only": 0}
	for name, tc := range map[string]struct {
		o           Options
		write, read map[string]int
	}{
		"plain": {Options{Readers: 1},
			map[string]int{"cache_size": -2000, "page_size": 4096, "wal_autocheckpoint": 1000, "secure_delete": 0, "temp_store": 0},
			map[string]int{"cache_size": -2000, "temp_store": 0}},
		"all ?#%41 é": {Options{Checkpoint: 7, WriteCache: 300, ReadCache: 200, Readers: 2, IdleReaders: 2, TempInMemory: true, SecureDelete: true},
			map[string]int{"cache_size": -300, "page_size": 4096, "wal_autocheckpoint": 7, "secure_delete": 1, "temp_store": 2},
			map[string]int{"cache_size": -200, "page_size": 4096, "temp_store": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name+".db")
			f := open(t, path, tc.o)
			if _, err := f.Write.Exec(`CREATE TABLE t (id INTEGER)`); err != nil {
				t.Fatal(err)
			}
			maps.Copy(tc.write, durable)
			expectPragmas(t, f.Write, tc.write)
			tc.read["query_only"], tc.read["busy_timeout"] = 1, 10_000
			expectPragmas(t, f.Read, tc.read)
			var mode string
			if err := f.Read.QueryRow(`PRAGMA journal_mode`).Scan(&mode); err != nil || mode != "wal" {
				t.Errorf("journal mode %q, error %v", mode, err)
			}
			if _, err := f.Read.Exec(`INSERT INTO t VALUES (1)`); err == nil {
				t.Error("a reader wrote")
			}
			for _, file := range []string{path, path + "-wal"} {
				if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s: %v, error %v", filepath.Base(file), info, err)
				}
			}
		})
	}
}

func expectPragmas(t *testing.T, db *sql.DB, want map[string]int) {
	t.Helper()
	for name, value := range want {
		var got int
		if err := db.QueryRow("PRAGMA " + name).Scan(&got); err != nil || got != value {
			t.Errorf("%s is %d, error %v; want %d", name, got, err, value)
		}
	}
}

// TestOneWriterAndReaders: a transaction that writes queues behind the one before;
// readers look at what was committed meanwhile.
func TestOneWriterAndReaders(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "a.db"), Options{Readers: 2})
	if _, err := f.Write.Exec(`CREATE TABLE t (id INTEGER)`); err != nil {
		t.Fatal(err)
	}
	tx, err := f.Write.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`INSERT INTO t VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Write.BeginTx(impatient, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a second writer began: %v", err)
	}
	if n := count(t, f.Read); n != 0 {
		t.Errorf("readers see %d rows that are not committed", n)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, f.Read); n != 1 {
		t.Errorf("readers see %d rows, want 1", n)
	}
}

func count(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRow(`SELECT count(*) FROM t`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCutLog: nothing is left in the log beside the file, and a reader that keeps it
// from being cut is told of.
func TestCutLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	f := open(t, path, Options{Readers: 2, SecureDelete: true})
	if _, err := f.Write.Exec(`CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	reader, err := f.Read.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRow(`SELECT count(*) FROM t`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write.Exec(`PRAGMA busy_timeout(1); DELETE FROM t`); err != nil {
		t.Fatal(err)
	}
	if err := f.CutLog(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("cut while read: %v", err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := f.CutLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the log: %v, error %v", info, err)
	}
}

// TestOpenNowhere: a file that cannot be made is told at once.
func TestOpenNowhere(t *testing.T) {
	if f, err := Open(filepath.Join(t.TempDir(), "none", "a.db"), Options{}); err == nil {
		t.Errorf("opened %v", f)
	}
}

func open(t *testing.T, path string, o Options) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
