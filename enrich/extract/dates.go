package extract

import (
	"bytes"
	"strings"
	"time"

	"github.com/ledongthuc/pdf"
)

// Dates are what a document says of itself: when it was made and when it was last
// changed, in UTC; zero where it does not say. Whether they can be true is for the
// caller to judge.
type Dates struct {
	Created  time.Time `json:"created,omitzero"`
	Modified time.Time `json:"modified,omitzero"`
}

// fill takes what the other says where nothing was known.
func (d *Dates) fill(o Dates) {
	if d.Created.IsZero() {
		d.Created = o.Created
	}
	if d.Modified.IsZero() {
		d.Modified = o.Modified
	}
}

// maxProperties bounds the properties of a document that are looked at.
const maxProperties = 1 << 20

// coreDates reads the core properties of an OOXML package (ECMA-376 part 2, 11).
func (p *packageText) coreDates() Dates {
	part := "docProps/core.xml"
	for _, r := range p.relations("") {
		if r.kind == "core-properties" && p.a.member(r.target) != nil {
			part = r.target
		}
	}
	return p.propertyDates(part, "created", "modified")
}

// propertyDates reads the elements of a part of properties that say when a document was
// made, and when it was changed.
func (p *packageText) propertyDates(part, created, modified string) Dates {
	m := p.a.member(part)
	if m == nil {
		return Dates{}
	}
	b, err := p.a.read(m, maxProperties)
	if err != nil {
		return Dates{}
	}
	return elementDates(b, created, modified)
}

// elementDates reads dates from the first elements of two local names that hold some.
func elementDates(b []byte, created, modified string) (d Dates) {
	s, name := newXMLScanner(b), ""
	for k := s.next(); k != xmlEOF; k = s.next() {
		switch {
		case k != xmlText:
			name = string(s.name)
			if k == xmlEnd {
				name = ""
			}
		case name == created:
			d.fill(Dates{Created: isoDate(string(s.appendText(nil)))})
		case name == modified:
			d.fill(Dates{Modified: isoDate(string(s.appendText(nil)))})
		}
	}
	return d
}

// xmpDates reads XMP metadata (ISO 16684-1, 8.4), where a property is an element or an
// attribute.
func xmpDates(b []byte) Dates {
	const created, modified = "CreateDate", "ModifyDate"
	d := elementDates(b, created, modified)
	s := newXMLScanner(b)
	for k := s.next(); k != xmlEOF; k = s.next() {
		if k == xmlStart {
			d.fill(Dates{Created: isoDate(s.attr(created)), Modified: isoDate(s.attr(modified))})
		}
	}
	return d
}

// isoDate reads a date and time of ISO 8601 as properties have them (W3CDTF, XML
// Schema): without a zone it is UTC. A day alone is its noon, which is that day in
// nearly every zone; less than a day is no date.
func isoDate(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
		"2006-01-02 15:04:05", "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t.Add(12 * time.Hour)
}

// pdfDate reads a date of a PDF (ISO 32000-1, 7.9.4): D:YYYYMMDDHHmmSSOHH'mm', of which
// all may be missing from the right, and the "D:" is in old files. Programs that know
// better than the standard write dates as text.
func pdfDate(s string) time.Time {
	s = strings.TrimSpace(strings.Trim(s, "\x00"))
	digits := strings.TrimSpace(strings.TrimPrefix(s, "D:"))
	n := 0
	for n < len(digits) && digits[n] >= '0' && digits[n] <= '9' {
		n++
	}
	const layout = "20060102150405"
	// Producers of the year 2000 wrote 19100 for it, a digit more than the rest wants.
	if strings.HasPrefix(digits, "191") && n == len(layout)+1 {
		digits, n = "20"+digits[3:], n-1
	}
	if n < len("20060102") {
		return looseDate(s)
	}
	n = min(n, len(layout))
	n -= n % 2
	t, err := time.Parse(layout[:n], digits[:n])
	if err != nil {
		return looseDate(s)
	}
	if n == len("20060102") {
		return t.Add(12 * time.Hour)
	}
	return t.Add(-pdfZone(digits[n:])).UTC()
}

// pdfZone reads how far a zone is ahead of UTC: +02'00', +0200, +02, -05'00, Z.
func pdfZone(s string) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0
	}
	digits := strings.NewReplacer("'", "", ":", "", " ", "").Replace(s[1:])
	if len(digits) < 4 {
		digits = (digits + "0000")[:4]
	}
	t, err := time.Parse("1504", digits[:4])
	if err != nil {
		return 0
	}
	ahead := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	if s[0] == '-' {
		return -ahead
	}
	return ahead
}

// looseDate reads the forms in which some producers write dates into a PDF.
func looseDate(s string) time.Time {
	for _, layout := range [...]string{time.ANSIC, time.UnixDate, time.RFC1123Z, time.RFC1123, "Mon Jan 2 15:04:05 -0700 2006",
		"2006/01/02 15:04:05", "1/2/2006 15:04:05", "1/2/2006 3:04:05 PM"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return isoDate(s)
}

// pdfDates reads what the trailer's Info says (ISO 32000-1, 14.3.3) and, where it says
// nothing, the document's XMP metadata (14.3.2), which is all that PDF 2.0 wants.
func pdfDates(trailer pdf.Value) (d Dates) {
	guarded(func() {
		info := trailer.Key("Info")
		d = Dates{Created: pdfDate(info.Key("CreationDate").Text()), Modified: pdfDate(info.Key("ModDate").Text())}
	})
	guarded(func() {
		xmp := trailer.Key("Root").Key("Metadata")
		if (d != Dates{}) || xmp.Kind() != pdf.Stream {
			return
		}
		r := xmp.Reader()
		b, err := readUpTo(r, nil, maxProperties)
		_ = r.Close() // it reads from memory
		if err == nil || len(b) > 0 {
			d.fill(xmpDates(b))
		}
	})
	return d
}

// lastXMP gives the last XMP packet that stands in clear in a file, nil for none.
func lastXMP(b []byte) []byte {
	start := bytes.LastIndex(b, []byte("<x:xmpmeta"))
	if start < 0 {
		return nil
	}
	b = b[start:min(len(b), start+maxProperties)]
	if end := bytes.Index(b, []byte("</x:xmpmeta>")); end >= 0 {
		return b[:end]
	}
	return b
}
