//go:build linux || darwin || freebsd

package usersocket

import (
	"errors"
	"net"
	"syscall"
)

// control asks something of the socket behind a connection.
func control(c net.Conn, ask func(fd int) error) error {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var asked error
	err = raw.Control(func(fd uintptr) { asked = ask(int(fd)) })
	return errors.Join(err, asked)
}
