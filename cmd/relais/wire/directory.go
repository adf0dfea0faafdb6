package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/local"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/state"
	logfile "github.com/relais-archive/relais/internal/stream/sqlite"
	"github.com/relais-archive/relais/search"
	index "github.com/relais-archive/relais/search/sqlite"
)

// openDirectory opens the archive embedded in the data directory: this process has it
// to itself, and runs the whole pipeline.
func (ar *archive) openDirectory(ctx context.Context, create bool) (err error) {
	if err = prepareDir(ar.cfg.data, create); err != nil {
		return err
	}
	lock, err := lockFile(ar.path("lock"))
	if err != nil {
		return err
	}
	ar.closers = append(ar.closers, lock.Close)
	if err = ar.readFormat(); err != nil {
		return err
	}
	if err = ar.openParts(ctx, []part{
		{"keys", ar.openKeysFile, always}, {"state", ar.openStateFile, ar.checkState}, {"blobs", ar.openPackFiles, always},
		{"stream", ar.openLogFile, ar.checkLog}, {"index", ar.openIndexFiles, ar.checkIndex}, {"audit", ar.openAuditFile, always},
	}); err != nil {
		return err
	}
	if ar.fresh {
		if err = ar.writeFormat(); err != nil {
			return err
		}
	}
	ar.inside = []string{stageEnrich, stageIndex, stageRefused}
	ar.socket = socketPath(ar.cfg.data)
	return nil
}

// keptFile is a SQLite file of the archive, and how to tell whether it is whole.
type keptFile struct {
	name  string
	check func(ctx context.Context, deep bool) error
}

// always finds nothing wrong: what is a file of ours is open, and that is all there is
// to ask without reading it.
func always(context.Context) error { return nil }

func (ar *archive) openKeysFile(ctx context.Context) error {
	master, err := ar.master()
	if err != nil {
		return err
	}
	if ar.keys, err = seal.OpenSQLite(ctx, ar.path("keys.db"), master); err != nil {
		return err
	}
	ar.closers = append(ar.closers, ar.keys.Close)
	ar.files = append(ar.files, keptFile{"keys.db", ar.keys.Check})
	return nil
}

func (ar *archive) openStateFile(ctx context.Context) (err error) {
	if ar.state, err = state.OpenSQLite(ctx, ar.path("state.db")); err != nil {
		return err
	}
	ar.closers = append(ar.closers, ar.state.Close)
	ar.files = append(ar.files, keptFile{"state.db", ar.state.Check})
	return nil
}

func (ar *archive) openPackFiles(context.Context) error {
	backend, err := local.Open(ar.path("packs"))
	if err != nil {
		return err
	}
	ar.backend = backend
	ar.blobs = blob.New(backend, ar.keys, ar.state, blob.Options{})
	return nil
}

func (ar *archive) openLogFile(ctx context.Context) error {
	log, err := logfile.Open(ctx, ar.path("log.db"))
	if err != nil {
		return streamError("open archive", err)
	}
	ar.log = kinded{log}
	ar.closers = append(ar.closers, log.Close)
	ar.files = append(ar.files, keptFile{"log.db", func(ctx context.Context, deep bool) error {
		return streamError("verify", log.Check(ctx, deep))
	}})
	return nil
}

func (ar *archive) openIndexFiles(ctx context.Context) (err error) {
	ar.index, err = openGenerations(ctx, ar.state, indexFiles{ar.path("index"), ar.location}, ar.fresh)
	if err == nil {
		ar.closers = append(ar.closers, ar.index.Close)
		ar.files = append(ar.files, keptFile{"the index", ar.index.check})
	}
	return err
}

// indexFiles keeps each index in a file of its own, named after it.
type indexFiles struct {
	prefix string
	zone   *time.Location // whose months and years are counted
}

func (f indexFiles) path(n int) string { return f.prefix + "-" + strconv.Itoa(n) + ".db" }

// open opens the index of a number.
func (f indexFiles) open(ctx context.Context, n int, fresh bool) (search.Index, error) {
	if _, err := os.Stat(f.path(n)); err != nil && !fresh {
		return nil, relais.E(relais.KindDamaged, "open index", err)
	}
	return index.Open(ctx, f.path(n), index.Options{Zone: f.zone})
}

// drop removes the index of a number, if it is there.
func (f indexFiles) drop(_ context.Context, n int) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(f.path(n) + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return relais.E(relais.KindUnavailable, "drop index", err)
		}
	}
	return nil
}

func (ar *archive) openAuditFile(context.Context) error {
	log, err := audit.OpenFile(ar.path("audit.log"), time.Now)
	if err != nil {
		return err
	}
	ar.audit = log
	ar.closers = append(ar.closers, log.Close)
	return nil
}
