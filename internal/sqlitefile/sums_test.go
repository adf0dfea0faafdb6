package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// inTx runs fn in a transaction of the writer.
func inTx(t *testing.T, f *File, fn func(ctx context.Context, tx *sql.Tx) error) {
	t.Helper()
	tx, err := f.Write.BeginTx(t.Context(), nil)
	if err == nil {
		err = errors.Join(fn(t.Context(), tx), tx.Commit())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func execute(t *testing.T, f *File, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := f.Write.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func guarded(t *testing.T, path string) *File {
	t.Helper()
	f := open(t, path, Options{Readers: 1})
	execute(t, f, `CREATE TABLE plain (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, amount REAL)`,
		`CREATE TABLE pairs (a TEXT NOT NULL, b BIGINT NOT NULL DEFAULT 3, PRIMARY KEY (a, b)) WITHOUT ROWID`,
		`CREATE INDEX by_key ON plain (key)`, `CREATE TABLE version (n INTEGER)`,
		`CREATE VIRTUAL TABLE words USING fts5(text)`,
		`INSERT INTO plain VALUES (1, 'one', x'010203', 1.5), (2, 'two', NULL, NULL), (7, '', x'', 0)`,
		`INSERT INTO pairs VALUES ('x', 1)`, `INSERT INTO version VALUES (4)`, `INSERT INTO words VALUES ('a word')`)
	inTx(t, f, func(ctx context.Context, tx *sql.Tx) error { return Guard(ctx, tx, "version") })
	return f
}

// A guarded file answers as before, to statements that know nothing of checksums.
func TestGuard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guarded.db")
	f := guarded(t, path)
	execute(t, f, `INSERT INTO plain VALUES (9, 'nine', x'09', 9)`, `UPDATE plain SET value = 'text', amount = 2 WHERE id = 2`,
		`INSERT INTO plain (id, key) VALUES (7, 'seven') ON CONFLICT (id) DO UPDATE SET key = excluded.key`,
		`INSERT INTO pairs (a) VALUES ('y')`, `DELETE FROM plain WHERE id = 1`)
	if err := f.Check(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = open(t, path, Options{Readers: 1}) // and by another connection
	if err := f.Check(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	keys, err := list(t.Context(), f.Read, `SELECT key FROM plain ORDER BY id`)
	if got := strings.Join(keys, " "); err != nil || got != "two seven nine" {
		t.Errorf("keys %q, %v", got, err)
	}
	indexes, err := list(t.Context(), f.Read, `SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`)
	if err != nil || strings.Join(indexes, " ") != "by_key" {
		t.Errorf("indexes %v, %v", indexes, err)
	}
	if text, err := list(t.Context(), f.Read, `SELECT sql FROM sqlite_schema WHERE name = 'version'`); err != nil || strings.Contains(text[0], sumColumn) {
		t.Errorf("the table left out: %v, %v", text, err)
	}
}

// Each value that changes behind SQLite's back is told, with the table.
func TestGuardFindsChangedValues(t *testing.T) {
	for name, change := range map[string]struct{ table, statement string }{
		"a text":             {"plain", `UPDATE plain SET key = 'onf' WHERE id = 1`},
		"bytes":              {"plain", `UPDATE plain SET value = x'010202' WHERE id = 1`},
		"a number":           {"plain", `UPDATE plain SET amount = 1.5000001 WHERE id = 1`},
		"nothing for empty":  {"plain", `UPDATE plain SET value = NULL WHERE id = 7`},
		"text for bytes":     {"plain", `UPDATE plain SET value = CAST(value AS TEXT) WHERE id = 1`},
		"an integer for one": {"plain", `UPDATE plain SET key = value, value = key WHERE id = 1`},
		"a key":              {"pairs", `UPDATE pairs SET b = 2`},
		"the sum":            {"pairs", `UPDATE pairs SET row_sum = row_sum + 1`},
	} {
		t.Run(name, func(t *testing.T) {
			f := guarded(t, filepath.Join(t.TempDir(), "f.db"))
			tamper(t, f, change.table, change.statement)
			if err := f.Check(t.Context(), true); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "table "+change.table+":") {
				t.Errorf("%v", err)
			}
			if err := f.Check(t.Context(), false); err != nil {
				t.Errorf("not deep: %v", err)
			}
		})
	}
}

// tamper changes rows and leaves their checksums, as a bad disk would: the declaration
// says meanwhile that the column is an ordinary one.
func tamper(t *testing.T, f *File, table, statement string) {
	t.Helper()
	inTx(t, f, func(ctx context.Context, tx *sql.Tx) error {
		before, err := list(ctx, tx, `SELECT sql FROM sqlite_schema WHERE name = ?`, table)
		if err != nil {
			return err
		}
		open, _, _ := strings.Cut(before[0], "GENERATED")
		_, rest, _ := strings.Cut(before[0], "STORED")
		for _, s := range []struct {
			text string
			args []any
		}{
			{`PRAGMA writable_schema = ON`, nil},
			{`UPDATE sqlite_schema SET sql = ? WHERE name = ?`, []any{open + rest, table}},
			{`PRAGMA writable_schema = RESET`, nil},
			{statement, nil},
			{`PRAGMA writable_schema = ON`, nil},
			{`UPDATE sqlite_schema SET sql = ? WHERE name = ?`, []any{before[0], table}},
			{`PRAGMA writable_schema = RESET`, nil},
		} {
			if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// A table that grew a column, or is to lose one, keeps its rows and gets its checksums
// again.
func TestGuardAgain(t *testing.T) {
	f := guarded(t, filepath.Join(t.TempDir(), "f.db"))
	inTx(t, f, func(ctx context.Context, tx *sql.Tx) error {
		if err := Unguard(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `ALTER TABLE plain DROP COLUMN amount`); err != nil {
			return err
		}
		return Guard(ctx, tx, "version")
	})
	execute(t, f, `ALTER TABLE pairs ADD COLUMN c TEXT NOT NULL DEFAULT ''`)
	inTx(t, f, func(ctx context.Context, tx *sql.Tx) error { return Guard(ctx, tx, "version") })
	if err := f.Check(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	tamper(t, f, "pairs", `UPDATE pairs SET c = 'x'`)
	if err := f.Check(t.Context(), true); err == nil {
		t.Error("the new column is not summed")
	}
	rows, err := list(t.Context(), f.Read, `SELECT id || key FROM plain ORDER BY id`)
	if got := strings.Join(rows, " "); err != nil || got != "1one 2two 7" {
		t.Errorf("rows %q, %v", got, err)
	}
}
