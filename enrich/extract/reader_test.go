package extract

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func inProcessExtractor(t testing.TB) Extractor {
	t.Helper()
	e := &engines{cacheDir: cacheDir(t)}
	x := &inProcess{reader: newReader(format.DefaultLimits(), formats(e)), engines: e}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func extractBytes(t testing.TB, x Extractor, name string, b []byte) Result {
	t.Helper()
	res, err := x.Extract(context.Background(), Input{Name: name, Size: int64(len(b)), Body: readerAt(b)})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

const (
	officeRel = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	relsOpen  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
)

func relationshipTo(id, kind, target string) string {
	return `<Relationship Id="` + id + `" Type="` + officeRel + "/" + kind + `" Target="` + target + `"/>`
}

func wordDocument(t testing.TB) []byte {
	body := `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w" xmlns:mc="mc"><w:body>
	<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>Offre n° 42</w:t></w:r><w:r><w:tab/><w:t xml:space="preserve">R&amp;D </w:t></w:r><w:ins><w:r><w:t>ajouté</w:t></w:r></w:ins><w:del><w:r><w:delText>supprimé</w:delText></w:r></w:del></w:p>
	<w:moveFrom><w:r><w:t>ancien</w:t></w:r></w:moveFrom>
	<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Pompe</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>1&#160;200 €</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
	<w:p><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>encadré</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:t>encadré encore</w:t></mc:Fallback></mc:AlternateContent></w:p>
	<w:p><w:r><w:instrText>HYPERLINK "http://x"</w:instrText><w:t>lien</w:t><w:br/><w:t>suite</w:t></w:r></w:p></w:body></w:document>`
	par := func(s string) string { return `<w:x xmlns:w="w"><w:p><w:r><w:t>` + s + `</w:t></w:r></w:p></w:x>` }
	return zipOf(t, "[Content_Types].xml", `<Types><Override PartName="/word/document.xml" ContentType="`+typeDocx+`.main+xml"/></Types>`,
		"word/document.xml", body, "word/header2.xml", par("en-tête"), "word/footer1.xml", par("pied"), "word/footnotes.xml", par("note de bas"),
		"word/comments.xml", `<w:comments xmlns:w="w"><w:comment w:author="Léa"><w:p><w:r><w:t>à revoir</w:t></w:r></w:p></w:comment></w:comments>`,
		"word/charts/chart1.xml", `<c:chart xmlns:c="c" xmlns:a="a"><a:p><a:r><a:t>Ventes</a:t></a:r></a:p><c:pt><c:v>2021</c:v></c:pt><c:pt><c:v>17</c:v></c:pt></c:chart>`,
		"word/chunk.html", "<p>morceau <b>html</b></p>", "word/embeddings/data.txt", "annexe")
}

func TestDocx(t *testing.T) {
	x := inProcessExtractor(t)
	res := extractBytes(t, x, "", wordDocument(t))
	want := "Offre n° 42\tR&D ajouté\nPompe\t1\u00a0200 €\nencadré\n\nlien\nsuite\nnote de bas\nLéa: à revoir\nen-tête\npied\nVentes\n2021 17\nmorceau html\nannexe"
	if diff := cmp.Diff(want, res.Text); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if res.MediaType != typeDocx || res.Outcome != relais.ExtractionComplete || res.Extractor != "docx/1" {
		t.Errorf("%+v", res)
	}
}

func TestPptx(t *testing.T) {
	slide := func(s string) string {
		return `<p:sld xmlns:p="p" xmlns:a="a"><p:sp><a:p><a:r><a:t>` + s + `</a:t></a:r></a:p></p:sp></p:sld>`
	}
	master := `<p:sldMaster xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:t>Click to edit</a:t></a:p></p:sp><p:sp><a:p><a:t>Pompes Dubois</a:t></a:p></p:sp></p:sldMaster>`
	b := zipOf(t, "[Content_Types].xml", `<Types><Override PartName="/ppt/presentation.xml" ContentType="`+typePptx+`.main+xml"/></Types>`,
		"ppt/presentation.xml", `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", relsOpen+relationshipTo("rId1", "slide", "slides/slide1.xml")+relationshipTo("rId2", "slide", "/ppt/slides/slide2.xml")+`</Relationships>`,
		"ppt/slides/slide1.xml", slide("shown last"), "ppt/slides/slide2.xml", slide("shown first"),
		"ppt/slides/_rels/slide2.xml.rels", relsOpen+relationshipTo("rId1", "notesSlide", "../notesSlides/notesSlide7.xml")+`<Relationship Id="x" TargetMode="External" Target="http://example.com/notesSlides/x"/></Relationships>`,
		"ppt/notesSlides/notesSlide7.xml", slide("say hello"), "ppt/slides/slide10.xml", slide("unlisted"), "ppt/slideMasters/slideMaster1.xml", master)
	res := extractBytes(t, inProcessExtractor(t), "", b)
	if diff := cmp.Diff("shown first\nsay hello\nshown last\nunlisted\nPompes Dubois", res.Text); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func workbook(t testing.TB) *excelize.File {
	t.Helper()
	f := excelize.NewFile()
	style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	for cell, v := range map[string]any{"A1": "Réf", "B1": "Prix", "A2": "PX-200", "B2": 1200.5, "D2": 44927, "A9": true} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		f.SetCellStyle("Sheet1", "D2", "D2", style),
		f.AddComment("Sheet1", excelize.Comment{Cell: "A2", Author: "Léa", Text: "promis en mars"}),
		f.SetHeaderFooter("Sheet1", &excelize.HeaderFooterOptions{OddHeader: `&L&"Arial,Bold"Confidentiel && interne&RPage &P`}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestXlsx(t *testing.T) {
	var buf bytes.Buffer
	if err := workbook(t).Write(&buf); err != nil {
		t.Fatal(err)
	}
	res := extractBytes(t, inProcessExtractor(t), "", buf.Bytes())
	for _, want := range []string{"Sheet1\nRéf\tPrix\nPX-200\t1200.5\t1/1/23\nTRUE\n", "promis en mars", "Confidentiel & interne"} {
		if !strings.Contains(res.Text, want) {
			t.Errorf("no %q in %q", want, res.Text)
		}
	}
	if res.MediaType != typeXlsx || res.Outcome != relais.ExtractionComplete {
		t.Errorf("%s %s %v", res.MediaType, res.Outcome, res.Warnings)
	}
}

func TestEncryptedOffice(t *testing.T) {
	x := inProcessExtractor(t)
	for password, want := range map[string]relais.Extraction{everyonesPassword: relais.ExtractionComplete, "secret": relais.ExtractionFailed} {
		var buf bytes.Buffer
		if err := workbook(t).Write(&buf, excelize.Options{Password: password}); err != nil {
			t.Fatal(err)
		}
		res := extractBytes(t, x, "prix.xlsx", buf.Bytes())
		if res.Outcome != want || res.MediaType != typeXlsx {
			t.Errorf("%s: %s %s %v", password, res.MediaType, res.Outcome, res.Warnings)
		}
		if want == relais.ExtractionFailed && res.Warnings[0].Code != "locked" {
			t.Errorf("warnings %v", res.Warnings)
		}
	}
}

func TestODF(t *testing.T) {
	content := `<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="tb"><office:body>
	<text:tracked-changes><text:p>removed</text:p></text:tracked-changes>
	<text:h>Compte
rendu</text:h><text:p>deux<text:s text:c="2"/>blancs<text:tab/>tab<text:line-break/>ligne<text:note><text:p>note</text:p></text:note></text:p>
	<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>
	ignored</office:body></office:document-content>`
	styles := `<s xmlns:text="t" xmlns:style="s"><text:p>not shown</text:p><style:header><text:p>en-tête</text:p></style:header></s>`
	parts := []string{"mimetype", "application/vnd.oasis.opendocument.text", "content.xml", content, "styles.xml", styles}
	x := inProcessExtractor(t)
	res := extractBytes(t, x, "", zipOf(t, parts...))
	if diff := cmp.Diff("Compte rendu\ndeux  blancs\ttab\nligne\nnote\n\na\tb\n\nen-tête", res.Text); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	locked := append(parts, "META-INF/manifest.xml", "<manifest:encryption-data/>")
	if res = extractBytes(t, x, "", zipOf(t, locked...)); res.Outcome != relais.ExtractionFailed || res.Warnings[0].Code != "locked" {
		t.Errorf("encrypted: %+v", res)
	}
}

func TestRTF(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":         {`{\rtf1\ansi Hello\par world\tab x}`, "Hello\nworld\tx"},
		"code page":     {`{\rtf1\ansi\ansicpg1252 caf\'e9 \'80}`, "café €"},
		"cyrillic font": {`{\rtf1\ansi{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}\f1\'cf\'f0\f0 x}`, "Прx"},
		"japanese":      {`{\rtf1\ansi{\fonttbl{\f1\fcharset128 MS;}}{\f1\'93\'fa\'96\'7b}}`, "日本"},
		"unicode":       {`{\rtf1\uc1 \u8364?\u233\'e9 {\uc2\u-10179??\u-8704??}}`, "€é 😀"},
		"uc zero":       {`{\rtf1\uc0 \u233x}`, "éx"},
		"destinations":  {`{\rtf1{\info{\title T}}{\*\unknown no}{\pict 0a0b}{\stylesheet{s}}yes}`, "yes"},
		"field":         {`{\rtf1{\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}}`, "link"},
		"deleted":       {`{\rtf1 a{\deleted b}c}`, "ac"},
		"escapes":       {`{\rtf1 \{a\\b\}\~c\_d}`, "{a\\b}\u00a0c-d"},
		"upr":           {`{\rtf1{\upr{x}{\*\ud{y}}}}`, "y"},
		"binary":        {"{\\rtf1 a\\bin3 }{\\b}", "ab"},
		"table":         {`{\rtf1 a\cell b\cell\row c}`, "a\tb\nc"},
		"encapsulated":  {`{\rtf1\fromhtml1{\*\htmltag <p>}\htmlrtf x\htmlrtf0 y}`, "y"},
		"cut":           {`{\rtf1 abc\'e`, "abc"},
		"object":        {`{\rtf1{\object\objemb{\*\objdata 0105000002000000080000005061636b616765000000000000000000` + packagedHex + `}}}`, "in the box"},
	} {
		t.Run(name, func(t *testing.T) {
			res := extractBytes(t, inProcessExtractor(t), "", []byte(c.in))
			if res.Text != c.want {
				t.Errorf("%q, not %q (%v)", res.Text, c.want, res.Warnings)
			}
		})
	}
}

// packagedHex is a file a.txt, "in the box", as the packager wraps it: length, then
// flags, label, name, four bytes, path with its length, data with its length.
const packagedHex = "2b000000" + "0200" + "612e74787400" + "612e74787400" + "00000300" + "06000000" + "612e74787400" + "0a000000" + "696e2074686520626f78"

func TestPDF(t *testing.T) {
	long := "BT /F1 12 Tf 72 700 Td (" + strings.Repeat("We confirm the price of the pumps until the end of March. ", 4) + ") Tj ET"
	for name, c := range map[string]struct {
		pdf          []byte
		want, engine string
	}{
		"quick":  {pdfOf(pdfPageOf(stream("", long))...), "until the end of March", "ledongthuc-pdf/1"},
		"short":  {pdfOf(pdfPageOf(stream("", pdfSentence))...), "The offer stands", "pdfium/1"},
		"places": {pdfOf(pdfPageOf(stream("", "BT /F1 10 Tf 50 700 Td [(Total)-600(12)20(00)] TJ 0 -20 Td (EUR) Tj ET"))...), "Total 1200\nEUR", ""},
	} {
		t.Run(name, func(t *testing.T) {
			res := extractBytes(t, inProcessExtractor(t), "", c.pdf)
			if !strings.Contains(res.Text, c.want) || c.engine != "" && res.Extractor != c.engine {
				t.Errorf("%s: %q", res.Extractor, res.Text)
			}
			if q := readPDFQuick(context.Background(), c.pdf, format.DefaultLimits()); !strings.Contains(string(q.text), c.want) {
				t.Errorf("quick reader: %q", q.text)
			}
		})
	}
}

func TestQuickCanRead(t *testing.T) {
	for s, want := range map[string]bool{
		"%PDF-1.4":                            true,
		"%PDF-2.0":                            false,
		"%PDF-1.5 3 0 obj <</Extends 4 0 R>>": true,
		"%PDF-1.5 3 0 obj <</Extends 3 0 R>>": false,
		"%PDF-1.5 3 0 obj <</Extends 4 0 R>> endobj 4 0 obj <</Extends 3 0 R>>": false,
	} {
		if got := quickCanRead([]byte(s)); got != want {
			t.Errorf("%s: %t", s, got)
		}
	}
}

func TestHealth(t *testing.T) {
	good := strings.Repeat("le prix de la pompe est ferme jusqu'en mars ", 6)
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"good":        {good, true},
		"few words":   {"le prix", false},
		"run on":      {strings.Repeat("leprixdelapompeestfermejusquenmars ", 40), false},
		"letters":     {strings.Repeat("l e p r i x ", 40), false},
		"private use": {good + strings.Repeat("\uf020", 30), false},
		"figures":     {strings.Repeat("12-34/56 ", 60), false},
	} {
		if got := healthy([]byte(c.text)); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestCSV(t *testing.T) {
	for in, want := range map[string]string{
		"a,b\n1,\"x, \"\"y\"\"\"\n":         "a\tb\n1\tx, \"y\"\n",
		"a;b\n\"two\nlines\";c\n":           "a\tb\ntwo lines\tc\n",
		"a\tb\n":                            "a\tb\n",
		"it\"s,fine\n\"never closed\nx,y\n": "it\"s\tfine\nnever closed x,y ",
	} {
		res := extractBytes(t, inProcessExtractor(t), "x.csv", []byte(in))
		if res.Text != want || res.MediaType != typeCSV {
			t.Errorf("%q: %s %q, not %q", in, res.MediaType, res.Text, want)
		}
	}
}

func TestMailDocument(t *testing.T) {
	mail := "From: L=C3=A9a <lea@acme.example>\r\nTo: jean@pompes.example\r\nSubject: =?utf-8?q?Offre_r=C3=A9vis=C3=A9e?=\r\nDate: Mon, 4 Jan 2021 10:00:00 +0100\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Bonjour</p>\r\n--b\r\nContent-Type: application/octet-stream; name=prix.csv\r\n" +
		"Content-Disposition: attachment; filename=prix.csv\r\n\r\nref;prix\r\nPX;12\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: inner\r\nDate: Mon, 4 Jan 2021 10:00:00 +0100\r\n\r\nwithin\r\n--b--\r\n"
	for name, x := range map[string]Extractor{"in process": inProcessExtractor(t), "pool": testPool(t, PoolOptions{Workers: 1})} {
		res := extractBytes(t, x, "m.eml", []byte(mail))
		if res.MediaType != typeMail || res.Outcome != relais.ExtractionComplete {
			t.Errorf("%s: %s %s %v", name, res.MediaType, res.Outcome, res.Warnings)
		}
		for _, want := range []string{"Subject: Offre révisée", "lea@acme.example", "2021-01-04T09:00:00Z", "Bonjour", "prix.csv\nref\tprix\nPX\t12", "Subject: inner", "within"} {
			if !strings.Contains(res.Text, want) {
				t.Errorf("%s: no %q in %q", name, want, res.Text)
			}
		}
	}
}

func TestZip(t *testing.T) {
	inner := zipOf(t, "deep.txt", "au fond")
	b := zipOf(t, "a/prix.txt", "12 €", "photo.png", "\x89PNG\r\n\x1a\n....", "plus.zip", string(inner), "doc.docx", string(wordDocument(t)))
	res := extractBytes(t, inProcessExtractor(t), "x.zip", b)
	if !strings.HasPrefix(res.Text, "prix.txt\n12 €\nphoto.png\nplus.zip\ndeep.txt\nau fond\ndoc.docx\nOffre n° 42") {
		t.Errorf("%q", res.Text)
	}
	if res.Outcome != relais.ExtractionComplete {
		t.Errorf("%s %v", res.Outcome, res.Warnings)
	}
}

func TestEncryptedZipMember(t *testing.T) {
	b := zipOf(t, "secret.txt", "hidden", "open.txt", "visible")
	dir := bytes.Index(b, []byte("PK\x01\x02"))
	b[dir+8] |= 1 // encrypted (APPNOTE 4.4.4)
	res := extractBytes(t, inProcessExtractor(t), "", b)
	if res.Outcome != relais.ExtractionPartial || res.Warnings[0].Code != "locked" || !strings.Contains(res.Text, "visible") || strings.Contains(res.Text, "hidden") {
		t.Errorf("%+v", res)
	}
}

func TestUnread(t *testing.T) {
	x := NewInProcess(format.DefaultLimits())
	defer x.Close()
	for name, c := range map[string]struct {
		bytes, code string
		outcome     relais.Extraction
	}{
		"empty":      {"", "empty", relais.ExtractionNone},
		"image":      {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image_no_text", relais.ExtractionNone},
		"binary":     {"\x00\x01\x02\x03", "unsupported_format", relais.ExtractionNone},
		"pst":        {"!BDN\x00\x00", "unsupported_format", relais.ExtractionFailed},
		"no tnef":    {"\x78\x9f\x3e\x22\x00", "damaged", relais.ExtractionFailed},
		"blank text": {" \n\t ", "no_text", relais.ExtractionNone},
		"no zip":     {"PK\x03\x04 nothing", "archive_damaged", relais.ExtractionFailed},
	} {
		res := extractBytes(t, x, "", []byte(c.bytes))
		if res.Outcome != c.outcome || len(res.Warnings) != 1 || res.Warnings[0].Code != c.code || res.Text != "" {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

// TestFixtures reads the small files of testdata, in every process there is.
func TestFixtures(t *testing.T) {
	list, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	x, p := inProcessExtractor(t), testPool(t, PoolOptions{Workers: 1})
	for _, e := range list {
		name, ok := strings.CutSuffix(e.Name(), ".want")
		if !ok {
			continue
		}
		want, err := os.ReadFile("testdata/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range []Extractor{x, p} {
			res, err := one.Extract(context.Background(), inputFile(t, "testdata/"+name))
			if err != nil || res.Outcome != relais.ExtractionComplete {
				t.Errorf("%s: %s %v %v", name, res.Outcome, res.Warnings, err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), strings.TrimSpace(res.Text)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		}
	}
}
