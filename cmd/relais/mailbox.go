package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/term"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/relais"
)

// tokenFlags say where an OAuth token comes from: never from the command line itself,
// which every process can read.
type tokenFlags struct{ file, command string }

// maxToken bounds what a command may print, in bytes.
const maxToken = 64 << 10

// credentials takes what opens a mailbox: a token where one is named, else a password.
func (a *app) credentials(ctx context.Context, f *ingestFlags) (err error) {
	if f.passwordFile == "" {
		f.req.Token, err = a.token(ctx, f.token)
	}
	if err != nil || f.req.Token != "" {
		return err
	}
	f.req.Password, err = a.password(f.passwordFile)
	return err
}

// token comes from a file, a command or the environment; "" where none is named. One
// that is named and empty is of relais.KindAuth: a password was not meant.
func (a *app) token(ctx context.Context, f tokenFlags) (token string, err error) {
	const variable = "RELAIS_IMAP_TOKEN"
	switch {
	case f.command != "":
		token, err = a.printed(ctx, f.command)
	case f.file != "":
		token, err = wire.Secret(func(string) string { return f.file }, variable)
	default:
		if token, err = wire.Secret(a.sys.env, variable); token == "" && a.sys.env(variable+"_FILE") == "" {
			return "", err
		}
	}
	token = strings.TrimSpace(token)
	if err == nil && (token == "" || strings.ContainsFunc(token, notInToken)) {
		err = relais.Errorf(relais.KindAuth, "read token", "what was given is no OAuth token")
	}
	return token, err
}

// notInToken tells what no bearer token holds (RFC 6750, 2.1).
func notInToken(r rune) bool { return r <= ' ' || r >= 0x7f }

// printed gives the first line that a command of the shell prints. What it says of
// errors goes to the user; what it prints goes nowhere else.
func (a *app) printed(ctx context.Context, command string) (string, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	if runtime.GOOS == "windows" {
		cmd = exec.CommandContext(ctx, "cmd", "/c", command)
	}
	cmd.Stderr = a.sys.err
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", relais.E(relais.KindAuth, "run --token-command", err)
	}
	text, err := io.ReadAll(io.LimitReader(out, maxToken))
	_, _ = io.Copy(io.Discard, out) // so that it can end
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	if err != nil {
		return "", relais.WithHint(relais.E(relais.KindAuth, "run --token-command", err), "try the command alone: it must print a token and end with 0")
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(line), nil
}

// password comes from a file, the environment or a prompt: never from a flag.
func (a *app) password(file string) (string, error) {
	const variable = "RELAIS_IMAP_PASSWORD"
	env := func(name string) string {
		if name == variable+"_FILE" && file != "" {
			return file
		}
		return a.sys.env(name)
	}
	if p, err := wire.Secret(env, variable); err != nil || p != "" {
		return p, err
	}
	f, ok := a.sys.in.(*os.File)
	if !ok || !terminal(f) {
		return "", relais.WithHint(relais.Errorf(relais.KindAuth, "read password", "no password"),
			"--password-file FILE, or RELAIS_IMAP_PASSWORD")
	}
	fmt.Fprint(a.sys.err, "Password: ")
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.sys.err)
	if err != nil {
		return "", relais.E(relais.KindAuth, "read password", err)
	}
	return string(b), nil
}
