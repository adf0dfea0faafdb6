package ingest

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/relais-archive/relais/internal/relais"
)

// sniffBytes is enough to tell what a file is by.
const sniffBytes = 16 << 10

// headOf gives the first bytes of a file, from wherever it stands.
func headOf(f *os.File) []byte {
	head := make([]byte, sniffBytes)
	n, _ := f.ReadAt(head, 0) // what cannot be read is not told
	return head[:n]
}

// openRegular opens a regular file of a root, following no link and waiting for no pipe.
// Between the check and the opening the name may come to mean another file: the file that
// was opened must be the one that was checked.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	seen, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || !os.SameFile(seen, info)) {
		err = errNotRegular
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

var errNotRegular = errors.New("not a regular file")

// typeName says what stands where a file was expected.
func typeName(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return errNotRegular.Error()
}

// openError says what the system said, without the path.
func openError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return relais.Errorf(relais.KindNotFound, "open source", "no such file or folder")
	case errors.Is(err, fs.ErrPermission):
		return relais.Errorf(relais.KindForbidden, "open source", "permission denied")
	}
	return relais.Errorf(relais.KindUnavailable, "open source", "%s", reasonOf(err).Detail)
}
