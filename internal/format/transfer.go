package format

import (
	"io"
	"strings"
)

const (
	decodeRoom  = 4 << 10 // least room a decoder is given
	decodeAhead = 2 << 10 // bytes a decoder may want to see at once: a longer line comes in pieces
)

// decoder undoes a transfer encoding (RFC 2045, section 6). It never fails: invalid input
// is kept or skipped, and counted.
type decoder interface {
	// decode turns bytes of src into bytes of dst, which has decodeRoom bytes or more, and
	// tells how many of each. If it uses none of src, it needs to see decodeAhead bytes;
	// last says that there are no more.
	decode(dst, src []byte, last bool) (wrote, read int)
	// report adds what was found wrong.
	report(w *warnings)
}

// newDecoder gives the decoder of a transfer encoding, as named in a header; ok is
// false for an unknown one, whose bytes are taken as they are.
func newDecoder(name string) (d decoder, ok bool) {
	name = strings.ToLower(strings.Trim(name, " \t\"';,."))
	if i := strings.IndexAny(name, " \t;("); i > 0 {
		name = name[:i]
	}
	switch name {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "none":
		return identity{}, true
	case "base64", "base-64", "b":
		return &base64Decoder{}, true
	case "quoted-printable", "quoted_printable", "quotedprintable", "q":
		return &qpDecoder{}, true
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return &uuDecoder{}, true
	}
	return identity{}, false
}

// identity is the decoder of 7bit, 8bit and binary.
type identity struct{}

func (identity) decode(dst, src []byte, _ bool) (int, int) {
	n := copy(dst, src)
	return n, n
}

func (identity) report(*warnings) {}

// bodyReader gives the decoded bytes of one body of a message.
type bodyReader struct {
	s     *splitter
	d     decoder
	held  []byte // decoded for a reader with little room
	small []byte // room to decode into, for such a reader
	done  bool
}

// Read decodes straight into p where it has room for a decoder.
func (b *bodyReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(b.held) == 0 && len(p) >= decodeRoom {
		return b.decode(p)
	}
	if len(b.held) == 0 {
		if b.small == nil {
			b.small = make([]byte, decodeRoom)
		}
		n, err := b.decode(b.small)
		if n == 0 {
			return 0, err
		}
		b.held = b.small[:n]
	}
	n := copy(p, b.held)
	b.held = b.held[n:]
	return n, nil
}

// decode fills dst, at least decodeRoom bytes long, with one byte or more.
func (b *bodyReader) decode(dst []byte) (int, error) {
	want := 1
	for !b.done {
		src, last := b.s.body(want)
		wrote, read := b.d.decode(dst, src, last)
		b.s.took(read)
		b.done = last && read == len(src)
		if wrote > 0 {
			return wrote, nil
		}
		want = 1
		if read == 0 {
			want = decodeAhead
		}
	}
	if err := b.s.win.failure(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// decodeAll decodes bytes that are all at hand.
func decodeAll(d decoder, src []byte) []byte {
	if _, ok := d.(identity); ok {
		return src
	}
	var out []byte
	var dst [2 * decodeRoom]byte
	for len(src) > 0 {
		wrote, read := d.decode(dst[:], src, true)
		out = append(out, dst[:wrote]...)
		src = src[read:]
	}
	return out
}
