package ui

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Neutral replaces the characters that change the direction of text (Unicode
// Technical Report 36, section 2.3: an invoice whose name ends in exe but reads as pdf) by their names, and
// controls by U+FFFD, in a whole page: no template can forget to. Names are of
// letters that need no escaping wherever they stand in HTML.
func Neutral(page []byte) []byte {
	if !bytes.ContainsFunc(page, harmful) {
		return page
	}
	out := make([]byte, 0, len(page)+64)
	for len(page) > 0 {
		r, size := utf8.DecodeRune(page)
		if !harmful(r) {
			out = append(out, page[:size]...)
		} else {
			out = append(out, stand(r)...)
		}
		page = page[size:]
	}
	return out
}

// harmful tells controls, and what reorders or hides text.
func harmful(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return false
	case r < ' ', r >= 0x7f && r <= 0x9f:
		return true
	}
	return direction(r) != ""
}

func stand(r rune) string {
	if name := direction(r); name != "" {
		return "⟦" + name + "⟧"
	}
	return "�"
}

// direction names the characters of Unicode's bidirectional algorithm (UAX 9) and
// the separators that end a line in some programs and not in others.
func direction(r rune) string {
	switch r {
	case 0x061c:
		return "ALM"
	case 0x200e:
		return "LRM"
	case 0x200f:
		return "RLM"
	case 0x202a:
		return "LRE"
	case 0x202b:
		return "RLE"
	case 0x202c:
		return "PDF"
	case 0x202d:
		return "LRO"
	case 0x202e:
		return "RLO"
	case 0x2066, 0x2067, 0x2068, 0x2069:
		return [...]string{"LRI", "RLI", "FSI", "PDI"}[r-0x2066]
	case 0x2028, 0x2029:
		return fmt.Sprintf("U+%04X", r)
	}
	return ""
}
