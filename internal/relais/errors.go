package relais

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// Kind says what an error means to whoever receives it: retry, refuse, tell the
// user, or stop. Kinds cross process borders (HTTP, refused records): their names
// are append-only.
type Kind string

// The kinds of error. Anything that carries none is KindInternal.
const (
	KindInternal    Kind = "internal"        // a fault of ours: report it
	KindInvalid     Kind = "invalid"         // the caller's request is wrong: say how
	KindNotFound    Kind = "not_found"       // no such thing, or none within the scope
	KindConflict    Kind = "conflict"        // it exists already, or has changed meanwhile
	KindForbidden   Kind = "forbidden"       // the principal may not do this
	KindAuth        Kind = "unauthenticated" // credentials are missing or wrong
	KindLocked      Kind = "locked"          // another process holds it
	KindNoArchive   Kind = "no_archive"      // the data directory holds no archive
	KindUnavailable Kind = "unavailable"     // a server or disk does not answer now: retry
	KindRefused     Kind = "refused"         // this input can never be taken: record and go on
	KindDamaged     Kind = "damaged"         // stored bytes do not match their checksum
	KindForgotten   Kind = "forgotten"       // the key was destroyed: the bytes are erased
	KindTooLarge    Kind = "too_large"       // over a limit that was stated
	KindCanceled    Kind = "canceled"        // the caller gave up
)

// Error is an error with a kind and the operation that failed.
type Error struct {
	Kind Kind
	Op   string // what was being done, such as "open blob"
	Hint string // the next step for the user, may be empty
	Err  error  // the cause, may be nil
}

// Error gives "op: cause", or the kind where there is no cause.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return fmt.Sprintf("%s: %s", e.Op, e.Kind)
	case e.Op == "":
		return e.Err.Error()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// E makes an error of the given kind; err may be nil.
func E(kind Kind, op string, err error) error {
	return &Error{Kind: kind, Op: op, Err: err}
}

// Errorf makes an error of the given kind whose cause is formatted as by
// fmt.Errorf (with %w).
func Errorf(kind Kind, op, format string, args ...any) error {
	return &Error{Kind: kind, Op: op, Err: fmt.Errorf(format, args...)}
}

// WithHint adds the next step for the user to an error, keeping its kind.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Hint: hint, Err: err}
}

// KindOf gives the kind of the outermost Error in err's chain: KindCanceled for a
// context's end, KindInternal for an error without kind, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return KindCanceled
	}
	return KindInternal
}

// HintOf gives the outermost hint in err's chain, or "".
func HintOf(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Hint != "" {
			return e.Hint
		}
	}
	return ""
}

// Retryable tells whether the same call may succeed later without anything being changed.
func Retryable(err error) bool {
	k := KindOf(err)
	return k == KindUnavailable || k == KindLocked
}

// NoRoom tells whether an error comes from a full disk or quota: the system's, or a
// database's, which is told by its code, since drivers stay in their rooms (SQLITE_FULL
// and SQLITE_IOERR_SHMSIZE, https://www.sqlite.org/rescode.html; class 53 of PostgreSQL's
// Appendix A). It passes only when somebody makes room.
func NoRoom(err error) bool {
	const sqliteFull, sqliteSharedMemory, postgresFull = 13, 4874, "53100"
	var file interface {
		error
		Code() int
	}
	var server interface {
		error
		SQLState() string
	}
	switch {
	case errors.As(err, &file) && (file.Code() == sqliteFull || file.Code() == sqliteSharedMemory):
		return true
	case errors.As(err, &server) && server.SQLState() == postgresFull:
		return true
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
