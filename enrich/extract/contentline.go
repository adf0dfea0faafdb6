package extract

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// Calendars and cards are written in content lines (RFC 5545, 3.1; RFC 6350, 3.3), of
// which the old kinds (vCalendar 1.0, vCard 2.1) encode some values as mail does. The
// libraries that know their grammar give up at the first line that is none: here lines
// are unfolded, decoded and read, and those that are none are left out.

// contentLine is one line, its value still escaped but else as it is meant.
type contentLine struct {
	name   string // in capitals, without its group
	params []lineParam
	value  string
}

// lineParam is a parameter; one that stands alone, as the old kinds have them, is a TYPE.
type lineParam struct{ name, value string }

// param gives the value of a parameter, "" where there is none.
func (l *contentLine) param(name string) string {
	for _, p := range l.params {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

const (
	maxLineParams = 50      // of one line
	maxLineParam  = 1_000   // bytes of one parameter
	maxLineValue  = 1 << 20 // bytes of a value that is read: beyond it are pictures
)

// contentLines gives the lines of a calendar or card to fn, until fn says no.
func contentLines(b []byte, declared string, fn func(contentLine) bool) {
	d := newLineDecoder(b, declared)
	for rest := d.text; len(rest) > 0; {
		var raw []byte
		raw, rest = cutLine(rest)
		raw = raw[:len(raw):len(raw)] // what is appended must not fall on what follows
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') && !softBreak(raw) {
			var more []byte
			more, rest = cutLine(rest)
			if !d.old { // else the blank was there before the line was folded (vCard 2.1, 2.1.3)
				more = more[1:]
			}
			raw = append(raw, more...)
		}
		l, value, ok := parseContentLine(raw)
		if !ok {
			continue
		}
		value = value[:len(value):len(value)]
		quoted := strings.EqualFold(l.param("ENCODING"), "QUOTED-PRINTABLE")
		for quoted && len(rest) > 0 && bytes.HasSuffix(value, []byte("=")) { // a soft line break
			var more []byte
			more, rest = cutLine(rest)
			value = append(value[:len(value)-1], more...)
		}
		if l.value = d.decode(value[:min(len(value), maxLineValue)], quoted, l.param("CHARSET")); l.name == "VERSION" {
			d.old = l.value == "2.1" || l.value == "1.0"
		}
		if !fn(l) {
			return
		}
	}
}

// softBreak tells a line that goes on in the next one because its encoding says so: what
// the next one begins with is its text.
func softBreak(raw []byte) bool {
	return bytes.HasSuffix(raw, []byte("=")) && bytes.Contains(bytes.ToUpper(raw[:min(len(raw), maxLineParam)]), []byte("QUOTED-PRINTABLE"))
}

// cutLine cuts the first line off, whatever ends it.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if b[i] == '\r' && len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return line, rest
}

// parseContentLine cuts a line into its name, parameters and raw value.
func parseContentLine(raw []byte) (l contentLine, value []byte, ok bool) {
	quoted, from := false, 0
	for i, c := range raw {
		switch {
		case c == '"' && from > 0:
			quoted = !quoted
		case quoted || c != ';' && c != ':':
		case from == 0:
			if l.name, ok = lineName(raw[:i]); !ok {
				return l, nil, false
			}
			from = i + 1
		default:
			l.addParam(raw[from:i])
			from = i + 1
		}
		if c == ':' && !quoted {
			return l, raw[from:], from > 0
		}
	}
	return l, nil, false
}

// lineName reads a name; what stands before its dot is a group (RFC 6350, 3.3).
func lineName(b []byte) (string, bool) {
	name := strings.ToUpper(strings.TrimSpace(string(b[bytes.LastIndexByte(b, '.')+1:])))
	plain := strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
	return name, name != "" && plain && len(name) < 100
}

// addParam adds a parameter as it is written: NAME=value, or a value alone.
func (l *contentLine) addParam(b []byte) {
	if len(l.params) == maxLineParams || len(b) > maxLineParam {
		return
	}
	name, value, ok := strings.Cut(string(b), "=")
	switch name = strings.ToUpper(strings.TrimSpace(name)); {
	case ok:
	case name == "QUOTED-PRINTABLE", name == "BASE64", name == "8BIT", name == "7BIT":
		name, value = "ENCODING", name
	default:
		name, value = "TYPE", name
	}
	l.params = append(l.params, lineParam{name, strings.ReplaceAll(value, `"`, "")})
}

// lineDecoder decodes the values of one calendar or card.
type lineDecoder struct {
	text []byte
	old  bool              // vCard 2.1 or vCalendar 1.0
	enc  encoding.Encoding // of what is not UTF-8 and does not say
}

// newLineDecoder finds the charset of the whole. Lines are unfolded before they are
// decoded, for some are folded in the middle of a character; but for UTF-16, whose line
// ends are none before.
func newLineDecoder(b []byte, declared string) *lineDecoder {
	if enc, n := byBOM(b); enc != nil {
		return &lineDecoder{text: decodeAll(enc, b[n:])}
	}
	if enc := utf16ByZeros(b); enc != nil {
		return &lineDecoder{text: decodeAll(enc, b)}
	}
	d := &lineDecoder{text: bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))}
	if !mostlyUTF8(b) {
		if d.enc = charsetByName(declared); d.enc == nil {
			d.enc = guessCharset(b)
		}
	}
	return d
}

// decode gives a value as text.
func (d *lineDecoder) decode(value []byte, quoted bool, charset string) string {
	if quoted {
		plain, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(value)))
		if err != nil { // what comes after the damage is kept as it is
			plain = append(plain, value[min(len(plain), len(value)):]...)
		}
		// A line end that was encoded is one of the text, which the grammar escapes.
		value = bytes.ReplaceAll(bytes.ReplaceAll(bytes.ReplaceAll(plain, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n")), []byte("\n"), []byte(`\n`))
	}
	switch enc := charsetByName(charset); {
	case utf8.Valid(value):
	case enc != nil:
		value = decodeAll(enc, value)
	case d.enc != nil:
		value = decodeAll(d.enc, value)
	}
	return strings.ToValidUTF8(string(value), "\ufffd")
}

// unescaped undoes the escapes of a text value (RFC 5545, 3.3.11; RFC 6350, 3.4), and
// those that some programs add.
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		switch i++; s[i] {
		case 'n', 'N':
			b.WriteByte('\n')
		case '\\', ',', ';', ':', '"':
			b.WriteByte(s[i])
		default:
			b.WriteString(s[i-1 : i+1])
		}
	}
	return b.String()
}
