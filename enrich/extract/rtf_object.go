package extract

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/relais-archive/relais/internal/format"
)

// maxRTFObjects bounds how many embedded objects of one file are looked at, all
// within maxMember bytes.
const maxRTFObjects = 100

// hexDigit takes one digit of an object; two make a byte.
func (r *rtf) hexDigit(c byte) {
	v := unhex(c)
	if v < 0 || len(r.objects) >= maxRTFObjects || r.objectBytes > 2*maxMember {
		return
	}
	r.objectBytes++
	if r.half < 0 {
		r.half = v
		return
	}
	r.object = append(r.object, byte(r.half<<4|v))
	r.half = -1
}

// endObject keeps the object whose digits have ended.
func (r *rtf) endObject() {
	if len(r.object) > 0 {
		r.objects = append(r.objects, r.object)
	}
	r.object, r.half = nil, -1
}

// embedded appends the text of the documents embedded in the file.
func (r *rtf) embedded(ctx context.Context, w *work, lim format.Limits) {
	r.endObject()
	for _, o := range r.objects {
		b, name := oleObject(o)
		if b == nil || r.out.full || ctx.Err() != nil {
			continue
		}
		if w.depth >= lim.ArchiveDepth {
			r.warn.add("archive_depth", "")
			return
		}
		res := w.inside(ctx, Input{Name: name, Size: int64(len(b)), Body: readerAt(b)})
		r.warn.addLosses(res.Warnings)
		r.out.line()
		r.out.writeString(res.Text)
	}
}

// oleObject unwraps an OLE 1.0 embedded object (MS-OLEDS 2.2.5): version, format 2,
// three strings with their lengths, then the length and the data.
func oleObject(b []byte) (data []byte, name string) {
	if len(b) < 8 || binary.LittleEndian.Uint32(b[4:]) != 2 {
		return nil, ""
	}
	b = b[8:]
	var class []byte
	for i := range 3 {
		s, rest, ok := lengthPrefixed(b)
		if !ok {
			return nil, ""
		}
		if i == 0 {
			class = bytes.TrimRight(s, "\x00")
		}
		b = rest
	}
	data, _, ok := lengthPrefixed(b)
	if !ok {
		data = b[min(len(b), 4):] // cut short
	}
	if string(class) == "Package" {
		return nativeObject(append(make([]byte, 4), data...))
	}
	return data, ""
}

// lengthPrefixed cuts a string off that has its length before it (MS-OLEDS 2.1.4).
func lengthPrefixed(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := uint64(binary.LittleEndian.Uint32(b))
	if uint64(len(b)) < 4+n {
		return nil, b, false
	}
	return b[4 : 4+n], b[4+n:], true
}
