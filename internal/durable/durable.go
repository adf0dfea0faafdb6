// Package durable answers one question: how does a small file survive a power cut, whole
// or not at all?
package durable

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// WriteFile gives a file these bytes, for its owner alone (mode 0600). When it returns nil
// they are on disk under that name; after a crash the name has the old bytes, or none, or
// all of the new ones.
func WriteFile(path string, data []byte) error {
	return place(path, data, os.Rename)
}

// CreateFile does the same, but for a name that is taken: that is fs.ErrExist, and what is
// there stays.
func CreateFile(path string, data []byte) error {
	// A hard link, unlike a rename, fails where the name is taken.
	return place(path, data, func(temp, path string) error {
		return errors.Join(os.Link(temp, path), os.Remove(temp))
	})
}

// place writes the bytes beside their final place, and gives them their name once they
// are on disk.
func place(path string, data []byte, give func(temp, path string) error) error {
	dir := filepath.Dir(path)
	temp, err := writeTemp(dir, data)
	if err != nil {
		return err
	}
	if err := give(temp, path); err != nil {
		_ = os.Remove(temp) // it may be gone already
		return err
	}
	return SyncDir(dir)
}

func writeTemp(dir string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, ".relais-*")
	if err != nil {
		return "", err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name()) // it was never given a name that counts
	}
	return f.Name(), err
}

// SyncDir makes the names in a directory durable. Windows neither needs nor allows it.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir) // #nosec G304 -- a directory of ours
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// tryBytes is what Try writes: more than what a full disk may have left over.
const tryBytes = 64 << 10

// Try tells whether a folder takes a small file, durably; none is left behind.
func Try(dir string) error {
	name, err := writeTemp(dir, make([]byte, tryBytes))
	if err != nil {
		return err
	}
	return os.Remove(name)
}
