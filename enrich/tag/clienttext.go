package tag

import (
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// zoneAt gives the kind of the zone at a place of a text; a text without zones is new.
func zoneAt(zones []relais.Zone, at int) relais.ZoneKind {
	if len(zones) == 0 {
		return relais.ZoneNew
	}
	low, high := 0, len(zones)
	for high-low > 1 {
		if mid := (low + high) / 2; zones[mid].Start <= at {
			low = mid
		} else {
			high = mid
		}
	}
	return zones[low].Kind
}

// nextAddress gives the next mail address in a text from a place on, or -1 for its
// end. RFC 5321 section 4.5.3.1 bounds how far it is looked for around an "@".
func nextAddress(text string, from int) (start, end int) {
	for from < len(text) {
		i := strings.IndexByte(text[from:], '@')
		if i < 0 {
			break
		}
		i += from
		start, end = i, i+1
		for start > 0 && start > from && i-start < 64 && isLocal(text[start-1]) {
			start--
		}
		for end < len(text) && end-i < 255 && isHost(text[end]) {
			end++
		}
		for end > i && (text[end-1] == '.' || text[end-1] == '-') {
			end--
		}
		if start < i && end > i+3 {
			return start, end
		}
		from = i + 1
	}
	return -1, -1
}

// isQuotedSender tells whether an address in quoted text is on a line that says who
// wrote it: "De : ...", or "Le ..., ... a écrit :", which may end on the next line.
func isQuotedSender(text string, start, end int) bool {
	from := strings.LastIndexByte(text[:start], '\n') + 1
	if start-from > 300 {
		return false
	}
	to := min(len(text), end+300)
	rest := text[end:to]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		to = end + i
	}
	if labelOf(unquoted(text[from:to])) == labelFrom {
		return true
	}
	if _, ends := attributionEnd(trimLine(text[from:to])); ends {
		return true
	}
	next, _, _ := strings.Cut(text[min(len(text), to+1):min(len(text), to+200)], "\n")
	verb, ends := attributionEnd(trimLine(unquoted(next)))
	return verb && ends
}

// inAddress tells whether a span is part of a mail or web address, which speaks for
// itself.
func inAddress(text string, start, end int) bool {
	if start > 0 && (text[start-1] == '@' || text[start-1] == '/' || text[start-1] == '.') {
		return true
	}
	return end+1 < len(text) && (text[end] == '@' || text[end] == '.' && isLocal(text[end+1]) && !isDigit(text[end+1]))
}

// unquoted cuts the marks of quoting from the start of a line.
func unquoted(line string) string { return strings.TrimLeft(line, "> \t|") }

func isLocal(c byte) bool {
	return isHost(c) || c == '_' || c == '+' || c == '&' || c == '\''
}

func isHost(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-'
}

// maxDigits is how many digits the longest number has: a SIRET with its VAT prefix
// is shorter, an IBAN is no number of ours.
const maxDigits = 16

// eachNumber calls fn with the nine digits that tell each number of a text apart: a
// SIREN is those of its SIRET (14) and VAT number (FR and 11) too, a telephone number
// the last nine of however it is written.
func eachNumber(text string, fn func(digits string)) {
	var buf [maxDigits]byte
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		vat := i >= 2 && strings.EqualFold(text[i-2:i], "FR")
		digits := buf[:0]
		for i < len(text) && len(digits) < maxDigits {
			if isDigit(text[i]) {
				digits = append(digits, text[i])
				i++
				continue
			}
			n := separator(text[i:])
			if n == 0 {
				break
			}
			i += n
		}
		for i < len(text) && isDigit(text[i]) { // too long to be one of ours
			digits, i = digits[:0], i+1
		}
		emitNumber(digits, vat, fn)
	}
}

func emitNumber(d []byte, vat bool, fn func(string)) {
	switch {
	case len(d) == 9:
		fn(string(d))
	case len(d) == 14:
		fn(string(d[:9]))
	case vat && len(d) == 11, len(d) == 10 && d[0] == '0', len(d) > 10 && len(d) < 14:
		fn(string(d[len(d)-9:]))
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// separator gives the length of what may stand between two digits of one number: a
// space, dot or hyphen, or the "(0)" of an international number. A digit must follow.
func separator(s string) int {
	n := 0
	switch {
	case strings.HasPrefix(s, " (0)"), strings.HasPrefix(s, "\u00a0(0)"):
		n = strings.IndexByte(s, ')') + 1
		if n < len(s) && s[n] == ' ' {
			n++
		}
	case strings.HasPrefix(s, "(0)"):
		n = 3
	case s[0] == ' ' || s[0] == '.' || s[0] == '-':
		n = 1
	case strings.HasPrefix(s, "\u00a0"):
		n = 2
	case strings.HasPrefix(s, "\u202f"):
		n = 3
	}
	if n < len(s) && isDigit(s[n]) {
		return n
	}
	return 0
}
