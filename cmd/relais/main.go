// Command relais keeps what a client told a departed sales rep: it captures a
// mailbox and files, tags each document with client and topic, and serves them.
//
// This package answers one question: which parts make this program? wire.go is the
// only file that names brands; each verb has a file of its own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	private()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], system{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv})
	stop()
	os.Exit(code)
}
