package wire

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/local"
	"github.com/relais-archive/relais/internal/durable"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
	"github.com/relais-archive/relais/internal/sqlitefile"
	"github.com/relais-archive/relais/internal/state"
	logfile "github.com/relais-archive/relais/internal/stream/sqlite"
	"github.com/relais-archive/relais/search"
	index "github.com/relais-archive/relais/search/sqlite"
)

// openDirectory opens the archive embedded in the data directory: this process has it
// to itself, and runs the whole pipeline.
func (o *opening) openDirectory(ctx context.Context, create bool) (err error) {
	if err = o.prepareDir(create); err != nil {
		return err
	}
	lock, err := lockFile(o.path("lock"))
	if err != nil {
		return err
	}
	o.onClose(lock.Close)
	if err = o.readFormat(); err != nil {
		return err
	}
	if err = o.openParts(ctx, []part{
		{"keys", o.openKeysFile, o.checkDisk}, {"state", o.openStateFile, each(o.checkDisk, o.checkState)},
		{"blobs", o.openPackFiles, func(ctx context.Context) error { return o.packs.Check(ctx) }},
		{"stream", o.openLogFile, each(o.checkDisk, o.checkLog)}, {"index", o.openIndexFiles, each(o.checkDisk, o.checkIndex)},
		{"audit", o.openAuditFile, each(o.checkDisk, o.checkAudit)},
	}); err != nil {
		return err
	}
	o.on.Directory = &archive.Directory{Path: o.Data, Plain: []string{"format", "privacy.txt", "audit*"},
		Packs: func(dir string) (archive.PackFolder, error) { return local.Open(dir) }}
	if o.fresh {
		return o.writeFormat()
	}
	return nil
}

// freezing gives a way to freeze a file the type that package archive asks for.
func freezing(freeze func(context.Context) (*sqlitefile.Frozen, error)) func(context.Context) (archive.Frozen, error) {
	return func(ctx context.Context) (archive.Frozen, error) {
		f, err := freeze(ctx)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
}

// checkDisk tries the disk that our files are on. A write to each of them would wait for
// whoever writes to it, and a server that is busy is no server that is missing something.
func (o *opening) checkDisk(context.Context) error { return TryDisk(o.Data) }

// TryDisk tells whether a folder takes a small file, durably.
func TryDisk(dir string) error {
	if err := durable.Try(dir); err != nil {
		return relais.E(relais.KindUnavailable, "write to the disk", err)
	}
	return nil
}

func (o *opening) openKeysFile(ctx context.Context) error {
	master, err := o.master(ctx, func(context.Context) (bool, error) {
		return o.has("keys.db"), nil
	})
	if err != nil {
		return err
	}
	if o.on.Keys, err = seal.OpenSQLite(ctx, o.path("keys.db"), master); err != nil {
		return err
	}
	o.onClose(o.on.Keys.Close)
	o.on.Files = append(o.on.Files, archive.File{Name: archive.KeysFile, Check: o.on.Keys.Check, Freeze: freezing(o.on.Keys.Freeze)})
	return nil
}

func (o *opening) openStateFile(ctx context.Context) (err error) {
	if o.on.State, err = state.OpenSQLite(ctx, o.path("state.db")); err != nil {
		return err
	}
	o.onClose(o.on.State.Close)
	o.on.Files = append(o.on.Files, archive.File{Name: archive.StateFile, Check: o.on.State.Check, Freeze: freezing(o.on.State.Freeze)})
	return nil
}

func (o *opening) openPackFiles(context.Context) error {
	backend, err := local.Open(o.path("packs"))
	if err != nil {
		return err
	}
	o.packs, o.on.Backend = backend, backend
	o.on.Blobs = blob.New(backend, o.on.Keys, o.on.State, blob.Options{})
	return nil
}

func (o *opening) openLogFile(ctx context.Context) error {
	log, err := logfile.Open(ctx, o.path("log.db"))
	if err != nil {
		return pipeline.LogError("open archive", err)
	}
	o.on.Log = pipeline.Kinded(log)
	o.onClose(log.Close)
	o.on.Files = append(o.on.Files, archive.File{Name: archive.LogFile, Freeze: freezing(log.Freeze), Check: func(ctx context.Context, deep bool) error {
		return pipeline.LogError("verify", log.Check(ctx, deep))
	}})
	return nil
}

func (o *opening) openIndexFiles(ctx context.Context) (err error) {
	o.on.Index, err = archive.OpenGenerations(ctx, o.on.State, indexFiles{o.path("index"), o.location}, o.fresh, 0)
	if err == nil {
		o.onClose(o.on.Index.Close)
		o.on.Files = append(o.on.Files, archive.File{Name: archive.IndexFile, Check: o.on.Index.Check})
	}
	return err
}

// indexFiles keeps each index in a file of its own, named after it.
type indexFiles struct {
	prefix string
	zone   *time.Location // whose months and years are counted
}

func (f indexFiles) path(n int) string { return f.prefix + "-" + strconv.Itoa(n) + ".db" }

// Open opens the index of a number.
func (f indexFiles) Open(ctx context.Context, n int, fresh bool) (search.Index, error) {
	if _, err := os.Stat(f.path(n)); err != nil && !fresh {
		return nil, relais.E(relais.KindDamaged, "open index", err)
	}
	return index.Open(ctx, f.path(n), index.Options{Zone: f.zone})
}

// Drop removes the index of a number, if it is there.
func (f indexFiles) Drop(_ context.Context, n int) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(f.path(n) + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return relais.E(relais.KindUnavailable, "drop index", err)
		}
	}
	return nil
}

func (o *opening) openAuditFile(context.Context) error {
	log, err := audit.OpenFile(o.path("audit.log"), time.Now)
	if err != nil {
		return err
	}
	o.on.Audit = log
	o.onClose(log.Close)
	return nil
}

// Lock keeps every other process out of the archive in a directory until it is closed. An
// archive that somebody has open is of relais.KindLocked.
func Lock(dir string) (io.Closer, error) { return lockFile(filepath.Join(dir, "lock")) }
