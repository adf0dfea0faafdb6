package format

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Signatures and methods of the zip format (PKWARE APPNOTE 6.3.10).
const (
	sigLocal     = 0x04034b50
	sigCentral   = 0x02014b50
	sigEnd       = 0x06054b50
	sigEnd64     = 0x06064b50
	sigLocator64 = 0x07064b50

	methodStore   = 0
	methodDeflate = 8

	zipUnix, zipDarwin = 3, 19 // "version made by"

	endSize  = 22
	endScan  = endSize + 1<<16 // the end record and the longest comment
	nameLong = 4 << 10         // bytes of a member's name that are kept
)

var errZip = relais.Errorf(relais.KindRefused, "read zip archive", "its directory is missing or damaged")

// zipDirectory reads the central directory entry by entry, so that one of millions
// costs no memory. The standard library reads it whole, and hands out any name.
type zipDirectory struct {
	in      *io.SectionReader
	r       *bufio.Reader // over in
	size    int64         // of the archive
	base    int64         // of what stands before it, such as a self-extractor
	total   int64         // entries, as declared
	slashes *bool         // whether any name has one; nil: not looked yet
}

// again is the same directory, from its start.
func (d *zipDirectory) again() *zipDirectory {
	in := io.NewSectionReader(d.in, 0, d.in.Size())
	return &zipDirectory{in: in, r: bufio.NewReader(in), size: d.size, base: d.base, total: d.total}
}

// zipEntry is one entry of the directory.
type zipEntry struct {
	name     string
	unix     bool // made on unix or macOS
	flags    uint16
	method   uint16
	mode     uint32 // of unix, 0 when none
	crc      uint32
	stored   uint64
	size     uint64
	offset   uint64
	modified time.Time
}

// findDirectory finds the end record, and by it the directory.
func findDirectory(r io.ReaderAt, size int64) (*zipDirectory, error) {
	tail := make([]byte, min(size, endScan))
	if n, err := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) && err != nil {
		return nil, errZip
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < endSize {
		return nil, errZip
	}
	end := tail[i:]
	at := size - int64(len(tail)) + int64(i)
	count := uint64(binary.LittleEndian.Uint16(end[10:]))
	length := uint64(binary.LittleEndian.Uint32(end[12:]))
	offset := uint64(binary.LittleEndian.Uint32(end[16:]))
	if c, l, o, where, ok := readEnd64(r, at); ok {
		count, length, offset, at = c, l, o, where
	}
	if length > uint64(at) || offset > uint64(at)-length {
		return nil, errZip
	}
	start := at - int64(length)
	in := io.NewSectionReader(r, start, int64(length))
	return &zipDirectory{
		in: in, r: bufio.NewReader(in), size: size, base: start - int64(offset), total: int64(min(count, 1<<40)),
	}, nil
}

// readEnd64 reads the zip64 end record, where its locator stands before the end
// record at at.
func readEnd64(r io.ReaderAt, at int64) (count, length, offset uint64, where int64, ok bool) {
	var loc [20]byte
	if _, err := r.ReadAt(loc[:], at-20); at < 20 || err != nil || binary.LittleEndian.Uint32(loc[:]) != sigLocator64 {
		return 0, 0, 0, 0, false
	}
	pos := binary.LittleEndian.Uint64(loc[8:])
	var end [56]byte
	if pos > uint64(at) {
		return 0, 0, 0, 0, false
	}
	if _, err := r.ReadAt(end[:], int64(pos)); err != nil || binary.LittleEndian.Uint32(end[:]) != sigEnd64 {
		return 0, 0, 0, 0, false
	}
	u := binary.LittleEndian.Uint64
	return u(end[32:]), u(end[40:]), u(end[48:]), int64(pos), true
}

// next reads one entry, with "/" between the levels of its name; io.EOF at the end, also
// where the directory turns into something else.
func (d *zipDirectory) next() (zipEntry, error) {
	e, err := d.read()
	if err == nil {
		d.paths(&e)
	}
	return e, err
}

// read reads one entry as it stands.
func (d *zipDirectory) read() (zipEntry, error) {
	var h [46]byte
	if _, err := io.ReadFull(d.r, h[:]); err != nil {
		return zipEntry{}, io.EOF
	}
	le := binary.LittleEndian
	if le.Uint32(h[:]) != sigCentral {
		return zipEntry{}, io.EOF
	}
	e := zipEntry{
		flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]), modified: dosTime(le.Uint16(h[14:]), le.Uint16(h[12:])),
		crc: le.Uint32(h[16:]), stored: uint64(le.Uint32(h[20:])), size: uint64(le.Uint32(h[24:])),
		offset: uint64(le.Uint32(h[42:])),
	}
	if e.unix = h[5] == zipUnix || h[5] == zipDarwin; e.unix {
		e.mode = le.Uint32(h[38:]) >> 16
	}
	name, extra, comment := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
	room := make([]byte, name+extra)
	if _, err := io.ReadFull(d.r, room); err != nil {
		return zipEntry{}, io.EOF
	}
	e.name = cutText(ZipName(string(room[:name]), e.flags, room[name:]), nameLong)
	e.zip64(room[name:])
	_, err := d.r.Discard(comment)
	if err != nil {
		return zipEntry{}, io.EOF
	}
	return e, nil
}

// zip64 takes the sizes that did not fit from the extra field.
func (e *zipEntry) zip64(extra []byte) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		tag, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		field := extra[:n]
		extra = extra[n:]
		if tag != 1 {
			continue
		}
		for _, v := range []*uint64{&e.size, &e.stored, &e.offset} {
			if *v == 0xffffffff && len(field) >= 8 {
				*v, field = le.Uint64(field), field[8:]
			}
		}
	}
}

func (e *zipEntry) directory() bool { return strings.HasSuffix(e.name, "/") }

// reason says why an entry is not to be opened, "" when it is. A name is never a reason:
// nothing is ever written to a path.
func (e *zipEntry) reason() string {
	switch {
	case e.mode&0o170000 != 0 && e.mode&0o170000 != 0o100000:
		return "link"
	case e.flags&1 != 0:
		return "locked"
	case e.method != methodStore && e.method != methodDeflate:
		return "method"
	}
	return ""
}

// dosTime reads an MS-DOS date and time, which have no zone: taken as UTC.
func dosTime(date, clock uint16) time.Time {
	return time.Date(int(date>>9)+1980, time.Month(date>>5&15), int(date&31),
		int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
}
