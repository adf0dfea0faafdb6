// Package sqlitefile answers one question: how is a SQLite file opened, and is it whole?
// Each room that keeps a file opens it here, with one connection that writes and
// several that read. What they open differs in this alone:
//
//	file        log     cache of the writer, of a reader   readers  also
//	state.db    16 MiB  24 MiB               2 MiB         4, 2     temporary tables in memory
//	keys.db     4 MiB   2 MB                 2 MB          4, 2     the same; zeros over what is deleted
//	log.db      8 MiB   16 MiB               16 MiB        4, 4     temporary tables in memory
//	index-N.db  4 MiB   64 MiB               16 MiB        4, 4     zeros over what is deleted
//
// (The log is copied into the file once it is that long: 1,000 pages of 4 KiB unless
// set. Readers: how many at once, and how many of these stay open when idle.)
//
// All are in WAL mode with synchronous FULL: a commit is durable when it returns. A
// transaction of the writer takes the write lock when it begins, so that it waits
// instead of failing half-way; 10 seconds, should another process hold it.
package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxFaults is how many faults of a file are listed: after the first few, the rest adds
// nothing.
const maxFaults = 20

// ErrDamaged is the error of Check.
var ErrDamaged = errors.New("the file is damaged")

// Damaged tells whether an error says that a file is malformed, or no database at all
// (SQLITE_CORRUPT, SQLITE_NOTADB): no retry mends that.
func Damaged(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return errors.Is(err, ErrDamaged)
	}
	code := e.Code() & 0xff // the primary result code
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// Check reads every page of a file by PRAGMA quick_check; deep, it also sets indexes
// against their tables, by PRAGMA integrity_check, and rows against their checksums, where
// [Guard] gave them some. What it finds is ErrDamaged with the faults; they name pages and
// tables, never what these hold. Within a value that has no checksum only those who know
// what it must be can find a changed bit.
func (f *File) Check(ctx context.Context, deep bool) error {
	pragma := "quick_check"
	if deep {
		pragma = "integrity_check"
	}
	faults, err := list(ctx, f.Read, fmt.Sprintf("PRAGMA %s(%d)", pragma, maxFaults))
	if err == nil && len(faults) == 1 && faults[0] == "ok" {
		faults = nil
	}
	if err == nil && deep && len(faults) == 0 {
		faults, err = f.spoiled(ctx)
	}
	switch {
	case Damaged(err):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case err != nil:
		return err
	case len(faults) == 0:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrDamaged, strings.Join(faults, "; "))
}

// list gives the one column of what a query finds.
func list(ctx context.Context, q queryer, query string, args ...any) (lines []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
