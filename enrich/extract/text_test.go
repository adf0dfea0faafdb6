package extract

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/format"
)

// checkText wants of a text what Result promises.
func checkText(t *testing.T, text string, lim format.Limits) {
	t.Helper()
	switch {
	case !utf8.ValidString(text):
		t.Errorf("not UTF-8: %q", text)
	case !norm.NFC.IsNormalString(text):
		t.Errorf("not NFC: %q", text)
	case int64(len(text)) > lim.TextBytes:
		t.Errorf("%d bytes", len(text))
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xe000 || r == 0xe001 {
			t.Errorf("control character %U", r)
		}
	}
}

func TestTidy(t *testing.T) {
	for _, c := range []struct {
		in, plain, squeezed string
	}{
		{"a\r\nb\rc\n", "a\nb\nc\n", "a\nb\nc"},
		{"a  \n\n\n\n b\t\n", "a  \n\n\n\n b\t\n", "a\n\n b"},
		{"a\x00b\x1bc\x7f", "abc", "abc"},
		{"\ufeffé\u00ad\u200b\u0085x", "éx", "éx"},
		{"bad \xff\xfe", "bad \ufffd\ufffd", "bad \ufffd\ufffd"},
		{"mark \ue000x\ue001", "mark x", "mark x"},
		{"e\u0301", "é", "é"},
		{"a\u2028b\fc", "a\nb\nc", "a\nb\nc"},
	} {
		if got, _ := finish([]byte(c.in), false, 1000); got != c.plain {
			t.Errorf("%q: %q, not %q", c.in, got, c.plain)
		}
		if got, _ := finish([]byte(c.in), true, 1000); got != c.squeezed {
			t.Errorf("%q squeezed: %q, not %q", c.in, got, c.squeezed)
		}
	}
}

func TestFinishCutsBetweenCharacters(t *testing.T) {
	text, cut := finish([]byte("aé€"), false, 5)
	if text != "aé" || !cut {
		t.Errorf("%q, %t", text, cut)
	}
	text, cut = finish([]byte("aé€"), false, 6)
	if text != "aé€" || cut {
		t.Errorf("%q, %t", text, cut)
	}
}

func TestTextBufStopsAtItsLimit(t *testing.T) {
	b := newTextBuf(10)
	for range 5 {
		b.writeString("abc")
		b.writeByte('d')
		b.write([]byte("e"))
		b.line()
	}
	if len(b.b) != 10 || !b.full {
		t.Errorf("%d bytes, full %t", len(b.b), b.full)
	}
}

func BenchmarkTidy(b *testing.B) {
	text := []byte(strings.Repeat("Veuillez trouver ci-joint notre offre révisée.\r\n", 1_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		finish(text, true, 1<<30)
	}
}
