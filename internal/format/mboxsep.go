package format

import (
	"bytes"
	"strings"
	"time"
)

// separator is a line that may separate messages, and what follows it.
type separator struct {
	ok     bool // it begins with "From " and is no longer than a line may be
	length int  // with its end
	sender string
	date   time.Time
	dated  bool   // it has a date with a time
	header bool   // a known field follows
	whole  bool   // what follows is a header with From, Date and Message-ID
	moz    bool   // what follows begins with a field of Thunderbird's own
	bare   bool   // nothing but the sender stands in it
	form   string // its shape, alike for all that one program writes
}

// The forms of separators that only mail programs write, into mailboxes alone.
const (
	formThunderbird = "-" // "From - " and a date, or bare
	formEudora      = "???@???"
)

// boxed tells whether only mailboxes have such a separator.
func (s *separator) boxed() bool {
	return s.form == formThunderbird || strings.HasPrefix(s.form, formEudora) || s.moz
}

// opens tells whether a file that begins with this line is a mailbox, or a message saved
// with its separator, and not just a text. The file's name may be evidence of it.
func (s *separator) opens(named bool) bool {
	if !s.ok || !s.header {
		return false
	}
	return s.dated || named || s.whole || s.moz || s.bare && s.form != ""
}

// parseSeparator looks at text that begins with a line.
func parseSeparator(b []byte) separator {
	b = b[:min(len(b), mboxAhead)]
	var s separator
	if !bytes.HasPrefix(b, []byte("From ")) {
		return s
	}
	n := bytes.IndexByte(b[:min(len(b), separatorMost)], '\n')
	if n < 0 && len(b) >= separatorMost {
		return s
	}
	if n < 0 {
		n = len(b) - 1
	}
	s.ok, s.length = true, n+1
	line := string(trimEOL(b[:n+1]))[len("From "):]
	var rest string
	if s.sender, rest = cutAny(strings.TrimLeft(line, " "), " \t"); s.sender == "" {
		s.sender, rest = cutAny(strings.TrimLeft(rest, " "), " \t")
	}
	s.date, s.dated = separatorDate(rest)
	s.bare = strings.TrimSpace(rest) == ""
	s.form = separatorForm(s.sender, rest)
	s.header, s.whole = headerFollows(b[n+1:])
	s.moz = startsFold(b[n+1:], "x-mozilla-")
	return s
}

// separatorDate reads a date that has a time, as the words of a sentence do not. The first
// second of 1970, which programs write when they know no date, gives no date but still
// makes a separator.
func separatorDate(s string) (time.Time, bool) {
	if !strings.Contains(s, ":") || len(s) > dateMost {
		return time.Time{}, false
	}
	if t, ok := parseDate(s); ok {
		return t, true
	}
	return time.Time{}, strings.Join(strings.Fields(s), " ") == "Thu Jan 1 00:00:00 1970"
}

// separatorForm gives the shape of a separator: what kind of sender, then how many
// words, and of what, the date has.
func separatorForm(sender, rest string) string {
	var b strings.Builder
	switch {
	case sender == "-" || sender == "" && strings.TrimSpace(rest) == "":
		return formThunderbird
	case sender == "???@???":
		b.WriteString(formEudora)
	case strings.Contains(sender, "@"):
		b.WriteByte('@')
	}
	for w := range strings.FieldsSeq(rest) {
		switch c := w[0]; {
		case strings.Contains(w, ":"):
			b.WriteByte(':')
		case c == '+' || c == '-':
			b.WriteByte('+')
		case isDigit(c) && len(w) == 4:
			b.WriteByte('y')
		case isDigit(c):
			b.WriteByte('0')
		default:
			b.WriteByte('a')
		}
	}
	return b.String()
}

// headerFollows tells whether text begins with a mail header, and whether that has the
// fields that every real message has. A header longer than the text counts as complete.
func headerFollows(b []byte) (known, whole bool) {
	known = knownLine(b) || bytes.HasPrefix(b, []byte(">From "))
	if !known && fieldName(b[:min(len(b), 80)]) == 0 {
		return false, false
	}
	cut := len(b) >= mboxAhead-separatorMost
	var from, date, id bool
	for len(b) > 0 {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if len(trimEOL(line)) == 0 {
			cut = false
			break
		}
		if n := fieldName(line[:min(len(line), 80)]); n > 0 {
			switch strings.ToLower(string(bytes.TrimSpace(line[:n]))) {
			case "from":
				from = true
			case "date":
				date = true
			case "message-id":
				id = true
			}
		}
		if !ok {
			break
		}
		b = rest
	}
	whole = from && date && id
	return known || whole, whole || known && cut
}

// startsFold tells whether text begins with a word, in lower case, in any case.
func startsFold(text []byte, word string) bool {
	return len(text) >= len(word) && bytes.EqualFold(text[:len(word)], []byte(word))
}
