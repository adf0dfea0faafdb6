// Package fold answers one question: how are words compared, whatever their accents and
// case? It is the one home of folding. What is to be found in what decides how:
// [AppendTerm] for the terms of search, [Value] for a value compared whole, [Name] by its
// letters alone, [String] for phrases of known words, and [Words] for running text, of
// which each word is a hash, so that looking one up costs no memory. They differ in what
// they keep, and what was written by one is compared by the same.
package fold

import (
	"unicode"
	"unicode/utf8"
)

// Word is a run of letters and digits of a text, folded: without accents, in lower
// case. Words are compared by hash. Two words of one hash would give a wrong piece
// of evidence, at odds of one in 10^10 for a million names, and whoever could make
// such a pair on purpose could as well write the name itself.
type Word struct {
	Full  uint64 // of the whole folded word
	Stem  uint64 // of the word without its plural and feminine ending
	Start int32  // bytes in the text
	End   int32
	Upper bool // begins with a capital letter or a digit
	Apart bool // parted from the word before by more than a phrase bears
}

// maxWord is how many bytes of a folded word count. Longer ones are encoded data.
const maxWord = 48

// Words appends the words of a text to list. Runs of more than four times maxWord
// bytes are no words and are left out.
func Words(text string, list []Word) []Word {
	s := wordSplitter{text: text, apart: true}
	for i := 0; i < len(text); {
		if !s.startsWord(i) {
			i += s.gap(i)
			continue
		}
		w, next := s.word(i)
		if next-i <= 4*maxWord && w.Full != Empty {
			list = append(list, w)
		}
		i = next
	}
	return list
}

// wordSplitter is a text on its way into words.
type wordSplitter struct {
	text     string
	apart    bool
	newlines int
}

// startsWord tells whether a letter, digit or mark that belongs to a word begins at i.
func (s *wordSplitter) startsWord(i int) bool {
	if c := s.text[i]; c < utf8.RuneSelf {
		return asciiFold[c] != ' '
	}
	r, _ := utf8.DecodeRuneInString(s.text[i:])
	return isWordRune(r)
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || ignorable(r))
}

// gap takes in what stands between words, and gives its length.
func (s *wordSplitter) gap(i int) int {
	switch s.text[i] {
	case ' ', ',', '.', '-', '\'', '>':
	case '\n':
		s.newlines++
		s.apart = s.apart || s.newlines > 1
	case '|', ';', '!', '?', ':', '\t':
		s.apart = true
	default:
		if s.text[i] >= utf8.RuneSelf {
			_, n := utf8.DecodeRuneInString(s.text[i:])
			return n
		}
	}
	return 1
}

// word reads the word at i and gives the index after it.
func (s *wordSplitter) word(i int) (Word, int) {
	var buf [maxWord + 4]byte
	w := Word{Start: int32(i), Apart: s.apart, Upper: startsUpper(s.text[i:])}
	folded := buf[:0]
	for i < len(s.text) {
		c := s.text[i]
		if c < utf8.RuneSelf {
			f := asciiFold[c]
			if f == ' ' {
				break
			}
			if len(folded) < maxWord {
				folded = append(folded, f)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s.text[i:])
		if !isWordRune(r) {
			break
		}
		if len(folded) < maxWord && !ignorable(r) {
			folded = appendFolded(folded, r)
		}
		i += n
	}
	s.apart, s.newlines = false, 0
	w.End = int32(i)
	w.Full, w.Stem = Hash(folded)
	return w, i
}

// ignorable are runes that stand inside words without being read.
func ignorable(r rune) bool {
	return r == 0xAD || r == 0x200B || r == 0x200C || r == 0x200D || 0x300 <= r && r <= 0x36F
}

func startsUpper(s string) bool {
	c := s[0]
	if c < utf8.RuneSelf {
		return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// appendFolded appends a rune in lower case without its accent. The Latin letters
// of western and central Europe are folded; others are only put in lower case.
func appendFolded(dst []byte, r rune) []byte {
	if 0xC0 <= r && r < 0xC0+rune(len(latinFold)) {
		if f := latinFold[r-0xC0]; f != '.' {
			return append(dst, f)
		}
	}
	switch r {
	case 'Æ', 'æ':
		return append(dst, "ae"...)
	case 'Œ', 'œ':
		return append(dst, "oe"...)
	case 'ß', 'ẞ':
		return append(dst, "ss"...)
	}
	return utf8.AppendRune(dst, unicode.ToLower(r))
}

// asciiFold gives the folded letters and digits of ASCII, a space for all else.
const asciiFold = "                                                0123456789      " +
	" abcdefghijklmnopqrstuvwxyz      abcdefghijklmnopqrstuvwxyz     "

// latinFold gives the base letters of U+00C0 to U+017F, '.' where there is none of
// a single byte.
const latinFold = "aaaaaa.ceeeeiiiidnooooo.ouuuuyt.aaaaaa.ceeeeiiiidnooooo.ouuuuyty" +
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkkklllllll" +
	"lllnnnnnnnnnoooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"

const (
	// Empty is the hash of no word and of a phrase of no words: what Join begins with.
	Empty     = 14695981039346656037 // FNV-1a, 64 bits
	hashPrime = 1099511628211
)

// Hash hashes a folded word, whole and as its stem.
func Hash(w []byte) (full, stem uint64) {
	n, last := stemLen(w)
	h := uint64(Empty)
	for i, c := range w {
		if i == n {
			stem = h
		}
		h = (h ^ uint64(c)) * hashPrime
	}
	if n == len(w) {
		stem = h
	}
	if last != 0 {
		stem = (stem ^ uint64(last)) * hashPrime
	}
	return h, stem
}

// stemLen cuts the endings that French and English share for plurals and feminines,
// so that "livrées", "livrée" and "livré" are one, and "deliveries" and "delivery".
// It gives what is left and the letter, if any, to put in its place.
func stemLen(w []byte) (n int, last byte) {
	n = len(w)
	if n < 5 {
		return n, 0
	}
	if w[n-1] == 's' || w[n-1] == 'x' {
		n--
	}
	if w[n-1] == 'e' {
		n--
	}
	if n > 4 && w[n-1] == 'e' {
		n--
	}
	if c := w[n-1]; c == 'y' || c == 'i' {
		return n - 1, 'i'
	}
	return n, 0
}

// String gives a string's words folded and parted by one space.
func String(s string) string {
	dst := make([]byte, 0, len(s)+8)
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && asciiFold[r] != ' ':
			dst = append(dst, asciiFold[r])
		case r >= utf8.RuneSelf && isWordRune(r):
			if !ignorable(r) {
				dst = appendFolded(dst, r)
			}
		case len(dst) > 0 && dst[len(dst)-1] != ' ':
			dst = append(dst, ' ')
		}
	}
	if n := len(dst); n > 0 && dst[n-1] == ' ' {
		dst = dst[:n-1]
	}
	return string(dst)
}

// Join hashes one more word of a phrase.
func Join(phrase, word uint64) uint64 { return (phrase ^ word) * hashPrime }
