package format

import (
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// cleanAddress drops what does not belong to an addr-spec: white space, a scheme,
// quotes around it, an obsolete route.
func cleanAddress(s string) string {
	if s = strings.TrimSpace(s); !strings.Contains(s, `"`) {
		s = strings.Join(strings.Fields(stripComments(s)), "")
	}
	for _, scheme := range []string{"mailto:", "smtp:"} {
		if n := len(scheme); len(s) > n && strings.EqualFold(s[:n], scheme) {
			s = s[n:]
		}
	}
	if len(s) > 1 && s[0] == '\'' && s[len(s)-1] == '\'' { // as Outlook has it
		s = s[1 : len(s)-1]
	}
	if strings.HasPrefix(s, "@") {
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	return cutRemains(s)
}

// cutRemains drops what cannot end a domain: remains of brackets and quotes around the
// address, and of the text it was copied from.
func cutRemains(s string) string {
	if !strings.Contains(s, "@") {
		return s
	}
	remains := `>'":;,)`
	if !strings.Contains(s, "[") {
		remains += "]"
	}
	return strings.TrimRight(s, remains)
}

// plainAddress reads an address without brackets: the word with an "@", or the
// word alone; other words are its name.
func plainAddress(s string) relais.Address {
	if strings.Contains(s, "@") && !strings.HasPrefix(strings.TrimSpace(s), `"`) {
		words := addressWords(s)
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

// addressWords splits text at blanks, except those that may stand around the "@" and the
// dots of an address (RFC 5322, section 4.4).
func addressWords(s string) []string {
	words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(s, "@ ", "@"), " @", "@"))
	out := words[:0:0]
	dot := false // the last word was a dot alone
	for _, w := range words {
		n := len(out)
		if n > 0 && (dot || w[0] == '.' || openDomain(out[n-1])) {
			out[n-1] += w
		} else {
			out = append(out, w)
		}
		dot = w == "."
	}
	return out
}

// openDomain tells an address whose domain ends at its first dot.
func openDomain(s string) bool {
	_, domain, ok := strings.Cut(s, "@")
	return ok && domain != "" && strings.IndexByte(domain, '.') == len(domain)-1
}

// unseparated takes all addresses but the first out of the name of an address without
// brackets: they were separated by nothing but blanks.
func (a *addressReader) unseparated(adr *relais.Address, hasAngle bool) []relais.Address {
	if hasAngle || !strings.Contains(adr.Address, "@") || !strings.Contains(adr.Name, "@") {
		return nil
	}
	var more []relais.Address
	var name []string
	for w := range strings.FieldsSeq(adr.Name) {
		if local, domain, ok := strings.Cut(w, "@"); ok && local != "" && strings.Contains(domain, ".") {
			more = append(more, relais.Address{Address: cleanAddress(w)})
		} else {
			name = append(name, w)
		}
	}
	if len(more) > 0 {
		adr.Name = strings.Join(name, " ")
		a.warn.add(warnAddressRepaired, 1)
	}
	return more
}

// hidden reads the addresses in a name that was encoded with them; false when it has
// none.
func (a *addressReader) hidden(name string) bool {
	if a.again {
		return false
	}
	inner := addressReader{room: len(name), fallback: a.fallback, warn: a.warn, again: true}
	inner.read(name)
	for _, adr := range inner.list {
		if !strings.Contains(adr.Address, "@") {
			return false
		}
	}
	for _, adr := range inner.list {
		a.keep(adr)
	}
	a.bare = false
	return len(inner.list) > 0
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

// cleanID drops the white space in an id; what then joins up is cleaned again.
func cleanID(s string) string {
	return cleanLine(strings.Join(strings.Fields(cleanLine(s)), ""))
}
