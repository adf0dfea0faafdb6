package sqlitefile

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// What is frozen is copied as it was, whatever is written meanwhile.
func TestFreeze(t *testing.T) {
	dir := t.TempDir()
	f := open(t, filepath.Join(dir, "a.db"), Options{Readers: 2})
	execute(t, f, `CREATE TABLE t (n INTEGER, filler BLOB)`)
	for i := range 100 {
		execute(t, f, fmt.Sprintf(`INSERT INTO t VALUES (%d, zeroblob(200000))`, i))
	}
	frozen, err := f.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		_, err := f.Write.ExecContext(t.Context(), `INSERT INTO t VALUES (100, NULL)`)
		written <- err
	}()
	if rows, err := list(t.Context(), f.Read, `SELECT count(*) FROM t`); err != nil || rows[0] != "100" {
		t.Errorf("readers see %v (%v)", rows, err)
	}
	if err := frozen.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil { // it waited for the release
		t.Fatal(err)
	}
	execute(t, f, `UPDATE t SET n = -1`, `PRAGMA wal_checkpoint(PASSIVE)`)
	path := filepath.Join(dir, "copy ?#%.db")
	if err := frozen.CopyTo(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := frozen.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, f, `INSERT INTO t VALUES (-1, NULL)`)
	copied := open(t, path, Options{Readers: 1})
	if err := copied.Check(t.Context(), true); err != nil {
		t.Error(err)
	}
	rows, err := list(t.Context(), copied.Read, `SELECT count(*) || ' ' || sum(n) FROM t`)
	if got := strings.Join(rows, ""); err != nil || got != "100 4950" {
		t.Errorf("the copy holds %s (%v)", got, err)
	}
}
