package main

import (
	"time"
	_ "time/tzdata" // zones are those of this program where the machine has none
)

// in has times printed in the time zone of the archive that a session reaches: its
// process knows it, and its directory says it.
func (a *app) in(s *session) {
	a.zone = s.location
	if s.held != nil {
		a.zone = s.held.Location
	}
}

// day prints a date's day, as wide where there is none.
func (a *app) day(t time.Time) string {
	if t.IsZero() {
		return "undated   "
	}
	return t.In(a.zone).Format(time.DateOnly)
}

// moment prints a time to the minute, and names its zone.
func (a *app) moment(t time.Time) string { return t.In(a.zone).Format("2006-01-02 15:04 MST") }
