package relais

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

// coded and stated are errors as drivers of databases have them.
type coded int

func (c coded) Error() string { return "code" }
func (c coded) Code() int     { return int(c) }

type stated string

func (s stated) Error() string    { return "state" }
func (s stated) SQLState() string { return string(s) }

func TestNoRoom(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {errors.New("no space left on device"), false}, {full, true}, {syscall.EDQUOT, true}, {syscall.EIO, false},
		{E(KindUnavailable, "write pack", full), true}, {errors.Join(errors.New("first"), WithHint(full, "x")), true},
		{fmt.Errorf("append: %w", coded(13)), true}, {coded(4874), true}, {coded(11), false}, {stated("53100"), true}, {stated("40001"), false},
	} {
		if got := NoRoom(tt.err); got != tt.want {
			t.Errorf("%v: %t", tt.err, got)
		}
	}
}
