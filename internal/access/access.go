// Package access answers one question: who may see what? A [Principal] is whoever
// asks; its dated grants give the relais.Scope that every read takes. [Tokens] tells
// which principal a bearer token speaks for.
package access

import (
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Kind is what a principal is.
type Kind string

// The kinds of principal.
const (
	KindLocal Kind = "local" // whoever runs the program on the archive's machine
	KindToken Kind = "token" // a program that holds a bearer token
)

// Grant opens a part of the archive for a time.
type Grant struct {
	relais.Grant
	From  time.Time // zero: since ever
	Until time.Time // zero: no end; the grant ends just before it
}

// live tells whether the grant holds at a time.
func (g Grant) live(now time.Time) bool {
	return !now.Before(g.From) && (g.Until.IsZero() || now.Before(g.Until))
}

// Principal is whoever asks.
type Principal struct {
	Name   string // names the actor in the audit log
	Kind   Kind
	Grants []Grant
}

// Local is the principal of the command line while an archive has no users: it sees
// what compliance sees.
func Local() Principal {
	return Principal{Name: "local", Kind: KindLocal, Grants: everything()}
}

func everything() []Grant {
	var grants []Grant
	for _, g := range relais.Everything().Grants {
		grants = append(grants, Grant{Grant: g})
	}
	return grants
}

// Scope gives what the principal may see at a time: the union of its live grants.
// The caller passes a time that never goes back: see [Clock].
func (p Principal) Scope(now time.Time) relais.Scope {
	var s relais.Scope
	for _, g := range p.Grants {
		if g.live(now) {
			s.Grants = append(s.Grants, g.Grant)
		}
	}
	return s
}
