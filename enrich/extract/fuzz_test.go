package extract

import (
	"context"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// smallLimits keep one input of a fuzzer quick.
func smallLimits() format.Limits {
	lim := format.DefaultLimits()
	lim.TextBytes, lim.ArchiveBytes, lim.ArchiveEntries = 1<<16, 1<<20, 100
	return lim
}

// fuzzAs reads the same bytes twice and wants the same text, as promised.
func fuzzAs(t *testing.T, mediaType string, b []byte) {
	t.Helper()
	lim := smallLimits()
	r := newReader(lim, formats(&engines{}))
	in := Input{Size: int64(len(b)), Body: readerAt(b)}
	res, err := r.readAs(context.Background(), mediaType, in)
	if err != nil {
		t.Fatal(err)
	}
	checkText(t, res.Text, lim)
	for _, w := range res.Warnings {
		if w.Code == "extractor_panic" {
			t.Fatalf("panic of %s", w.Detail)
		}
	}
	if res.Outcome != relais.ExtractionComplete && len(res.Warnings) == 0 {
		t.Errorf("%s without a warning", res.Outcome)
	}
	again, err := r.readAs(context.Background(), mediaType, in)
	if err != nil || again.Text != res.Text || again.Outcome != res.Outcome {
		t.Errorf("a second reading differs: %v", err)
	}
}

func FuzzRTF(f *testing.F) {
	for _, s := range []string{`{\rtf1\ansi\uc1\u8364?\'e9}`, `{\rtf1{\fonttbl{\f0\fcharset128 x;}}\f0\'93\'fa}`, `{\rtf1\bin5 {\*\objdata 0102}`, `}{\u-1`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fuzzAs(t, typeRTF, b) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a;\"b\"\"c\"\n\"d\ne\";f"))
	f.Add([]byte("\xff\xfe,\x00"))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzAs(t, typeCSV, b) })
}

func FuzzCalendar(f *testing.F) {
	f.Add([]byte(eventOf("SUMMARY:a\r\n b", "DTSTART;TZID=Romance Standard Time:20250311T090000", "ATTENDEE;CN=\"x\":mailto:a@b.example", "DURATION:PT1H", "RRULE:FREQ=DAILY")))
	f.Add([]byte("BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VTODO\nSUMMARY;QUOTED-PRINTABLE:a=\n=E9\\"))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzAs(t, typeCalendar, b) })
}

func FuzzCard(f *testing.F) {
	f.Add([]byte(cardOf("2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:a=C3=\r\n=A9;b", "TEL;WORK:1", "ADR:;;x\\;y")))
	f.Add([]byte("BEGIN:VCARD\nitem1.EMAIL;TYPE=\"a,b\":x\nBEGIN:VCARD\nFN:\\"))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzAs(t, typeCard, b) })
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<a x="y">t&amp;<![CDATA[z]]></a>`))
	f.Add([]byte("\xfe\xff\x00<\x00a"))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzAs(t, typeXML, b) })
}

// FuzzDocx puts the input into a package as its document.
func FuzzDocx(f *testing.F) {
	f.Add([]byte(`<d><p><t>x</t><tab/><tbl><tc><p><t>y</t></p></tc></tbl></p></d>`))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzAs(t, typeDocx, zipOf(t, "word/document.xml", string(b))) })
}

func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, "a.txt", "hello", "b/c.csv", "x,y"))
	f.Add(nestedZips(f, 2, 1))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzAs(t, typeZip, b) })
}

// FuzzPDFQuick leaves pdfium out: its speed would leave nothing to the rest.
func FuzzPDFQuick(f *testing.F) {
	f.Add(pdfOf(pdfPageOf(stream("", pdfSentence))...))
	f.Add(pdfOf(pdfPageOf(stream("", "BT /F1 9 Tf [(a)-900(b)] TJ T* (c) ' ET /X Do"))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if quickCanRead(b) {
			readPDFQuick(context.Background(), b, smallLimits())
		}
	})
}

func FuzzSniff(f *testing.F) {
	for _, s := range []string{"%PDF-1.4", "From: x\nTo: y\n", "<?xml?><svg", "PK\x05\x06", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "\xff\xfea\x00"} {
		f.Add([]byte(s), "x.csv", "text/html")
	}
	f.Fuzz(func(t *testing.T, b []byte, name, declared string) {
		in := Input{Name: name, MediaType: declared, Size: int64(len(b)), Body: readerAt(b)}
		if a, b := Sniff(in), Sniff(in); a != b || a == "" {
			t.Errorf("%q, then %q", a, b)
		}
	})
}
