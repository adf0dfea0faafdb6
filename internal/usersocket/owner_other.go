//go:build !unix

package usersocket

import (
	"io/fs"
	"os"
)

// owner takes every file for this user's: where files have no numbered owners, temporary
// files and the user's data lie in directories that the system closes to others.
func owner(fs.FileInfo) int { return os.Geteuid() }

// private leaves rights to the system, for the same reason.
func private(fs.FileInfo) bool { return true }
