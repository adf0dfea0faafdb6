package extract

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/format"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

func TestPDFDate(t *testing.T) {
	for text, want := range map[string]string{
		"D:20241024103000+02'00'":     "2024-10-24T08:30:00Z",
		"D:20241024103000+02'00":      "2024-10-24T08:30:00Z",
		"D:20241024103000+0200":       "2024-10-24T08:30:00Z",
		"D:20241024103000+02:00":      "2024-10-24T08:30:00Z",
		"D:20241024103000+02":         "2024-10-24T08:30:00Z",
		"D:20241024103000-05'30'":     "2024-10-24T16:00:00Z",
		"D:20241024103000Z":           "2024-10-24T10:30:00Z",
		"D:20241024103000Z00'00'":     "2024-10-24T10:30:00Z",
		"D:20241024103000":            "2024-10-24T10:30:00Z",
		"20241024103000":              "2024-10-24T10:30:00Z",
		"D:202410241030":              "2024-10-24T10:30:00Z",
		"D:2024102410300":             "2024-10-24T10:30:00Z",
		"D:20241024":                  "2024-10-24T12:00:00Z", // a day: its noon, so that it is that day in other zones
		" D:20241024103000 \x00":      "2024-10-24T10:30:00Z",
		"D:191041024103000+02'00'":    "2004-10-24T08:30:00Z", // 19 and 104, by the clock of a C library
		"Thu Oct 24 10:30:00 2024":    "2024-10-24T10:30:00Z",
		"2024-10-24T10:30:00+02:00":   "2024-10-24T08:30:00Z",
		"10/24/2024 10:30:00":         "2024-10-24T10:30:00Z",
		"Thu, 24 Oct 2024 10:30 +020": "",
		"D:20241324103000":            "",
		"D:2024":                      "",
		"D:00000000000000":            "",
		"D:":                          "",
		"":                            "",
		"yesterday":                   "",
	} {
		if got := pdfDate(text); !got.Equal(at(want)) {
			t.Errorf("%q: %v, not %v", text, got, want)
		}
	}
}

func TestISODate(t *testing.T) {
	for text, want := range map[string]string{
		"2024-10-24T08:00:00Z":           "2024-10-24T08:00:00Z",
		" 2024-10-24T08:00:00.123Z\n":    "2024-10-24T08:00:00.123Z",
		"2024-10-24T08:00:00+02:00":      "2024-10-24T06:00:00Z",
		"2024-10-24T08:00:00+0200":       "2024-10-24T06:00:00Z",
		"2024-10-24T08:00Z":              "2024-10-24T08:00:00Z",
		"2024-10-24T08:00:00.123456789":  "2024-10-24T08:00:00.123456789Z",
		"2024-10-24T08:00:00":            "2024-10-24T08:00:00Z",
		"2024-10-24":                     "2024-10-24T12:00:00Z",
		"2024":                           "",
		"24/10/2024":                     "",
		"2024-02-30T08:00:00Z":           "",
		"0000-00-00T00:00:00":            "",
		"9999999999999999999999999-01-0": "",
	} {
		if got := isoDate(text); !got.Equal(at(want)) {
			t.Errorf("%q: %v, not %v", text, got, want)
		}
	}
}

// TestDocumentDates: what documents of each format say of themselves.
func TestDocumentDates(t *testing.T) {
	const created, modified = "2024-10-23T08:00:00Z", "2024-10-24T09:30:00Z"
	core := `<cp:coreProperties xmlns:cp="cp" xmlns:dcterms="t"><dcterms:created>` + created + `</dcterms:created><dcterms:modified>` + modified + `</dcterms:modified></cp:coreProperties>`
	onlyCreated := strings.Replace(core, modified, "", 1)
	const types = `<Types><Override PartName="/d.xml" ContentType="` + typeDocx + `.main+xml"/></Types>`
	const document = `<w:document xmlns:w="w"><w:p><w:t>x</w:t></w:p></w:document>`
	const root = `<Relationship Id="c" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="`
	odfMeta := `<office:document-meta xmlns:meta="m" xmlns:dc="d"><office:meta><meta:template meta:date="2011-01-01T00:00:00"/><meta:creation-date>2024-10-23T08:00:00.000000000</meta:creation-date><dc:date>2024-10-24T09:30:00</dc:date></office:meta></office:document-meta>`
	pdf := func(info, catalog string) []byte {
		objects := pdfPageOf(stream("", "BT /F1 9 Tf (body) Tj ET"))
		objects[0] = strings.TrimSuffix(objects[0], ">>") + catalog + ">>"
		objects = append(objects, info, stream("/Type/Metadata/Subtype/XML", `<x:xmpmeta xmlns:x="x"><rdf:Description xmp:CreateDate="`+created+`"><xmp:ModifyDate>`+modified+`</xmp:ModifyDate></rdf:Description></x:xmpmeta>`))
		return []byte(strings.Replace(string(pdfOf(objects...)), "/Root 1 0 R", "/Root 1 0 R/Info 6 0 R", 1))
	}
	both := Dates{at(created), at(modified)}
	for name, c := range map[string]struct {
		b    []byte
		want Dates
	}{
		"core properties":        {zipOf(t, "[Content_Types].xml", types, "word/document.xml", document, "docProps/core.xml", core), both},
		"created alone":          {zipOf(t, "[Content_Types].xml", types, "word/document.xml", document, "docProps/core.xml", onlyCreated), Dates{Created: at(created)}},
		"elsewhere":              {zipOf(t, "[Content_Types].xml", types, "d.xml", document, "_rels/.rels", relsOpen+root+`/Props/Main.XML"/></Relationships>`, "props/main.xml", core), both},
		"backslashes":            {zipOf(t, "[Content_Types].xml", types, `word\document.xml`, document, `docProps\core.xml`, core), both},
		"no properties":          {zipOf(t, "[Content_Types].xml", types, "word/document.xml", document), Dates{}},
		"damaged properties":     {zipOf(t, "[Content_Types].xml", types, "word/document.xml", document, "docProps/core.xml", core[:len(core)-60]), Dates{Created: at(created)}},
		"opendocument":           {zipOf(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", `<text:p>x</text:p>`, "meta.xml", odfMeta), both},
		"flat opendocument":      {[]byte(`<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0">` + odfMeta + `<office:body><text:p>x</text:p><office:annotation><dc:date>2025-01-01T00:00:00</dc:date></office:annotation></office:body></office:document>`), both},
		"pdf info":               {pdf("<</CreationDate(D:20241023100000+02'00')/ModDate(D:20241024093000Z)>>", ""), both},
		"pdf info, utf-16":       {pdf("<</CreationDate<FEFF0044003A00320030003200340031003000320033003000380030003000300030>/ModDate(D:20241024093000Z)>>", ""), both},
		"pdf, xmp":               {pdf("<<>>", "/Metadata 7 0 R"), both},
		"pdf, info before xmp":   {pdf("<</ModDate(D:20200101000000Z)>>", "/Metadata 7 0 R"), Dates{Modified: at("2020-01-01T00:00:00Z")}},
		"pdf, xmp of another":    {pdf("(no dictionary)", ""), both}, // in clear in the file: better than the file's time
		"a text says nothing":    {[]byte("note du 2024-10-24"), Dates{}},
		"a zip of documents too": {zipOf(t, "a.docx", string(zipOf(t, "[Content_Types].xml", types, "word/document.xml", document, "docProps/core.xml", core))), Dates{}},
	} {
		if got := extractBytes(t, inProcessExtractor(t), "", c.b).Dates; got != c.want {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
	full, err := new(engines).pdfium(context.Background(), pdf("<</CreationDate(D:20241023100000+02'00')/ModDate(D:20241024093000Z)>>", ""), format.DefaultLimits())
	if err != nil || full.dates != both {
		t.Errorf("pdfium: %v, %v", full.dates, err)
	}
}
