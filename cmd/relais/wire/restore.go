package wire

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/backup"
	"github.com/relais-archive/relais/internal/blob/local"
	"github.com/relais-archive/relais/internal/durable"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
)

// Restore brings an archive back from a folder of copies into the data directory, which
// must hold none: the copy of a name, or the newest. Interrupted, it begins again. The
// master key must be there: no copy has it. set is the name of the copy.
func (p Program) Restore(ctx context.Context, dir, keys, name string, emit func(relais.Event)) (set string, err error) {
	const op = "restore"
	if p.Policy().Shared {
		return "", relais.WithHint(relais.Errorf(relais.KindInvalid, op, "an archive on servers is restored by these"), "docs/operations.md says in which order")
	}
	folder, err := backup.Existing(dir, keys)
	if err != nil {
		return "", err
	}
	if _, err := seal.LoadMaster(p.KeyFile); err != nil {
		return "", err
	}
	set, m, err := chosen(folder, name)
	if err != nil {
		return "", err
	}
	o := &opening{Program: p}
	if err := o.prepareDir(true); err != nil {
		return "", err
	}
	lock, err := lockFile(o.path("lock"))
	if err != nil {
		return "", err
	}
	return set, errors.Join(o.restore(ctx, folder, set, m, emit), lock.Close())
}

// chosen gives the copy of a name, or the newest.
func chosen(folder *backup.Folder, name string) (set string, m backup.Manifest, err error) {
	sets, err := folder.Sets()
	if err != nil {
		return "", m, err
	}
	if len(sets) == 0 || name != "" && !slices.Contains(sets, name) {
		return "", m, relais.WithHint(relais.Errorf(relais.KindNotFound, "restore", "no such copy"), "there are: "+strings.Join(sets, ", "))
	}
	if set = name; set == "" {
		set = sets[len(sets)-1]
	}
	m, err = folder.Manifest(set)
	return set, m, err
}

// restore fills the directory; the format comes last, as of an archive that is made.
func (o *opening) restore(ctx context.Context, folder *backup.Folder, set string, m backup.Manifest, emit func(relais.Event)) error {
	if o.has("format") {
		return relais.WithHint(relais.Errorf(relais.KindConflict, "restore", "%s holds an archive", o.Data), "name an empty directory with --data")
	}
	if err := o.begin(); err != nil {
		return err
	}
	if err := o.restorePacks(ctx, folder, m, emit); err != nil {
		return err
	}
	isFormat := func(f backup.File) bool { return f.Name == "format" }
	last := slices.IndexFunc(m.Files, isFormat)
	if last < 0 {
		return relais.Errorf(relais.KindDamaged, "restore", "the copy has no format")
	}
	m.Files = append(slices.DeleteFunc(slices.Clone(m.Files), isFormat), m.Files[last])
	if err := folder.Restore(set, m, o.Data); err != nil {
		return err
	}
	if err := errors.Join(os.Remove(o.path(making)), durable.SyncDir(o.Data)); err != nil {
		return relais.E(relais.KindUnavailable, "restore", err)
	}
	return nil
}

func (o *opening) restorePacks(ctx context.Context, folder *backup.Folder, m backup.Manifest, emit func(relais.Event)) error {
	to, err := local.Open(o.path("packs"))
	if err != nil {
		return err
	}
	defer func() { _ = to.Close() }()
	for i, p := range m.Packs {
		if err := restorePack(ctx, folder.Packs(), to, p); err != nil {
			return err
		}
		if i%100 == 0 {
			emit(relais.Event{Type: "progress", Stage: "restore", Done: int64(i), Total: int64(len(m.Packs))})
		}
	}
	return nil
}

// restorePack copies one pack. The folder of copies is only read: it may be of a disk
// that nobody can write to.
func restorePack(ctx context.Context, from string, to archive.PackFolder, p backup.Pack) error {
	f, err := os.OpenInRoot(from, filepath.FromSlash(p.Name))
	if err != nil {
		return relais.WithHint(relais.E(relais.KindDamaged, "restore", err), "a pack of the copy is gone: take another copy")
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return relais.E(relais.KindUnavailable, "restore", err)
	}
	if info.Size() != p.Size {
		return relais.WithHint(relais.Errorf(relais.KindDamaged, "restore", "pack %s has %d bytes, not %d", p.Name, info.Size(), p.Size), "take another copy")
	}
	return to.Put(ctx, p.Name, f, p.Size)
}
