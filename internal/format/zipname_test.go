package format

import (
	"archive/zip"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
)

// unicodePath is the extra field of Info-ZIP for a name, made for a plain one.
func unicodePath(plain, name string) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, zipInfoName)
	b = le.AppendUint16(b, uint16(5+len(name)))
	b = append(b, 1)
	b = le.AppendUint32(b, crc32.ChecksumIEEE([]byte(plain)))
	return append(b, name...)
}

func in(t *testing.T, page *charmap.Charmap, s string) string {
	t.Helper()
	b, err := page.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestZipNames(t *testing.T) {
	dos, west, windows := charmap.CodePage437, charmap.CodePage850, charmap.Windows1252
	for _, c := range []struct {
		what, raw string
		flags     uint16
		extra     []byte
		want      string
	}{
		{"ASCII", "a.txt", 0, nil, "a.txt"},
		{"code page 437", in(t, dos, "été à Nîmes, reçu.txt"), 0, nil, "été à Nîmes, reçu.txt"},
		{"code page 850", in(t, west, "Réunion À Évreux.txt"), 0, nil, "Réunion À Évreux.txt"},
		{"code page 850, capitals", in(t, west, "DEVIS ÊTRE.TXT"), 0, nil, "DEVIS ÊTRE.TXT"},
		{"windows-1252", in(t, windows, "Réunion à Lyon.txt"), 0, nil, "Réunion à Lyon.txt"},
		{"windows-1252, German", in(t, windows, "Verträge für Müller.txt"), 0, nil, "Verträge für Müller.txt"},
		{"437, German", in(t, dos, "Verträge für Müller.txt"), 0, nil, "Verträge für Müller.txt"},
		{"850, Spanish", in(t, west, "Año, petición.txt"), 0, nil, "Año, petición.txt"},
		{"UTF-8, not declared", "Été.txt", 0, nil, "Été.txt"},
		{"UTF-8, declared", "Été.txt", zipUTF8, nil, "Été.txt"},
		{"UTF-8, declared and not so", "\x82", zipUTF8, nil, "\ufffd"},
		{"decomposed", "E\u0301te\u0301.txt", 0, nil, "E\u0301te\u0301.txt"},
		{"Unicode field", "Devis_.txt", 0, unicodePath("Devis_.txt", "Devis №5.txt"), "Devis №5.txt"},
		{"behind another field", "D_", 0, append([]byte{9, 0, 2, 0, 7, 7}, unicodePath("D_", "Dé")...), "Dé"},
		{"before 437", in(t, dos, "é"), 0, unicodePath(in(t, dos, "é"), "日本"), "日本"},
		{"of another name", "New.txt", 0, unicodePath("Old.txt", "Ancien.txt"), "New.txt"},
		{"of another version", "D_", 0, append([]byte{0x75, 0x70, 6, 0, 2}, unicodePath("D_", "x")[5:]...), "D_"},
		{"not UTF-8", "D_", 0, unicodePath("D_", "\xff"), "D_"},
		{"cut short", "D_", 0, unicodePath("D_", "Dé")[:8], "D_"},
	} {
		if got := ZipName(c.raw, c.flags, c.extra); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

// TestZipBackslashes: between levels where Windows wrote them, or where nothing else
// stands there.
func TestZipBackslashes(t *testing.T) {
	const fat, unix = 0, 3 << 8
	for what, c := range map[string]struct {
		host  uint16
		names []string
		want  []string
	}{
		"of Windows":          {fat, []string{`Mail\INBOX\a`, "b"}, []string{"Mail/INBOX/a", "b"}},
		"of Windows, mixed":   {fat, []string{`Mail/INBOX\a`, `Mail\b`}, []string{"Mail/INBOX/a", "Mail/b"}},
		"of unix":             {unix, []string{"Docs/c", `Docs/A\B`, `D\E`}, []string{"Docs/c", `Docs/A\B`, `D\E`}},
		"of unix, slash last": {unix, []string{`D\E`, "Docs/c"}, []string{`D\E`, "Docs/c"}},
		".NET on unix":        {unix, []string{`D\E`, "c", `D\F\g`}, []string{"D/E", "c", "D/F/g"}},
	} {
		b := zipFile(t, func(w *zip.Writer) {
			for _, name := range c.names {
				addFile(w, &zip.FileHeader{Name: name, CreatorVersion: c.host | 20}, strings.NewReader("x"))
			}
		})
		got, err := readZip(t, NewArchive(DefaultLimits()), b)
		for i := range c.want {
			c.want[i] += "=x"
		}
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s: %v; want -, got +:\n%s", what, err, d)
		}
	}
}
