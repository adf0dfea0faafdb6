package format

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// ratioFree is how many bytes a member may give before its expansion is checked: a small
// file of one repeated letter is no bomb.
const ratioFree = 1 << 20

// Archive reads zip archives, one inside another, within limits that they share: depth,
// members, bytes written out, expansion. It is used by one goroutine.
type Archive struct {
	lim     Limits
	depth   int
	entries int
	out     int64
	in      int64 // size of the outermost archive
	warn    warnings
}

// NewArchive gives a reader that has used nothing of its limits.
func NewArchive(lim Limits) *Archive { return &Archive{lim: lim} }

// Warnings gives what was left out so far.
func (a *Archive) Warnings() []relais.Warning { return a.warn.sorted() }

// Cut tells whether a directory ended before all the members it declares.
func (a *Archive) Cut() bool { return a.warn.has(warnArchiveCut) }

// Member is one member of an archive.
type Member struct {
	Name     string // path with "/", as the archive has it, decoded: it may lead anywhere, or be another's too
	Size     int64  // as declared, often false
	Modified time.Time
	// Reason is why the member cannot be read, a stable word, "" when it can:
	// link (it is a symbolic link or no regular file), locked (encrypted), method (an
	// unknown compression), damaged, limit.
	Reason string
	// Body gives the bytes until the function that was given the member returns;
	// nil when there is a reason. Its error is of relais.KindTooLarge at a limit,
	// of relais.KindDamaged when the bytes do not match their checksum.
	Body io.Reader
	// Open gives the same bytes again, as long as the archive is open; nil when there is a
	// reason.
	Open func() (io.Reader, error)
}

// Zip calls yield for each file of an archive, in the order of its directory. It
// may be called from within yield, for a member that is an archive. Members over
// the limit are handed out too, to be counted; they cannot be read. It returns
// yield's error as it is; one of relais.KindRefused when r is no zip archive.
func (a *Archive) Zip(r io.ReaderAt, size int64, yield func(Member) error) error {
	if a.depth >= a.lim.ArchiveDepth {
		a.warn.add(warnArchiveDepth, 1)
		return nil
	}
	if a.depth == 0 {
		a.in = size
	}
	a.depth++
	defer func() { a.depth-- }()
	dir, err := findDirectory(r, size)
	if err != nil {
		return err
	}
	for n := int64(0); ; n++ {
		e, err := dir.next()
		if errors.Is(err, io.EOF) {
			a.warn.add(warnArchiveCut, dir.total-n)
			return nil
		}
		if err != nil {
			return err
		}
		if e.directory() {
			continue
		}
		m := Member{Name: e.name, Size: int64(e.size), Modified: e.modified, Reason: "limit"}
		if a.entries++; a.entries > a.lim.ArchiveEntries {
			a.warn.add(warnArchiveEntries, 1)
		} else {
			a.open(&m, r, dir, e)
		}
		if err := yield(m); err != nil {
			return err
		}
	}
}

// open judges an entry and opens it.
func (a *Archive) open(m *Member, r io.ReaderAt, dir *zipDirectory, e zipEntry) {
	m.Reason = e.reason()
	if m.Reason == "" && (a.out >= a.lim.ArchiveBytes) {
		a.warn.add(warnArchiveSize, 1)
		m.Reason = "limit"
	}
	if m.Reason != "" {
		return
	}
	data, err := e.open(r, dir)
	if err != nil {
		m.Reason = "damaged"
		return
	}
	counted := func(data io.Reader) io.Reader {
		return &memberReader{a: a, r: data, stored: int64(e.stored), sum: crc32.NewIEEE(), want: e.crc}
	}
	m.Body = counted(data)
	m.Open = func() (io.Reader, error) {
		data, err := e.open(r, dir)
		if err != nil {
			return nil, relais.E(relais.KindDamaged, "read archive member", err)
		}
		return counted(data), nil
	}
}

// memberReader gives a member's bytes, counted as they are written.
type memberReader struct {
	a      *Archive
	r      io.Reader
	stored int64
	out    int64
	sum    hash.Hash32
	want   uint32
	err    error
}

// Read counts before it hands out, and withholds what is over a limit.
func (m *memberReader) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.out += int64(n)
	m.a.out += int64(n)
	m.sum.Write(p[:n])
	switch {
	case m.over():
		m.a.warn.add(warnArchiveSize, 1)
		n, err = 0, relais.E(relais.KindTooLarge, "read archive member", nil)
	case errors.Is(err, io.EOF):
		if m.sum.Sum32() != m.want {
			err = relais.Errorf(relais.KindDamaged, "read archive member", "checksum differs")
		}
	case err != nil:
		err = relais.E(relais.KindDamaged, "read archive member", err)
	}
	m.err = err
	return n, err
}

// over tells whether a limit was passed: on all bytes, on this member's expansion, or on
// that of the whole, which overlapping members cannot evade.
func (m *memberReader) over() bool {
	lim := m.a.lim
	return m.a.out > lim.ArchiveBytes ||
		m.out > ratioFree && m.out/lim.ArchiveRatio > m.stored ||
		m.a.out > ratioFree && m.a.out/lim.ArchiveRatio > m.a.in
}

// open gives an entry's bytes. The local header is only used to find where they begin.
func (e *zipEntry) open(r io.ReaderAt, dir *zipDirectory) (io.Reader, error) {
	var head [30]byte
	at := dir.base + int64(e.offset)
	if _, err := r.ReadAt(head[:], at); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(head[:]) != sigLocal {
		return nil, errZip
	}
	at += 30 + int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:]))
	if e.stored > uint64(dir.size) || at > dir.size-int64(e.stored) {
		return nil, errZip
	}
	data := io.NewSectionReader(r, at, int64(e.stored))
	if e.method == methodStore {
		return data, nil
	}
	return flate.NewReader(data), nil
}
