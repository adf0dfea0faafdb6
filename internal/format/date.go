package format

import (
	"strconv"
	"strings"
	"time"
)

const (
	firstYear = 1900 // RFC 5322, section 3.3
	lastYear  = 2099
	dateMost  = 200 // characters of a date looked at
)

// parseDate reads a date as mail has it: RFC 5322 with its obsolete forms, asctime,
// RFC 850, ISO 8601, two-digit years, comments, missing zones (taken as UTC, RFC
// 5322, section 4.3). A date that no calendar has is none.
func parseDate(s string) (time.Time, bool) {
	s = stripComments(s[:min(len(s), dateMost)])
	var d dateParts
	for _, tok := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' }) {
		d.token(tok)
	}
	return d.time()
}

// dateParts gathers what the tokens of a date say.
type dateParts struct {
	day, month, year   int
	hour, min, sec     int
	hasTime, hasZone   bool
	afternoon, morning bool
	zone               int // seconds east
	bad                bool
}

// token reads one word of a date by what it begins with.
func (d *dateParts) token(tok string) {
	switch {
	case strings.Contains(tok, ":") && isDigit(tok[0]):
		d.clock(tok)
	case isDigit(tok[0]) && strings.ContainsAny(tok, "-/"):
		d.joined(tok)
	case isDigit(tok[0]):
		d.number(tok)
	case tok[0] == '+' || tok[0] == '-':
		d.offset(tok)
	default:
		d.word(strings.ToLower(strings.Trim(tok, ".")))
	}
}

// clock reads hh:mm[:ss[.frac]] with a zone or AM or PM glued to it, and before it,
// in ISO 8601, the date and a "T".
func (d *dateParts) clock(tok string) {
	if date, rest, ok := strings.Cut(tok, "T"); ok && strings.Count(date, "-") == 2 {
		d.joined(date)
		tok = rest
	}
	end := strings.IndexFunc(tok, func(r rune) bool { return (r < '0' || r > '9') && r != ':' && r != '.' })
	rest := ""
	if end >= 0 {
		tok, rest = tok[:end], tok[end:]
	}
	parts := strings.Split(tok, ":")
	if len(parts) < 2 || len(parts) > 3 || d.hasTime {
		d.bad = d.bad || !d.hasTime
		return
	}
	d.hasTime = true
	d.hour, d.min = d.atoi(parts[0], 2), d.atoi(parts[1], 2)
	if len(parts) == 3 {
		sec, _, _ := strings.Cut(parts[2], ".")
		d.sec = d.atoi(sec, 2)
	}
	if rest != "" {
		d.token(rest)
	}
}

// joined reads dd-Mon-yyyy, yyyy-mm-dd, and both with slashes. Which of two small
// numbers is the month is never guessed.
func (d *dateParts) joined(tok string) {
	parts := strings.FieldsFunc(tok, func(r rune) bool { return r == '-' || r == '/' })
	if len(parts) != 3 {
		d.bad = true
		return
	}
	if m := monthOf(strings.ToLower(parts[1])); m > 0 {
		d.day, d.month, d.year = d.atoi(parts[0], 2), m, d.fullYear(parts[2])
		return
	}
	if len(parts[0]) == 4 {
		d.year, d.month, d.day = d.fullYear(parts[0]), d.atoi(parts[1], 2), d.atoi(parts[2], 2)
		return
	}
	a, b := d.atoi(parts[0], 2), d.atoi(parts[1], 2)
	d.year = d.fullYear(parts[2])
	switch {
	case a > 12:
		d.day, d.month = a, b
	case b > 12 || a == b:
		d.day, d.month = b, a
	default:
		d.bad = true
	}
}

// number reads a day or a year that stands alone.
func (d *dateParts) number(tok string) {
	tok = strings.TrimRight(tok, ".")
	if d.day == 0 && len(tok) <= 2 {
		d.day = d.atoi(tok, 2)
		d.bad = d.bad || d.day == 0
		return
	}
	if d.year == 0 {
		d.year = d.fullYear(tok)
	}
}

// offset reads +hhmm and +hh:mm, +hh and +hmm.
func (d *dateParts) offset(tok string) {
	digits := strings.ReplaceAll(tok[1:], ":", "")
	switch len(digits) {
	case 2:
		digits += "00"
	case 3:
		digits = "0" + digits
	}
	n := d.atoi(digits, 4)
	if len(digits) != 4 || n/100 > 14 || n%100 > 59 {
		d.bad = true
		return
	}
	d.hasZone, d.zone = true, (n/100*60+n%100)*60
	if tok[0] == '-' {
		d.zone = -d.zone
	}
}

// word reads the name of a month or a zone; weekdays and the rest are skipped.
func (d *dateParts) word(w string) {
	if i := strings.IndexAny(w, "+-"); i > 0 { // GMT+0200
		d.word(w[:i])
		d.token(w[i:])
		return
	}
	if m := monthOf(w); m > 0 && d.month == 0 {
		d.month = m
		return
	}
	switch w {
	case "am":
		d.morning = true
	case "pm":
		d.afternoon = true
	}
	if hours, ok := zoneOf(w); ok && !d.hasZone {
		d.hasZone, d.zone = true, hours*3600
	}
}

// time puts the parts together, if some calendar has them.
func (d *dateParts) time() (time.Time, bool) {
	if d.afternoon && d.hour < 12 {
		d.hour += 12
	}
	if d.morning && d.hour == 12 {
		d.hour = 0
	}
	if d.sec == 60 { // a leap second
		d.sec = 59
	}
	if d.bad || d.day == 0 || d.month == 0 || d.hour > 23 || d.min > 59 || d.sec > 59 {
		return time.Time{}, false
	}
	t := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.min, d.sec, 0, time.UTC)
	if t.Day() != d.day || int(t.Month()) != d.month || d.year < firstYear || d.year > lastYear {
		return time.Time{}, false
	}
	t = t.Add(-time.Duration(d.zone) * time.Second)
	return t, t.Unix() != 0 // what a clock that was never set says
}

// atoi reads a number of at most so many digits.
func (d *dateParts) atoi(s string, digits int) int {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) > digits || n < 0 {
		d.bad = true
		return 0
	}
	return n
}

// fullYear reads a year, of two digits or three as RFC 5322, section 4.3, has it. One
// of four digits that begins with zeros is no short year but a clock never set: to
// guess would file the message a century off, in silence.
func (d *dateParts) fullYear(s string) int {
	n := d.atoi(s, 4)
	switch {
	case len(s) == 4 && n < 1000:
		d.bad = true
	case len(s) < 3 && n < 50:
		return n + 2000
	case n < 1000:
		return n + 1900
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// stripComments drops what stands in parentheses.
func stripComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
			b.WriteByte(' ')
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// receivedDate gives the date of a Received field: what follows its last semicolon.
func receivedDate(field string) (time.Time, bool) {
	i := strings.LastIndexByte(field, ';')
	if i < 0 {
		return time.Time{}, false
	}
	return parseDate(field[i+1:])
}
