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
	angle, comment string
	hasAngle       bool // the address at hand has brackets
	quoted         bool // or quotes
	signed         bool // or an "@" in its phrase
	bare           bool // the last address listed was a name alone, before a comma
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
	end := len(rest)
	if i := strings.IndexAny(rest, "<>"); i >= 0 && rest[i] == '>' {
		end = i
	} else {
		a.warn.add(warnAddressRepaired, 1)
		if i >= 0 {
			end = i // another bracket opens before this one closes
		}
		if i := strings.IndexByte(rest[:end], ','); i >= 0 {
			end = i
		}
		a.at += end
		a.setAngle(rest[:end])
		return
	}
	a.at += end + 1
	a.setAngle(rest[:end])
}

// setAngle keeps the first address in brackets that says something.
func (a *addressReader) setAngle(s string) {
	if s = cleanAddress(s); s != "" || !a.hasAngle {
		a.angle, a.hasAngle = s, true
	}
}

// cleanAddress drops what does not belong to an addr-spec: white space, a scheme,
// quotes around it, an obsolete route.
func cleanAddress(s string) string {
	if s = strings.TrimSpace(s); !strings.Contains(s, `"`) {
		s = strings.Join(strings.Fields(stripComments(s)), "")
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if len(s) > 1 && s[0] == '\'' && s[len(s)-1] == '\'' { // as Outlook has it
		s = s[1 : len(s)-1]
	}
	if strings.HasPrefix(s, "@") {
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	return s
}

// flush ends one address; sep is what followed it.
func (a *addressReader) flush(sep byte) {
	phrase, comment := a.phrase.String(), a.comment
	angle, hasAngle, quoted := a.angle, a.hasAngle, a.quoted
	a.phrase.Reset()
	a.angle, a.comment, a.hasAngle, a.quoted, a.signed = "", "", false, false, false
	adr := relais.Address{Address: angle, Name: phrase}
	if !hasAngle {
		adr = plainAddress(phrase)
	}
	if adr.Name = a.text(adr.Name); adr.Name == "" {
		adr.Name = a.text(comment)
	}
	adr.Address = a.text(adr.Address)
	if adr.Address == "" && strings.Contains(adr.Name, "@") {
		adr = hiddenAddress(adr.Name)
	}
	if adr == (relais.Address{}) {
		return
	}
	bare := sep == ',' && !quoted && familyName(adr)
	if a.bare && hasAngle && adr.Name != "" {
		a.join(adr)
	} else {
		a.keep(adr)
	}
	a.bare = bare
}

// text decodes a name or an address. Encoded words are decoded after the list was
// cut, for they may hold commas (RFC 2047, section 6.2).
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

// keep lists an address, or counts it where there is no room.
func (a *addressReader) keep(adr relais.Address) {
	if a.room <= 0 {
		a.left++
		return
	}
	a.room--
	a.list = append(a.list, adr)
}

// plainAddress reads an address without brackets: the word with an "@", or the
// word alone; other words are its name.
func plainAddress(s string) relais.Address {
	if strings.Contains(s, "@") && !strings.HasPrefix(strings.TrimSpace(s), `"`) {
		words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(s, "@ ", "@"), " @", "@"))
		for i, w := range words {
			if strings.Contains(w, "@") {
				name := strings.Join(append(words[:i:i], words[i+1:]...), " ")
				return relais.Address{Address: cleanAddress(w), Name: name}
			}
		}
	}
	s = strings.TrimSpace(s)
	if strings.Contains(s, "@") || !strings.ContainsAny(s, " \t") && !strings.Contains(s, "=?") {
		return relais.Address{Address: s}
	}
	return relais.Address{Name: s}
}

// hiddenAddress finds the address in a name that was encoded with it.
func hiddenAddress(name string) relais.Address {
	before, after, ok := strings.Cut(name, "<")
	addr, rest, closed := strings.Cut(after, ">")
	if !ok || !closed || strings.TrimSpace(rest) != "" {
		return relais.Address{Name: name}
	}
	return relais.Address{Name: strings.Trim(before, ` "`), Address: cleanAddress(addr)}
}

// messageIDs gives the message ids of a field, without angle brackets. Where there
// are no brackets, a word alone is taken for one.
func messageIDs(field string) []string {
	var ids []string
	rest := field
	for {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			break
		}
		id, next, ok := strings.Cut(after, ">")
		if !ok {
			id, next, _ = strings.Cut(after, " ")
		}
		rest = next
		if id = cleanID(id); id != "" {
			ids = append(ids, id)
		}
	}
	if ids == nil {
		for w := range strings.FieldsSeq(field) {
			if strings.Contains(w, "@") && !strings.ContainsAny(w, `"(),;:`) {
				ids = append(ids, cleanID(w))
			}
		}
	}
	return ids
}

// cleanID drops the white space of an id; what then stands together is cleaned again.
func cleanID(s string) string {
	return cleanLine(strings.Join(strings.Fields(cleanLine(s)), ""))
}
