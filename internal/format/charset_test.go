package format

import (
	"encoding/hex"
	"strings"
	"testing"
)

// TestCharsetLabels decodes a sample under every label that Python's codecs know, as
// Python encoded it (testdata/charsets.tsv: label, bytes, text).
func TestCharsetLabels(t *testing.T) {
	n := 0
	for line := range strings.Lines(string(readFile(t, "testdata/charsets.tsv"))) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		raw, err := hex.DecodeString(f[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, label := range []string{f[0], strings.ToUpper(strings.ReplaceAll(f[0], "_", "-"))} {
			var warn warnings
			if got := strings.TrimPrefix(string(decodeText(raw, label, "", &warn)), "\ufeff"); got != f[2] {
				t.Errorf("%s: got %q, want %q", label, got, f[2])
			}
		}
		n++
	}
	if n < 300 {
		t.Errorf("%d labels", n)
	}
}

// TestCharsetNames reads labels that no registry has, as mail bears them.
func TestCharsetNames(t *testing.T) {
	for label, want := range map[string]string{
		`"utf-8"`: "utf-8", "utf8": "utf-8", "UTF-8 (comment)": "utf-8", "utf-8;": "utf-8", "'utf-8'": "utf-8", "cp-65001": "utf-8",
		"iso8859-1": "windows-1252", "ISO_8859-1:1987": "windows-1252", "cp-1252": "windows-1252", "windows1252": "windows-1252",
		"win-1251": "windows-1251", "x-cp1250": "windows-1250", "codepage 850": "codepage", "CP858": "cp858", "ibm-858": "cp858",
		"x-windows-949": "euc-kr", "windows-950": "big5", "ms936": "gbk", "x-windows-31j": "shift_jis", "iso8859_15": "iso-8859-15",
		"8859-15": "iso-8859-15", "latin-9": "iso-8859-15", "iso-8859-8-i": "iso-8859-8-i", "iso-8859-6-E": "iso-8859-6-e",
		"unicode-1-1-utf-7": "utf-7", "x-mac-centraleurroman": "x-mac-ce", "macce": "x-mac-ce", "x-mac-cyrillic": "x-mac-cyrillic",
		"iso-2022-jp-ms": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "utf-8*fr": "utf-8", "28605": "iso-8859-15", "klingon": "klingon",
	} {
		if got := charsetName(label); got != want {
			t.Errorf("%q: got %q, want %q", label, got, want)
		}
		if e := Charset(label); (e == nil) != (want == "utf-8" || want == "utf-7" || want == "klingon" || want == "codepage") {
			t.Errorf("%q: encoding %v", label, e)
		}
	}
}

// TestCharsetShifted reads what looks like ASCII, and says so where it had to guess.
func TestCharsetShifted(t *testing.T) {
	for _, c := range []struct{ label, raw, want string }{
		{"iso-2022-kr", "\x1b$)C\x0e0_@{<-8&\x0f :\n\x0e3;?*\x0f ok", "견적서를 :\n내역 ok"},
		{"iso-2022-cn", "\x1b$)A\x0eGk2i\x0f: ok", "请查: ok"},
		{"utf-32", "\x00\x00\x00\xe9\x00\x00\x00t\x00\x00\x00\xe9", "été"},
		{"utf-32", "\xe9\x00\x00\x00t\x00\x00\x00\xe9\x00\x00\x00", "été"},
		{"utf-16", "\x00\xe9\x00t\x00\xe9", "été"},
		{"utf-16", "\xe9\x00t\x00\xe9\x00", "été"},
		{"cp500", "plain text that lies", "plain text that lies"},
		{"utf-16", "plain", "plain"},
	} {
		var warn warnings
		if got := string(decodeText([]byte(c.raw), c.label, "", &warn)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.label, got, c.want)
		}
	}
	var warn warnings
	if got := string(decodeText([]byte("Soci\xe9t\xe9"), "klingon", "", &warn)); got != "Société" || !warn.has(warnCharset) {
		t.Errorf("an unknown label: %q, warned %t", got, warn.has(warnCharset))
	}
}
