package extract

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/relais"
)

// textBuf collects text up to a limit in bytes; what comes after is dropped, and
// full tells so. Readers may write what is no UTF-8: tidy comes last.
type textBuf struct {
	b     []byte
	limit int
	full  bool
}

// newTextBuf makes a buffer for so many bytes; it takes memory as text comes.
func newTextBuf(limit int64) *textBuf { return &textBuf{limit: int(limit)} }

// write appends bytes as far as there is room.
func (t *textBuf) write(s []byte) {
	if room := t.limit - len(t.b); len(s) > room {
		s, t.full = s[:max(room, 0)], true
	}
	t.b = append(t.b, s...)
}

// writeString is write for a string.
func (t *textBuf) writeString(s string) {
	if room := t.limit - len(t.b); len(s) > room {
		s, t.full = s[:max(room, 0)], true
	}
	t.b = append(t.b, s...)
}

// writeByte is write for one byte.
func (t *textBuf) writeByte(c byte) {
	if len(t.b) >= t.limit {
		t.full = true
		return
	}
	t.b = append(t.b, c)
}

// writeRune is write for one character; what is none becomes U+FFFD.
func (t *textBuf) writeRune(r rune) {
	var b [utf8.UTFMax]byte
	t.write(b[:utf8.EncodeRune(b[:], r)])
}

// last gives the last byte written, or a line feed at the start: whoever asks wants
// to know whether a separator is needed.
func (t *textBuf) last() byte {
	if len(t.b) == 0 {
		return '\n'
	}
	return t.b[len(t.b)-1]
}

// line ends the current line, if anything stands on it.
func (t *textBuf) line() {
	if t.last() != '\n' {
		t.writeByte('\n')
	}
}

// cell separates what follows from what stands on the line, as in a table.
func (t *textBuf) cell() {
	if c := t.last(); c != '\n' && c != '\t' {
		t.writeByte('\t')
	}
}

// space makes sure that two words do not run together.
func (t *textBuf) space() {
	if c := t.last(); c != '\n' && c != '\t' && c != ' ' {
		t.writeByte(' ')
	}
}

// tidy makes text what Result promises: UTF-8 with U+FFFD for what is none, line
// feeds alone, no control characters. With squeeze, blanks before a line's end and
// more than one empty line in a row go too: the text of markup has many of both.
func tidy(b []byte, squeeze bool) []byte {
	if isTidy(b) && !squeeze {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '\n' || c == '\r':
			if c == '\r' && i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			out = endLine(out, squeeze)
			i++
		case c >= ' ' && c < 0x7f:
			out = append(out, c)
			i++
		case c < utf8.RuneSelf:
			if c == '\t' {
				out = append(out, c)
			} else if c == '\v' || c == '\f' {
				out = endLine(out, squeeze)
			}
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			out = appendClean(out, r)
			i += n
		}
	}
	if squeeze {
		out = bytes.TrimSpace(out)
	}
	return out
}

// isTidy tells whether tidy without squeeze would change nothing: most plain text.
func isTidy(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// endLine ends a line; squeezed, without the blanks at its end, and at most one empty
// line after another.
func endLine(out []byte, squeeze bool) []byte {
	if !squeeze {
		return append(out, '\n')
	}
	n := len(out)
	for n > 0 && (out[n-1] == ' ' || out[n-1] == '\t') {
		n--
	}
	out = out[:n]
	if n >= 2 && out[n-1] == '\n' && out[n-2] == '\n' || n == 0 {
		return out
	}
	return append(out, '\n')
}

// appendClean drops what is no text: C1 controls, byte order marks, soft hyphens,
// zero-width spaces, and the private-use marks that search encloses its hits in.
func appendClean(out []byte, r rune) []byte {
	switch {
	case r >= 0x80 && r < 0xa0, r == 0xfeff, r == 0xad, r == 0x200b, r == 0xe000, r == 0xe001:
		return out
	case r == 0x2028 || r == 0x2029: // line and paragraph separators
		return append(out, '\n')
	}
	return utf8.AppendRune(out, r)
}

// finish turns what a reader wrote into a Result's text: tidy, NFC, cut at the
// limit between two characters.
func finish(b []byte, squeeze bool, limit int64) (string, bool) {
	b = tidy(b, squeeze)
	if !isASCII(b) && !norm.NFC.IsNormal(b) {
		b = norm.NFC.Bytes(b)
	}
	if int64(len(b)) <= limit {
		return string(b), false
	}
	n := int(limit)
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n]), true
}

// isASCII tells text that is in NFC without a look at its characters.
func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// warnings collects codes, each once.
type warnings []relais.Warning

// add notes a warning, unless one of this code is there: the first detail stands.
func (w *warnings) add(code, detail string) {
	for _, x := range *w {
		if x.Code == code {
			return
		}
	}
	*w = append(*w, relais.Warning{Code: code, Detail: detail})
}

// addLosses takes over the warnings of a document inside this one, but for those
// that only say that there was nothing to read.
func (w *warnings) addLosses(inner []relais.Warning) {
	for _, x := range inner {
		switch x.Code {
		case "empty", "no_text", "image_no_text", "unsupported_format":
		default:
			w.add(x.Code, x.Detail)
		}
	}
}
