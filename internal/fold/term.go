package fold

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// latin1 folds U+00C0 to U+00FF to ASCII, two bytes each, space for none.
const latin1 = "a a a a a a aec e e e e i i i i d n o o o o o   o u u u u y thss" +
	"a a a a a a aec e e e e i i i i d n o o o o o   o u u u u y thy "

// AppendTerm appends a word as it is searched: lower case, no accents, ligatures opened,
// letters and digits of every script in their plainest form (Unicode NFKD). It ends dst
// at so many bytes, between runes, so that a word of a megabyte costs no more than a
// long one.
func AppendTerm(dst []byte, word string, most int) []byte {
	for i := 0; i < len(word) && len(dst) < most; {
		c := word[i]
		if c < utf8.RuneSelf {
			dst = append(dst, Lower(c))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(word[i:])
		dst = appendRune(dst, r)
		i += n
	}
	return cut(dst, most)
}

// Lower gives an ASCII letter in lower case, and any other byte as it is.
func Lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// cut shortens a folded word to n bytes, between runes.
func cut(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n]
}

// appendRune folds one rune that is not ASCII.
func appendRune(dst []byte, r rune) []byte {
	if r >= 0xC0 && r <= 0xFF {
		for _, c := range []byte(latin1[2*(r-0xC0) : 2*(r-0xC0)+2]) {
			if c != ' ' {
				dst = append(dst, c)
			}
		}
		return dst
	}
	if s := letter(r); s != "" {
		return append(dst, s...)
	}
	if Alone(r) && r < 0xFF00 {
		return utf8.AppendRune(dst, r) // Hangul must not fall apart into its letters
	}
	return appendDecomposed(dst, r)
}

// letter folds the Latin letters that have no decomposition in Unicode.
func letter(r rune) string {
	switch r {
	case 'Œ', 'œ':
		return "oe"
	case 'Ł', 'ł':
		return "l"
	case 'Đ', 'đ':
		return "d"
	case 'Ħ', 'ħ':
		return "h"
	case 'Ŧ', 'ŧ':
		return "t"
	case 'Ŋ', 'ŋ':
		return "n"
	case 'ı', 'İ':
		return "i"
	case 'ẞ':
		return "ss"
	}
	return ""
}

// appendDecomposed folds by compatibility decomposition (Unicode NFKD), of which
// letters and digits are kept: accents, widths, ligatures, superscripts.
func appendDecomposed(dst []byte, r rune) []byte {
	var buf [utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], unicode.ToLower(r))
	var out [64]byte
	for d := norm.NFKD.Append(out[:0], buf[:n]...); len(d) > 0; {
		r, n := utf8.DecodeRune(d)
		d = d[n:]
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	return dst
}

// Alone tells the scripts that are written without spaces, or with suffixes too many
// to stem: each of their letters is a token, glued to the one before.
func Alone(r rune) bool {
	return r >= 0x0E00 && unicode.IsLetter(r) && unicode.In(r, unicode.Han, unicode.Hiragana,
		unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
