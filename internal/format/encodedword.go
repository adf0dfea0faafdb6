package format

import "strings"

// wordMost is the longest encoded word looked for: RFC 2047 allows 75 characters,
// mailers put whole subjects into one.
const wordMost = 8 << 10

// decodeWords decodes the encoded words of an unstructured value (RFC 2047), also
// where they are broken: glued to text, inside quotes, with spaces in them, a
// character split between two of them.
func decodeWords(s, fallback string, warn *warnings) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var out strings.Builder
	var run wordRun // adjacent words of one charset
	flush := func() {
		out.Write(run.text(fallback, warn))
		run = wordRun{}
	}
	for s != "" {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		word, n := parseWord(s[start:])
		if n == 0 {
			flush()
			out.WriteString(s[:start+2])
			s = s[start+2:]
			continue
		}
		gap := s[:start]
		if !run.begun || strings.TrimSpace(gap) != "" {
			flush()
			out.WriteString(gap)
		} else if !strings.EqualFold(run.charset, word.charset) {
			flush()
		}
		run.add(word)
		s = s[start+n:]
	}
	flush()
	out.WriteString(s)
	return out.String()
}

// wordsNested is how often a value is decoded: a program that encodes what is encoded
// already does so once, seldom twice.
const wordsNested = 3

// DecodeWords gives the text of an unstructured value, or of a name made of one, in
// UTF-8: its encoded words decoded (RFC 2047), also those that were encoded again, and
// a last one that was cut before its end. Fields of a Mail's Header need it; its
// Subject and names are decoded already.
func DecodeWords(s string) string {
	for range wordsNested {
		if !strings.Contains(s, "=?") {
			break
		}
		decoded := decodeWords(s, "", &warnings{})
		if i := strings.LastIndex(decoded, "=?"); i >= 0 && strings.Count(decoded[i:], "?") >= 3 && !strings.Contains(decoded[i+2:], "?=") {
			decoded = decodeWords(strings.TrimRight(decoded, "? ")+"?=", "", &warnings{})
		}
		if decoded == s {
			break
		}
		s = decoded
	}
	return cleanLine(s)
}

// word is one encoded word, its text not yet in UTF-8.
type word struct {
	charset string
	octets  []byte
}

type wordRun struct {
	word
	begun bool
}

// add joins a word's octets to the run's: a character may be split between them.
func (r *wordRun) add(w word) {
	r.begun, r.charset = true, w.charset
	r.octets = append(r.octets, w.octets...)
}

// text decodes the octets of the run at once.
func (r *wordRun) text(fallback string, warn *warnings) []byte {
	if !r.begun {
		return nil
	}
	return decodeText(r.octets, r.charset, fallback, warn)
}

// parseWord reads the encoded word that s begins with; n is 0 when there is none.
func parseWord(s string) (w word, n int) {
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || charset == "" || len(charset) > 60 || strings.ContainsAny(charset, " \t\"<>") || len(rest) < 2 || rest[1] != '?' {
		return w, 0
	}
	kind, text := rest[0]|0x20, rest[2:]
	end := strings.Index(text[:min(len(text), wordMost)], "?=")
	if end < 0 || kind != 'q' && kind != 'b' {
		return w, 0
	}
	text = text[:end]
	w.charset = charset
	if kind == 'q' {
		w.octets = decodeQ(text)
	} else {
		w.octets = decodeB(text)
	}
	return w, len(s) - len(rest) + 2 + end + 2
}

// decodeQ undoes the "Q" encoding; an invalid escape is kept as it is.
func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '_':
			out = append(out, ' ')
		case '=':
			if v, ok := hexByte(s[i+1:]); ok {
				out = append(out, v)
				i += 2
				continue
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return out
}

// decodeB undoes the "B" encoding, whatever its padding.
func decodeB(s string) []byte {
	out := make([]byte, 0, len(s)*3/4+3)
	bits, count := uint32(0), 0
	for i := range len(s) {
		v := base64Value[s[i]]
		if v > 63 {
			continue
		}
		bits = bits<<6 | uint32(v)
		if count++; count == 4 {
			out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
			bits, count = 0, 0
		}
	}
	switch count {
	case 2:
		out = append(out, byte(bits>>4))
	case 3:
		out = append(out, byte(bits>>10), byte(bits>>2))
	}
	return out
}
