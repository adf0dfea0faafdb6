package extract

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ledongthuc/pdf"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func quickText(t *testing.T, objects ...string) string {
	t.Helper()
	q := readPDFQuick(context.Background(), pdfOf(objects...), format.DefaultLimits())
	return strings.TrimRight(string(q.text), "\n")
}

// TestPDFPlacement: words and lines come from where glyphs are put, whatever the
// operators that put them there.
func TestPDFPlacement(t *testing.T) {
	const font = "/F1 10 Tf "
	for name, c := range map[string]struct{ content, want string }{
		"one string":        {"BT " + font + "(one two) Tj ET", "one two"},
		"kerning":           {"BT " + font + "[(V)80(alue)-30(s)] TJ ET", "Values"},
		"wide kerning":      {"BT " + font + "[(one)-500(two)] TJ ET", "one two"},
		"next line":         {"BT " + font + "(one) Tj 0 -12 Td (two) Tj ET", "one\ntwo"},
		"next line, T*":     {"BT " + font + "12 TL (one) Tj T* (two) Tj ET", "one\ntwo"},
		"next line, '":      {"BT " + font + "12 TL (one) Tj (two) ' ET", "one\ntwo"},
		"next line, quotes": {"BT " + font + "12 TL (one) Tj 0 0 (two) \" ET", "one\ntwo"},
		"TD sets leading":   {"BT " + font + "(one) Tj 0 -12 TD (two) Tj T* (three) Tj ET", "one\ntwo\nthree"},
		"far on the line":   {"BT " + font + "1 0 0 1 10 50 Tm (one) Tj 1 0 0 1 200 50 Tm (two) Tj ET", "one two"},
		"glyph by glyph":    {"BT " + font + "1 0 0 1 10 50 Tm (a) Tj 1 0 0 1 15 50 Tm (b) Tj 1 0 0 1 20 50 Tm (c) Tj ET", "abc"},
		"another matrix":    {"BT " + font + "(one) Tj ET q 1 0 0 1 0 -50 cm BT " + font + "(two) Tj ET Q", "one\ntwo"},
		"escapes":           {"BT " + font + `(caf\351 \(x\)) Tj ET`, "café (x)"},
		"hexadecimal":       {"BT " + font + "<6F6E65> Tj ET", "one"},
		"no font":           {"BT (lost) Tj ET", ""},
		"bare operators":    {"Tj TJ ' Td Tm BT ET Tf Do cm", ""},
	} {
		if got := quickText(t, pdfPageOf(stream("", c.content))...); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

func TestPDFPages(t *testing.T) {
	page := func(parent, content int) string {
		return fmt.Sprintf("<</Type/Page/Parent %d 0 R/Contents %d 0 R>>", parent, content)
	}
	say := func(s string) string { return stream("", "BT /F1 9 Tf ("+s+") Tj ET\n") }
	const fonts = "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/Encoding/WinAnsiEncoding>>>>>>"
	got := quickText(t, "<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R 6 0 R]/Count -7"+fonts+">>", "<</Type/Pages/Kids[4 0 R 5 0 R 2 0 R]/Parent 3 0 R>>",
		page(3, 7), page(3, 8), page(2, 9), say("one"), say("two"), "["+"10 0 R 11 0 R]", say("three,"), say("four"))
	if got != "one\ntwo\nthree, four" {
		t.Errorf("%q", got)
	}
}

func TestPDFExtras(t *testing.T) {
	objects := pdfPageOf(stream("", "BT /F1 9 Tf (body) Tj ET"))
	objects[0] = "<</Type/Catalog/Pages 2 0 R/Outlines<</First 6 0 R>>/AcroForm<</Fields[8 0 R]>>>>"
	objects[2] = strings.TrimSuffix(objects[2], ">>") + "/Annots[10 0 R]>>"
	objects = append(objects, "<</Title(Chapter one)/First 7 0 R>>", "<</Title<FEFF00E9>>>",
		"<</Kids[9 0 R]>>", "<</V(Dupont)>>", "<</T(Ann)/Contents(check this)/A<</URI(https://acme.example/x)>>>>")
	want := "body\nAnn\ncheck this\nhttps://acme.example/x\nDupont\nChapter one\né"
	if diff := cmp.Diff(want, quickText(t, objects...)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPDFComposedFont(t *testing.T) {
	cmap := "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo 3 dict dup begin /Registry (Adobe) def end def\n" +
		"1 begincodespacerange <0000> <ffff> endcodespacerange\n" +
		"2 beginbfchar <0001> <0041> <0002> <00660069> endbfchar\n" +
		"2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<0078> <0079>] endbfrange\nendcmap end end"
	objects := pdfPageOf(stream("", "BT /F1 10 Tf <0001000200100011001200200021FFFF> Tj ET"))
	objects[4] = "<</Type/Font/Subtype/Type0/Encoding/Identity-H/ToUnicode 6 0 R/DescendantFonts[<</DW 600/W[1[500 700]16 18 300]>>]>>"
	objects = append(objects, stream("", cmap))
	if got := quickText(t, objects...); got != "Afiabcxy\ufffd" {
		t.Errorf("%q", got)
	}
	r, err := pdf.NewReader(bytes.NewReader(pdfOf(objects...)), int64(len(pdfOf(objects...))))
	if err != nil {
		t.Fatal(err)
	}
	font := r.Trailer().Key("Root").Key("Pages").Key("Kids").Index(0).Key("Resources").Key("Font").Key("F1")
	f := newPDFFont(&pdfDoc{content: maxPDFContent}, font)
	for code, want := range map[int]float64{1: 0.5, 2: 0.7, 16: 0.3, 18: 0.3, 3: 0.6, 9_999: 0.6} {
		if got := f.width(code); got != want {
			t.Errorf("width of %d: %v", code, got)
		}
	}
}

func TestPDFDifferences(t *testing.T) {
	objects := pdfPageOf(stream("", "BT /F1 10 Tf (\x01\x02) Tj ET"))
	objects[4] = "<</Type/Font/Subtype/Type1/FirstChar 1/LastChar 2/Widths[500 500]/Encoding<</Type/Encoding/Differences[1/eacute/Euro]>>>>"
	if got := quickText(t, objects...); got != "é€" {
		t.Errorf("%q", got)
	}
}

func TestPDFLocked(t *testing.T) {
	x := inProcessExtractor(t)
	res, err := x.Extract(context.Background(), inputFile(t, "testdata/tika-testPDF_no_extract_no_accessibility_owner_user.pdf"))
	if err != nil || res.Outcome != relais.ExtractionFailed || res.Warnings[0].Code != "locked" {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestPDFiumAlone reads what the quick reader is kept from, and twice the same
// after a document that breaks the instance.
func TestPDFiumAlone(t *testing.T) {
	e := &engines{cacheDir: cacheDir(t)}
	defer e.close()
	good, lim := pdfOf(pdfPageOf(stream("", pdfSentence))...), format.DefaultLimits()
	for _, bad := range [][]byte{nil, []byte("%PDF-1.4")} {
		got, err := e.pdfium(context.Background(), good, lim)
		if err != nil || strings.TrimSpace(string(got.text)) != "The offer stands until the end of the month" {
			t.Fatalf("%q, %v", got.text, err)
		}
		if _, err := e.pdfium(context.Background(), bad, lim); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.pdfium(ctx, good, lim); err == nil {
		t.Error("a cancelled reading goes on")
	}
	lim.TextBytes = 9
	got, err := e.pdfium(context.Background(), good, lim)
	if err != nil || len(got.text) != 9 || len(got.warn) != 1 {
		t.Errorf("%q %v %v", got.text, got.warn, err)
	}
}
