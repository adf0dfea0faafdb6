package demo

import (
	"fmt"
	"time"
)

// lastDay is the rep's last day: the demo never ages, so that it is the same bytes
// on every run.
func lastDay() time.Time { return time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC) }

// daysBefore gives a day counted back from the last one; business waits for a
// working day.
func daysBefore(n int, business bool) time.Time {
	t := lastDay().AddDate(0, 0, -n)
	if business {
		return workday(t)
	}
	return t
}

// workday gives the day, or the next on which anybody works.
func workday(t time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || holiday(t) {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

// holiday tells the French ones that do not move.
func holiday(t time.Time) bool {
	switch t.Format("01-02") {
	case "01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25":
		return true
	}
	return false
}

// paris gives a wall clock of Paris its zone. Summer time is the rule of directive
// 2000/84/EC (last Sundays of March and October), so that no zone file is needed.
func paris(day time.Time, hour, minute int) time.Time {
	zone := time.FixedZone("CET", 3600)
	start, end := lastSunday(day.Year(), time.March), lastSunday(day.Year(), time.October)
	if !day.Before(start) && day.Before(end) {
		zone = time.FixedZone("CEST", 7200)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 17, 0, zone)
}

func lastSunday(year int, m time.Month) time.Time {
	t := time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC)
	return t.AddDate(0, 0, -int(t.Weekday()))
}

func monthFR(m time.Month) string {
	return [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
		"septembre", "octobre", "novembre", "décembre"}[m-1]
}

func weekdayFR(d time.Weekday) string {
	return [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}[d]
}

// longDate is "12 mars 2025".
func longDate(t time.Time, lang string) string {
	if lang == "en" {
		return t.Format("2 January 2006")
	}
	if t.Day() == 1 {
		return fmt.Sprintf("1er %s %d", monthFR(t.Month()), t.Year())
	}
	return fmt.Sprintf("%d %s %d", t.Day(), monthFR(t.Month()), t.Year())
}
