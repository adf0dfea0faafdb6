//go:build !unix && !windows

package wire

import (
	"os"

	"github.com/relais-archive/relais/internal/relais"
)

// lockFile refuses: on a system without file locks two processes could not be kept
// apart, and both would write.
func lockFile(string) (*os.File, error) {
	return nil, relais.Errorf(relais.KindInvalid, "lock archive", "this system has no file locks that relais knows")
}
