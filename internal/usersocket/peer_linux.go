package usersocket

import (
	"net"

	"golang.org/x/sys/unix"
)

// peer asks the system which user is at the other end (SO_PEERCRED, unix(7)).
func peer(c net.Conn) (uid int, err error) {
	err = control(c, func(fd int) error {
		cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err == nil {
			uid = int(cred.Uid)
		}
		return err
	})
	return uid, err
}
