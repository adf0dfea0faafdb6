package extract

import (
	"strings"
	"testing"
	"unicode/utf16"
)

func utf16LE(s string, bom bool) string {
	var b strings.Builder
	if bom {
		b.WriteString("\xff\xfe")
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

func TestSniff(t *testing.T) {
	const header = "Received: from x\r\n\tby y\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nbody"
	for _, c := range []struct{ bytes, name, declared, want string }{
		{"%PDF-1.7\n", "x.txt", "", typePDF},
		{"junk\n%PDF-1.4\n", "", "", typePDF},
		{"<html><body>%PDF-1.4", "x.pdf", "application/pdf", typeHTML},
		{"{\\rtf1 x}", "x.doc", "", typeRTF},
		{"!BDN....", "", "", typePST},
		{"\x78\x9f\x3e\x22\x01", "winmail.dat", "", typeTNEF},
		{"\x89PNG\r\n\x1a\n", "x.txt", "text/plain", "image/png"},
		{"\xff\xd8\xff\xe0\x00\x10JFIF", "", "", "image/jpeg"},
		{"<!DOCTYPE html><p>x", "photo.jpg", "image/jpeg", typeHTML},
		{"<?xml version='1.0'?><html xmlns='x'>", "", "", typeHTML},
		{"<?xml version='1.0'?><svg><script/></svg>", "", "", "image/svg+xml"},
		{"<?xml version='1.0'?><!-- <html> --><data/>", "", "", typeXML},
		{"  <table><tr><td>x", "", "", typeHTML},
		{"a < b and <p> is a tag", "", "", typeText},
		{"BEGIN:VCALENDAR\r\n", "", "", typeCalendar},
		{"begin:vcard\r\n", "", "", typeCard},
		{header, "", "", typeMail},
		{"From a@b.example Mon Jan  4 10:00:00 2021\r\n" + header, "", "", typeMbox},
		{"From here on: we go\n", "", "", typeText},
		{"Note: this\nTo: do\nis text", "", "", typeText},
		{"ref;prix;qté\na;1;2\nb;3;4\nc;5;6\n", "", "", typeCSV},
		{"ref;prix;qté\na;1;2\nb;3;4\nc;5;6\n", "liste.txt", "", typeText},
		{"a,b", "x.CSV", "", typeCSV},
		{"a\tb", "", typeTSV, typeTSV},
		{"plain words", "x.pdf", "application/pdf", typeText},
		{utf16LE("plain words in sixteen bits", false), "", "", typeText},
		{utf16LE("<html><p>x", true), "", "", typeHTML},
		{"\x00\x01\x02\x03\x04", "x.txt", "text/plain", typeUnknown},
		{"// <!-- <mdb:mork:z v=\"1.4\"/> -->\n(81=a subject)", "Inbox.txt", "text/plain", typeUnknown},
		{"PK\x03\x04damaged", "x.docx", "", typeZip},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1damaged", "x.doc", "", typeOLE},
	} {
		in := Input{Name: c.name, MediaType: c.declared, Size: int64(len(c.bytes)), Body: readerAt(c.bytes)}
		if got := Sniff(in); got != c.want {
			t.Errorf("%.30q (%s, %s): %s, not %s", c.bytes, c.name, c.declared, got, c.want)
		}
	}
}

func TestSniffZipKinds(t *testing.T) {
	types := func(s string) string { return `<Types><Override ContentType="` + s + `"/></Types>` }
	for want, parts := range map[string][]string{
		typeDocx: {"[Content_Types].xml", types(typeDocx + ".main+xml"), "x", ""},
		"application/vnd.ms-word.document.macroenabled.12":      {"[Content_Types].xml", types("application/vnd.ms-word.document.macroEnabled.main+xml")},
		"application/vnd.ms-excel.sheet.binary.macroenabled.12": {"[Content_Types].xml", types("application/vnd.ms-excel.sheet.binary.macroEnabled.main")},
		typeXlsx:                         {"xl/workbook.xml", "<x/>"},
		"application/java-archive":       {"META-INF/MANIFEST.MF", ""},
		"application/epub+zip":           {"mimetype", "application/epub+zip"},
		typeZip:                          {"mimetype", "not a type", "a.txt", ""},
		"application/vnd.sun.xml.writer": {"mimetype", "application/vnd.sun.xml.writer\n"},
	} {
		b := zipOf(t, parts...)
		if got := Sniff(Input{Size: int64(len(b)), Body: readerAt(b)}); got != want {
			t.Errorf("%v: %s, not %s", parts, got, want)
		}
	}
}

// TestSniffCountsNothing: telling what an archive is must not use up what it may
// still cost.
func TestSniffCountsNothing(t *testing.T) {
	b := zipOf(t, "a.txt", "x", "b.txt", "y")
	w := &work{bytes: 100, entries: 5}
	Sniff(Input{Size: int64(len(b)), Body: readerAt(b), work: w})
	if w.bytes != 100 || w.entries != 5 {
		t.Errorf("%+v", w)
	}
}

func TestCharsets(t *testing.T) {
	const french = "Le délai de livraison a été dépassé, nous vous prions de nous excuser : 1 200 €"
	in := func(charset, s string) string {
		b, err := charsetByName(charset).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		bytes, declared, want string
		guessed               bool
	}{
		"utf-8":              {french, "", french, false},
		"utf-8, lie":         {french, "iso-8859-1", french, false},
		"bom":                {"\xef\xbb\xbf" + french, "", french, false},
		"declared":           {in("windows-1252", french), "ISO-8859-1", french, false},
		"undeclared":         {in("windows-1252", french), "", french, true},
		"unknown name":       {in("windows-1252", french), "x-unknown", french, true},
		"dos":                {in("cp850", "déjà"), "cp850", "déjà", false},
		"utf-16":             {utf16LE(french, true), "", french, false},
		"utf-16 bare":        {utf16LE("plain words only", false), "", "plain words only", false},
		"shift-jis":          {in("shift_jis", "これは日本語の文章です。見積書を送ります。"), "", "これは日本語の文章です。見積書を送ります。", true},
		"iso-2022-jp":        {in("iso-2022-jp", "日本語"), "", "日本語", false},
		"koi8-r":             {in("koi8-r", "Привет, это письмо о цене насоса"), "koi8-r", "Привет, это письмо о цене насоса", false},
		"utf-8 with a break": {french + french + french + "\xe9", "", french + french + french + "\xe9", false},
	} {
		got, guessed := toUTF8([]byte(c.bytes), c.declared)
		if string(got) != c.want || guessed != c.guessed {
			t.Errorf("%s: %q, %t", name, got, guessed)
		}
	}
}

// TestCharsetGuessIsStable: the guesser's goroutines answer in any order.
func TestCharsetGuessIsStable(t *testing.T) {
	b := []byte("caf\xe9 \xe0 la cr\xe8me")
	first, _ := toUTF8(b, "")
	for range 200 {
		if got, _ := toUTF8(b, ""); string(got) != string(first) {
			t.Fatalf("%q, then %q", first, got)
		}
	}
	if string(first) != "café à la crème" {
		t.Errorf("%q", first)
	}
}

func TestXMLScanner(t *testing.T) {
	for in, want := range map[string]string{
		`<a x="1>2"><b:c/>t&amp;&#233;&#x20ac;&x;</a>`:                        `(a(c)"t&é€")`,
		`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><!-- <z> --><a/>`: `(a)`,
		`<a><![CDATA[<&]]></a>`:                                               `(a"<&")`,
		`<a><b`:                                                               `(a(b`,
		`<a`:                                                                  `(a`,
		`<`:                                                                   ``,
		`</a></b>x`:                                                           `))"x"`,
		"\xff\xfe<\x00a\x00/\x00>\x00":                                        `(a)`,
		`<?xml version="1.0" encoding="ISO-8859-1"?><a>` + "\xe9</a>": `(a"é")`,
		`<a>& &toolongtobeanentity; &#xffffffff;</a>`:                 `(a"& &toolongtobeanentity; ")`,
	} {
		var got strings.Builder
		s := newXMLScanner([]byte(in))
		for k := s.next(); k != xmlEOF; k = s.next() {
			switch k {
			case xmlStart:
				got.WriteString("(" + string(s.name))
			case xmlEnd:
				got.WriteString(")")
			case xmlText:
				got.WriteString(`"` + string(s.appendText(nil)) + `"`)
			}
		}
		if got.String() != want {
			t.Errorf("%s: %s, not %s", in, got.String(), want)
		}
	}
}

func TestXMLAttributes(t *testing.T) {
	s := newXMLScanner([]byte(`<w:x id = "1" r:id='a&amp;b' bare w:val="é">`))
	s.next()
	for name, want := range map[string]string{"id": "1", "val": "é", "none": ""} {
		if got := s.attr(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := s.relationID(); got != "a&amp;b" {
		t.Errorf("r:id %q", got)
	}
}
