// Package local answers one question: how does a pack become durable in a folder?
//
// A pack is written beside its place, synced and renamed, and then the folder is synced:
// after a power cut it is there whole or not at all. Nothing outside the folder can be
// reached through it, whatever links it holds. Only one process uses a folder at a time,
// so that temporary files found when it is opened are left over from a crash.
package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"sync"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// tempDir holds what is being written. No pack can be named so.
const tempDir = ".tmp"

// Dir is a folder of packs. It is safe for concurrent use.
type Dir struct {
	root *os.Root
	mu   sync.Mutex
	made map[string]bool // folders known to be durable
}

var _ blob.Backend = (*Dir)(nil)

// Open opens a folder, making it where it is missing, and clears what a crash left
// half written.
func Open(folder string) (*Dir, error) {
	const op = "open pack folder"
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, relais.E(relais.KindUnavailable, op, err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, op, err)
	}
	err = root.RemoveAll(tempDir)
	if err == nil {
		err = root.Mkdir(tempDir, 0o700)
	}
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, op, errors.Join(err, root.Close()))
	}
	return &Dir{root: root, made: map[string]bool{".": true}}, nil
}

// Close lets the folder go.
func (d *Dir) Close() error { return d.root.Close() }

// Put writes a pack of exactly size bytes and returns when it is durable. What was
// there under that name is replaced as a whole.
func (d *Dir) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	const op = "write pack"
	if err := blob.CheckName(name); err != nil {
		return err
	}
	temp := tempDir + "/" + rand.Text()
	err := d.writeTemp(ctx, temp, r, size)
	if err == nil {
		err = d.mkdir(path.Dir(name))
	}
	if err == nil {
		err = d.root.Rename(temp, name)
	}
	if err != nil {
		_ = d.root.Remove(temp)
		return storeError(op, err)
	}
	if err := d.sync(path.Dir(name)); err != nil {
		return storeError(op, err)
	}
	return nil
}

// checkBytes is what Check writes: more than what a full disk may have left over.
const checkBytes = 64 << 10

// Check tells whether the folder takes a pack, by one that never gets a name.
func (d *Dir) Check(ctx context.Context) error {
	temp := tempDir + "/" + rand.Text()
	err := d.writeTemp(ctx, temp, bytes.NewReader(make([]byte, checkBytes)), checkBytes)
	if gone := d.root.Remove(temp); err == nil {
		err = gone
	}
	if err != nil {
		return storeError("check packs", err)
	}
	return nil
}

func (d *Dir) writeTemp(ctx context.Context, temp string, r io.Reader, size int64) error {
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, contextReader{ctx, r})
	if err == nil && n != size {
		err = relais.Errorf(relais.KindInvalid, "write pack", "%d bytes given, %d announced", n, size)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// mkdir makes a folder and its parents durable, once.
func (d *Dir) mkdir(folder string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mkdirLocked(folder)
}

func (d *Dir) mkdirLocked(folder string) error {
	if d.made[folder] {
		return nil
	}
	parent := path.Dir(folder)
	if err := d.mkdirLocked(parent); err != nil {
		return err
	}
	if err := d.root.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := d.sync(parent); err != nil {
		return err
	}
	d.made[folder] = true
	return nil
}

// sync makes the names in a folder durable. Windows neither needs this nor allows it.
func (d *Dir) sync(folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// section is a range of an open file.
type section struct {
	io.Reader
	io.Closer
}

// Get reads a range of a pack: see blob.Backend.
func (d *Dir) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	const op = "read pack"
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := blob.CheckName(name); err != nil {
		return nil, err
	}
	if offset < 0 || length < -1 {
		return nil, relais.Errorf(relais.KindInvalid, op, "range %d, %d", offset, length)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, storeError(op, err)
	}
	if length < 0 {
		length = 1<<63 - 1 - offset
	}
	return section{io.NewSectionReader(f, offset, length), f}, nil
}

// Delete removes a pack, durably.
func (d *Dir) Delete(ctx context.Context, name string) error {
	const op = "delete pack"
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := blob.CheckName(name); err != nil {
		return err
	}
	err := d.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = d.sync(path.Dir(name))
	}
	if err != nil {
		return storeError(op, err)
	}
	return nil
}

// List calls fn for each pack. Files that are no packs are passed over.
func (d *Dir) List(ctx context.Context, fn func(name string, size int64) error) error {
	return fs.WalkDir(d.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			return nil // deleted meanwhile
		case err != nil:
			return storeError("list packs", err)
		case entry.IsDir() && name == tempDir:
			return fs.SkipDir
		case !entry.Type().IsRegular() || blob.CheckName(name) != nil:
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return storeError("list packs", err)
		}
		return fn(name, info.Size())
	})
}

// storeError gives an error of the file system its kind; one that has a kind keeps
// it.
func storeError(op string, err error) error {
	if kind := relais.KindOf(err); kind != relais.KindInternal {
		return relais.E(kind, op, err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return relais.E(relais.KindNotFound, op, err)
	}
	return relais.E(relais.KindUnavailable, op, err)
}

// contextReader ends a long write with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
