package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isBlank tells what parts words: white space, and control characters, which nobody
// searches for.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// tidy makes one space of each run of blanks, and valid UTF-8 of anything.
func tidy(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), isBlank), " ")
}

func (p *parser) blanks() {
	rest := p.query[p.pos:]
	p.pos += len(rest) - len(strings.TrimLeftFunc(rest, isBlank))
}

// atBlank tells whether a word cannot begin here: at a blank, or at the end.
func (p *parser) atBlank() bool {
	return p.pos == len(p.query) || isBlank(firstRune(p.query[p.pos:]))
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// atEnd passes blanks and tells whether the query or the group ends there.
func (p *parser) atEnd() bool {
	p.blanks()
	return p.pos == len(p.query) || p.query[p.pos] == ')'
}

// keyword reads one of some words in capitals that stands alone.
func (p *parser) keyword(words ...string) bool {
	for _, w := range words {
		rest, ok := strings.CutPrefix(p.query[p.pos:], w)
		if !ok {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(rest); rest == "" || isBlank(r) || r == '(' || r == ')' || r == '"' {
			p.pos += len(w)
			return true
		}
	}
	return false
}

// negatable tells whether a hyphen before rest says "not": it must touch a word.
func negatable(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	if r == '(' || unicode.IsLetter(r) || unicode.IsNumber(r) {
		return true
	}
	_, ok := quoteAt(rest)
	return ok
}

// quote is a kind of quotation marks: the one that opens, and those that close.
type quote struct{ open, closers string }

// quoteAt gives the quotation marks that text opens with: straight, English, German
// or French, for keyboards put in any of them.
func quoteAt(text string) (quote, bool) {
	r, n := utf8.DecodeRuneInString(text)
	switch r {
	case '"':
		return quote{text[:n], `"`}, true
	case '“':
		return quote{text[:n], `”`}, true
	case '„':
		return quote{text[:n], `“”`}, true
	case '«':
		return quote{text[:n], `»`}, true
	}
	return quote{}, false
}

// quoted reads what quotation marks enclose.
func (p *parser) quoted(q quote) (string, error) {
	start := p.pos
	body := p.query[start+len(q.open):]
	n := strings.IndexAny(body, q.closers)
	if n < 0 {
		fix := p.query[start:] + string([]rune(q.closers)[0])
		return "", p.fail(start, len(p.query), codeQuote, fix)
	}
	_, closer := utf8.DecodeRuneInString(body[n:])
	p.pos = start + len(q.open) + n + closer
	return tidy(body[:n]), nil
}

// raw reads a bare word, up to a blank, a character of stop, or a parenthesis that
// was not opened within the word: "contrat(s)" is a word.
func (p *parser) raw(stop string) string {
	start, open := p.pos, 0
	for p.pos < len(p.query) {
		r, n := utf8.DecodeRuneInString(p.query[p.pos:])
		switch {
		case isBlank(r), strings.ContainsRune(stop, r):
			return p.query[start:p.pos]
		case r == '(':
			if !closes(p.query[p.pos:]) {
				return p.query[start:p.pos]
			}
			open++
		case r == ')':
			if open == 0 {
				return p.query[start:p.pos]
			}
			open--
		}
		p.pos += n
	}
	return p.query[start:]
}

// closes tells whether the parenthesis that text begins with is closed before the
// next blank.
func closes(text string) bool {
	open := 0
	for _, r := range text {
		switch {
		case isBlank(r):
			return false
		case r == '(':
			open++
		case r == ')':
			if open--; open == 0 {
				return true
			}
		}
	}
	return false
}
