package format

import (
	"bytes"
	"encoding/binary"
)

// base64Value maps a character to its six bits, or to 0xff.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

// base64Decoder reads base64, skipping what is outside the alphabet. Padding ends
// the data, unless the next line is whole base64 again, as where encoded pieces
// were joined; the footer that a mailing list appends is not.
type base64Decoder struct {
	bits    uint32
	count   int // characters in bits, 0 to 3
	padded  bool
	stopped bool
	line    []byte // since the padding
	damaged int64
}

// decode alternates between data and what follows padding. run is kept away from
// the end of dst, so that what follows padding has room as well.
func (d *base64Decoder) decode(dst, src []byte, last bool) (wrote, read int) {
	for read < len(src) && len(dst)-wrote >= decodeAhead {
		if d.stopped {
			read = len(src)
			break
		}
		var w, r int
		if d.padded {
			w, r = d.resume(dst[wrote:], src[read:])
		} else {
			w, r = d.run(dst[wrote:len(dst)-decodeAhead/2], src[read:])
		}
		wrote, read = wrote+w, read+r
	}
	if last && read == len(src) {
		if d.padded && !d.stopped {
			w, _ := d.resume(dst[wrote:], []byte("\n"))
			wrote += w
		}
		wrote += d.flush(dst[wrote:])
	}
	return wrote, read
}

// run decodes until padding, or until dst is nearly full.
func (d *base64Decoder) run(dst, src []byte) (wrote, read int) {
	t := &base64Value
	for read < len(src) && len(dst)-wrote >= 16 {
		if d.count == 0 {
			w, r := base64Eights(dst[wrote:], src[read:])
			wrote, read = wrote+w, read+r
			if read == len(src) || len(dst)-wrote < 16 {
				break
			}
		}
		c := src[read]
		read++
		v := t[c]
		switch {
		case v < 64:
			d.bits = d.bits<<6 | uint32(v)
			if d.count++; d.count == 4 {
				dst[wrote], dst[wrote+1], dst[wrote+2] = byte(d.bits>>16), byte(d.bits>>8), byte(d.bits)
				wrote, d.count = wrote+3, 0
			}
		case c == '=':
			wrote += d.flush(dst[wrote:])
			d.padded = true
			return wrote, read
		case c != '\r' && c != '\n' && c != ' ' && c != '\t':
			d.damaged++
		}
	}
	return wrote, read
}

// base64Eights decodes groups of eight characters of the alphabet.
func base64Eights(dst, src []byte) (wrote, read int) {
	t := &base64Value
	for len(src)-read >= 8 && len(dst)-wrote >= 8 {
		s := src[read : read+8 : read+8]
		a, b, c, d := t[s[0]], t[s[1]], t[s[2]], t[s[3]]
		e, f, g, h := t[s[4]], t[s[5]], t[s[6]], t[s[7]]
		if (a|b|c|d|e|f|g|h)&0x80 != 0 {
			break
		}
		binary.BigEndian.PutUint64(dst[wrote:], uint64(a)<<58|uint64(b)<<52|uint64(c)<<46|uint64(d)<<40|
			uint64(e)<<34|uint64(f)<<28|uint64(g)<<22|uint64(h)<<16)
		wrote, read = wrote+6, read+8
	}
	return wrote, read
}

// flush writes the bytes of an incomplete group.
func (d *base64Decoder) flush(dst []byte) int {
	n := d.count
	d.count = 0
	switch n {
	case 1:
		d.damaged++
	case 2:
		dst[0] = byte(d.bits >> 4)
		return 1
	case 3:
		dst[0], dst[1] = byte(d.bits>>10), byte(d.bits>>2)
		return 2
	}
	return 0
}

// resume gathers the line after padding and decodes it when it is base64.
func (d *base64Decoder) resume(dst, src []byte) (wrote, read int) {
	end := bytes.IndexByte(src, '\n')
	whole := end >= 0
	if !whole {
		end = len(src) - 1
	}
	d.line = append(d.line, src[:end+1]...)
	line := bytes.Trim(d.line, "= \t\r\n")
	switch {
	case len(d.line) > decodeAhead/2:
		d.damaged, d.stopped = d.damaged+1, true
	case !whole:
	case len(line) == 0:
		d.line = d.line[:0]
	case len(bytes.Trim(d.line, " \t\r\n"))%4 != 0 || !allBase64(line):
		d.damaged, d.stopped = d.damaged+1, true
	default:
		d.padded = false
		wrote, _ = d.run(dst, d.line)
		d.line = d.line[:0]
	}
	return wrote, end + 1
}

// allBase64 tells whether a line holds characters of the alphabet alone.
func allBase64(line []byte) bool {
	for _, c := range line {
		if base64Value[c] > 63 {
			return false
		}
	}
	return true
}

func (d *base64Decoder) report(w *warnings) { w.add(warnBase64, d.damaged) }
