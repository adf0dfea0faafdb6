//go:build unix

package wire

import (
	"os"
	"syscall"

	"github.com/relais-archive/relais/internal/relais"
)

// lockFile keeps every other process out of an archive until the file is closed,
// or the process ends in whatever way.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, "lock archive", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // it holds nothing
		return nil, relais.WithHint(relais.Errorf(relais.KindLocked, "lock archive", "another process holds the archive"),
			"wait for it, or stop it; `relais doctor` tells which it is")
	}
	return f, nil
}
