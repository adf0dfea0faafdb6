package extract

import (
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// when says from when to when something lasts, in the zone that it was planned in: by
// the clock that its people look at, whatever zones this machine knows.
func when(e *ical.Component) string {
	start, zone := e.Props.Get("DTSTART"), ""
	if start == nil {
		if due := e.Props.Get("DUE"); due != nil {
			at, dated, zone := wallTime(due)
			return "until " + clock(at, dated) + zone
		}
		return ""
	}
	from, dated, zone := wallTime(start)
	if from.IsZero() {
		return start.Value // better than nothing
	}
	text := clock(from, dated)
	until, untilDated, untilZone := time.Time{}, dated, zone
	for _, name := range [...]string{"DTEND", "DUE"} {
		if p := e.Props.Get(name); p != nil && until.IsZero() {
			until, untilDated, untilZone = wallTime(p)
		}
	}
	if p := e.Props.Get("DURATION"); p != nil && until.IsZero() {
		if d, err := p.Duration(); err == nil && d > 0 && d < 10*365*24*time.Hour {
			until = from.Add(d)
		}
	}
	if untilDated && !until.IsZero() { // the day after the last (RFC 5545, 3.6.1)
		until = until.AddDate(0, 0, -1)
	}
	switch {
	case !until.After(from):
	case !untilDated && untilZone == zone && until.Format(time.DateOnly) == from.Format(time.DateOnly):
		text += " – " + until.Format("15:04")
	case untilZone == zone:
		text += " – " + clock(until, untilDated)
	default:
		text += zone + " – " + clock(until, untilDated)
		zone = untilZone
	}
	return text + zone
}

func clock(t time.Time, dated bool) string {
	if dated {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// wallTime reads a date or a time as a clock on the wall shows it, and names its zone.
func wallTime(p *ical.Prop) (t time.Time, dated bool, zone string) {
	value := strings.TrimSpace(p.Value)
	plain := ical.NewProp(p.Name)
	plain.Value = value
	dated = len(value) == len("20060102")
	if dated {
		plain.SetValueType(ical.ValueDate)
	}
	t, err := plain.DateTime(time.UTC)
	if err != nil {
		return time.Time{}, dated, ""
	}
	switch id := zoneName(p.Params.Get("TZID")); {
	case dated:
	case strings.HasSuffix(value, "Z"):
		zone = " UTC"
	case id != "":
		zone = " " + id
	}
	return t, dated, zone
}

// zoneName makes a zone's id readable: an IANA name is taken out of the paths that some
// programs put around it, a name of Windows is told by its IANA name.
func zoneName(id string) string {
	id = strings.TrimSpace(id)
	if iana := windowsZone(id); iana != "" {
		return iana
	}
	if strings.HasPrefix(id, "/") { // RFC 5545, 3.8.3.1
		if parts := strings.Split(id, "/"); len(parts) > 2 {
			id = strings.Join(parts[len(parts)-2:], "/")
		}
	}
	if strings.EqualFold(id, "tzone://Microsoft/Utc") {
		return "UTC"
	}
	return id
}

// repeats says how often something recurs; its occurrences are not listed.
func repeats(e *ical.Component) string {
	rule := e.Props.Get("RRULE")
	if rule == nil {
		return ""
	}
	frequency, until := "", ""
	for part := range strings.SplitSeq(rule.Value, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch strings.ToUpper(strings.TrimSpace(name)) {
		case "FREQ":
			frequency = strings.ToLower(value)
		case "UNTIL":
			if day, err := time.Parse("20060102", value[:min(len(value), len("20060102"))]); err == nil {
				until = " until " + day.Format(time.DateOnly)
			}
		case "COUNT":
			until = ", " + value + " times"
		}
	}
	if frequency == "" {
		return ""
	}
	return frequency + until
}
