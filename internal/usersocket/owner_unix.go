//go:build unix

package usersocket

import (
	"io/fs"
	"syscall"
)

// owner gives the user whom a file belongs to; -1 where the system does not say.
func owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// private tells whether a directory gives others no right at all.
func private(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }
