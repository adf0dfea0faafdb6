package format

import (
	"encoding/binary"
	"unicode/utf16"
)

// Types of MAPI properties (MS-OXCDATA, section 2.11.1) that are read; the others are
// known by their size.
const (
	mapiObject   = 0x000d
	mapiString   = 0x001e
	mapiUnicode  = 0x001f
	mapiBinary   = 0x0102
	mapiMultiple = 0x1000
)

// mapiProperty is one property: the first of its values.
type mapiProperty struct {
	kind, id uint16
	value    []byte
}

// properties reads a list of MAPI properties as far as it is whole.
func (r *tnefReader) properties(b []byte, fn func(mapiProperty)) {
	c := cursor{b: b}
	for n := c.uint32(); n > 0 && len(c.b) > 0; n-- {
		p := mapiProperty{kind: c.uint16(), id: c.uint16()}
		if p.id >= 0x8000 { // named, by a number or by a string
			c.take(16)
			if c.uint32() == 0 {
				c.take(4)
			} else {
				c.padded(c.uint32())
			}
			p.id = 0
		}
		p.value = c.values(p.kind)
		if c.bad {
			r.Cut = true
			return
		}
		fn(p)
	}
}

// cursor reads little-endian values from the front of some bytes.
type cursor struct {
	b   []byte
	bad bool // there were too few
}

func (c *cursor) take(n uint32) []byte {
	if uint64(n) > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// padded reads bytes and what fills them up to a multiple of four, which may be missing
// at the end.
func (c *cursor) padded(n uint32) []byte {
	v := c.take(n)
	c.b = c.b[min(len(c.b), int(-n&3)):]
	return v
}

func (c *cursor) uint16() uint16 {
	if v := c.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if v := c.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// values reads a property's values and gives the first.
func (c *cursor) values(kind uint16) []byte {
	count, size := uint32(1), fixedSize(kind&^mapiMultiple)
	if size == 0 || kind&mapiMultiple != 0 {
		count = c.uint32()
	}
	var first []byte
	for i := range count {
		n := size
		if n == 0 {
			n = c.uint32()
		}
		v := c.padded(n)
		if i == 0 {
			first = v
		}
		if c.bad || len(c.b) == 0 {
			break
		}
	}
	return first
}

// fixedSize gives the bytes of a value, 0 for a type that tells them itself.
func fixedSize(kind uint16) uint32 {
	switch kind {
	case mapiObject, mapiString, mapiUnicode, mapiBinary:
		return 0
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040: // double, currency, times, 64 bits
		return 8
	case 0x0048: // identifier
		return 16
	}
	return 4
}

// utf16Text decodes little-endian UTF-16.
func utf16Text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
