package format

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TestZipTime: the directory's time, which has no zone, is UTC, to two seconds.
func TestZipTime(t *testing.T) {
	for want, c := range map[string]struct{ date, clock uint16 }{
		"1980-01-01 00:00:00": {0<<9 | 1<<5 | 1, 0},
		"2024-03-15 10:20:30": {44<<9 | 3<<5 | 15, 10<<11 | 20<<5 | 15},
		"2107-12-31 23:59:58": {127<<9 | 12<<5 | 31, 23<<11 | 59<<5 | 29},
	} {
		if got := dosTime(c.date, c.clock); got.Format(time.DateTime) != want || got.Location() != time.UTC {
			t.Errorf("%v, want %s", got, want)
		}
	}
}

// directoryEntry is an entry of a directory whose sizes and place are all in its extra
// field, as zip64 has them.
func directoryEntry(extra []byte, size, stored, offset uint32) []byte {
	le := binary.LittleEndian
	var h [46]byte
	le.PutUint32(h[:], sigCentral)
	le.PutUint32(h[20:], stored)
	le.PutUint32(h[24:], size)
	le.PutUint16(h[28:], 1)
	le.PutUint16(h[30:], uint16(len(extra)))
	le.PutUint32(h[42:], offset)
	return append(append(h[:], 'a'), extra...)
}

// TestZip64Extra: only what did not fit is in the extra field, in a fixed order (APPNOTE
// 4.5.3); other fields stand before and after it.
func TestZip64Extra(t *testing.T) {
	const full = 0xffffffff
	le := binary.LittleEndian
	field := func(tag uint16, values ...uint64) []byte {
		b := le.AppendUint16(le.AppendUint16(nil, tag), uint16(8*len(values)))
		for _, v := range values {
			b = le.AppendUint64(b, v)
		}
		return b
	}
	for name, c := range map[string]struct {
		extra                []byte
		size, stored, offset uint32
		want                 [3]uint64
	}{
		"all":             {field(1, 10, 20, 30), full, full, full, [3]uint64{10, 20, 30}},
		"the size":        {field(1, 10), full, 2, 3, [3]uint64{10, 2, 3}},
		"the place":       {field(1, 30), 1, 2, full, [3]uint64{1, 2, 30}},
		"stored":          {field(1, 20), 1, full, 3, [3]uint64{1, 20, 3}},
		"nothing":         {field(1, 9, 9, 9), 1, 2, 3, [3]uint64{1, 2, 3}},
		"of another kind": {field(2, 10, 20, 30), full, 2, 3, [3]uint64{full, 2, 3}},
		"behind others":   {slices.Concat(field(2, 9), field(0x7075), field(1, 10)), full, 2, 3, [3]uint64{10, 2, 3}},
		"too short":       {field(1, 10), full, full, 3, [3]uint64{10, full, 3}},
		"cut":             {field(1, 10)[:11], full, 2, 3, [3]uint64{full, 2, 3}},
		"none":            {nil, full, 2, 3, [3]uint64{full, 2, 3}},
	} {
		dir := directoryEntry(c.extra, c.size, c.stored, c.offset)
		end := make([]byte, endSize)
		le.PutUint32(end, sigEnd)
		le.PutUint16(end[10:], 1)
		le.PutUint32(end[12:], uint32(len(dir)))
		d, err := findDirectory(bytes.NewReader(append(dir, end...)), int64(len(dir)+endSize))
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.next()
		if got := [3]uint64{e.size, e.stored, e.offset}; err != nil || got != c.want || e.name != "a" {
			t.Errorf("%s: %v, want %v (%v)", name, got, c.want, err)
		}
		if _, err := d.next(); err != io.EOF {
			t.Errorf("%s: after the last entry: %v", name, err)
		}
	}
}

// zipEnd is an archive without members, with a comment.
func zipEnd(comment int) []byte {
	b := make([]byte, endSize+comment)
	binary.LittleEndian.PutUint32(b, sigEnd)
	binary.LittleEndian.PutUint16(b[20:], uint16(comment))
	return b
}

// TestZipEnd finds the end of an archive behind what stands before it and before its
// comment, and refuses what leads out of the file.
func TestZipEnd(t *testing.T) {
	le := binary.LittleEndian
	with := func(b []byte, at int, v uint32) []byte {
		b = bytes.Clone(b)
		le.PutUint32(b[at:], v)
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		good bool
	}{
		"nothing in it":             {zipEnd(0), true},
		"a comment":                 {zipEnd(100), true},
		"the longest comment":       {zipEnd(1<<16 - 1), true},
		"what is longer":            {zipEnd(1<<16 + 1), false},
		"behind a program":          {append(bytes.Repeat([]byte("x"), 100_000), zipEnd(7)...), true},
		"one byte short":            {zipEnd(0)[:endSize-1], false},
		"a directory as long as it": {with(append(make([]byte, 10), zipEnd(0)...), 10+12, 10), true},
		"a longer directory":        {with(append(make([]byte, 10), zipEnd(0)...), 10+12, 11), false},
		"an offset at the end":      {with(append(make([]byte, 10), zipEnd(0)...), 10+16, 10), true},
		"an offset behind it":       {with(append(make([]byte, 10), zipEnd(0)...), 10+16, 11), false},
	} {
		err := NewArchive(DefaultLimits()).Zip(bytes.NewReader(c.b), int64(len(c.b)), func(Member) error { return nil })
		if c.good != (err == nil) || !c.good && relais.KindOf(err) != relais.KindRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	failing := readerAt(func([]byte, int64) (int, error) { return 0, io.ErrClosedPipe })
	if err := NewArchive(DefaultLimits()).Zip(failing, 100, func(Member) error { return nil }); relais.KindOf(err) != relais.KindRefused {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

type readerAt func(p []byte, at int64) (int, error)

func (f readerAt) ReadAt(p []byte, at int64) (int, error) { return f(p, at) }

// TestZipCut counts the members that a directory declares and does not have.
func TestZipCut(t *testing.T) {
	good := zipFile(t, func(w *zip.Writer) {
		for _, name := range []string{"a", "b", "c"} {
			addFile(w, &zip.FileHeader{Name: name, Comment: "of " + name}, strings.NewReader("x"))
		}
	})
	a := NewArchive(DefaultLimits())
	if _, err := readZip(t, a, good); err != nil || a.Cut() || len(a.Warnings()) != 0 {
		t.Errorf("whole: cut %t, %v (%v)", a.Cut(), a.Warnings(), err)
	}
	at := bytes.Index(good, []byte("PK\x01\x02"))
	second := at + 46 + len("a") + len("of a")
	for name, cut := range map[string]int{"a signature": second, "a length": second + 28} {
		b := bytes.Clone(good)
		b[cut] = 0xff
		a = NewArchive(DefaultLimits())
		got, err := readZip(t, a, b)
		if err != nil || !a.Cut() || strings.Join(got, " ") != "a=x" && name == "a signature" {
			t.Errorf("%s is damaged: %v, cut %t (%v)", name, got, a.Cut(), err)
		}
	}
	b := bytes.Clone(good)
	b[len(b)-endSize+10] = 5
	a = NewArchive(DefaultLimits())
	if got, err := readZip(t, a, b); err != nil || len(got) != 3 || timesOf(a.Warnings())[warnArchiveCut] != "2" {
		t.Errorf("two more declared: %v, %v (%v)", got, a.Warnings(), err)
	}
}

// TestZipMemberLimits: each limit is inclusive, and counts all that an archive holds.
func TestZipMemberLimits(t *testing.T) {
	three := zipFile(t, func(w *zip.Writer) {
		for _, name := range []string{"a", "b", "c"} {
			addFile(w, &zip.FileHeader{Name: name, Method: zip.Store}, strings.NewReader("12345"))
		}
	})
	for name, c := range map[string]struct {
		bytes   int64
		entries int
		want    string
	}{
		"enough":         {15, 3, "a=12345 b=12345 c=12345"},
		"a byte less":    {14, 3, "a=12345 b=12345 c!too_large"},
		"two members":    {15, 2, "a=12345 b=12345 c!limit"},
		"for two":        {10, 3, "a=12345 b=12345 c!limit"},
		"for one and so": {9, 3, "a=12345 b!too_large c!limit"},
	} {
		lim := DefaultLimits()
		lim.ArchiveBytes, lim.ArchiveEntries = c.bytes, c.entries
		a := NewArchive(lim)
		got, err := readZip(t, a, three)
		if strings.Join(got, " ") != c.want || err != nil || (len(a.Warnings()) > 0) != (name != "enough") {
			t.Errorf("%s: %v, %v (%v)", name, got, a.Warnings(), err)
		}
	}
	lim := DefaultLimits()
	lim.ArchiveDepth = 0
	a := NewArchive(lim)
	if got, err := readZip(t, a, three); err != nil || got != nil || timesOf(a.Warnings())[warnArchiveDepth] != "1" {
		t.Errorf("no depth: %v, %v (%v)", got, a.Warnings(), err)
	}
}

// TestZipOpenAgain gives a member's bytes as often as they are asked for, each time counted
// and checked; one that cannot be read has none.
func TestZipOpenAgain(t *testing.T) {
	b := zipFile(t, func(w *zip.Writer) {
		addFile(w, &zip.FileHeader{Name: "a", Method: zip.Deflate, Modified: time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)}, strings.NewReader("hello"))
	})
	a := NewArchive(DefaultLimits())
	err := a.Zip(bytes.NewReader(b), int64(len(b)), func(m Member) error {
		if m.Size != 5 || !m.Modified.Equal(time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("%d bytes of %v", m.Size, m.Modified)
		}
		for range 2 {
			again, err := m.Open()
			if err != nil {
				return err
			}
			if data, err := io.ReadAll(again); err != nil || string(data) != "hello" {
				t.Errorf("%q (%v)", data, err)
			}
		}
		if data, err := io.ReadAll(m.Body); err != nil || string(data) != "hello" || a.out != 15 {
			t.Errorf("%q, %d bytes counted (%v)", data, a.out, err)
		}
		if n, err := m.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("after its end: %d, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	at := bytes.Index(b, []byte("PK\x01\x02"))
	b[at+8] |= 1
	err = NewArchive(DefaultLimits()).Zip(bytes.NewReader(b), int64(len(b)), func(m Member) error {
		if m.Reason != "locked" || m.Body != nil || m.Open != nil {
			t.Errorf("%+v", m)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestZipFileGone: a file that can no longer be read is damaged, not empty.
func TestZipFileGone(t *testing.T) {
	b := zipFile(t, func(w *zip.Writer) {
		addFile(w, &zip.FileHeader{Name: "a", Method: zip.Store}, strings.NewReader("hello"))
	})
	gone := false
	r := readerAt(func(p []byte, at int64) (int, error) {
		if gone {
			return 0, io.ErrClosedPipe
		}
		return bytes.NewReader(b).ReadAt(p, at)
	})
	err := NewArchive(DefaultLimits()).Zip(r, int64(len(b)), func(m Member) error {
		gone = true
		if _, err := io.ReadAll(m.Body); relais.KindOf(err) != relais.KindDamaged || !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("its bytes: %v", err)
		}
		if _, err := m.Open(); relais.KindOf(err) != relais.KindDamaged {
			t.Errorf("opened again: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestZipLinks: what unix made no regular file is not read; what another system made has no
// such mark.
func TestZipLinks(t *testing.T) {
	for name, c := range map[string]struct {
		host byte
		mode uint32
		link bool
	}{
		"link": {zipUnix, 0o120777, true}, "device": {zipUnix, 0o020644, true}, "of macOS": {zipDarwin, 0o120777, true},
		"file": {zipUnix, 0o100644, false}, "no mode": {zipUnix, 0, false}, "no kind": {zipUnix, 0o644, false}, "of DOS": {0, 0o120777, false},
	} {
		b := zipFile(t, func(w *zip.Writer) {
			addFile(w, &zip.FileHeader{Name: "a", CreatorVersion: uint16(c.host)<<8 | 20, ExternalAttrs: c.mode << 16}, strings.NewReader("x"))
		})
		if got, err := readZip(t, NewArchive(DefaultLimits()), b); err != nil || (got[0] == "a!link") != c.link {
			t.Errorf("%s: %v (%v)", name, got, err)
		}
	}
}

// TestCompressedRatio: what is small may grow as it likes, what is large by the ratio.
func TestCompressedRatio(t *testing.T) {
	for name, c := range map[string]struct {
		size  int
		ratio int64
		good  bool
	}{
		"a small one":      {ratioFree, 1, true},
		"a larger one":     {ratioFree + 1<<16, 1, false},
		"within its ratio": {ratioFree + 1<<16, 1 << 20, true},
	} {
		lim := DefaultLimits()
		lim.ArchiveRatio = c.ratio
		text := strings.Repeat("0", c.size)
		in, err := Uncompress(bytes.NewReader(packedBy(t, Gzip, text)), Gzip, lim)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(in)
		if c.good && (err != nil || string(got) != text) || !c.good && relais.KindOf(err) != relais.KindTooLarge {
			t.Errorf("%s, uncompressed: %d bytes, %v", name, len(got), err)
		}
		b := zipFile(t, func(w *zip.Writer) {
			addFile(w, &zip.FileHeader{Name: "a", Method: zip.Deflate}, strings.NewReader(text))
		})
		list, err := readZip(t, NewArchive(lim), b)
		if err != nil || (list[0] == "a!too_large") == c.good {
			t.Errorf("%s, of an archive: %v (%v)", name, list, err)
		}
	}
	lim := DefaultLimits()
	for size, good := range map[int64]bool{9: false, 10: true} {
		lim.ArchiveBytes = size
		in, err := Uncompress(bytes.NewReader(packedBy(t, Gzip, "0123456789")), Gzip, lim)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(in); good != (err == nil && len(got) == 10) {
			t.Errorf("%d bytes allowed: %q, %v", size, got, err)
		}
	}
}

// TestUncompressSourceFails: a source that cannot be read is not a damaged file.
func TestUncompressSourceFails(t *testing.T) {
	data := packedBy(t, Gzip, strings.Repeat("some text, ", 10))
	for _, n := range []int{0, 5, len(data) - 4} {
		in, err := Uncompress(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(io.ErrClosedPipe)), Gzip, DefaultLimits())
		if err == nil {
			_, err = io.ReadAll(in)
			if _, again := in.Read(make([]byte, 1)); again != err {
				t.Errorf("after %v: %v", err, again)
			}
		}
		if !errors.Is(err, io.ErrClosedPipe) || relais.KindOf(err) == relais.KindDamaged {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	in, err := Uncompress(strings.NewReader("no gzip at all"), Gzip, DefaultLimits())
	if relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("%v, %v", in, err)
	}
}
