// Package sqlite answers one question: how is it found again with no server? It is
// the embedded engine behind package search: one file, in which an FTS5 table holds
// the postings of terms made by package analysis, and blocks of columns hold what
// facets, filters, scope and date order look at. Columns are read into memory when
// the index is opened, so that no query joins tables and a tag that changes touches
// no postings.
//
// A document keeps one row number for as long as it is held; row numbers are never
// shown. Readers see the postings and the columns of one and the same commit: each
// commit has a number, written in the file, that names the columns to read it with.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// Options tune an index; the zero value takes the defaults.
type Options struct {
	Readers  int // searches at once; 4
	Analysts int // goroutines that make terms of a batch; one for each CPU
	// Zone is the archive's time zone, whose months and years are counted; UTC.
	Zone *time.Location
}

// Index is the embedded engine. It is safe for concurrent use: searches run beside
// each other and beside the one writer.
type Index struct {
	file        *sqlitefile.File
	write, read *sql.DB // the file's
	analysts    int
	zone        *time.Location
	ranked      int       // hits that are ranked by relevance
	analyzers   sync.Pool // of *analysis.Analyzer, whose caches are worth keeping
	current     atomic.Pointer[versions]

	mu        sync.Mutex // the writer's: all below
	dicts     *dictionaries
	rows      map[relais.DocumentID]uint32 // made by the first Apply
	unsaved   map[uint32]bool              // blocks that the journal changes
	journaled int                          // rows in the journal
	broken    bool                         // a commit failed: read the file again
}

var (
	_ search.Index  = (*Index)(nil)
	_ search.Prover = (*Index)(nil)
)

// versions are the columns that a reader may need: those of the last commit and,
// while one is under way, those it will have made true.
type versions struct{ now, soon *snapshot }

// fileOptions: freed pages are overwritten, for Purge.
func fileOptions(readers int) sqlitefile.Options {
	return sqlitefile.Options{WriteCache: 64 << 10, ReadCache: 16 << 10,
		Readers: readers, IdleReaders: readers, SecureDelete: true}
}

// Open opens the index in a file, or makes an empty one. An index of another format
// or of another version of the analyzer is of relais.KindInvalid: it can only be
// made again.
func Open(ctx context.Context, path string, opt Options) (*Index, error) {
	if opt.Readers <= 0 {
		opt.Readers = 4
	}
	if opt.Analysts <= 0 {
		opt.Analysts = runtime.GOMAXPROCS(0)
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	// Its owner alone may read the file: terms in their order are the text.
	file, err := sqlitefile.Open(path, fileOptions(opt.Readers))
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, "open index", err)
	}
	x := &Index{file: file, write: file.Write, read: file.Read, analysts: opt.Analysts, zone: opt.Zone, ranked: maxRanked}
	x.analyzers.New = func() any { return analysis.New() }
	err = prepare(ctx, x.read, x.write)
	if err == nil {
		err = x.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return x, nil
}

// start reads the columns.
func (x *Index) start(ctx context.Context) error {
	tx, err := x.read.BeginTx(ctx, nil)
	if err != nil {
		return failed("open index", err)
	}
	defer rollback(tx)
	dicts := newDictionaries()
	stored, err := load(ctx, tx, dicts, x.zone)
	if err != nil {
		return err
	}
	x.dicts, x.rows, x.unsaved, x.journaled, x.broken = dicts, nil, stored.unsaved, stored.journaled, false
	x.current.Store(&versions{now: stored.snap})
	return nil
}

// Refresh has nothing to do: what Apply has made durable is found at once.
func (x *Index) Refresh(ctx context.Context) error { return ctx.Err() }

// Each calls fn for every document held, by id.
func (x *Index) Each(ctx context.Context, fn func(id relais.DocumentID, revision int64) error) error {
	r, err := x.begin(ctx)
	if err != nil {
		return err
	}
	r.end()
	for _, row := range r.snap.byID() {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, i := r.snap.at(row)
		if err := fn(b.ids[i], b.revisions[i]); err != nil {
			return err
		}
	}
	return nil
}

// Check reads the whole file, deep its indexes too. A damaged one is of
// relais.KindDamaged.
func (x *Index) Check(ctx context.Context, deep bool) error {
	return failed("check index", x.file.Check(ctx, deep))
}

// Close releases the file. Searches under way return an error.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.file.Close()
}

// reading is one look at the file, with the columns that belong to it.
type reading struct {
	tx   *sql.Tx
	snap *snapshot
}

// begin opens a look. A commit may fall between the start of the transaction and
// the look at the columns; one that fell twice before has come from another
// process, and the columns are read from the file.
func (x *Index) begin(ctx context.Context) (*reading, error) {
	for attempt := 0; ; attempt++ {
		tx, err := x.read.BeginTx(ctx, nil)
		if err != nil {
			return nil, failed("search", err)
		}
		commit, err := commitNumber(ctx, tx)
		if err != nil {
			rollback(tx)
			return nil, err
		}
		if snap := x.current.Load().of(commit); snap != nil {
			return &reading{tx, snap}, nil
		}
		if attempt == 2 {
			return x.reload(ctx, tx)
		}
		rollback(tx)
	}
}

// reload reads the columns that a transaction sees, for one search.
func (x *Index) reload(ctx context.Context, tx *sql.Tx) (*reading, error) {
	stored, err := load(ctx, tx, newDictionaries(), x.zone)
	if err != nil {
		rollback(tx)
		return nil, err
	}
	return &reading{tx, stored.snap}, nil
}

// end lets go of the commit: the log cannot be cut while one looks at it.
func (r *reading) end() { rollback(r.tx) }

// of gives the columns of a commit, nil when they are not known.
func (v *versions) of(commit int64) *snapshot {
	switch {
	case v.now.commit == commit:
		return v.now
	case v.soon != nil && v.soon.commit == commit:
		return v.soon
	}
	return nil
}

// rollback ends a transaction that wrote nothing or whose error is known already.
func rollback(tx *sql.Tx) { _ = tx.Rollback() }

// failed gives a fault of the database the kind that lets the caller try again,
// unless it has a kind already or the caller gave up.
func failed(op string, err error) error {
	var e *relais.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return relais.E(relais.KindCanceled, op, err)
	case sqlitefile.Damaged(err):
		return relais.WithHint(relais.E(relais.KindDamaged, op, err), reindexHint)
	}
	return relais.E(relais.KindUnavailable, op, err)
}
