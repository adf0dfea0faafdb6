package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/backup"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// Directory is where an archive rests that is embedded in one.
type Directory struct {
	Path string
	// Plain are patterns of what is copied as it is, in this order: what only grows comes
	// after the tables that know how far it went.
	Plain []string
	// Packs opens another folder of packs.
	Packs func(dir string) (PackFolder, error)
}

// PackFolder is a folder of packs.
type PackFolder interface {
	blob.Backend
	Close() error
}

// Frozen is a file of tables as it was at one moment.
type Frozen interface {
	// Release lets writers go on.
	Release() error
	CopyTo(ctx context.Context, path string) error
	Close() error
}

// How long copies are kept: keys of what was erased since open it until then (DESIGN's
// promise is thirty days), and how many at most.
const (
	keepKeys = 30 * 24 * time.Hour
	keepSets = 10
)

// Backup copies the archive into a folder, and its keys into another, as it was at one
// moment, while everything runs: those who write wait for the moment alone. Of packs only
// those that are not there yet are copied. The index is left out: it is made again. An
// archive on servers is of relais.KindInvalid.
func (ar *Archive) Backup(ctx context.Context, dir, keys string, emit func(relais.Event)) error {
	const op = "backup"
	if ar.on.Directory == nil {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, op, "this archive rests on servers"),
			"back up the servers themselves: docs/operations.md says in which order")
	}
	done, err := ar.alone(op)
	if err != nil {
		return err
	}
	defer done()
	if err := apart(ar.on.Directory.Path, dir, keys); err != nil {
		return err
	}
	folder, err := backup.Open(dir, keys)
	if err != nil {
		return err
	}
	packs, err := ar.on.Directory.Packs(folder.Packs())
	if err != nil {
		return err
	}
	c := &copying{Archive: ar, folder: folder, packs: packs, emit: emit}
	return errors.Join(c.run(ctx), packs.Close())
}

// Restored puts an archive that was opened from a copy to work: that it comes from one is
// on record, its index is made, and every byte is looked at.
func (ar *Archive) Restored(ctx context.Context, set string, emit func(relais.Event)) error {
	if err := ar.on.Audit.Append(ctx, audit.Entry{Actor: "local", Action: "restore", Objects: []string{set}, Outcome: audit.Allowed}); err != nil {
		return err
	}
	if err := ar.Reindex(ctx, false, emit); err != nil {
		return err
	}
	return ar.Verify(ctx, true, false, emit)
}

// apart refuses a copy within the archive, and the archive within a copy.
func apart(data string, dirs ...string) error {
	for _, dir := range dirs {
		for _, pair := range [][2]string{{data, dir}, {dir, data}} {
			if rel, err := filepath.Rel(pair[0], pair[1]); err == nil && filepath.IsLocal(rel) {
				return relais.WithHint(relais.Errorf(relais.KindInvalid, "backup", "%s and the data directory lie in each other", dir), "name a folder elsewhere, best on another disk")
			}
		}
	}
	return nil
}

// copying is one backup.
type copying struct {
	*Archive
	folder *backup.Folder
	packs  PackFolder
	emit   func(relais.Event)
}

func (c *copying) run(ctx context.Context) error {
	start := time.Now()
	set, err := c.folder.Begin(start)
	if err != nil {
		return err
	}
	frozen, packs, err := c.moment(ctx)
	defer func() {
		for _, f := range frozen {
			_ = f.Close() // it was read alone
		}
	}()
	if err != nil {
		return err
	}
	written, err := c.copyPacks(ctx, packs)
	if err != nil {
		return err
	}
	for name, f := range frozen {
		if err := f.CopyTo(ctx, set.Path(name, name == KeysFile)); err != nil {
			return relais.WithHint(relais.E(relais.KindUnavailable, "backup", err), "make room, and run it again")
		}
	}
	for _, pattern := range c.on.Directory.Plain {
		if err := copyPlain(c.on.Directory.Path, pattern, set); err != nil {
			return relais.E(relais.KindUnavailable, "backup", err)
		}
	}
	if _, err := set.Commit(packs); err != nil {
		return err
	}
	if err := c.thin(ctx, start); err != nil {
		return err
	}
	c.emit(relais.Event{Type: "backed_up", Result: map[string]int64{"packs": int64(len(packs)), "packs_written": written,
		"milliseconds": time.Since(start).Milliseconds()}})
	return nil
}

// moment freezes the files of tables, the one that others wait for first, and lists the
// packs that these know: a pack is durable before anything names it.
func (c *copying) moment(ctx context.Context) (frozen map[string]Frozen, packs []backup.Pack, err error) {
	frozen = map[string]Frozen{}
	for _, name := range []string{StateFile, KeysFile, LogFile} {
		i := slices.IndexFunc(c.on.Files, func(f File) bool { return f.Name == name })
		if i < 0 || c.on.Files[i].Freeze == nil {
			return frozen, nil, relais.Errorf(relais.KindInternal, "backup", "%s cannot be copied", name)
		}
		f, err := c.on.Files[i].Freeze(ctx)
		if err != nil {
			return frozen, nil, relais.E(relais.KindUnavailable, "backup", err)
		}
		frozen[name] = f
	}
	err = c.on.Backend.List(ctx, func(name string, size int64) error {
		packs = append(packs, backup.Pack{Name: name, Size: size})
		return nil
	})
	for _, f := range frozen {
		err = errors.Join(err, f.Release())
	}
	return frozen, packs, err
}

// copyPacks copies those that the folder has not, and tells how many these were.
func (c *copying) copyPacks(ctx context.Context, packs []backup.Pack) (written int64, err error) {
	have := map[string]int64{}
	if err := c.packs.List(ctx, func(name string, size int64) error { have[name] = size; return nil }); err != nil {
		return 0, err
	}
	for i, p := range packs {
		if size, ok := have[p.Name]; !ok || size != p.Size {
			if err := copyPack(ctx, c.on.Backend, c.packs, p); err != nil {
				return written, err
			}
			written++
		}
		if i%100 == 0 {
			c.emit(relais.Event{Type: "progress", Stage: "backup", Done: int64(i), Total: int64(len(packs))})
		}
	}
	return written, nil
}

// copyPack copies a pack from one backend to another. One of another size than it should
// be is of relais.KindDamaged.
func copyPack(ctx context.Context, from, to blob.Backend, p backup.Pack) error {
	r, err := from.Get(ctx, p.Name, 0, -1)
	if err != nil {
		return err
	}
	err = to.Put(ctx, p.Name, r, p.Size)
	return errors.Join(err, r.Close())
}

// thin drops old copies and the packs that none names any more.
func (c *copying) thin(ctx context.Context, now time.Time) error {
	needed, err := c.folder.Thin(keepSets, keepKeys, now)
	if err != nil {
		return err
	}
	var gone []string
	err = c.packs.List(ctx, func(name string, _ int64) error {
		if !needed[name] {
			gone = append(gone, name)
		}
		return nil
	})
	for _, name := range gone {
		err = errors.Join(err, c.packs.Delete(ctx, name))
	}
	return err
}

// copyPlain copies the files, or folders, of a pattern, as far as they go when they are
// opened: what is appended meanwhile is the next copy's.
func copyPlain(from, pattern string, set *backup.Set) error {
	found, err := fs.Glob(os.DirFS(from), pattern)
	if err != nil {
		return err
	}
	for _, top := range found {
		err := filepath.WalkDir(filepath.Join(from, filepath.FromSlash(top)), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			if to := set.Path(filepath.ToSlash(rel), false); d.IsDir() {
				return os.MkdirAll(to, 0o700)
			} else if d.Type().IsRegular() {
				return copyFile(path, to)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	r, err := os.Open(from) // #nosec G304 -- a file of the archive
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- a file of ours
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}
