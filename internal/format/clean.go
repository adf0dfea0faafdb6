package format

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// cleanText makes text what this package promises: valid UTF-8, NFC, LF line ends,
// no control character but LF and tab.
func cleanText(b []byte) string {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if plain(b) {
		return string(b)
	}
	return clean(b, '\n')
}

// cleanLine is cleanText for what is one line: runs of white space are one space.
func cleanLine(s string) string {
	if plainLine(s) {
		return s
	}
	return strings.Join(strings.Fields(cleanValue(s)), " ")
}

// cleanValue is cleanText for what is one line, white space as it is.
func cleanValue(s string) string {
	if plain(s) && strings.IndexByte(s, '\n') < 0 {
		return s
	}
	return clean([]byte(s), ' ')
}

// firstMark is the first byte of U+0300 and of all above it: what is below is in NFC
// whatever comes together.
const firstMark = 0xcc

// clean gives text with each line end made eol, controls made spaces and what is
// no UTF-8 made U+FFFD, in NFC.
func clean(b []byte, eol byte) string {
	out := make([]byte, 0, len(b)+8)
	kept := 0 // bytes before it are copied
	marks := false
	for i := 0; i < len(b); {
		c := b[i]
		if c >= ' ' && c < 0x7f || c == '\t' || c == '\n' && eol == '\n' {
			i++
			continue
		}
		n, with := 1, " "
		switch {
		case c == '\r':
			n, with = lineEnd(b[i:]), string(rune(eol))
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				with = "\ufffd"
			} else if r > 0x9f {
				marks = marks || c >= firstMark
				i += n
				continue
			}
		}
		out = append(append(out, b[kept:i]...), with...)
		i += n
		kept = i
	}
	out = append(out, b[kept:]...)
	if marks && !norm.NFC.IsNormal(out) {
		out = norm.NFC.Bytes(out)
	}
	return string(out)
}

// lineEnd gives the length of CR, CRLF or CRCRLF: one line end each.
func lineEnd(s []byte) int {
	n := 1
	for n < len(s) && s[n] == '\r' {
		n++
	}
	if n < len(s) && s[n] == '\n' {
		return n + 1
	}
	return 1
}

// plain tells whether text is ASCII that needs no change.
func plain[T []byte | string](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// plainLine tells whether a line is ASCII that needs no change.
func plainLine(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

// cutText gives at most limit bytes of text, whole runes.
func cutText(s string, limit int64) string {
	if int64(len(s)) <= limit {
		return s
	}
	n := int(limit)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
