//go:build unix

package main

import "syscall"

// private makes every file this process makes readable by its user alone.
func private() { syscall.Umask(0o077) }
