package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/relais"
)

// The exit codes, a contract with scripts.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitRefused     = 3 // items were newly refused in this run
	exitUnbalanced  = 5
	exitNoArchive   = 10
	exitLocked      = 11
	exitAuth        = 12
	exitDamaged     = 13
	exitInterrupted = 130
)

// outcome ends a run that did its work with a code that is not 0: what it has to
// say was said already.
type outcome int

// Error names the code; it is never shown.
func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

// exitCode gives the code of an error.
func exitCode(ctx context.Context, err error) int {
	var o outcome
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &o):
		return int(o)
	case ctx.Err() != nil:
		return exitInterrupted
	}
	switch relais.KindOf(err) {
	case relais.KindInvalid:
		return exitUsage
	case relais.KindNoArchive:
		return exitNoArchive
	case relais.KindLocked:
		return exitLocked
	case relais.KindAuth, relais.KindForbidden:
		return exitAuth
	case relais.KindDamaged:
		return exitDamaged
	}
	return exitError
}

// report says what went wrong and the next step: one line of JSON where the verb
// prints JSON, else words.
func (a *app) report(ctx context.Context, err error) {
	var o outcome
	if err == nil || errors.As(err, &o) {
		return
	}
	if ctx.Err() != nil {
		err = relais.WithHint(relais.E(relais.KindCanceled, "", errors.New("interrupted")), "run the same command again to go on")
	}
	err = archive.FullDisk(err)
	if a.json {
		b, _ := json.Marshal(map[string]string{ // strings always encode
			"type": "error", "code": string(relais.KindOf(err)), "detail": err.Error(), "hint": relais.HintOf(err),
		})
		fmt.Fprintln(a.sys.out, string(b))
		return
	}
	fmt.Fprintln(a.sys.err, "relais:", err)
	if hint := relais.HintOf(err); hint != "" {
		fmt.Fprintln(a.sys.err, "  next:", hint)
	}
}
