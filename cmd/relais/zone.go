package main

import (
	"time"
	_ "time/tzdata" // zones are those of this program where the machine has none
)

// zone is the time zone in which a verb prints times: the archive's, which its process
// knows, or says in its directory.
func (s *session) zone() *time.Location {
	if s.archive != nil {
		return s.archive.location
	}
	return s.location
}

// day prints a date's day in a zone, as wide where there is none.
func day(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "undated   "
	}
	return t.In(zone).Format(time.DateOnly)
}

// moment prints a time to the minute in a zone, which it names.
func moment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// localZone gives the zone of a new archive: the machine's, under a name that other
// machines know, so that an archive never changes its days when it is opened elsewhere.
func localZone() *time.Location {
	zone, err := time.LoadLocation(zoneOf(time.Local))
	if err != nil {
		return time.UTC
	}
	return zone
}
