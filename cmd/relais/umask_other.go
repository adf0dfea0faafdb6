//go:build !unix

package main

// private does nothing: where there is no umask, the data directory's own rights
// keep others out.
func private() {}
