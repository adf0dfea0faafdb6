package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Value makes values comparable whatever their case and accents, and keeps what stands
// between their words: compatibility decomposition (Unicode NFKD) without its marks, in
// lower case, without the space around.
func Value(s string) string {
	s = strings.TrimSpace(s)
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return wideValue(s)
		}
	}
	return strings.ToLower(s)
}

// wideValue folds what is not all ASCII.
func wideValue(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// Name makes names comparable by their letters and digits alone, without accents (Unicode
// NFD, whose marks are no letters): ligatures and widths stay what they are.
func Name(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.NFC.String(withoutMarks(norm.NFD.String(strings.ToLower(s)))))
}

func withoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, s)
}

// MaxLetters is more than the letters that one letter is taken apart into: room for
// AppendLetters to need no memory.
const MaxLetters = 18

// AppendLetters appends the letter that s begins with in lower case, taken apart from
// its accents and, where it stands for several, into those (Unicode NFKD).
func AppendLetters(dst []rune, s string) []rune {
	apart := norm.NFKD.PropertiesString(s).Decomposition()
	if apart == nil {
		r, _ := utf8.DecodeRuneInString(s)
		return append(dst, unicode.ToLower(r))
	}
	for _, r := range string(apart) {
		if !unicode.Is(unicode.Mn, r) {
			dst = append(dst, unicode.ToLower(r))
		}
	}
	return dst
}
