package relais

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CalendarDate is a day, month or year as people write it: in flags, in queries and in
// what is declared of a case. Without a Day it is a month, without a Month a year.
type CalendarDate struct{ Year, Month, Day int }

// ReadCalendarDate reads 2021-03-15 or 15/03/2021, 2021-03 or 03/2021, or 2021; dots may
// stand for the slashes. The result may not exist in the calendar: see Exists.
func ReadCalendarDate(s string) (CalendarDate, bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	var n [3]int
	if len(parts) == 0 || len(parts) > len(n) || len(s) > len("15/03/2021") {
		return CalendarDate{}, false
	}
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 10, 16)
		if err != nil || len(part) > 2 && len(part) != 4 || v == 0 {
			return CalendarDate{}, false
		}
		n[i] = int(v)
	}
	switch last := len(parts) - 1; {
	case len(parts[0]) == 4:
		return CalendarDate{n[0], n[1], n[2]}, true
	case last == 2 && len(parts[2]) == 4:
		return CalendarDate{n[2], n[1], n[0]}, true
	case last == 1 && len(parts[1]) == 4:
		return CalendarDate{n[1], n[0], 0}, true
	}
	return CalendarDate{}, false
}

// ReadDay reads a whole day, in the forms of ReadCalendarDate. The error, of
// KindInvalid, says how to write one.
func ReadDay(op, s string) (CalendarDate, error) {
	d, ok := ReadCalendarDate(strings.TrimSpace(s))
	if !ok || d.Day == 0 || !d.Exists() {
		return d, WithHint(Errorf(KindInvalid, op, "%q is no day", s), "write it as 2026-03-31 or 31/03/2026")
	}
	return d, nil
}

// Exists tells whether the calendar has it, between the years 1000 and 9998.
func (d CalendarDate) Exists() bool {
	if d.Year < 1000 || d.Year > 9998 || d.Month < 0 || d.Month > 12 || d.Day < 0 {
		return false
	}
	return d.Day <= DaysIn(d.Year, d.Month)
}

// Start gives its first moment in a time zone.
func (d CalendarDate) Start(zone *time.Location) time.Time {
	return time.Date(d.Year, time.Month(max(d.Month, 1)), max(d.Day, 1), 0, 0, 0, 0, zone)
}

// End gives the first moment after it.
func (d CalendarDate) End(zone *time.Location) time.Time {
	switch {
	case d.Month == 0:
		return CalendarDate{d.Year + 1, 0, 0}.Start(zone)
	case d.Day == 0:
		return CalendarDate{d.Year, d.Month + 1, 0}.Start(zone)
	}
	return CalendarDate{d.Year, d.Month, d.Day + 1}.Start(zone)
}

// String gives 2021-03-15, 2021-03 or 2021.
func (d CalendarDate) String() string {
	switch {
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// DaysIn counts the days of a month: day 0 of the next is its last.
func DaysIn(year, month int) int {
	return time.Date(year, time.Month(month+1), 0, 0, 0, 0, 0, time.UTC).Day()
}
