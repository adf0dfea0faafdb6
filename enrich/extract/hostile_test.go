package extract

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// zipOf builds a zip file of names and contents, in order.
func zipOf(t testing.TB, parts ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := 0; i+1 < len(parts); i += 2 {
		f, err := w.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, parts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// pdfOf builds a PDF of objects, the first of which is the root.
func pdfOf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

func stream(dict, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(data), data)
}

// deflated is n bytes of a pattern, in zlib's format.
func deflated(t testing.TB, pattern string, n int) string {
	t.Helper()
	var buf bytes.Buffer
	w, err := zlib.NewWriterLevel(&buf, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	block := []byte(strings.Repeat(pattern, 1<<20/len(pattern)))
	for ; n > 0; n -= len(block) {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

const (
	pdfFontObject = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
	pdfSentence   = "BT /F1 12 Tf 72 700 Td (The offer stands until the end of the month) Tj ET"
)

func pdfPageOf(content string) []string {
	return []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>", content, pdfFontObject}
}

// hostilePDFs are the loops and bombs that published readers fell to (CVE-2026-56867
// and others of its kind).
func hostilePDFs(t testing.TB) map[string][]byte {
	parent := pdfPageOf(stream("", pdfSentence))
	parent[1] = "<</Type/Pages/Kids[3 0 R]/Count 1/Parent 2 0 R>>"
	parent[2] = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>"
	count := pdfPageOf(stream("", pdfSentence))
	count[1] = "<</Type/Pages/Kids[3 0 R]/Count 2147483647>>"
	form := pdfPageOf(stream("", "/X Do "+pdfSentence))
	form[2] = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>/XObject<</X 6 0 R>>>>>>"
	form = append(form, stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>", "/X Do /X Do"))
	outline := pdfPageOf(stream("", pdfSentence))
	outline[0] = "<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R/AcroForm<</Fields[7 0 R]>>>>"
	outline = append(outline, "<</First 6 0 R/Next 6 0 R/Title(loop)>>", "<</Kids[7 0 R 7 0 R]/V(field)>>")
	cmap := pdfPageOf(stream("", pdfSentence))
	cmap[4] = "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode 6 0 R/DescendantFonts[<</W[0 999999999 500]>>]>>"
	cmap = append(cmap, stream("", "begincmap 2000000000 beginbfchar <01> <0041> endbfchar 1 beginbfrange <0000> <ffff> <0041> endbfrange endcmap"))
	return map[string][]byte{
		"page tree cycle": pdfOf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"),
		"parent loop":     pdfOf(parent...),
		"huge count":      pdfOf(count...),
		"nested arrays":   pdfOf("<</Type/Catalog/Pages "+strings.Repeat("[", 200_000)+">>", "<<>>"),
		"form in itself":  pdfOf(form...),
		"outline loop":    pdfOf(outline...),
		"wild font":       pdfOf(cmap...),
		"content bomb":    pdfOf(pdfPageOf(stream("/Filter/FlateDecode", deflated(t, "0 0 Td ", maxPDFContent+2<<20)))...),
		"object stream":   objectStreamLoop(),
		"header only":     []byte("%PDF-1.4\n%%EOF\n"),
	}
}

// objectStreamLoop is a PDF whose object stream is said to be within itself.
func objectStreamLoop() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	start := b.Len()
	rows := []byte{0, 0, 0, 0, 2, 0, 2, 0, 2, 0, 2, 0, 1, 0, byte(start), 0}
	fmt.Fprintf(&b, "3 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n",
		stream("/Type/XRef/Size 4/W[1 2 1]/Root 1 0 R", string(rows)), start)
	return b.Bytes()
}

// overlapping is a zip file whose many entries are one and the same member.
func overlapping(t testing.TB, n int) []byte {
	t.Helper()
	b := zipOf(t, "a.txt", strings.Repeat("quote me a price ", 60_000))
	end := len(b) - 22
	dir := int(binary.LittleEndian.Uint32(b[end+16:]))
	entry := slices.Clone(b[dir:end])
	out := slices.Clone(b[:dir])
	for range n {
		out = append(out, entry...)
	}
	tail := slices.Clone(b[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(n))
	binary.LittleEndian.PutUint16(tail[10:], uint16(n))
	binary.LittleEndian.PutUint32(tail[12:], uint32(n*len(entry)))
	return append(out, tail...)
}

func nestedZips(t testing.TB, levels, width int) []byte {
	t.Helper()
	b := zipOf(t, "deep.txt", "bottom")
	for range levels {
		var parts []string
		for i := range width {
			parts = append(parts, fmt.Sprintf("lib%d.zip", i), string(b))
		}
		b = zipOf(t, parts...)
	}
	return b
}

func docxOf(t testing.TB, document string) []byte {
	t.Helper()
	return zipOf(t, "[Content_Types].xml", `<Types><Override PartName="/word/document.xml" ContentType="`+typeDocx+`.main+xml"/></Types>`,
		"word/document.xml", document)
}

func xlsxOf(t testing.TB, sheet string) []byte {
	t.Helper()
	const rel = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	const pkg = `http://schemas.openxmlformats.org/package/2006/relationships`
	return zipOf(t, "[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="`+typeXlsx+`.main+xml"/></Types>`,
		"_rels/.rels", `<Relationships xmlns="`+pkg+`"><Relationship Id="rId1" Type="`+rel+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="`+rel+`"><sheets><sheet name="Prix" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships xmlns="`+pkg+`"><Relationship Id="rId1" Type="`+rel+`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="`+rel+`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/sharedStrings.xml", `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1"><si><t>pompe</t></si></sst>`,
		"xl/worksheets/sheet1.xml", `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`+sheet+`</sheetData></worksheet>`)
}

// hostile is one input with what must be found in its text, and the warning.
type hostile struct {
	name    string
	bytes   []byte
	text    string // must be in the text
	absent  string // must not be
	warning string // must be among the warnings, when not empty
}

func hostileDocuments(t testing.TB) []hostile {
	xxe := `<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY a "lollol"><!ENTITY b "&a;&a;&a;">]>` +
		`<w:document xmlns:w="x"><w:p><w:r><w:t>before &f;&b; after</w:t></w:r></w:p></w:document>`
	list := []hostile{
		{"zip bomb", zipOf(t, "bomb.bin", strings.Repeat("\x00", 64<<20), "note.txt", "the rest is read"), "the rest is read", "", ""},
		{"text bomb", zipOf(t, "bomb.txt", strings.Repeat("a ", 64<<20), "note.txt", "x"), "a a", "", "archive_limit"},
		{"nested zips", nestedZips(t, 5, 2), "lib1.zip", "bottom", "archive_depth"},
		{"wide nest", nestedZips(t, 2, 20), "bottom", "", ""},
		{"overlapping entries", overlapping(t, 2_000), "quote me", "", "text_limit"},
		{"many entries", manyEntries(t, 12_000), "", "", "archive_limit"},
		{"names that leave", zipOf(t, "../../etc/cron", "outside", "/abs", "root", `C:\x`, "drive"), "outside", "..", ""},
		{"external entity", docxOf(t, xxe), "before  after", "root:", ""},
		{"nested tags", docxOf(t, "<d><p><t>first</t></p>"+strings.Repeat("<a>", 1_000_000)), "first", "", "xml_depth"},
		{"unclosed xml", docxOf(t, `<d><p><t>first</t></p><a b="`), "first", "", ""},
		{"shared string out of range", xlsxOf(t, `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>999999999</v></c><c r="C1"><v>42</v></c></row>`), "pompe", "", ""},
		{"sparse sheet", xlsxOf(t, `<row r="1"><c r="XFD1"><v>42</v></c></row><row r="1048576"><c r="A1048576"><v>43</v></c></row>`), "42\n43", "", ""},
		{"deep rtf", []byte(`{\rtf1 ` + strings.Repeat("{", 1_000_000) + "x" + strings.Repeat("}", 1_000_000) + " end}"), "x end", "", "rtf_depth"},
		{"rtf bin", []byte(`{\rtf1 a\bin99999999999 b`), "a", "", ""},
	}
	for name, b := range hostilePDFs(t) {
		list = append(list, hostile{name: name, bytes: b})
	}
	return list
}

func manyEntries(t testing.TB, n int) []byte {
	t.Helper()
	parts := make([]string, 0, 2*n)
	for i := range n {
		parts = append(parts, fmt.Sprintf("%d.dat", i), "")
	}
	return zipOf(t, parts...)
}

// TestHostile wants each of them to end in time with an outcome, what text there is
// kept, and the children still small.
func TestHostile(t *testing.T) {
	p := testPool(t, PoolOptions{Workers: 2, Deadline: 2 * time.Second})
	t.Run("each", func(t *testing.T) {
		for _, h := range hostileDocuments(t) {
			t.Run(h.name, func(t *testing.T) {
				t.Parallel()
				h.check(t, p)
			})
		}
	})
	for range p.opts.Workers {
		c := <-p.slots
		if c != nil && c.memory > p.opts.MemoryLimit {
			t.Errorf("a child holds %d MiB", c.memory>>20)
		}
		p.slots <- c
	}
}

func (h hostile) check(t *testing.T, x Extractor) {
	t.Helper()
	began := time.Now()
	res := extractBytes(t, x, "", h.bytes)
	codes := fmt.Sprint(res.Warnings)
	t.Logf("%s %s, %d bytes of text, %s, %v", res.MediaType, res.Outcome, len(res.Text), codes, time.Since(began).Round(time.Millisecond))
	if res.Outcome == "" || res.Outcome != relais.ExtractionComplete && len(res.Warnings) == 0 {
		t.Errorf("outcome %q without a warning", res.Outcome)
	}
	if !strings.Contains(res.Text, h.text) || h.absent != "" && strings.Contains(res.Text, h.absent) {
		t.Errorf("text %.200q", res.Text)
	}
	if !strings.Contains(codes, h.warning) {
		t.Errorf("warnings %s, want %s", codes, h.warning)
	}
}
