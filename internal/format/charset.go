package format

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

const (
	guessMost  = 4 << 10 // bytes a charset is guessed from
	guessLeast = 16      // non-ASCII bytes below which a guess is worth less than windows-1252
)

// decodeText turns text in a declared charset, "" when none is, into UTF-8. Valid UTF-8
// wins over the declaration, which is often wrong; then comes the declaration, then
// fallback (the charset of the rest of the message), then a guess. The result may be b
// itself, and may hold invalid UTF-8.
func decodeText(b []byte, declared, fallback string, warn *warnings) []byte {
	name := charsetName(declared)
	switch {
	case isASCII(b) && !stateful(name, b):
		return b
	case stateful(name, b):
		if s, ok := decodeStateful(b, name); ok {
			return s
		}
		warn.add(warnCharset, 1)
		return b
	case utf8.Valid(b):
		if name != "utf-8" {
			warn.add(warnCharset, 1)
		}
		return b
	}
	if e := charsetByName(name); e != nil && name != "utf-8" && name != "us-ascii" {
		return decodeWith(b, e, warn)
	}
	warn.add(warnCharset, 1)
	if mostlyUTF8(b) {
		warn.add(warnDecoding, 1)
		return b
	}
	if e := charsetByName(charsetName(fallback)); e != nil {
		return decodeWith(b, e, warn)
	}
	return decodeWith(b, guessCharset(b), warn)
}

// stateful tells whether text that looks like ASCII is something else.
func stateful(name string, b []byte) bool {
	switch {
	case name == "utf-7":
		return bytes.IndexByte(b, '+') >= 0 && isASCII(b)
	case name == "hz-gb-2312":
		return bytes.Contains(b, []byte("~{"))
	case strings.HasPrefix(name, "utf-16"), strings.HasPrefix(name, "utf-32"):
		return bytes.IndexByte(b, 0) >= 0
	case isEBCDIC(name, b):
		return true
	}
	// ISO-2022: its escapes are found in nothing else.
	return bytes.Contains(b, []byte("\x1b$")) || (strings.HasPrefix(name, "iso-2022-") && bytes.IndexByte(b, 0x1b) >= 0)
}

// decodeStateful reads text that looks like ASCII; false when it is not what it declares.
// Text with ISO-2022 escapes that declares something else is taken for ISO-2022-JP, which
// is where such escapes in mail come from.
func decodeStateful(b []byte, name string) ([]byte, bool) {
	if name == "utf-7" {
		s, ok := decodeUTF7(string(b), false)
		return []byte(s), ok
	}
	e := charsetByName(byteOrder(name, b))
	if e == nil || !strings.HasPrefix(name, "iso-2022-") && bytes.Contains(b, []byte("\x1b$")) {
		e = charsetByName("iso-2022-jp")
	}
	out, err := e.NewDecoder().Bytes(b)
	return out, err == nil
}

// byteOrder names the byte order of UTF-16 and UTF-32 that declare none and bear no mark,
// by the position of the zeros in Western text: programs write the order of their machine.
func byteOrder(name string, b []byte) string {
	size := 2
	switch {
	case name == "utf-32":
		size = 4
	case name != "utf-16":
		return name
	}
	if len(b) < size || bytes.HasPrefix(b, []byte{0xfe, 0xff}) || bytes.HasPrefix(b, []byte{0xff, 0xfe}) ||
		bytes.HasPrefix(b, []byte{0, 0, 0xfe, 0xff}) {
		return name
	}
	first, last := 0, 0
	for i := 0; i+size <= min(len(b), guessMost); i += size {
		if b[i] == 0 {
			first++
		}
		if b[i+size-1] == 0 {
			last++
		}
	}
	if first > last {
		return name + "be"
	}
	return name + "le"
}

// decodeWith decodes text, noting bytes that mean nothing in the encoding.
func decodeWith(b []byte, e encoding.Encoding, warn *warnings) []byte {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		out = b
	}
	if err != nil || bytes.Contains(out, []byte("\ufffd")) {
		warn.add(warnDecoding, 1)
	}
	return out
}

// isASCII tells whether no byte has its high bit set, eight at a time.
func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if (b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7])&0x80 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// mostlyUTF8 tells whether text is UTF-8 that was damaged here and there.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good > 2*bad
}

// guessCharset guesses from the bytes. The same bytes give the same guess, although the
// library's order among equals varies.
func guessCharset(b []byte) encoding.Encoding {
	b = sample(b)
	high := 0
	for _, c := range b {
		if c >= 0x80 {
			high++
		}
	}
	if high < guessLeast {
		return charmap.Windows1252
	}
	results, err := chardet.NewTextDetector().DetectAll(b)
	if err != nil {
		return charmap.Windows1252
	}
	best := chardet.Result{}
	for _, r := range results {
		if r.Confidence > best.Confidence || r.Confidence == best.Confidence && r.Charset < best.Charset {
			best = r
		}
	}
	name := strings.ToLower(best.Charset)
	if e := charsetByName(name); e != nil && !strings.HasPrefix(name, "utf-") && best.Confidence >= 10 {
		return e
	}
	return charmap.Windows1252
}

// sample gives the part of text that a charset is guessed from: from the first
// byte that is not ASCII.
func sample(b []byte) []byte {
	for i, c := range b {
		if c >= 0x80 {
			b = b[max(0, i-64):]
			break
		}
	}
	return b[:min(len(b), guessMost)]
}
