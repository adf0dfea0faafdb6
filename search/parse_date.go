package search

import (
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/analysis"
)

// days makes the node of after:, before: and date:. A day is written 2021-03-15 or
// 15/03/2021, a month 2021-03 or 03/2021, a year 2021; date: takes ranges a..b, open
// on either side, both ends within, and none for what has no date.
func (p *parser) days(kind fieldKind, s string, start int) (Node, error) {
	if kind == dateField && noDate(analysis.FoldPrefix(s)) {
		return Undated{}, nil
	}
	first, last, isRange := strings.Cut(s, "..")
	if !isRange {
		from, until, ok := p.span(s)
		if !ok {
			return nil, p.fail(start, p.pos, codeDate, fixDate(s))
		}
		switch kind {
		case afterField:
			return Days{From: from}, nil
		case beforeField:
			return Days{Until: from}, nil
		}
		return Days{From: from, Until: until}, nil
	}
	if kind != dateField {
		return nil, p.fail(start, p.pos, codeDate, first)
	}
	return p.between(first, last, start)
}

// noDate tells the words for no date, folded, in English and French.
func noDate(s string) bool {
	switch s {
	case NoDate, "undated", "aucune", "sans":
		return true
	}
	return false
}

// between makes the node of a range; one of its ends may be missing.
func (p *parser) between(first, last string, start int) (Node, error) {
	var d Days
	var ok bool
	if first != "" {
		if d.From, _, ok = p.span(first); !ok {
			return nil, p.failDate(start, fixDate(first), "..", last)
		}
	}
	if last != "" {
		if _, d.Until, ok = p.span(last); !ok {
			return nil, p.failDate(start, first, "..", fixDate(last))
		}
	}
	switch {
	case first == "" && last == "":
		return nil, p.fail(start, p.pos, codeDate, "")
	case last != "" && !d.From.Before(d.Until):
		return nil, p.fail(start, p.pos, codeRange, last+".."+first)
	}
	return d, nil
}

// failDate fails with the fix of a range, if its wrong end could be mended.
func (p *parser) failDate(start int, first, dots, last string) error {
	if first == "" || last == "" {
		return p.fail(start, p.pos, codeDate, "")
	}
	return p.fail(start, p.pos, codeDate, first+dots+last)
}

// span gives the first moment of a day, month or year, and that of the next.
func (p *parser) span(s string) (from, until time.Time, ok bool) {
	d, ok := relais.ReadCalendarDate(s)
	if !ok || !d.Exists() {
		return from, until, false
	}
	return d.Start(p.opt.Location), d.End(p.opt.Location), true
}

// fixDate gives the date that was perhaps meant, or "": day and month of the other
// order, a day after the last of its month, a year of two digits.
func fixDate(s string) string {
	d, ok := relais.ReadCalendarDate(s)
	if !ok {
		if len(s) >= 6 && len(s) <= 8 && strings.Count(s, "/") == 2 {
			if d, ok = relais.ReadCalendarDate(s[:len(s)-2] + "20" + s[len(s)-2:]); ok && d.Exists() {
				return d.String()
			}
		}
		return ""
	}
	if d.Month > 12 && d.Day <= 12 && d.Day > 0 {
		d.Month, d.Day = d.Day, d.Month
	}
	if d.Month >= 1 && d.Month <= 12 && d.Day > 28 && d.Day <= 31 {
		d.Day = min(d.Day, relais.DaysIn(d.Year, d.Month))
	}
	if !d.Exists() {
		return ""
	}
	return d.String()
}

// period makes the node of newer_than: and older_than:, which count whole days back
// from today, so that the same query gives the same page all day.
func (p *parser) period(kind fieldKind, s string, start int) (Node, error) {
	digits := strings.IndexFunc(s, notDigit)
	if digits < 0 {
		digits = len(s)
	}
	n, err := strconv.Atoi(s[:digits])
	years, months, days, ok := unit(analysis.FoldPrefix(s[digits:]), n)
	if err != nil || !ok || n > 9999 {
		return nil, p.fail(start, p.pos, codePeriod, fixPeriod(n))
	}
	y, m, d := p.opt.Now.In(p.opt.Location).Date()
	// Of March 31st, a month back is the last of February, not March 3rd.
	first := time.Date(y-years, m-time.Month(months), 1, 0, 0, 0, 0, p.opt.Location)
	d = min(d, relais.DaysIn(first.Year(), int(first.Month())))
	day := time.Date(first.Year(), first.Month(), d-days, 0, 0, 0, 0, p.opt.Location)
	switch {
	case day.Year() < 1000:
		return nil, p.fail(start, p.pos, codePeriod, "")
	case kind == newerField:
		return Days{From: day}, nil
	}
	return Days{Until: day}, nil
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// unit reads a number of days, weeks (s: semaines), months or years (a: années).
func unit(name string, n int) (years, months, days int, ok bool) {
	switch name {
	case "d", "j", "day", "days", "jour", "jours":
		return 0, 0, n, true
	case "w", "s", "week", "weeks", "semaine", "semaines":
		return 0, 0, 7 * n, true
	case "m", "month", "months", "mois":
		return 0, n, 0, true
	case "y", "a", "year", "years", "an", "ans", "annee", "annees":
		return n, 0, 0, true
	}
	return 0, 0, 0, false
}

// fixPeriod supposes days where the unit is missing or unknown.
func fixPeriod(n int) string {
	if n <= 0 || n > 9999 {
		return ""
	}
	return strconv.Itoa(n) + "d"
}

// size makes the node of larger: and smaller:. K, M and G are powers of 1,024; a
// decimal part may follow a point or a comma.
func (p *parser) size(kind fieldKind, s string, start int) (Node, error) {
	number := strings.TrimRightFunc(s, notDigit)
	n, err := strconv.ParseFloat(strings.Replace(number, ",", ".", 1), 64)
	factor := scale(s[len(number):])
	bytes := int64(n * factor)
	if err != nil || factor == 0 || n*factor >= 1<<62 || bytes <= 0 || strings.ContainsAny(number, "eExXpP_+-") {
		return nil, p.fail(start, p.pos, codeSize, "")
	}
	if kind == largerField {
		return Bytes{Over: bytes}, nil
	}
	return Bytes{Under: bytes}, nil
}

// scale gives the factor of a unit of bytes, 0 when there is none of the name.
func scale(unit string) float64 {
	switch strings.ToLower(unit) {
	case "", "b", "o":
		return 1
	case "k", "kb", "ko", "kib", "kio":
		return 1 << 10
	case "m", "mb", "mo", "mib", "mio":
		return 1 << 20
	case "g", "gb", "go", "gib", "gio":
		return 1 << 30
	}
	return 0
}
