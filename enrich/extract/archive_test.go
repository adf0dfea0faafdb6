package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func openBytes(t *testing.T, b []byte, w *work) *archive {
	t.Helper()
	a, err := openArchive(Input{Size: int64(len(b)), Body: readerAt(b)}, w, format.DefaultLimits(), &w.entries)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestArchiveRead(t *testing.T) {
	zeros := strings.Repeat("\x00", 8<<20)
	b := zipOf(t, "Small.XML", "0123456789", "bomb", zeros)
	for name, c := range map[string]struct {
		member string
		limit  int64
		left   int64 // of the work before
		want   int
		cut    bool
	}{
		"whole":            {"small.xml", 100, 1 << 30, 10, false},
		"exactly":          {"Small.XML", 10, 1 << 30, 10, false},
		"cut at the limit": {"Small.XML", 4, 1 << 30, 4, true},
		"little work left": {"Small.XML", 100, 3, 3, true},
		"no work left":     {"Small.XML", 100, 0, 0, true},
		"ratio":            {"bomb", 64 << 20, 1 << 30, -1, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := &work{bytes: c.left, entries: 10}
			a := openBytes(t, b, w)
			m := a.member(c.member)
			got, err := a.read(m, c.limit)
			if c.want < 0 {
				c.want = 1<<20 + 200*int(m.CompressedSize64)
			}
			if err != nil || len(got) != c.want || a.cut != c.cut {
				t.Errorf("%d bytes, cut %t, %v; want %d, %t", len(got), a.cut, err, c.want, c.cut)
			}
			if w.bytes != c.left-int64(len(got)) {
				t.Errorf("%d bytes of work left of %d", w.bytes, c.left)
			}
		})
	}
}

func TestArchiveEntriesAreShared(t *testing.T) {
	w := &work{bytes: 1 << 20, entries: 3}
	first := openBytes(t, zipOf(t, "a", "1", "b", "2"), w)
	second := openBytes(t, zipOf(t, "c", "3", "d", "4"), w)
	if len(first.members) != 2 || first.cut || len(second.members) != 1 || !second.cut || w.entries != 0 {
		t.Errorf("%d and %d members, %d left", len(first.members), len(second.members), w.entries)
	}
}

func TestDeclaredEntries(t *testing.T) {
	b := zipOf(t, "a", "1", "b", "2", "c", "3")
	count := func(b []byte) uint64 { return declaredEntries(Input{Size: int64(len(b)), Body: readerAt(b)}) }
	if got := count(b); got != 3 {
		t.Errorf("%d entries", got)
	}
	if got := count(append(bytes.Clone(b), "comment"...)); got != 3 {
		t.Errorf("with a tail: %d", got)
	}
	if got := count([]byte("no zip at all, whatever it says")); got != 0 {
		t.Errorf("of no zip: %d", got)
	}
	// The zip64 twin counts where the old field is full (APPNOTE 4.4.21).
	end := make([]byte, 56)
	copy(end, "PK\x06\x06")
	binary.LittleEndian.PutUint64(end[32:], 5_000_000)
	locator := make([]byte, 20)
	copy(locator, "PK\x06\x07")
	old := make([]byte, 22)
	copy(old, "PK\x05\x06")
	binary.LittleEndian.PutUint16(old[10:], 0xffff)
	big := append(append(end, locator...), old...)
	if got := count(big); got != 5_000_000 {
		t.Errorf("zip64: %d", got)
	}
	entries := 10_000
	a, err := openArchive(Input{Size: int64(len(big)), Body: readerAt(big)}, &work{}, format.DefaultLimits(), &entries)
	if err != nil || !a.cut || len(a.members) != 0 {
		t.Errorf("a directory of five million is read: %v", err)
	}
}

// TestLyingSizes declares other sizes than the data has, both ways.
func TestLyingSizes(t *testing.T) {
	for name, declared := range map[string]uint32{"less": 3, "more": 1 << 30} {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		data := []byte("the whole text of it")
		h := &zip.FileHeader{Name: "a.txt", Method: zip.Store, CRC32: crc32.ChecksumIEEE(data),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(declared)}
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		res := extractBytes(t, inProcessExtractor(t), "", buf.Bytes())
		if res.Outcome == "" || len(res.Text) > 100 {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

// TestDamagedMember keeps what stands before the damage.
func TestDamagedMember(t *testing.T) {
	b := zipOf(t, "a.txt", strings.Repeat("offer and invoice ", 5_000))
	a := openBytes(t, b, &work{bytes: 1 << 20, entries: 1})
	off, err := a.members[0].DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	b[off+int64(a.members[0].CompressedSize64)-10] ^= 0xff
	res := extractBytes(t, inProcessExtractor(t), "", b)
	if !strings.Contains(res.Text, "offer and invoice") {
		t.Errorf("%s %v, %d bytes", res.Outcome, res.Warnings, len(res.Text))
	}
}

func TestReadableSkipsPictures(t *testing.T) {
	a := openBytes(t, zipOf(t, "a.png", "\x89PNG\r\n\x1a\n"+strings.Repeat("x", 9_000), "b.bin", strings.Repeat("\x00", 9_000),
		"c.txt", strings.Repeat("word ", 2_000), "empty.txt", ""), &work{bytes: 1 << 20, entries: 9})
	for name, want := range map[string]int{"a.png": 0, "b.bin": 0, "c.txt": 10_000, "empty.txt": 0} {
		b, err := a.readable(a.member(name))
		if err != nil || len(b) != want {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	if a.cut {
		t.Error("looking at a head counts as a cut")
	}
}

func TestReadUpTo(t *testing.T) {
	for _, limit := range []int64{0, 1, 5, 6, 100} {
		b, err := readUpTo(strings.NewReader("hello"), nil, limit)
		if err != nil || string(b) != "hello"[:min(limit, 5)] {
			t.Errorf("%d: %q, %v", limit, b, err)
		}
	}
	boom := errors.New("boom")
	if b, err := readUpTo(failingReader{boom}, nil, 10); !errors.Is(err, boom) || string(b) != "part" {
		t.Errorf("%q, %v", b, err)
	}
}

// failingReader gives some bytes and an error with them.
type failingReader struct{ err error }

func (f failingReader) Read(p []byte) (int, error) { return copy(p, "part"), f.err }

func TestReaderAt(t *testing.T) {
	r := readerAt("abc")
	p := make([]byte, 2)
	for off, want := range map[int64]int{0: 2, 2: 1, 3: 0, 9: 0, -1: 0} {
		if n, _ := r.ReadAt(p, off); n != want {
			t.Errorf("at %d: %d bytes", off, n)
		}
	}
}

// TestNestedWorkIsShared: what a nested archive writes out is missing to the outer
// one, so that no depth of nesting multiplies the limits.
func TestNestedWorkIsShared(t *testing.T) {
	lim := format.DefaultLimits()
	lim.ArchiveBytes = 200_000
	inner := zipOf(t, "x.txt", strings.Repeat("inner ", 20_000))
	b := zipOf(t, "1.zip", string(inner), "2.zip", string(inner), "3.zip", string(inner))
	r := newReader(lim, formats(&engines{}))
	res, err := r.read(context.Background(), Input{Size: int64(len(b)), Body: readerAt(b)})
	if err != nil || res.Outcome != relais.ExtractionPartial || res.Warnings[0].Code != "archive_limit" {
		t.Fatalf("%s %v %v", res.Outcome, res.Warnings, err)
	}
	if n := strings.Count(res.Text, "inner"); n < 20_000 || n > 200_000/6+2 {
		t.Errorf("%d words came out", n)
	}
}

// TestPartsAreNoEntries: a folder of many small documents is not cut because each
// has a dozen parts.
func TestPartsAreNoEntries(t *testing.T) {
	lim := format.DefaultLimits()
	lim.ArchiveEntries = 3
	doc := string(wordDocument(t))
	b := zipOf(t, "1.docx", doc, "2.docx", doc, "3.docx", doc)
	r := newReader(lim, formats(&engines{}))
	res, err := r.read(context.Background(), Input{Size: int64(len(b)), Body: readerAt(b)})
	if err != nil || res.Outcome != relais.ExtractionComplete || strings.Count(res.Text, "Offre n° 42") != 3 {
		t.Errorf("%s %v %v", res.Outcome, res.Warnings, err)
	}
}

func TestNativeObject(t *testing.T) {
	whole := "\x2b\x00\x00\x00\x02\x00a.txt\x00C:\\a.txt\x00\x00\x00\x03\x00\x03\x00\x00\x00C:\x00\x05\x00\x00\x00hello"
	data, name := nativeObject([]byte(whole))
	if string(data) != "hello" || name != "a.txt" {
		t.Errorf("%q, %q", data, name)
	}
	for n := range len(whole) {
		if data, _ := nativeObject([]byte(whole[:n])); len(data) > 5 {
			t.Errorf("cut at %d: %q", n, data)
		}
	}
	huge := strings.Replace(whole, "\x05\x00\x00\x00hello", "\xff\xff\xff\xffhello", 1)
	if data, _ := nativeObject([]byte(huge)); string(data) != "hello" {
		t.Errorf("length beyond the end: %q", data)
	}
}

func TestOLEObjectInRTF(t *testing.T) {
	str := func(s string) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s }
	embedded := "\x01\x05\x00\x00\x02\x00\x00\x00" + str("Word.Document.8\x00") + str("") + str("") + str("\xd0\xcf\x11\xe0")
	if data, _ := oleObject([]byte(embedded)); string(data) != "\xd0\xcf\x11\xe0" {
		t.Errorf("%q", data)
	}
	linked := strings.Replace(embedded, "\x02\x00\x00\x00", "\x01\x00\x00\x00", 1)
	if data, _ := oleObject([]byte(linked)); data != nil {
		t.Errorf("a link has no data: %q", data)
	}
	for n := range len(embedded) {
		oleObject([]byte(embedded[:n])) // must not panic
	}
}

// TestArchiveWarnsOfItsMembers: what must not be unpacked, and what is not inflated,
// is said of the document; the text is there all the same.
func TestArchiveWarnsOfItsMembers(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(h *zip.FileHeader, body string) {
		m, err := w.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(m, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"../../etc/evil.txt", "/abs.txt", `C:\x.txt`, "a.txt", "A.TXT"} {
		add(&zip.FileHeader{Name: name}, "alpha")
	}
	link := &zip.FileHeader{Name: "link.txt"}
	link.SetMode(fs.ModeSymlink | 0o777)
	add(link, "alpha")
	setuid := &zip.FileHeader{Name: "setuid.txt"}
	setuid.SetMode(fs.ModeSetuid | 0o755)
	add(setuid, "alpha")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := []relais.Warning{{Code: "archive_path", Detail: "3"}, {Code: "archive_collision", Detail: "1"}, {Code: "archive_link", Detail: "1"}, {Code: "archive_setuid", Detail: "1"}}
	res := readIn(t, b.Bytes())
	if !slices.Equal(res.Warnings, want) || res.Outcome != relais.ExtractionComplete || strings.Count(res.Text, "alpha") != 7 {
		t.Errorf("%+v", res)
	}
	zeros := zipOf(t, "zeros.bin", strings.Repeat("\x00", 8<<20), "note.txt", "alpha")
	res = readIn(t, zeros)
	if !slices.Equal(res.Warnings, []relais.Warning{{Code: "archive_limit"}}) || res.Outcome != relais.ExtractionPartial || !strings.Contains(res.Text, "alpha") {
		t.Errorf("%+v", res)
	}
}

func readIn(t *testing.T, b []byte) Result {
	t.Helper()
	x := NewInProcess(format.DefaultLimits())
	defer x.Close()
	res, err := x.Extract(t.Context(), Input{Name: "a.zip", Size: int64(len(b)), Body: readerAt(b)})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestArchiveNames: names of members are decoded as those of a captured archive are.
func TestArchiveNames(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, h := range []*zip.FileHeader{
		{Name: "R\x82sum\x82.txt", NonUTF8: true}, {Name: "Pi\x8ace \xb7 part.txt", NonUTF8: true}, {Name: `Docs\Offre.txt`},
	} {
		m, err := w.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(m, "alpha")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	res := readIn(t, b.Bytes())
	if !strings.Contains(res.Text, "Résumé.txt") || !strings.Contains(res.Text, "Pièce À part.txt") || !strings.Contains(res.Text, "\nOffre.txt") || len(res.Warnings) != 0 {
		t.Errorf("%+v", res)
	}
}
