package extract

import (
	"bytes"
	"io"
	"mime"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/relais-archive/relais/internal/format"
)

// The media types that sniffing itself decides, IANA's names where there is one.
const (
	typeUnknown  = "application/octet-stream"
	typePDF      = "application/pdf"
	typeZip      = "application/zip"
	typeOLE      = "application/x-ole-storage"
	typeRTF      = "application/rtf"
	typeXML      = "application/xml"
	typeHTML     = "text/html"
	typeText     = "text/plain"
	typeCSV      = "text/csv"
	typeTSV      = "text/tab-separated-values"
	typeMail     = "message/rfc822"
	typeMbox     = "application/mbox"
	typeCalendar = "text/calendar"
	typeCard     = "text/vcard"
	typeTNEF     = format.MediaTNEF
	typeCMS      = "application/pkcs7-mime"
	typePST      = "application/vnd.ms-outlook-pst"
	typeMSG      = "application/vnd.ms-outlook"
	typeDoc      = "application/msword"
	typeXls      = "application/vnd.ms-excel"
	typePpt      = "application/vnd.ms-powerpoint"
	typeDocx     = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	typeXlsx     = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typePptx     = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	typeLocked   = "application/vnd.ms-office" // an office document that is encrypted whole
)

// sniffHead is how many first bytes tell what a document is.
const sniffHead = 4 << 10

// Sniff tells what a document is by its bytes. The declared type and the name count
// only among kinds of plain text, which their bytes cannot tell apart. Zip and OLE
// containers are looked into, so hostile ones cost as a document does: parsers are
// run on them in a child process only, where a pool sniffs. It never fails; what
// nothing is known of is application/octet-stream.
func Sniff(in Input) string {
	head := readHead(in)
	switch t := sniffBytes(head, in); t {
	case typeZip:
		return sniffZip(in)
	case typeOLE:
		return sniffOLE(in)
	default:
		return t
	}
}

// readHead reads the first bytes; of a body that cannot be read, none: its reader
// will say so.
func readHead(in Input) []byte {
	head := make([]byte, min(sniffHead, max(in.Size, 0)))
	n, err := in.Body.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil
	}
	return head[:n]
}

// sniffBytes tells what the first bytes say; containers come out as typeZip and
// typeOLE, whatever is in them.
func sniffBytes(head []byte, in Input) string {
	if t := byMagic(head); t != "" {
		return t
	}
	text := head
	if enc, n := byBOM(head); enc != nil {
		text = decodeAll(enc, head[n:])
	} else if enc := utf16ByZeros(head); enc != nil {
		text = decodeAll(enc, head)
	}
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), " \t\r\n")
	if t := byFirstWords(trimmed); t != "" {
		return t
	}
	if t := byLibrary(head); t != "" {
		return t
	}
	if isBinary(text) {
		return typeUnknown
	}
	return sniffPlain(text, in)
}

// byMagic knows the signatures that the library does not, or that decide more than
// it does.
func byMagic(head []byte) string {
	has := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	switch {
	case has("PK\x03\x04"), has("PK\x05\x06"), has("PK\x07\x08"):
		return typeZip
	case has("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		return typeOLE
	case has("!BDN"): // MS-PST 2.2.2.6
		return typePST
	case has("\x78\x9f\x3e\x22"): // MS-OXTNEF 2.1.3.1
		return typeTNEF
	case has("// <!-- <mdb:mork"): // Thunderbird's index of a folder: the subjects of others' mail, no document
		return typeUnknown
	case isCMS(head):
		return typeCMS
	case has("{\\rt"):
		return typeRTF
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return pdfOrHTML(head)
	}
	return ""
}

// pdfOrHTML decides for readers that look for the header anywhere in the first
// KiB (ISO 32000-1 annex H): a page of HTML that only mentions it stays HTML.
func pdfOrHTML(head []byte) string {
	before, _, _ := bytes.Cut(head, []byte("%PDF-"))
	if t := byFirstWords(bytes.TrimLeft(before, " \t\r\n")); t != "" {
		return t
	}
	return typePDF
}

// byFirstWords knows the kinds of text that say what they are.
func byFirstWords(text []byte) string {
	low := bytes.ToLower(text[:min(len(text), 2048)])
	has := func(s string) bool { return bytes.HasPrefix(low, []byte(s)) }
	switch {
	case has("begin:vcalendar"):
		return typeCalendar
	case has("begin:vcard"):
		return typeCard
	case has("from ") && isMboxLine(text):
		return typeMbox
	case has("<?xml"):
		return sniffXML(low)
	case has("<!doctype html"), has("<html"), has("<head"), has("<body"):
		return typeHTML
	case has("<"):
		return sniffMarkup(low)
	case isMailHeader(text):
		return typeMail
	}
	return ""
}

// sniffXML tells XHTML and SVG from other XML by their root element, for each has
// its own reader.
func sniffXML(low []byte) string {
	s := &xmlScanner{data: low}
	for k := s.next(); k != xmlEOF; k = s.next() {
		if k != xmlStart {
			continue
		}
		switch string(s.name) {
		case "html":
			return typeHTML
		case "svg":
			return "image/svg+xml"
		}
		return typeXML
	}
	return typeXML
}

// sniffMarkup looks for HTML that begins neither with its doctype nor its root: a
// comment, a table, a meta tag.
func sniffMarkup(low []byte) string {
	if bytes.HasPrefix(low, []byte("<svg")) {
		return "image/svg+xml"
	}
	for _, tag := range []string{"<html", "<body", "<table", "<title", "<meta", "<script", "<style", "<div", "<p>", "<br", "<h1", "<a href"} {
		if bytes.Contains(low, []byte(tag)) {
			return typeHTML
		}
	}
	return ""
}

// isMboxLine tells whether the text begins with an mbox separator: "From ", an
// address, and a date with a time of day in it (RFC 4155).
func isMboxLine(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	return len(fields) >= 6 && bytes.Count(line, []byte(":")) >= 1
}

// isMailHeader tells whether the text begins like a message: header fields and
// nothing else, at least two of them well known.
func isMailHeader(text []byte) bool {
	known := 0
	for n := 0; n < 30 && len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
			return known >= 2
		}
		if isKnownField(string(bytes.ToLower(name))) {
			known++
		}
	}
	return known >= 2
}

// isKnownField knows the header fields that nearly every message has one of.
func isKnownField(name string) bool {
	switch name {
	case "from", "to", "cc", "date", "subject", "message-id", "received", "return-path", "mime-version",
		"content-type", "content-transfer-encoding", "reply-to", "delivered-to", "references", "in-reply-to",
		"x-mailer", "sender", "dkim-signature", "x-from", "x-to", "x-folder", "x-origin":
		return true
	}
	return false
}

// byLibrary asks mimetype, which knows some 170 signatures, for what is no text.
func byLibrary(head []byte) string {
	t, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	if t == typeUnknown || strings.HasPrefix(t, "text/") || t == "application/json" || t == "application/x-ndjson" {
		return ""
	}
	return t
}

// isBinary tells bytes that are no text in any charset: zeros, or many controls.
func isBinary(b []byte) bool {
	controls := 0
	for _, c := range b {
		if c == 0 {
			return true
		}
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			controls++
		}
	}
	return controls*20 > len(b)
}

// sniffPlain tells the kinds of plain text apart, by the name and the declared type
// where they name one, by the shape of the lines otherwise.
func sniffPlain(text []byte, in Input) string {
	if len(text) == 0 {
		return typeUnknown
	}
	declared, _, _ := mime.ParseMediaType(in.MediaType)
	name := strings.ToLower(in.Name)
	switch {
	case bytes.Contains(bytes.ToUpper(text), []byte("BEGIN:VCALENDAR")) && (declared == typeCalendar || strings.HasSuffix(name, ".ics") || strings.HasSuffix(name, ".vcs")):
		return typeCalendar
	case bytes.Contains(bytes.ToUpper(text), []byte("BEGIN:VCARD")) && (declared == typeCard || declared == "text/x-vcard" || strings.HasSuffix(name, ".vcf")):
		return typeCard
	case strings.HasSuffix(name, ".tsv") || declared == typeTSV:
		return typeTSV
	case strings.HasSuffix(name, ".csv") || declared == typeCSV || declared == "application/csv":
		return typeCSV
	case strings.HasSuffix(name, ".htm") || strings.HasSuffix(name, ".html") || declared == typeHTML:
		return typeHTML
	case strings.HasSuffix(name, ".txt") || declared == typeText:
		return typeText
	case looksTabular(text):
		return typeCSV
	}
	return typeText
}

// looksTabular tells CSV without a name: several lines, each with the same number,
// at least two, of commas or semicolons.
func looksTabular(text []byte) bool {
	lines := bytes.Split(bytes.TrimRight(text, "\r\n"), []byte("\n"))
	if len(lines) > 3 {
		lines = lines[:len(lines)-1] // the last may be cut
	}
	if len(lines) < 3 {
		return false
	}
	for _, sep := range []string{";", ",", "\t"} {
		n := bytes.Count(lines[0], []byte(sep))
		same := n >= 2
		for _, l := range lines {
			same = same && bytes.Count(l, []byte(sep)) == n
		}
		if same {
			return true
		}
	}
	return false
}
