package extract

import (
	"bytes"
	"io"
	"path"
	"strings"

	"github.com/richardlehane/mscfb"

	"github.com/relais-archive/relais/internal/format"
)

// sniffEntries is how many members are looked at to tell what a zip file is.
const sniffEntries = 10_000

// sniffZip tells office documents from other zip files: OpenDocument and EPUB by
// their first member (ODF 1.2 part 3, 3.3), OOXML by the content type of the main
// part (ECMA-376 part 2, 10.1), the rest by a telling member.
func sniffZip(in Input) string {
	// What sniffing reads is little, and not counted against reading the document.
	entries := sniffEntries
	a, err := openArchive(in, &work{bytes: 2 << 20}, format.DefaultLimits(), &entries)
	if err != nil {
		return typeZip
	}
	if m := a.member("mimetype"); m != nil {
		if b, _ := a.read(m, 256); len(b) > 0 && bytes.HasPrefix(b, []byte("application/")) {
			return strings.TrimSpace(string(b))
		}
	}
	if m := a.member("[Content_Types].xml"); m != nil {
		b, _ := a.read(m, 1<<20)
		if t := ooxmlType(b); t != "" {
			return t
		}
	}
	return zipByMembers(a)
}

// ooxmlType finds the main part's content type and gives the document's.
func ooxmlType(contentTypes []byte) string {
	s := newXMLScanner(contentTypes)
	for k := s.next(); k != xmlEOF; k = s.next() {
		if k != xmlStart || string(s.name) != "Override" && string(s.name) != "Default" {
			continue
		}
		t, _ := strings.CutSuffix(strings.ToLower(s.attr("ContentType")), "+xml")
		t, main := strings.CutSuffix(t, ".main")
		switch {
		case !main:
		case strings.Contains(t, "macroenabled"): // registered with IANA under a name ending in 12
			return t + ".12"
		default:
			return t
		}
	}
	return ""
}

// zipByMembers recognises packages whose table of types is missing or unknown.
func zipByMembers(a *archive) string {
	for _, m := range a.members {
		switch name := partKey(m.Name); {
		case name == "word/document.xml":
			return typeDocx
		case name == "xl/workbook.xml":
			return typeXlsx
		case name == "ppt/presentation.xml":
			return typePptx
		case name == "xl/workbook.bin":
			return "application/vnd.ms-excel.sheet.binary.macroenabled.12"
		case name == "meta-inf/manifest.mf":
			return "application/java-archive"
		case path.Base(name) == "androidmanifest.xml":
			return "application/vnd.android.package-archive"
		case name == "index/document.iwa" || name == "index.apxl" || name == "buildversionhistory.plist":
			return "application/vnd.apple.iwork"
		}
	}
	return typeZip
}

// sniffOLE tells what a compound file (MS-CFB) holds by the names of its streams.
func sniffOLE(in Input) string {
	r, err := mscfb.New(io.NewSectionReader(in.Body, 0, in.Size))
	if err != nil {
		return typeOLE
	}
	for n := 0; n < 4096; n++ {
		e, err := r.Next()
		if err != nil {
			return typeOLE
		}
		if len(e.Path) > 0 {
			continue
		}
		switch strings.ToLower(e.Name) { // names compare without case (MS-CFB 2.6.4)
		case "worddocument":
			return typeDoc
		case "workbook", "book":
			return typeXls
		case "powerpoint document":
			return typePpt
		case "__properties_version1.0":
			return typeMSG
		case "encryptedpackage":
			return typeLocked
		case "visiodocument":
			return "application/vnd.visio"
		case "hwpsummaryinformation":
			return "application/x-hwp"
		}
	}
	return typeOLE
}
