package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/fold"
)

// scanner goes through a text once, never back.
type scanner struct {
	a     *Analyzer
	text  string
	pos   int   // the first byte not read
	tok   Token // the token read last
	some  bool  // a token was read
	after bool  // white space was met since
}

// next reads the next token into tok.
func (s *scanner) next() bool {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case isLetter(c):
			if s.word() {
				return true
			}
		case isDigit(c), c == '+' && s.digitAt(s.pos+1):
			if s.number() {
				return true
			}
		case c < utf8.RuneSelf:
			s.after = s.after || isSpace(c)
			s.pos++
		default:
			if s.wide() {
				return true
			}
		}
	}
	return false
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isSpace(c byte) bool  { return c <= ' ' }

func (s *scanner) digitAt(i int) bool { return i < len(s.text) && isDigit(s.text[i]) }

// wide reads what begins with a rune that is not ASCII.
func (s *scanner) wide() bool {
	r, n := utf8.DecodeRuneInString(s.text[s.pos:])
	switch {
	case fold.Alone(r):
		return s.keep(s.pos, s.pos+n)
	case starts(r):
		return s.word()
	}
	s.after = s.after || unicode.IsSpace(r)
	s.pos += n
	return false
}

// starts tells whether a word may begin with a rune: with a mark or an invisible
// character it may only go on.
func starts(r rune) bool { return r != 0x2BC && (unicode.IsLetter(r) || unicode.IsNumber(r)) }

// end finds where the word that begins at i ends, and whether it is of ASCII digits
// alone.
func (s *scanner) end(i int) (end int, digits bool) {
	digits = true
	for i < len(s.text) {
		c := s.text[i]
		switch {
		case isDigit(c):
			i++
		case isLetter(c):
			digits = false
			i++
		case c < utf8.RuneSelf:
			return i, digits
		default:
			n := goesOn(s.text[i:])
			if n == 0 {
				return i, digits
			}
			digits = false
			i += n
		}
	}
	return i, digits
}

// goesOn gives the length of the rune that text begins with when a word goes on
// through it: letters, digits, accents that stand apart (NFD), soft hyphens and
// joiners, which folding drops.
func goesOn(text string) int {
	if c := text[0]; 0xC3 <= c && c <= 0xC9 && len(text) > 1 && text[1]&0xC0 == 0x80 {
		if c == 0xC3 && (text[1] == 0x97 || text[1] == 0xB7) { // × and ÷
			return 0
		}
		return 2 // U+00C0 to U+027F are letters
	}
	r, n := utf8.DecodeRuneInString(text)
	if starts(r) && !fold.Alone(r) || unicode.IsMark(r) || r == 0xAD || r == 0x200C || r == 0x200D || r == 0x2060 {
		return n
	}
	return 0
}

// word reads a word of letters, or of letters and digits; an elided article or a
// possessive s is passed over.
func (s *scanner) word() bool {
	start := s.pos
	end, _ := s.end(start)
	raw := s.text[start:end]
	if n := apostropheLen(s.text[end:]); n > 0 {
		if elides(raw) && s.letterAt(end+n) {
			s.pos = end + n
			return false
		}
		if last := end + n + len("hui"); s.today(raw, last) {
			return s.emit(start, last, "aujourdhui", "aujourdhui")
		}
	}
	if len(raw) == 1 && raw[0]|0x20 == 's' && s.possessive(start) {
		s.pos = end
		return false
	}
	return s.keep(start, end)
}

// today tells whether a word and what ends at last, after its apostrophe, are
// "aujourd'hui": one word, not two.
func (s *scanner) today(raw string, last int) bool {
	const head, tail = "aujourd", "hui"
	return len(raw) == len(head) && last <= len(s.text) && s.ends(last) &&
		strings.EqualFold(raw, head) && strings.EqualFold(s.text[last-len(tail):last], tail)
}

// apostropheLen gives the length of the apostrophe that text begins with, or 0.
func apostropheLen(text string) int {
	switch {
	case text == "":
		return 0
	case text[0] == '\'':
		return 1
	case len(text) >= 3 && text[0] == 0xE2 && text[1] == 0x80 && (text[2] == 0x99 || text[2] == 0x98):
		return 3 // U+2019, U+2018
	case len(text) >= 2 && text[0] == 0xCA && text[1] == 0xBC:
		return 2 // U+02BC
	}
	return 0
}

// elides tells the French words that lose their vowel before another.
func elides(raw string) bool {
	var b [8]byte
	if len(raw) > len(b) {
		return false
	}
	for i := range len(raw) {
		b[i] = fold.Lower(raw[i])
	}
	switch string(b[:len(raw)]) {
	case "l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu":
		return true
	}
	return false
}

func (s *scanner) letterAt(i int) bool {
	if i >= len(s.text) {
		return false
	}
	if c := s.text[i]; c < utf8.RuneSelf {
		return isLetter(c)
	}
	r, _ := utf8.DecodeRuneInString(s.text[i:])
	return starts(r)
}

// possessive tells whether only an apostrophe stands between the token before and
// start.
func (s *scanner) possessive(start int) bool {
	return s.some && start > s.tok.End && apostropheLen(s.text[s.tok.End:start]) == start-s.tok.End
}

// keep makes the token of a written word; none when folding leaves nothing.
func (s *scanner) keep(start, end int) bool {
	raw := s.text[start:end]
	w, ok := s.a.words.get(raw)
	if !ok {
		w = s.a.analyze(raw)
	}
	if w.term == "" {
		s.pos = end
		return false
	}
	return s.emit(start, end, w.term, w.surface)
}

// emit makes the token.
func (s *scanner) emit(start, end int, term, surface string) bool {
	s.tok = Token{Term: term, Surface: surface, Start: start, End: end, Glued: s.some && !s.after}
	s.pos, s.some, s.after = end, true, false
	return true
}

// analyze folds and stems a word, and remembers it when that is worth it.
func (a *Analyzer) analyze(raw string) word {
	a.fold = fold.AppendTerm(a.fold[:0], raw, MaxTerm)
	w := word{surface: string(a.fold)}
	w.term = w.surface
	if stemmable(w.surface) {
		if t := string(stem(a.fold)); t != w.surface && !IsStop(t) {
			w.term = t
		}
	}
	if len(raw) <= maxCached {
		a.words.put(string([]byte(raw)), w)
	}
	return w
}

// stemmable tells the words that are stemmed: ASCII letters once folded, and not
// grammar.
func stemmable(surface string) bool {
	if len(surface) < 4 {
		return false
	}
	for i := range len(surface) {
		if !isLetter(surface[i]) {
			return false
		}
	}
	return !IsStop(surface)
}
