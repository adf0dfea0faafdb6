package format

import (
	"bytes"
	"strings"
)

// Header is the fields of a header block, in order.
type Header []HeaderField

// HeaderField is one field, unfolded; Value is decoded to UTF-8 where it was raw
// 8-bit, encoded words stand as they are.
type HeaderField struct{ Name, Value string }

// Get gives the value of the first field of a name, or "". Case does not matter.
func (h Header) Get(name string) string {
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// Values gives the values of all fields of a name, in order.
func (h Header) Values(name string) []string {
	var list []string
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			list = append(list, h[i].Value)
		}
	}
	return list
}

// headerScan is how far ahead a line that is no field is judged by what follows.
const headerScan = 4 << 10

// headerReader reads one header block (RFC 5322, section 2.2) as it comes: fields
// that are not folded, garbage between them, no end.
type headerReader struct {
	s     *splitter
	lim   Limits
	warn  *warnings
	text  []byte // names and values of the fields, one after another
	ends  []int  // of each name and value in text
	used  int    // bytes of the block
	lost  int64  // fields left out or cut
	junk  int    // bytes of garbage known to stand before a field
	bad   int64  // garbage lines
	first bool   // no line but separators was read yet
	skip  bool   // the field at hand is left out
	cut   bool   // the field at hand was cut

	room   [1 << 10]byte // of a header that is short
	places [32]int
}

// readHeader reads the next header block and its blank line. A body without a header gives
// none.
func readHeader(s *splitter, lim Limits, warn *warnings) Header {
	h := &headerReader{s: s, lim: lim, warn: warn, first: true}
	h.text, h.ends = h.room[:0], h.places[:0]
	for h.line() {
	}
	s.bol = true
	s.forget()
	warn.add(warnHeaderLimit, h.lost)
	warn.add(warnHeaderDamaged, h.bad)
	return h.fields()
}

// fields makes the header of what was gathered, in one string.
func (h *headerReader) fields() Header {
	text := string(h.text)
	list := make(Header, 0, len(h.ends)/2)
	from := 0
	for i := 0; i+1 < len(h.ends); i += 2 {
		list = append(list, HeaderField{text[from:h.ends[i]], strings.TrimSpace(text[h.ends[i]:h.ends[i+1]])})
		from = h.ends[i+1]
	}
	return list
}

// line reads one line; false when the block has ended.
func (h *headerReader) line() bool {
	line, whole := h.s.win.line(windowMost / 2)
	if len(line) == 0 || h.delimiter(line) {
		return false
	}
	text := trimEOL(line)
	n := len(line)
	name := fieldName(text)
	switch {
	case len(text) == 0 && whole:
		h.s.win.take(n)
		return h.first && h.blankStart()
	case h.junk > 0:
		h.junk -= n
		h.garbage(text)
	case (text[0] == ' ' || text[0] == '\t') && !h.first:
		h.fold(text)
	case name > 0:
		h.field(text, name)
	case h.first && h.separator(text):
		h.take(n, whole)
		return true
	case h.first && guessBoundary(text) != "" && partFollows(h.s.win.ahead(n + headerScan)[n:]):
		return h.none()
	case h.continues(text):
		h.fold(text)
	case h.ahead(line):
		h.junk -= n
		h.garbage(text)
	default:
		return h.none()
	}
	h.first = false
	h.take(n, whole)
	return true
}

// take drops a line that was read, with what follows of one too long for a window.
func (h *headerReader) take(n int, whole bool) {
	h.used += n
	h.s.win.take(n)
	for !whole {
		var line []byte
		line, whole = h.s.win.line(windowMost / 2)
		h.used += len(line)
		h.extend(trimEOL(line))
		h.s.win.take(len(line))
	}
}

// none handles a line that is no field and is followed by none: the body begins here,
// without a blank line.
func (h *headerReader) none() bool {
	if h.first {
		h.warn.add(warnHeaderMissing, 1)
	} else {
		h.bad++
	}
	return false
}

// delimiter tells whether a part ends here, within its header.
func (h *headerReader) delimiter(line []byte) bool {
	if line[0] != '-' || len(h.s.open) == 0 {
		return false
	}
	_, ok := h.s.match(line)
	return ok
}

// blankStart tells whether fields follow blank lines at a message's start.
func (h *headerReader) blankStart() bool {
	return len(h.s.open) == 0 && knownLine(bytes.TrimLeft(h.s.win.ahead(headerScan), "\r\n"))
}

// separator skips mbox separators, quoted or not, that stand in a header.
func (h *headerReader) separator(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text, ">"), []byte("From "))
}

// continues tells whether a line without indent goes on with the field before it:
// that field ends in ";" or ",", or the line is a MIME parameter.
func (h *headerReader) continues(text []byte) bool {
	value := bytes.TrimRight(h.text, " \t")
	if len(value) == 0 { // as before the first field
		return false
	}
	last := value[len(value)-1]
	name := h.name()
	if strings.HasPrefix(strings.ToLower(name), "content-") {
		return (last == ';' || last == '=') && bytes.IndexByte(text, '=') > 0
	}
	switch strings.ToLower(name) {
	case "to", "cc", "bcc", "from", "reply-to":
		return last == ',' && bytes.IndexByte(text, '@') >= 0
	}
	return false
}

// name gives the name of the last field.
func (h *headerReader) name() string {
	from, i := 0, len(h.ends)-2
	if i > 0 {
		from = h.ends[i-1]
	}
	return string(h.text[from:h.ends[i]])
}

// ahead tells whether a known field follows a garbage line before the block ends,
// and notes how many bytes of garbage there are.
func (h *headerReader) ahead(line []byte) bool {
	b := h.s.win.ahead(headerScan)
	b = b[:min(len(b), max(headerScan, len(line)))]
	for at := len(line); at < len(b); {
		rest := b[at:]
		if rest[0] == '\n' || rest[0] == '\r' {
			return false
		}
		if knownLine(rest) {
			h.junk = at
			return true
		}
		n := bytes.IndexByte(rest, '\n')
		if n < 0 {
			return false
		}
		at += n + 1
	}
	return false
}

// field begins a field.
func (h *headerReader) field(text []byte, name int) {
	h.skip, h.cut = len(h.ends)/2 >= h.lim.HeaderFields || h.used > h.lim.HeaderBytes, false
	if h.skip {
		h.lost++
		return
	}
	h.text = append(h.text, bytes.TrimRight(text[:name], " \t")...)
	h.ends = append(h.ends, len(h.text), len(h.text))
	h.extend(text[name+1:])
}

// fold goes on with the last field: a line end and the white space around it are one space
// (RFC 5322, section 2.2.3, but all of it, since transports fold again).
func (h *headerReader) fold(text []byte) {
	if n := len(h.text); n > 0 && h.text[n-1] != ' ' {
		h.extend([]byte{' '})
	}
	h.extend(bytes.TrimLeft(text, " \t"))
}

// garbage appends a line that is no field to the field before it, so that search can still
// find it.
func (h *headerReader) garbage(text []byte) {
	h.bad++
	h.fold(text)
}

// extend adds to the last value, if there is one, within the limits.
func (h *headerReader) extend(text []byte) {
	i := len(h.ends) - 1
	if i < 0 || h.skip {
		return
	}
	room := min(h.lim.HeaderLine-(h.ends[i]-h.ends[i-1]), h.lim.HeaderBytes-len(h.text))
	if len(text) > max(room, 0) {
		text = text[:max(room, 0)]
		if !h.cut {
			h.lost, h.cut = h.lost+1, true
		}
	}
	h.text = append(h.text, text...)
	h.ends[i] = len(h.text)
}
