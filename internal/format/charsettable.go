package format

import (
	"bytes"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// tableEncoding gives the encoding of a code page that the indexes of the libraries
// do not name, or that they lack; nil for any other.
func tableEncoding(name string) encoding.Encoding {
	switch name {
	case "cp037":
		return charmap.CodePage037
	case "cp437":
		return charmap.CodePage437
	case "cp850":
		return charmap.CodePage850
	case "cp852":
		return charmap.CodePage852
	case "cp855":
		return charmap.CodePage855
	case "cp858":
		return charmap.CodePage858
	case "cp860":
		return charmap.CodePage860
	case "cp862":
		return charmap.CodePage862
	case "cp863":
		return charmap.CodePage863
	case "cp865":
		return charmap.CodePage865
	case "cp1047":
		return charmap.CodePage1047
	case "cp1140":
		return charmap.CodePage1140
	}
	if t := upperHalf(name); t != "" {
		return byteTable{upper: []rune(t)}
	}
	if t := ebcdic(name); t != "" {
		return byteTable{all: []rune(t)}
	}
	return nil
}

// isEBCDIC tells whether bytes are EBCDIC as declared: its space is 0x40, which text
// of another charset has less often than 0x20.
func isEBCDIC(name string, b []byte) bool {
	switch name {
	case "cp037", "cp1047", "cp1140":
	default:
		if ebcdic(name) == "" {
			return false
		}
	}
	return bytes.Count(b, []byte{0x40}) > bytes.Count(b, []byte{' '})
}

// byteTable decodes a charset of one byte a character: all of its table, or ASCII and
// the upper half.
type byteTable struct{ upper, all []rune }

// NewDecoder decodes by the table.
func (t byteTable) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: wholeText(func(b []byte) []byte {
		out := make([]rune, len(b))
		for i, c := range b {
			switch {
			case t.all != nil:
				out[i] = t.all[c]
			case c < 0x80:
				out[i] = rune(c)
			default:
				out[i] = t.upper[c-0x80]
			}
		}
		return []byte(string(out))
	})}
}

// NewEncoder encodes nothing: mail is only read.
func (byteTable) NewEncoder() *encoding.Encoder { return encoding.Replacement.NewEncoder() }

// shiftedEncoding is ISO-2022-KR (RFC 1557) and the GB 2312 of ISO-2022-CN (RFC
// 1922): between SO and SI, seven bits of what an escape sequence names.
type shiftedEncoding struct{}

// NewDecoder decodes each shifted run by its eight-bit twin.
func (shiftedEncoding) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: wholeText(decodeISO2022)}
}

// NewEncoder encodes nothing: mail is only read.
func (shiftedEncoding) NewEncoder() *encoding.Encoder { return encoding.Replacement.NewEncoder() }

func decodeISO2022(b []byte) []byte {
	const so, si = 0x0e, 0x0f
	var out, run []byte
	set, shifted := korean.EUCKR, false
	flush := func() {
		text, _ := set.NewDecoder().Bytes(run) // these decoders only replace
		out, run = append(out, text...), run[:0]
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case bytes.HasPrefix(b[i:], []byte("\x1b$)C")):
			flush()
			set, i = korean.EUCKR, i+3
		case bytes.HasPrefix(b[i:], []byte("\x1b$)A")):
			flush()
			set, i = simplifiedchinese.GBK, i+3
		case c == so || c == si || c == '\n':
			flush()
			if shifted = c == so; c == '\n' {
				out = append(out, c)
			}
		case shifted && c > ' ':
			run = append(run, c|0x80)
		default:
			flush()
			out = append(out, c)
		}
	}
	flush()
	return out
}

// wholeText is a decoder of text that is all at hand.
type wholeText func([]byte) []byte

// Reset has nothing to forget.
func (wholeText) Reset() {}

// Transform decodes once all of the source is there and fits.
func (f wholeText) Transform(dst, src []byte, atEOF bool) (int, int, error) {
	if !atEOF {
		return 0, 0, transform.ErrShortSrc
	}
	text := f(src)
	if len(text) > len(dst) {
		return 0, 0, transform.ErrShortDst
	}
	return copy(dst, text), len(src), nil
}
