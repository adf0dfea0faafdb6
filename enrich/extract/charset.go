package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/relais-archive/relais/internal/format"
)

// charsetSample is how much of a text is shown to the charset guesser: its cost
// grows with it (0.2 ms a KiB), its answer hardly changes.
const charsetSample = 4 << 10

// toUTF8 turns text of an unknown or doubtful charset into UTF-8. In falling
// weight: a byte order mark, strict UTF-8, UTF-16 by its zero bytes, the declared
// charset, a guess by letter statistics, windows-1252. What no charset explains is
// left for tidy to replace. guessed tells that statistics had to choose.
func toUTF8(b []byte, declared string) (text []byte, guessed bool) {
	if enc, n := byBOM(b); enc != nil {
		return decodeAll(enc, b[n:]), false
	}
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return b[3:], false
	case bytes.Contains(b[:min(len(b), charsetSample)], []byte("\x1b$")):
		return decodeAll(charsetByName("iso-2022-jp"), b), false
	case utf8.Valid(b) && bytes.IndexByte(b, 0) < 0:
		return b, false
	}
	if enc := utf16ByZeros(b); enc != nil {
		return decodeAll(enc, b), false
	}
	if mostlyUTF8(b) {
		return b, false
	}
	if enc := charsetByName(declared); enc != nil && enc != unicode.UTF8 {
		return decodeAll(enc, b), false
	}
	return decodeAll(guessCharset(b), b), true
}

// byBOM reads the byte order marks of UTF-16 and UTF-32; the longer ones first, for
// one of UTF-32 begins with one of UTF-16.
func byBOM(b []byte) (encoding.Encoding, int) {
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe, 0, 0}):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4
	case bytes.HasPrefix(b, []byte{0, 0, 0xfe, 0xff}):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2
	}
	return nil, 0
}

// utf16ByZeros finds UTF-16 without a mark: in Western text nearly every second
// byte is zero, always the same one of the two.
func utf16ByZeros(b []byte) encoding.Encoding {
	b = b[:min(len(b), charsetSample)]
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i&1]++
		}
	}
	half := len(b) / 2
	switch {
	case half < 4:
		return nil
	case zeros[1] > half*6/10 && zeros[0] < half/10:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case zeros[0] > half*6/10 && zeros[1] < half/10:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// mostlyUTF8 tells UTF-8 with a few damaged bytes, as a cut or a paste leaves,
// from another charset.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		i += n
	}
	return good > 10*bad
}

// charsetByName finds a charset by any of its names: those of the WHATWG encoding
// standard first (which reads ISO-8859-1 as windows-1252, as mail means it), then
// those that mail has. It gives nil for an unknown one, and for the
// replacement encodings that would swallow the text.
func charsetByName(name string) encoding.Encoding {
	name = strings.ToLower(strings.Trim(name, " \t\"'"))
	if name == "" {
		return nil
	}
	if enc, err := htmlindex.Get(name); err == nil && enc != encoding.Replacement {
		return enc
	}
	return format.Charset(name)
}

// guessCharset asks chardet. Its own order among equals depends on which goroutine
// answered first, so the choice is made here: highest confidence, then the Western
// ones, then by name.
func guessCharset(b []byte) encoding.Encoding {
	western := charsetByName("windows-1252")
	all, err := chardet.NewTextDetector().DetectAll(tellingSample(b))
	if err != nil {
		return western
	}
	best, found := chardet.Result{Charset: "ISO-8859-1", Confidence: 10}, western
	for _, r := range all {
		if r.Confidence < best.Confidence || r.Confidence == best.Confidence && charsetRank(r.Charset) >= charsetRank(best.Charset) {
			continue
		}
		if enc := charsetByName(r.Charset); enc != nil {
			best, found = r, enc
		}
	}
	return found
}

// charsetRank orders charsets that are equally likely: Western ones first, for that
// is where the mail comes from.
func charsetRank(name string) string {
	switch name {
	case "windows-1252":
		return "0"
	case "ISO-8859-1":
		return "1"
	}
	return name
}

// tellingSample gathers the surroundings of the non-ASCII bytes: the rest says
// nothing about the charset.
func tellingSample(b []byte) []byte {
	if len(b) <= charsetSample {
		return b
	}
	out := make([]byte, 0, charsetSample)
	for i := 0; i < len(b) && len(out) < charsetSample; i++ {
		if b[i] < utf8.RuneSelf {
			continue
		}
		from, to := max(i-24, 0), min(i+40, len(b))
		out = append(out, b[from:to]...)
		i = to
	}
	return out
}

// decodeAll decodes what it can: decoders put U+FFFD for what they cannot, and one
// that fails altogether leaves the bytes to tidy.
func decodeAll(enc encoding.Encoding, b []byte) []byte {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil && len(out) == 0 {
		return b
	}
	return out
}

// utf8XML gives an XML document in UTF-8: by its byte order mark, or by the
// encoding its declaration names (XML 1.0 appendix F).
func utf8XML(b []byte) []byte {
	if enc, n := byBOM(b); enc != nil {
		return decodeAll(enc, b[n:])
	}
	if enc := utf16ByZeros(b[:min(len(b), 64)]); enc != nil {
		return decodeAll(enc, b)
	}
	head := b[:min(len(b), 256)]
	if !bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf \r\n\t"), []byte("<?xml")) {
		return b
	}
	_, after, ok := bytes.Cut(head, []byte("encoding="))
	if !ok || len(after) < 2 {
		return b
	}
	end := bytes.IndexByte(after[1:], after[0])
	if end < 0 {
		return b
	}
	if enc := charsetByName(string(after[1 : 1+end])); enc != nil && enc != unicode.UTF8 {
		return decodeAll(enc, b)
	}
	return b
}
