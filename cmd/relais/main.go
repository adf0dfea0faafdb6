// Command relais keeps what a client told a departed sales rep: it captures a
// mailbox and files, tags each document with client and topic, and serves them.
//
// This package answers one question: which parts make this program? wire.go is the
// only file that names brands; each verb has a file of its own.
package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	private()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], system{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, self: self()})
	stop()
	os.Exit(code)
}

// self is how this program is started from a shell, so that a command line which it
// prints works as it is pasted.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return "relais"
	}
	if strings.Contains(path, string(filepath.Separator)+"go-build") { // what go run made is gone when it ends
		return "go run ./cmd/relais"
	}
	if found, err := exec.LookPath("relais"); err == nil && sameFile(found, path) {
		return "relais"
	}
	return shellQuoted(path)
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
