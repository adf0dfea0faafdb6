package state

import (
	"strings"
	"unicode/utf8"
)

// PostgreSQL's text is UTF-8 without NUL, SQLite's is whatever it is given. Names of
// folders and positions always suit both (package ingest makes sure of it); a word of a
// header, of a file of clients or of a request may not. So that no input stops one engine
// and passes the other, what does not fit is escaped:
//
//	NUL             -> \x01 \x02
//	\x01            -> \x01 \x03
//	a byte that is part of no character -> \x01 and the character U+0100 above it
//
// Texts that fit hold no \x01 and stay as they are; two texts stay two, and the order
// of those that are UTF-8 stays that of their bytes.
const (
	escape     = "\x01"
	escapedNUL = '\x02'
	escapedOne = '\x03'
	escapedRaw = 0x100
)

func encodeText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 && strings.IndexByte(s, 1) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == 0:
			b.WriteString(escape)
			b.WriteRune(escapedNUL)
		case r == 1:
			b.WriteString(escape)
			b.WriteRune(escapedOne)
		case r == utf8.RuneError && n == 1:
			b.WriteString(escape)
			b.WriteRune(escapedRaw + rune(s[i]))
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func decodeText(s string) string {
	head, rest, found := strings.Cut(s, escape)
	if !found {
		return s
	}
	var b strings.Builder
	for b.WriteString(head); found; b.WriteString(head) {
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case r == escapedNUL:
			b.WriteByte(0)
		case r == escapedOne:
			b.WriteByte(1)
		default:
			b.WriteByte(byte(r - escapedRaw)) // #nosec G115 -- written by encodeText
		}
		head, rest, found = strings.Cut(rest[n:], escape)
	}
	return b.String()
}
