//go:build darwin || freebsd

package usersocket

import (
	"net"

	"golang.org/x/sys/unix"
)

// LOCAL_PEERCRED, of the level SOL_LOCAL (sys/un.h).
const solLocal, localPeerCred = 0, 1

// peer asks the system which user is at the other end (unix(4)).
func peer(c net.Conn) (uid int, err error) {
	err = control(c, func(fd int) error {
		cred, err := unix.GetsockoptXucred(fd, solLocal, localPeerCred)
		if err == nil {
			uid = int(cred.Uid)
		}
		return err
	})
	return uid, err
}
