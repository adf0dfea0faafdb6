package extract

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// pen writes text in Helvetica of 20 points, accents over letters.
type pen struct {
	strings.Builder
	x    float64
	last byte
}

// widthOf is in thousandths of an em, of the letters used here.
func widthOf(c byte) float64 {
	switch c {
	case 'i', 'l':
		return 222
	case 't', 'f', ' ':
		return 278
	case 'r', '`':
		return 333
	case 's', 'c':
		return 500
	case 'm':
		return 833
	}
	return 556
}

func (p *pen) write(s string) {
	fmt.Fprintf(p, "1 0 0 1 %.2f 50 Tm (%s) Tj ", p.x, s)
	for _, c := range []byte(s) {
		p.x += widthOf(c) / 50
		p.last = c
	}
}

// over draws an accent over the last letter, and under a letter to come.
func (p *pen) over(accent string) {
	fmt.Fprintf(p, "1 0 0 1 %.2f 50 Tm (%s) Tj ", p.x-widthOf(p.last)/100-333/100., accent)
}

func (p *pen) under(accent string, letter byte) {
	fmt.Fprintf(p, "1 0 0 1 %.2f 50 Tm (%s) Tj ", p.x+widthOf(letter)/100-333/100., accent)
}

// TestPDFAccents: accents drawn over letters are theirs, whichever is drawn first; one
// that somebody typed stays.
func TestPDFAccents(t *testing.T) {
	x := inProcessExtractor(t)
	const acute, grave, dieresis, circumflex, cedilla = `\264`, "`", `\250`, `\210`, `\270`
	for name, c := range map[string]struct {
		draw func(p *pen)
		want string
	}{
		"after its letter": {func(p *pen) {
			p.write("pre")
			p.over(acute)
			p.write("t de")
			p.over(acute)
			p.write("tail")
		}, "prét détail"},
		"before its letter":  {func(p *pen) { p.write("r"); p.under(acute, 'e'); p.write("eunion") }, "réunion"},
		"between two vowels": {func(p *pen) { p.write("cre"); p.over(acute); p.write("ation") }, "création"},
		"between, before":    {func(p *pen) { p.write("a"); p.under(dieresis, 'e'); p.write("erien") }, "aërien"},
		"grave":              {func(p *pen) { p.write("tre"); p.over(grave); p.write("s") }, "très"},
		"dieresis":           {func(p *pen) { p.write("mai"); p.over(dieresis); p.write("s") }, "maïs"},
		"circumflex":         {func(p *pen) { p.under(circumflex, 'e'); p.write("etre") }, "être"},
		"cedilla":            {func(p *pen) { p.write("franc"); p.over(cedilla); p.write("ais") }, "français"},
		"an apostrophe":      {func(p *pen) { p.write("l" + acute + "offre d" + acute + "accord") }, "l´offre d´accord"},
		"quotes":             {func(p *pen) { p.write("`ls` et `a`") }, "`ls` et `a`"},
		"on no such letter":  {func(p *pen) { p.write("t"); p.over(acute); p.write("x") }, "´tx"},
		"beside a hyphen": {func(p *pen) {
			p.write("de")
			p.over(acute)
			p.write("tail suit une cou-")
			p.WriteString("1 0 0 1 10 26 Tm (pure de vannes) Tj ")
		}, "détail suit une coupure de vannes"},
	} {
		p := &pen{x: 10}
		c.draw(p)
		res := extractBytes(t, x, "", pdfOf(pdfPageOf(stream("", "BT /F1 20 Tf "+p.String()+"ET"))...))
		if got := strings.TrimSpace(res.Text); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

func TestComposed(t *testing.T) {
	for text, want := range map[string]string{"e´": "é", "E`": "È", "ı¨": "ï", "c¸": "ç", "s\u02c7": "š", "a\u02da": "å", "t`": "", "´´": "", "e'": "", "1´": ""} {
		r := []rune(text)
		got, ok := composed(r[0], r[1])
		if ok != (want != "") || ok && string(got) != want {
			t.Errorf("%s: %q %t", text, got, ok)
		}
	}
}

// invoice is a PDF of a page and of files within it.
func invoice(catalog, page string, objects ...string) []byte {
	all := pdfPageOf(stream("", "BT /F1 9 Tf (facture) Tj ET"))
	all[0] = strings.TrimSuffix(all[0], ">>") + catalog + ">>"
	all[2] = strings.TrimSuffix(all[2], ">>") + page + ">>"
	return pdfOf(append(all, objects...)...)
}

// TestPDFFiles: the files within a document are read under their names, however it
// leads to them, and once.
func TestPDFFiles(t *testing.T) {
	x := inProcessExtractor(t)
	const xml = `<?xml version="1.0"?><rsm:CrossIndustryInvoice><ram:ID>F-2025-17</ram:ID><ram:Name>vanne niové</ram:Name></rsm:CrossIndustryInvoice>`
	spec := "<</Type/Filespec/F(x.bin)/UF(factur-x.xml)/EF<</F 7 0 R/UF 7 0 R>>>>"
	file := stream("/Type/EmbeddedFile/Subtype/text#2Fxml", xml)
	tree := "/Names<</EmbeddedFiles<</Names[(factur-x.xml)6 0 R]>>>>"
	const said = "facture\nfactur-x.xml\nF-2025-17\nvanne niové"
	for name, c := range map[string]struct {
		b    []byte
		want string
		warn string
	}{
		"name tree":       {invoice(tree, "", spec, file), said, ""},
		"branches":        {invoice("/Names<</EmbeddedFiles<</Kids[8 0 R]>>>>", "", spec, file, "<</Limits[(a)(z)]/Names[(factur-x.xml)6 0 R]>>"), said, ""},
		"associated":      {invoice("/AF[6 0 R]", "", spec, file), said, ""},
		"three ways":      {invoice("/AF[6 0 R]"+tree, "/Annots[8 0 R]", spec, file, "<</Subtype/FileAttachment/FS 6 0 R>>"), said, ""},
		"annotation":      {invoice("", "/Annots[8 0 R]", spec, file, "<</Subtype/FileAttachment/FS 6 0 R>>"), said, ""},
		"name of the key": {invoice(tree, "", "<</EF<</F 7 0 R>>>>", file), said, ""},
		"deflated":        {invoice(tree, "", spec, stream("/Filter/FlateDecode", zlibbed(t, xml))), said, ""},
		"a pdf in it":     {invoice(tree, "", strings.Replace(spec, "factur-x.xml", "b.pdf", 1), stream("", string(invoice("", "")))), "facture\nb.pdf\nfacture", ""},
		"a file outside":  {invoice(tree, "", "<</F(/etc/passwd)>>"), "facture", ""},
		"a circle":        {invoice("/Names<</EmbeddedFiles 6 0 R>>", "", "<</Kids[6 0 R 6 0 R]>>"), "facture", ""},
		"damaged":         {invoice(tree, "", spec, stream("/Filter/FlateDecode", "no such thing")), "facture\nfactur-x.xml", "member_damaged"},
		"a locked member": {invoice(tree, "", spec, stream("", "\xd0\xcf\x11\xe0")), "facture\nfactur-x.xml", ""},
	} {
		res := extractBytes(t, x, "", c.b)
		got := strings.TrimSpace(res.Text)
		if got != c.want || c.warn != "" && !strings.Contains(fmt.Sprint(res.Warnings), c.warn) || c.warn == "" && res.Outcome != relais.ExtractionComplete {
			t.Errorf("%s: %q (%s %v), not %q", name, got, res.Outcome, res.Warnings, c.want)
		}
	}
	picture := pdfOf("<</Type/Catalog/Pages 2 0 R"+strings.ReplaceAll(tree, "6 0", "4 0")+">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Contents 6 0 R/MediaBox[0 0 9 9]>>",
		strings.ReplaceAll(spec, "7 0", "5 0"), file, stream("", "0 0 m 1 1 l S"))
	if res := extractBytes(t, x, "", picture); !strings.Contains(res.Text, "niové") || res.Outcome != relais.ExtractionPartial {
		t.Errorf("behind a picture: %q %s %v", res.Text, res.Outcome, res.Warnings)
	}
	full, err := new(engines).pdfium(t.Context(), invoice(tree, "", spec, file), format.DefaultLimits())
	if err != nil || full.files == nil || len(full.files.list) != 1 || string(full.files.list[0].data) != xml {
		t.Errorf("by pdfium: %v, %v", full.files, err)
	}
}

func zlibbed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPDFBomb: what inflates without end is cut, and said.
func TestPDFBomb(t *testing.T) {
	spec := "<</EF<</F 7 0 R>>>>"
	b := invoice("/Names<</EmbeddedFiles<</Names[(bombe.txt)6 0 R]>>>>", "", spec, stream("/Filter/FlateDecode", deflated(t, "z", 2*maxMember)))
	res := extractBytes(t, inProcessExtractor(t), "", b)
	if res.Outcome != relais.ExtractionPartial || !strings.Contains(fmt.Sprint(res.Warnings), "archive_limit") {
		t.Errorf("%s %v", res.Outcome, res.Warnings)
	}
}
