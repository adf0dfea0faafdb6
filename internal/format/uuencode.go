package format

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
)

// uuDecoder reads uuencoded data (POSIX uuencode): from a "begin" line to an "end"
// line, after which everything is skipped; or its base64 twin, up to "====".
type uuDecoder struct {
	begun   bool
	base64  bool
	done    bool
	damaged int64
}

// uuHead is what a "begin" line says.
type uuHead struct {
	name   string
	base64 bool
}

// decode goes line by line, and past the "end" line drops what is left.
func (d *uuDecoder) decode(dst, src []byte, last bool) (wrote, read int) {
	for read < len(src) && len(dst)-wrote > decodeAhead && !d.done {
		rest := src[read:min(len(src), read+decodeAhead)]
		n := bytes.IndexByte(rest, '\n') + 1
		if n == 0 {
			if !last && len(rest) < decodeAhead {
				return wrote, read
			}
			n = len(rest)
		}
		wrote += d.line(dst[wrote:], trimEOL(rest[:n]))
		read += n
	}
	if d.done {
		read = len(src)
	}
	return wrote, read
}

// line decodes one line into dst, which has room for 66 bytes.
func (d *uuDecoder) line(dst, line []byte) int {
	switch {
	case !d.begun:
		var head uuHead
		head, d.begun = uuBegin(line)
		d.base64 = head.base64
		return 0
	case string(bytes.TrimRight(line, " \t")) == d.end():
		d.done = true
		return 0
	case len(line) == 0:
		return 0
	case d.base64:
		n, err := base64.StdEncoding.Decode(dst, bytes.TrimSpace(line))
		if err != nil {
			d.damaged++
		}
		return n
	}
	return d.data(dst, line)
}

func (d *uuDecoder) end() string {
	if d.base64 {
		return "===="
	}
	return "end"
}

// data decodes one line: a character for its count of bytes, then four characters
// for three bytes; spaces cut from its end, however many, count as zeros.
func (d *uuDecoder) data(dst, line []byte) int {
	count := int(line[0]-' ') & 63
	if bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '`' }) { // a line of text
		d.damaged++
		return 0
	}
	line = line[1:]
	six := func(i int) byte {
		if i < len(line) {
			return (line[i] - ' ') & 63
		}
		return 0
	}
	n := 0
	for i := 0; n < count; i += 4 {
		a, b, c, e := six(i), six(i+1), six(i+2), six(i+3)
		dst[n], dst[n+1], dst[n+2] = a<<2|b>>4, b<<4|c>>2, c<<6|e
		n += 3
	}
	return count
}

func (d *uuDecoder) report(w *warnings) {
	if !d.done {
		d.damaged++
	}
	w.add(warnUUEncode, d.damaged)
}

// uuBegin reads a line "begin MODE NAME", or "begin-base64 MODE NAME".
func uuBegin(line []byte) (h uuHead, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte("begin"))
	if !ok {
		return h, false
	}
	rest, h.base64 = bytes.CutPrefix(rest, []byte("-base64"))
	rest, ok = bytes.CutPrefix(rest, []byte(" "))
	mode, file, named := bytes.Cut(rest, []byte(" "))
	if !ok || !named || len(mode) < 3 || len(mode) > 6 || len(bytes.Trim(mode, "01234567")) > 0 {
		return h, false
	}
	h.name = string(bytes.TrimSpace(file))
	return h, h.name != ""
}

// first tells whether a line can be the first of the data that a "begin" line names.
func (h uuHead) first(line []byte) bool {
	if h.base64 {
		line = bytes.TrimSpace(line)
		_, err := base64.StdEncoding.Decode(make([]byte, len(line)), line)
		return len(line) > 0 && (err == nil || string(line) == "====")
	}
	return uuFirst(line)
}

// uuFirst tells whether a line can be the first of uuencoded data. Mail programs cut
// spaces from the end of lines, and zeros are spaces: a full line may be "M" alone.
func uuFirst(line []byte) bool {
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return false
	}
	want := (int(line[0]-' ')&63 + 2) / 3 * 4
	for _, c := range line {
		if c < ' ' || c > '`' {
			return false
		}
	}
	return len(line)-1 <= want+2 && (len(line)-1 >= want || line[0] == 'M')
}

// findUU finds uuencoded data in text, at or after from, which must be the start of a
// line: at is where its "begin" line starts, data what follows that line. more says that
// the text ends too early to decide; at is then where to look again.
func findUU(text []byte, from int, last bool) (at, data int, begin uuHead, more bool) {
	const word = "begin"
	for {
		i := bytes.Index(text[from:], []byte(word))
		if i < 0 {
			return max(from, len(text)-len(word)), 0, begin, true
		}
		at = from + i
		from = at + 1
		if at > 0 && text[at-1] != '\n' {
			continue
		}
		rest := text[at:]
		head, after, ok := bytes.Cut(rest[:min(len(rest), decodeAhead)], []byte("\n"))
		first, _, ok2 := bytes.Cut(after, []byte("\n"))
		if (!ok || !ok2) && !last && len(rest) < decodeAhead {
			return at, 0, begin, true
		}
		if begin, ok = uuBegin(trimEOL(head)); ok && begin.first(trimEOL(first)) {
			return at, at + len(head) + 1, begin, false
		}
	}
}

// uuReader reads uuencoded data that stands in a text: bytes of the text read
// already, then more of it.
type uuReader struct {
	src   io.Reader
	text  []byte // read from src, not decoded yet
	d     uuDecoder
	out   []byte
	room  [decodeRoom]byte
	buf   []byte
	ended error // of src
}

// newUUReader reads from after the "begin" line: text first, then src.
func newUUReader(src io.Reader, text []byte, base64 bool) *uuReader {
	return &uuReader{src: src, text: text, d: uuDecoder{begun: true, base64: base64}}
}

// Read gives decoded bytes up to the "end" line; what follows stays in text.
func (u *uuReader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.d.done || (u.ended != nil && len(u.text) == 0) {
			if u.ended != nil && !errors.Is(u.ended, io.EOF) {
				return 0, u.ended
			}
			return 0, io.EOF
		}
		if !u.line() {
			u.more()
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

// line decodes one line of the text, if a whole one is at hand.
func (u *uuReader) line() bool {
	piece := u.text[:min(len(u.text), decodeAhead)]
	n := bytes.IndexByte(piece, '\n') + 1
	if n == 0 {
		if u.ended == nil && len(piece) < decodeAhead {
			return false
		}
		n = len(piece)
	}
	wrote := u.d.line(u.room[:], trimEOL(piece[:n]))
	u.out, u.text = u.room[:wrote], u.text[n:]
	return n > 0
}

// more reads on in the text; less than a line of it is left.
func (u *uuReader) more() {
	if u.buf == nil {
		u.buf = make([]byte, decodeAhead+decodeRoom)
	}
	left := copy(u.buf, u.text)
	n, err := u.src.Read(u.buf[left:])
	u.text, u.ended = u.buf[:left+n], err
}
