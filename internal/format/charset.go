package format

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

const (
	guessMost  = 4 << 10 // bytes a charset is guessed from
	guessLeast = 16      // non-ASCII bytes below which a guess is worth less than windows-1252
)

// decodeText turns text in a declared charset, "" when none is, into UTF-8. Strict
// UTF-8 wins over the declaration, which lies often; then comes the declaration,
// then fallback (the charset of the rest of the message), then a guess. The result
// may be b itself, and may hold what is no UTF-8.
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

// charsetName gives a charset's lower-case name without what mailers put around it.
func charsetName(name string) string {
	name = strings.ToLower(strings.Trim(name, " \t\"'=;,"))
	if name, _, ok := strings.Cut(name, "*"); ok { // RFC 2231 language
		return name
	}
	switch name {
	case "utf8", "utf-8mb4", "unicode-1-1-utf-8", "x-utf-8":
		return "utf-8"
	case "ascii", "us_ascii", "ansi_x3.4-1968", "iso646-us", "646", "7bit":
		return "us-ascii"
	}
	return name
}

// charsetByName gives the encoding of a charset, nil when it is unknown. ISO-8859-1
// is windows-1252, and GB2312 is GB18030's, as the WHATWG has it.
func charsetByName(name string) encoding.Encoding {
	switch name {
	case "", "us-ascii", "utf-8", "unknown-8bit", "x-unknown", "unknown", "default":
		return nil
	case "ansi", "latin1", "iso8859-1", "iso-8859-1", "windows-1252":
		return charmap.Windows1252
	case "ansi_x3.110-1983":
		return charmap.ISO8859_1
	case "cp437", "ibm437":
		return charmap.CodePage437
	case "cp850", "ibm850":
		return charmap.CodePage850
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := htmlindex.Get(strings.ReplaceAll(strings.TrimPrefix(name, "cp"), "_", "-")); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(name); err == nil && e != nil {
		return e
	}
	return nil
}

// stateful tells whether text that looks like ASCII is something else.
func stateful(name string, b []byte) bool {
	switch {
	case name == "utf-7" || name == "unicode-1-1-utf-7":
		return bytes.IndexByte(b, '+') >= 0 && isASCII(b)
	case name == "hz-gb-2312":
		return bytes.Contains(b, []byte("~{"))
	case strings.HasPrefix(name, "utf-16"), strings.HasPrefix(name, "utf-32"):
		return bytes.IndexByte(b, 0) >= 0
	}
	// ISO-2022: its escapes are found in nothing else.
	return bytes.Contains(b, []byte("\x1b$")) || (strings.HasPrefix(name, "iso-2022-") && bytes.IndexByte(b, 0x1b) >= 0)
}

// decodeStateful reads text that looks like ASCII; false when it is not what it
// declares. Text with ISO-2022 escapes that declares something else is taken for
// ISO-2022-JP, which is what mail has them from.
func decodeStateful(b []byte, name string) ([]byte, bool) {
	if strings.HasSuffix(name, "utf-7") {
		s, ok := decodeUTF7(string(b), false)
		return []byte(s), ok
	}
	e := charsetByName(name)
	if e == nil || !strings.HasPrefix(name, "iso-2022-") && bytes.Contains(b, []byte("\x1b$")) {
		e = charsetByName("iso-2022-jp")
	}
	out, err := e.NewDecoder().Bytes(b)
	return out, err == nil
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

// guessCharset guesses from the bytes: the same for the same bytes, though the
// library's order among equals is not.
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
