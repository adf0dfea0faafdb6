package analysis

import "unicode/utf8"

// Numbers are made one way of writing: thousands are joined ("12 450,00",
// "12.450,00" and "12450,00" all give 12450 and 00), a French telephone number is
// its ten digits, a SIRET is its SIREN and its five digits. What is decided here is
// decided alike for documents and queries, and so finds what is written even where
// the guess is wrong ("3 250 pieces" of a list).

const (
	siren = 9
	siret = 14
	phone = 10
)

// number reads a token that begins with a digit, or a "+" before one.
func (s *scanner) number() bool {
	if s.phone() {
		return true
	}
	if s.text[s.pos] == '+' {
		s.pos++
	}
	start := s.pos
	end, digits := s.end(start)
	if !digits {
		return s.keep(start, end)
	}
	if end-start == siret { // its two parts: the second is read next, glued
		return s.keep(start, start+siren)
	}
	if last := s.thousands(start, end); last > end {
		return s.joined(start, last)
	}
	return s.keep(start, end)
}

// joined makes one token of the digits between start and end.
func (s *scanner) joined(start, end int) bool {
	var b [MaxTerm]byte
	n := 0
	for i := start; i < end && n < len(b); i++ {
		if isDigit(s.text[i]) {
			b[n] = s.text[i]
			n++
		}
	}
	d := s.a.digits(b[:n])
	return s.emit(start, end, d, d)
}

// digits gives a canonical number as a string, from the cache if it can.
func (a *Analyzer) digits(b []byte) string {
	if w, ok := a.words.bytes(b); ok {
		return w.term
	}
	d := string(b)
	a.words.put(d, word{term: d, surface: d})
	return d
}

// thousands gives the end of the number whose first group of digits is given, when
// groups of three follow, parted by the same separator; else end itself.
func (s *scanner) thousands(start, end int) int {
	first := end - start
	if first > 3 || s.decimals(start) {
		return end
	}
	sep, groups, last := "", 0, end
	for {
		n := separatorLen(s.text[last:])
		if n == 0 || groups > 0 && s.text[last:last+n] != sep || !s.group(last+n) {
			break
		}
		sep = s.text[last : last+n]
		last += n + 3
		groups++
	}
	if s.text[start] == '0' && (first < 3 || groups < 2) { // 0,125; but a SIREN may begin with 0
		return end
	}
	return last
}

// decimals tells whether the digits at start go on a number or a reference.
func (s *scanner) decimals(start int) bool {
	if !s.some || s.after || start == 0 {
		return false
	}
	switch s.text[start-1] {
	case '.', ',', '-', '/', '_', '\'':
		return true
	}
	return false
}

// group tells whether exactly three digits stand at i.
func (s *scanner) group(i int) bool {
	if !s.digitAt(i) || !s.digitAt(i+1) || !s.digitAt(i+2) {
		return false
	}
	return s.ends(i + 3)
}

// ends tells whether no word goes on at i.
func (s *scanner) ends(i int) bool {
	if i >= len(s.text) {
		return true
	}
	c := s.text[i]
	return !isDigit(c) && !isLetter(c) && (c < utf8.RuneSelf || goesOn(s.text[i:]) == 0)
}

// separatorLen gives the length of the separator of thousands that text begins with,
// or 0: space, no-break space, thin spaces, full stop, comma, apostrophe.
func separatorLen(text string) int {
	if text == "" {
		return 0
	}
	switch text[0] {
	case ' ', '.', ',', '\'':
		return 1
	}
	r, n := utf8.DecodeRuneInString(text)
	switch r {
	case 0xA0, 0x2007, 0x2009, 0x202F, 0x2019:
		return n
	}
	return 0
}

// phone reads a French telephone number: 06 12 34 56 78 (space, point or hyphen),
// +33 6..., 0033 6..., +33 (0)6... All become 0612345678.
func (s *scanner) phone() bool {
	if i := s.country(); i > 0 {
		return s.abroad(i)
	}
	t := s.text[s.pos:]
	if len(t) < phone+4 || t[0] != '0' || !isDigit(t[1]) || s.decimals(s.pos) {
		return false
	}
	n := separatorLen(t[2:])
	if t[2] == '-' {
		n = 1
	}
	if n == 0 || t[2] == ',' || len(t) < phone+4*n {
		return false
	}
	sep, i := t[2:2+n], 2
	for range 4 {
		if t[i:i+n] != sep || !isDigit(t[i+n]) || !isDigit(t[i+n+1]) {
			return false
		}
		i += n + 2
	}
	return s.ends(s.pos+i) && s.joined(s.pos, s.pos+i)
}

// country gives where the digits after +33 or 0033 begin, or 0.
func (s *scanner) country() int {
	t := s.text[s.pos:]
	switch {
	case len(t) > 3 && t[:3] == "+33":
		return s.pos + 3
	case len(t) > 4 && t[:4] == "0033":
		return s.pos + 4
	}
	return 0
}

// abroad reads the nine digits of a French number after its country code.
func (s *scanner) abroad(i int) bool {
	var b [phone]byte
	b[0] = '0'
	n := 1
	for n < phone && i < len(s.text) {
		switch t := s.text[i:]; {
		case isDigit(t[0]):
			b[n] = t[0]
			n++
			i++
		case n == 1 && len(t) > 3 && t[:3] == "(0)":
			i += 3
		case t[0] == '-' || t[0] == '.' || separatorLen(t) > 0:
			i += max(1, separatorLen(t))
			if !s.digitAt(i) && (n > 1 || i >= len(s.text) || s.text[i] != '(') {
				return false
			}
		default:
			return false
		}
	}
	if n < phone || !s.ends(i) {
		return false
	}
	d := s.a.digits(b[:])
	return s.emit(s.pos, i, d, d)
}
