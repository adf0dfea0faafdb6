package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/relais-archive/relais/internal/durable"
	"github.com/relais-archive/relais/internal/relais"
)

// masterFormat begins the one line of a master key file.
const masterFormat = "relais-master-key-1"

// maxMasterFile bounds what is read of a file that claims to be a master key.
const maxMasterFile = 1 << 10

// Master is the key that opens every other key of an archive. Whoever holds it and
// keys.db can read the archive; whoever loses it has erased the archive.
type Master struct{ key [32]byte }

// String hides the key from every format verb.
func (Master) String() string { return "[sealed]" }

// GoString hides the key from %#v.
func (Master) GoString() string { return "[sealed]" }

// CreateMaster makes a new master key and writes it to path, mode 0600, durably and
// atomically: a crash leaves the whole file or none. A file that exists is never replaced
// (relais.KindConflict).
func CreateMaster(path string) (Master, error) {
	const op = "create master key"
	var m Master
	if _, err := rand.Read(m.key[:]); err != nil {
		return Master{}, relais.E(relais.KindUnavailable, op, err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Master{}, relais.E(relais.KindUnavailable, op, err)
	}
	line := masterFormat + " " + base64.StdEncoding.EncodeToString(m.key[:]) + "\n"
	if err := durable.CreateFile(path, []byte(line)); err != nil {
		return Master{}, createError(op, err)
	}
	return m, nil
}

func createError(op string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return relais.WithHint(relais.E(relais.KindConflict, op, err),
			"a key is there already: use it, or name another file with --key-file")
	}
	return relais.E(relais.KindUnavailable, op, err)
}

// LoadMaster reads a master key file. One that its owner's group or others may read
// is refused, as ssh refuses such a private key.
func LoadMaster(path string) (Master, error) {
	const op = "load master key"
	f, err := os.Open(path) // #nosec G304 -- the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return Master{}, relais.WithHint(relais.E(relais.KindNotFound, op, err),
			"restore the copy of the key made when the archive was created, or name it with --key-file")
	}
	if err != nil {
		return Master{}, relais.E(relais.KindUnavailable, op, err)
	}
	defer f.Close() //nolint:errcheck // read only
	if err := checkMode(f); err != nil {
		return Master{}, err
	}
	line, err := io.ReadAll(io.LimitReader(f, maxMasterFile))
	if err != nil {
		return Master{}, relais.E(relais.KindUnavailable, op, err)
	}
	return parseMaster(string(line))
}

// checkMode looks at the open file, not at its name, so that nobody can swap one
// for the other in between. Windows keeps no such bits.
func checkMode(f *os.File) error {
	const op = "load master key"
	info, err := f.Stat()
	if err != nil {
		return relais.E(relais.KindUnavailable, op, err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, op, "others may read the key file (mode %04o)", mode),
			"chmod 600 the key file")
	}
	return nil
}

func parseMaster(line string) (Master, error) {
	const op = "load master key"
	format, text, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	if !ok || !strings.HasPrefix(format, "relais-master-key-") {
		return Master{}, relais.Errorf(relais.KindInvalid, op, "not a master key file")
	}
	if format != masterFormat {
		return Master{}, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "the key file is of a newer format"),
			"update relais")
	}
	var m Master
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != len(m.key) {
		// The cause is left out: it would quote a part of the key.
		return Master{}, relais.Errorf(relais.KindInvalid, op, "the key file is damaged")
	}
	copy(m.key[:], raw)
	return m, nil
}

// derive gives a key for one purpose (RFC 5869); knowing it tells nothing of the
// master key or of its sisters.
func (m Master) derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, m.key[:], nil, purpose, 32)
}
