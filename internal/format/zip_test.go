package format

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// zipFile makes an archive with the standard library.
func zipFile(t testing.TB, add func(w *zip.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func addFile(w *zip.Writer, h *zip.FileHeader, data io.Reader) {
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = io.Copy(f, data)
	}
	if err != nil {
		panic(err)
	}
}

// readZip reads every member, as "name=bytes" or "name!reason".
func readZip(t testing.TB, a *Archive, b []byte) (list []string, err error) {
	t.Helper()
	err = a.Zip(bytes.NewReader(b), int64(len(b)), func(m Member) error {
		if m.Reason != "" {
			list = append(list, m.Name+"!"+m.Reason)
			return nil
		}
		data, err := io.ReadAll(m.Body)
		if err != nil {
			list = append(list, fmt.Sprintf("%s!%s", m.Name, relais.KindOf(err)))
			return nil
		}
		if len(data) > 20 {
			data = fmt.Appendf(nil, "%d bytes", len(data))
		}
		list = append(list, m.Name+"="+string(data))
		return nil
	})
	return list, err
}

func TestZipMembers(t *testing.T) {
	b := zipFile(t, func(w *zip.Writer) {
		for _, name := range []string{"a.txt", "dir/", "dir/b.txt", "../up", "x/../../up", "/abs", `C:\x`, "C:/x", `d\e`, "A.TXT", "nul\x00", "ét\u00e9.txt"} {
			addFile(w, &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)}, strings.NewReader(name[:min(len(name), 1-strings.Count(name[len(name)-1:], "/"))]))
		}
		link := &zip.FileHeader{Name: "link"}
		link.SetMode(fs.ModeSymlink | 0o777)
		addFile(w, link, strings.NewReader("/etc/passwd"))
		setuid := &zip.FileHeader{Name: "setuid"}
		setuid.SetMode(fs.ModeSetuid | 0o755)
		addFile(w, setuid, strings.NewReader("x"))
		addFile(w, &zip.FileHeader{Name: "stored", Method: zip.Store}, strings.NewReader("as it is"))
	})
	for _, prefix := range []string{"", "#!/bin/sh\nself-extracting"} {
		got, err := readZip(t, NewArchive(DefaultLimits()), append([]byte(prefix), b...))
		want := []string{
			"a.txt=a", "dir/b.txt=d", "../up=.", "x/../../up=x", "/abs=/", "C:/x=C", "C:/x=C", "d/e=d",
			"A.TXT=A", "nul\x00=n", "été.txt=\xc3", "link!link", "setuid=x", "stored=as it is",
		}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v; want -, got +:\n%s", err, d)
		}
	}
}

func TestZipDamage(t *testing.T) {
	good := zipFile(t, func(w *zip.Writer) {
		addFile(w, &zip.FileHeader{Name: "a", Method: zip.Store}, strings.NewReader("hello"))
		addFile(w, &zip.FileHeader{Name: "b", Method: zip.Deflate}, strings.NewReader("hello"))
	})
	at := bytes.Index(good, []byte("PK\x01\x02"))
	change := func(i int, v byte) []byte {
		b := bytes.Clone(good)
		b[i] = v
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want []string
	}{
		"good":              {good, []string{"a=hello", "b=hello"}},
		"checksum":          {change(31, 'x'), []string{"a!damaged", "b=hello"}},
		"locked":            {change(at+8, 1), []string{"a!locked", "b=hello"}},
		"method":            {change(at+10, 99), []string{"a!method", "b=hello"}},
		"offset":            {change(at+42, 7), []string{"a!damaged", "b=hello"}},
		"stored size":       {change(at+23, 0xff), []string{"a!damaged", "b=hello"}},
		"directory damaged": {change(bytes.LastIndex(good, []byte("PK\x01\x02")), 0), []string{"a=hello"}},
	} {
		got, err := readZip(t, NewArchive(DefaultLimits()), c.b)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s: %v; want -, got +:\n%s", name, err, d)
		}
	}
	for _, b := range [][]byte{nil, []byte("PK"), []byte("no zip at all"), good[:len(good)-10]} {
		if _, err := readZip(t, NewArchive(DefaultLimits()), b); relais.KindOf(err) != relais.KindRefused {
			t.Errorf("%.20q: %v, want refused", b, err)
		}
	}
	stop := errors.New("stop")
	if err := NewArchive(DefaultLimits()).Zip(bytes.NewReader(good), int64(len(good)), func(Member) error { return stop }); err != stop {
		t.Errorf("error %v, want the function's", err)
	}
}

// TestZipBombs wants every bomb stopped by what is written out, whatever it
// declares.
func TestZipBombs(t *testing.T) {
	lim := DefaultLimits()
	zeros := zipFile(t, func(w *zip.Writer) {
		addFile(w, &zip.FileHeader{Name: "zeros", Method: zip.Deflate}, repeat("\x00", 64<<20))
	})
	a := NewArchive(lim)
	if got, err := readZip(t, a, zeros); err != nil || got[0] != "zeros!too_large" || a.out > 20<<20 {
		t.Errorf("ratio: %v %v, %d bytes written", got, err, a.out)
	}
	lim.ArchiveBytes, lim.ArchiveRatio = 1<<20, 1<<30
	a = NewArchive(lim)
	two := zipFile(t, func(w *zip.Writer) {
		addFile(w, &zip.FileHeader{Name: "a", Method: zip.Deflate}, repeat("a", 2<<20))
		addFile(w, &zip.FileHeader{Name: "b", Method: zip.Deflate}, repeat("a", 10))
	})
	if got, err := readZip(t, a, two); err != nil || cmp.Diff([]string{"a!too_large", "b!limit"}, got) != "" {
		t.Errorf("total: %v %v", got, err)
	}
	a = NewArchive(DefaultLimits())
	if got, err := readZip(t, a, overlapping(5000)); err != nil || !strings.Contains(strings.Join(got, " "), "too_large") || a.out > 64<<20 {
		t.Errorf("overlapping: %d members, %v, %d bytes written", len(got), err, a.out)
	}
}

// overlapping makes an archive whose n members are one deflated piece of 100 KB.
func overlapping(n int) []byte {
	data := bytes.Repeat([]byte("0123456789abcdef"), 6400)
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, 9)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	le := binary.LittleEndian
	var b []byte
	b = le.AppendUint32(b, sigLocal)
	b = append(b, make([]byte, 26)...)
	b = append(b, deflated.Bytes()...)
	start := len(b)
	for i := range n {
		name := fmt.Sprintf("%08d", i)
		var h [46]byte
		le.PutUint32(h[:], sigCentral)
		le.PutUint16(h[10:], methodDeflate)
		le.PutUint32(h[16:], crc32.ChecksumIEEE(data))
		le.PutUint32(h[20:], uint32(deflated.Len()))
		le.PutUint16(h[28:], uint16(len(name)))
		b = append(append(b, h[:]...), name...)
	}
	var end [endSize]byte
	le.PutUint32(end[:], sigEnd)
	le.PutUint16(end[10:], uint16(n))
	le.PutUint32(end[12:], uint32(len(b)-start))
	le.PutUint32(end[16:], uint32(start))
	return append(b, end[:]...)
}

func TestZipEntriesAndDepth(t *testing.T) {
	a := NewArchive(DefaultLimits())
	got, err := readZip(t, a, overlapping(60_000))
	if err != nil || len(got) != 60_000 || strings.HasSuffix(got[9_999], "!limit") || !strings.HasSuffix(got[10_000], "!limit") {
		t.Errorf("%d members, %v", len(got), err)
	}
	if codes := codesOf(a.Warnings()); codes[warnArchiveEntries] != "50000" {
		t.Errorf("warnings %v", a.Warnings())
	}
	nested := []byte("core")
	for range 5 {
		inner := nested
		nested = zipFile(t, func(w *zip.Writer) { addFile(w, &zip.FileHeader{Name: "in.zip"}, bytes.NewReader(inner)) })
	}
	a = NewArchive(DefaultLimits())
	opened := 0
	var open func(m Member) error
	open = func(m Member) error {
		opened++
		data, err := io.ReadAll(m.Body)
		if err != nil {
			return err
		}
		return a.Zip(bytes.NewReader(data), int64(len(data)), open)
	}
	if err := a.Zip(bytes.NewReader(nested), int64(len(nested)), open); err != nil || opened != 3 {
		t.Errorf("%d levels opened, %v", opened, err)
	}
	if _, ok := codesOf(a.Warnings())[warnArchiveDepth]; !ok {
		t.Errorf("warnings %v", a.Warnings())
	}
}

// TestZip64 reads an archive that declares its sizes in zip64 records.
func TestZip64(t *testing.T) {
	le := binary.LittleEndian
	b := zipFile(t, func(w *zip.Writer) {
		addFile(w, &zip.FileHeader{Name: "a", Method: zip.Store}, strings.NewReader("hello"))
	})
	end := bytes.Clone(b[len(b)-endSize:])
	dirAt, dirLen := le.Uint32(end[16:]), le.Uint32(end[12:])
	dir := bytes.Clone(b[dirAt : dirAt+dirLen])
	stored := le.Uint32(dir[20:])
	var extra []byte
	extra = le.AppendUint16(extra, 1)
	extra = le.AppendUint16(extra, 24)
	extra = le.AppendUint64(le.AppendUint64(le.AppendUint64(extra, uint64(stored)), uint64(stored)), 0)
	le.PutUint32(dir[20:], 0xffffffff)
	le.PutUint32(dir[24:], 0xffffffff)
	le.PutUint32(dir[42:], 0xffffffff)
	le.PutUint16(dir[30:], uint16(len(extra)))
	dir = append(dir[:47], extra...)
	out := append(bytes.Clone(b[:dirAt]), dir...)
	where := len(out)
	var end64 [56]byte
	le.PutUint32(end64[:], sigEnd64)
	le.PutUint64(end64[32:], 1)
	le.PutUint64(end64[40:], uint64(len(dir)))
	le.PutUint64(end64[48:], uint64(dirAt))
	out = append(out, end64[:]...)
	var loc [20]byte
	le.PutUint32(loc[:], sigLocator64)
	le.PutUint64(loc[8:], uint64(where))
	out = append(out, loc[:]...)
	le.PutUint32(end[12:], 0xffffffff)
	le.PutUint32(end[16:], 0xffffffff)
	out = append(out, end...)
	got, err := readZip(t, NewArchive(DefaultLimits()), out)
	if err != nil || len(got) != 1 || got[0] != "a=hello" {
		t.Errorf("%v %v", got, err)
	}
}
