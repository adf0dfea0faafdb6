package format

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/relais"
)

// addressReader reads address lists (RFC 5322, section 3.4) as mailers write them:
// without quotes, with semicolons, groups, comments, Exchange names in the place of
// addresses, brackets that do not close.
type addressReader struct {
	room     int // addresses that may still be listed
	fallback string
	warn     *warnings
	list     []relais.Address
	left     int64 // addresses over the limit

	s         string
	at        int
	noQuote   bool // no quote closes after at
	noComment bool // nor a comment

	phrase         strings.Builder
	named          int // bytes of the phrase that stood before the brackets
	angle, comment string
	hasAngle       bool // the present address has brackets
	quoted         bool // or quotes
	signed         bool // or an "@" in its phrase
	bare           bool // the last address listed was a name alone, before a comma
	again          bool // what is read was decoded from an encoded word
}

// read adds the addresses of one field to the list.
func (a *addressReader) read(field string) {
	a.s, a.at = field, 0
	a.noQuote, a.noComment, a.bare = false, false, false
	for a.at < len(a.s) {
		a.step()
	}
	a.flush(0)
}

// step reads one character, or the quoted string, comment or bracket that it opens.
func (a *addressReader) step() {
	c := a.s[a.at]
	a.at++
	switch {
	case c == '"' && !a.noQuote:
		a.quote()
	case c == '(' && !a.noComment:
		a.remark()
	case c == '<':
		a.bracket()
	case c == '[' && !a.signed && a.mailto():
	case c == ',' || c == ';':
		a.flush(c)
	case c == ':' && !a.signed && !a.hasAngle:
		a.phrase.Reset() // the name of a group, or "mailto"
	case c == '>' && a.hasAngle:
	default:
		a.signed = a.signed || c == '@'
		a.phrase.WriteByte(c)
	}
}

// quote reads a quoted string; one that is a local part keeps its quotes.
func (a *addressReader) quote() {
	var b strings.Builder
	for i := a.at; i < len(a.s); i++ {
		switch c := a.s[i]; {
		case c == '\\' && i+1 < len(a.s):
			i++
			b.WriteByte(a.s[i])
		case c == '"':
			a.at = i + 1
			text := b.String()
			if strings.HasPrefix(a.s[a.at:], "@") {
				text = `"` + text + `"`
			}
			a.phrase.WriteString(text)
			a.quoted = true
			return
		default:
			b.WriteByte(c)
		}
	}
	a.noQuote = true
	a.warn.add(warnAddressRepaired, 1)
}

// remark reads a comment, which may nest.
func (a *addressReader) remark() {
	depth := 1
	for i := a.at; i < len(a.s); i++ {
		switch a.s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				a.comment = a.s[a.at:i]
				a.at = i + 1
				a.phrase.WriteByte(' ')
				return
			}
		}
	}
	a.noComment = true
	a.phrase.WriteByte('(')
}

// bracket reads an address in angle brackets.
func (a *addressReader) bracket() {
	rest := a.s[a.at:]
	end := strings.IndexAny(rest, "<>")
	if end >= 0 && rest[end] == '>' {
		a.at += end + 1
		a.angles(rest[:end])
		return
	}
	a.warn.add(warnAddressRepaired, 1)
	if end < 0 { // or another bracket opens before this one closes
		end = len(rest)
	}
	if i := strings.IndexByte(rest[:end], ','); i >= 0 {
		end = i
	}
	a.at += end
	a.setAngle(rest[:end])
}

// angles reads what is in brackets: one address, or several that somebody put into one
// pair.
func (a *addressReader) angles(s string) {
	if strings.Count(s, "@") < 2 || strings.ContainsAny(s, `":`) {
		a.setAngle(s)
		return
	}
	for one := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		a.setAngle(one)
	}
}

// mailto reads an address in square brackets, as Outlook writes it into the text of
// replies: "Name [mailto:address]".
func (a *addressReader) mailto() bool {
	inner, _, ok := strings.Cut(a.s[a.at:], "]")
	if !ok || !strings.Contains(inner, "@") || strings.ContainsAny(inner, "<>[,;") {
		return false
	}
	a.at += len(inner) + 1
	a.setAngle(inner)
	return true
}

// setAngle keeps the first address in brackets that is not empty. A second one begins
// another address: the comma between them is missing.
func (a *addressReader) setAngle(s string) {
	s = cleanAddress(s)
	if strings.Contains(a.angle, "@") && strings.Contains(s, "@") && !strings.EqualFold(a.angle, s) {
		phrase := a.phrase.String()
		a.phrase.Reset()
		a.phrase.WriteString(phrase[:a.named])
		a.flush(0)
		a.phrase.WriteString(phrase[a.named:])
		a.warn.add(warnAddressRepaired, 1)
	}
	if s != "" || !a.hasAngle {
		a.angle, a.hasAngle, a.named = s, true, a.phrase.Len()
	}
}

// flush ends one address; sep is what followed it.
func (a *addressReader) flush(sep byte) {
	phrase, comment := a.phrase.String(), a.comment
	angle, hasAngle, quoted := a.angle, a.hasAngle, a.quoted
	a.phrase.Reset()
	a.angle, a.comment, a.hasAngle, a.quoted, a.signed = "", "", false, false, false
	adr := relais.Address{Address: angle, Name: phrase}
	if !hasAngle && strings.Contains(phrase, "<") && strings.Contains(phrase, "@") && a.hidden(a.text(phrase)) {
		return // all of it stood in quotes
	}
	if !hasAngle {
		adr = plainAddress(phrase)
	}
	if adr.Name = a.text(adr.Name); adr.Name == "" {
		adr.Name = a.text(comment)
	}
	adr.Address = a.text(adr.Address)
	if adr.Address == "" && strings.Contains(adr.Name, "@") && a.hidden(adr.Name) || adr == (relais.Address{}) {
		return
	}
	more := a.unseparated(&adr, hasAngle)
	bare := sep == ',' && !quoted && familyName(adr)
	if a.bare && hasAngle && adr.Name != "" {
		a.join(adr)
	} else {
		a.keep(adr)
	}
	for _, one := range more {
		a.keep(one)
	}
	a.bare = bare
}

// text decodes a name or an address. Encoded words are decoded after the list was split,
// since they may hold commas (RFC 2047, section 6.2).
func (a *addressReader) text(s string) string {
	return cleanLine(decodeWords(s, a.fallback, a.warn))
}

// join makes one address of a family name alone, a comma, and an address: quotes
// are missing around "Name, First name".
func (a *addressReader) join(adr relais.Address) {
	if len(a.list) == 0 {
		a.keep(adr)
		return
	}
	last := &a.list[len(a.list)-1]
	adr.Name = last.Name + last.Address + ", " + adr.Name
	*last = adr
	a.warn.add(warnAddressRepaired, 1)
}

// familyName tells whether what was read as an address looks like a name alone.
func familyName(adr relais.Address) bool {
	if adr.Name != "" && adr.Address != "" || strings.ContainsAny(adr.Address, "@/") {
		return false
	}
	first, _ := utf8.DecodeRuneInString(adr.Name + adr.Address)
	return unicode.IsUpper(first)
}

// keep adds an address to the list, or only counts it when the list is full.
func (a *addressReader) keep(adr relais.Address) {
	if a.room <= 0 {
		a.left++
		return
	}
	a.room--
	a.list = append(a.list, adr)
}
