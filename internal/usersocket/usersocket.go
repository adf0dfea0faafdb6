// Package usersocket answers one question: how do two programs of one user talk, on a
// machine where other users may listen and connect too? Whoever gets through is the
// local operator and may be told a mailbox's password, so each end asks the system who is
// at the other before a byte is exchanged.
package usersocket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/relais-archive/relais/internal/relais"
)

// maxPath bounds a socket's path, in bytes: the least that a system takes is 104, with
// the zero that ends it (unix(4) of macOS).
const maxPath = 100

// name is that of the socket, in whatever directory.
const name = "relais.sock"

// Socket is where the process that holds a directory answers others.
type Socket struct {
	dir   string   // the directory that is held
	paths []string // where one may listen, the best first
}

// Of gives the socket of a directory: in the directory itself or, where that path is too
// long for a socket, in a directory of its own under runtime, the user's own directory for
// such things (XDG_RUNTIME_DIR; "" for none), else among everybody's temporary files.
func Of(dir, runtime string) Socket {
	if path := filepath.Join(dir, name); len(path) <= maxPath {
		return Socket{dir, []string{path}}
	}
	s := Socket{dir: dir}
	sum := sha256.Sum256([]byte(dir))
	for _, parent := range []string{runtime, os.TempDir()} {
		path := filepath.Join(parent, "relais-"+hex.EncodeToString(sum[:8]), name)
		if parent != "" && len(path) <= maxPath {
			s.paths = append(s.paths, path)
		}
	}
	return s
}

// Listen answers where this user, and the system's own, can connect: the socket and a
// directory made for it have rights for their owner alone, and a connection of anybody
// else is closed unread. A directory that another made first is of relais.KindForbidden.
func (s Socket) Listen(ctx context.Context) (net.Listener, error) {
	const op = "listen for other verbs"
	if len(s.paths) == 0 {
		return nil, relais.Errorf(relais.KindUnavailable, op, "no directory has a path short enough for a socket")
	}
	path := s.paths[0]
	if err := s.makeDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, relais.E(relais.KindUnavailable, op, err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, relais.E(relais.KindUnavailable, op, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(relais.E(relais.KindUnavailable, op, err), l.Close())
	}
	return listener{l}, nil
}

// makeDir makes the directory of a socket, if it is not the one that is held.
func (s Socket) makeDir(dir string) error {
	if dir == s.dir {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return relais.E(relais.KindUnavailable, "listen for other verbs", err)
	}
	return s.checkDir(dir)
}

// checkDir refuses a directory that is another's, that others may write to, or that is a
// link to one.
func (s Socket) checkDir(dir string) error {
	if dir == s.dir {
		return nil // whoever names a directory trusts it, and each peer is asked who it is
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return relais.E(relais.KindUnavailable, "find who holds the archive", err)
	}
	if !info.IsDir() || !private(info) || !s.mayAnswer(owner(info)) {
		return stranger("%s is not this user's own", dir)
	}
	return nil
}

// Dial reaches the process that holds the directory. Where nobody listens the error is
// of relais.KindNotFound; where another user does, of relais.KindForbidden.
func (s Socket) Dial(ctx context.Context) (net.Conn, error) {
	for _, path := range s.paths {
		c, err := s.dial(ctx, path)
		if relais.KindOf(err) != relais.KindNotFound {
			return c, err
		}
	}
	return nil, relais.Errorf(relais.KindNotFound, "find who holds the archive", "nobody listens")
}

func (s Socket) dial(ctx context.Context, path string) (net.Conn, error) {
	const op = "find who holds the archive"
	if _, err := os.Lstat(path); err != nil {
		return nil, relais.E(relais.KindNotFound, op, err)
	}
	if err := s.checkDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, relais.E(relais.KindNotFound, op, err) // left by a process that was killed
	}
	if uid, err := peer(c); err != nil || !s.mayAnswer(uid) {
		return nil, errors.Join(stranger("another user's program listens on %s", path), err, c.Close())
	}
	return c, nil
}

// mayAnswer tells whether a user may be the one who holds the directory: this user, or,
// to the system's own, whoever owns it.
func (s Socket) mayAnswer(uid int) bool {
	if uid == os.Geteuid() {
		return true
	}
	info, err := os.Stat(s.dir)
	return os.Geteuid() == 0 && err == nil && owner(info) == uid
}

func stranger(format string, args ...any) error {
	return relais.WithHint(relais.Errorf(relais.KindForbidden, "find who holds the archive", format, args...),
		"nothing was sent to it; find out who made it, or give the data directory (--data) a path under 88 characters")
}

// listener lets in this user's connections and the system's own.
type listener struct{ net.Listener }

// Accept waits for a connection of somebody who may ask.
func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if uid, err := peer(c); err == nil && (uid == os.Geteuid() || uid == 0) {
			return c, nil
		}
		_ = c.Close() // nothing was read of it
	}
}
