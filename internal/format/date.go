package format

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	firstYear = 1900 // RFC 5322, section 3.3
	lastYear  = 2099

	firstMailYear = 1982 // of SMTP (RFC 821): an earlier date comes from a machine without a clock

	dateMost = 200 // characters of a date looked at
)

// parseDate reads a date as mail has it: RFC 5322 with its obsolete forms, asctime, RFC
// 850, ISO 8601, two-digit years, comments, missing zones (taken as UTC, RFC 5322, section
// 4.3). A date that does not exist in the calendar is none.
func parseDate(s string) (time.Time, bool) {
	s = stripComments(s[:min(len(s), dateMost)])
	d := dateParts{weekday: -1}
	for _, tok := range strings.FieldsFunc(s, dateSpace) {
		d.token(tok)
	}
	return d.time()
}

// dateSpace tells what stands between the words of a date: white space, that of HTML
// and of Windows' clock formats too, and what lists have.
func dateSpace(r rune) bool {
	switch r {
	case ' ', '\t', ',', ';', '"', '\u00a0', '\u202f':
		return true
	}
	return false
}

// dateParts gathers what the tokens of a date say.
type dateParts struct {
	day, month, year   int
	weekday            int  // named, 0 for Sunday, -1 for none
	early              bool // the month was named before the day: it may be a weekday, as "mar." is
	unset              bool // a year of four digits below 100
	hour, min, sec     int
	hasTime, hasZone   bool
	afternoon, morning bool
	zone               int // seconds east
	bad                bool
}

// token reads one word of a date by what it begins with.
func (d *dateParts) token(tok string) {
	if isDigit(tok[0]) {
		tok = plainNumber(tok)
	}
	switch {
	case strings.Contains(tok, ":") && isDigit(tok[0]):
		d.clock(tok)
	case isDigit(tok[0]) && strings.Contains(strings.Trim(tok, "."), "."):
		d.dotted(strings.Trim(tok, "."))
	case basicISO(tok):
		d.clock(tok[:4] + "-" + tok[4:6] + "-" + tok[6:11] + ":" + tok[11:13] + ":" + tok[13:])
	case isDigit(tok[0]) && strings.ContainsAny(tok[:len(tok)-1], "-/"):
		d.joined(tok)
	case isDigit(tok[0]):
		d.number(tok)
	case tok[0] == '+' || tok[0] == '-':
		d.offset(tok)
	default:
		d.word(strings.ToLower(strings.Trim(tok, ".")))
	}
}

// plainNumber writes a number as the rest of this file reads it: with the hyphens and
// colons of ISO 8601 in the place of the characters of China and Japan, and of the
// French "9h15".
func plainNumber(tok string) string {
	if i := strings.IndexByte(tok, 'h'); i > 0 && i <= 2 && i+1 < len(tok) && isDigit(tok[i+1]) {
		tok = tok[:i] + ":" + tok[i+1:]
	}
	if !strings.ContainsFunc(tok, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return tok // as nearly all are: the rest of this function costs more than everything else
	}
	return strings.NewReplacer("年", "-", "月", "-", "日", "", "년", "-", "월", "-", "일", "").Replace(tok)
}

// basicISO tells a time of ISO 8601 without hyphens and colons.
func basicISO(tok string) bool {
	return len(tok) >= 15 && tok[8] == 'T' && strings.Trim(tok[:8]+tok[9:15], "0123456789") == ""
}

// dotted reads hh.mm.ss, once there is a day, and dd.mm.yyyy.
func (d *dateParts) dotted(tok string) {
	parts := strings.Split(tok, ".")
	switch n := len(parts); {
	case n == 3 && d.day == 0 && len(parts[2]) >= 2:
		d.day, d.month, d.year = d.atoi(parts[0], 2), d.atoi(parts[1], 2), d.fullYear(parts[2])
	case n <= 3 && d.day > 0:
		d.clock(strings.Join(parts, ":"))
	default:
		d.bad = true
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
	if month, ok := strings.CutSuffix(tok, "-"); ok && len(month) <= 2 && d.month == 0 { // "3月"
		d.month = d.atoi(month, 2)
		return
	}
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
	if n := weekdayOf(w); n >= 0 && d.weekday < 0 && d.day == 0 {
		d.weekday = n
	}
	if m := monthOf(w); m > 0 && (d.month == 0 || d.early && d.day > 0) {
		d.month, d.early = m, d.day == 0
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

// time puts the parts together, if such a date exists.
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
	midnight := d.hour == 24 && d.min == 0 && d.sec == 0 // at the day's end (ISO 8601)
	if midnight {
		d.hour = 0
	}
	if d.bad || d.day == 0 || d.month == 0 || d.hour > 23 || d.min > 59 || d.sec > 59 {
		return time.Time{}, false
	}
	t := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.min, d.sec, 0, time.UTC)
	if t.Day() != d.day || int(t.Month()) != d.month || d.year < firstYear || d.year > lastYear {
		return time.Time{}, false
	}
	if d.unset && (int(t.Weekday()) != d.weekday || d.zero()) {
		return time.Time{}, false
	}
	if midnight {
		t = t.AddDate(0, 0, 1)
	}
	t = t.Add(-time.Duration(d.zone) * time.Second)
	return t, t.Unix() != 0 // what a clock that was never set shows
}

// zero recognises the first second of year 1, by which programs mean no date (it is known
// by its weekday, which differs from that of 2001).
func (d *dateParts) zero() bool {
	return d.year == 2001 && d.month == 1 && d.day == 1 && d.hour == 0 && d.min == 0 && d.sec == 0
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

// fullYear reads a year, of two digits or three as RFC 5322, section 4.3, has it. One of
// four digits below 100 is a short year only if the weekday agrees: otherwise the clock
// was never set, and a guess would silently file the message a century off.
func (d *dateParts) fullYear(s string) int {
	n := d.atoi(s, 4)
	switch {
	case len(s) == 4 && n < 1000:
		d.unset = true
		d.bad = d.bad || n > 99
		return shortYear(n)
	case len(s) < 3:
		return shortYear(n)
	case n < 1000:
		return n + 1900
	}
	return n
}

// shortYear puts a year of two digits into its century (RFC 5322, section 4.3).
func shortYear(n int) int {
	if n < 50 {
		return n + 2000
	}
	return n + 1900
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
	t, ok := parseDate(field[i+1:])
	return t, ok && t.Year() >= firstMailYear
}
