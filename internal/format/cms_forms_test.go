package format

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// tlv is a value of BER, its length in one byte or two.
func tlv(tag byte, parts ...string) string {
	body := strings.Join(parts, "")
	if len(body) > 127 {
		return string([]byte{tag, 0x81, byte(len(body))}) + body
	}
	return string([]byte{tag, byte(len(body))}) + body
}

// endless is a value of BER that does not tell its length (X.690, section 8.1.3.6).
func endless(tag byte, parts ...string) string {
	return string([]byte{tag, 0x80}) + strings.Join(parts, "") + "\x00\x00"
}

// The object identifiers of PKCS #7 and of S/MIME, up to their last number.
const (
	oidPKCS7 = "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
	oidSMIME = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
)

// signedAs is signed data whose content is a value as given.
func signedAs(content string) string {
	return tlv(berSequence, tlv(berOID, oidPKCS7+"\x02"), tlv(berExplicit, tlv(berSequence,
		tlv(0x02, "\x01"), tlv(0x31), tlv(berSequence, tlv(berOID, oidPKCS7+"\x01"), content))))
}

// TestCMSKinds: RFC 5652, RFC 5083, RFC 3274.
func TestCMSKinds(t *testing.T) {
	for oid, want := range map[string]CMSKind{
		oidPKCS7 + "\x01": CMSOther, oidPKCS7 + "\x02": CMSSigned, oidPKCS7 + "\x03": CMSEncrypted, oidPKCS7 + "\x04": CMSEncrypted,
		oidPKCS7 + "\x05": CMSOther, oidPKCS7 + "\x06": CMSEncrypted, oidPKCS7: CMSOther, oidPKCS7 + "\x02\x01": CMSOther,
		oidSMIME + "\x09": CMSCompressed, oidSMIME + "\x17": CMSEncrypted, oidSMIME + "\x02": CMSOther, oidSMIME: CMSOther, oidSMIME + "\x09\x01": CMSOther, "": CMSOther,
	} {
		if got := cmsKind([]byte(oid)); got != want {
			t.Errorf("% x: %q, want %q", oid, got, want)
		}
	}
}

// TestCMSForms reads content in each form that BER allows: whole or in pieces, of a length
// that is told or not, in one byte or in many.
func TestCMSForms(t *testing.T) {
	const text = "Content-Type: text/plain"
	octets := func(s string) string { return tlv(berOctets, s) }
	explicit := func(s string) string { return tlv(berExplicit, s) }
	long := strings.Repeat("x", 130)
	for name, c := range map[string]struct {
		raw, want string
		whole     bool
	}{
		"whole":                  {signedAs(explicit(octets(text))), text, true},
		"in two pieces":          {signedAs(explicit(tlv(berOctets|berMade, octets(text[:9]), octets(text[9:])))), text, true},
		"pieces of pieces":       {signedAs(explicit(tlv(berOctets|berMade, tlv(berOctets|berMade, octets(text[:9])), octets(text[9:])))), text, true},
		"endless":                {signedAs(endless(berExplicit, endless(berOctets|berMade, octets(text[:9]), octets(text[9:])))), text, true},
		"endless in endless":     {signedAs(endless(berExplicit, endless(berOctets|berMade, endless(berOctets|berMade, octets(text[:9])), octets(text[9:])))), text, true},
		"a length of two bytes":  {signedAs("\xa0\x82\x00\x1a" + octets(text)), text, true},
		"a length of four":       {signedAs("\xa0\x84\x00\x00\x00\x1a" + octets(text)), text, true},
		"over 127 bytes":         {signedAs(explicit(octets(long))), long, true},
		"a sequence, as PKCS #7": {signedAs(explicit(tlv(berSequence, text))), text, true},
		"empty":                  {signedAs(explicit(octets(""))), "", true},
		"none":                   {signedAs(""), "", true},
		"something else":         {signedAs(octets(text)), "", true},
		"no length is a piece":   {signedAs(explicit("\x04\x80" + text + "\x00\x00")), "", false},
		"cut in its length":      {"\x30\x82", "", false},
		"a number first":         {tlv(berSequence, tlv(0x02, "\x01")), "", false},
	} {
		_, content, whole := OpenCMS([]byte(c.raw), 1<<20)
		if string(content) != c.want || whole != c.whole {
			t.Errorf("%s: %q, whole %t", name, content, whole)
		}
	}
}

// TestBERHead reads tags and lengths (X.690, sections 8.1.2 and 8.1.3).
func TestBERHead(t *testing.T) {
	for raw, want := range map[string]struct {
		head, size int
		ok         bool
	}{
		"\x04\x05":                             {2, 5, true},
		"\x04\x7f":                             {2, 127, true},
		"\x04\x81\x80":                         {3, 128, true},
		"\x04\x82\x01\x02":                     {4, 258, true},
		"\x04\x84\x00\x00\x00\x05":             {6, 5, true},
		"\x24\x80":                             {2, -1, true},
		"\x04\x80":                             {2, -1, false},
		"\x04":                                 {0, 0, false},
		"":                                     {0, 0, false},
		"\x04\x82\x01":                         {0, 0, false},
		"\x1f\x05\x03":                         {3, 3, true},
		"\x1f\x85\x05\x03":                     {4, 3, true},
		"\x1f\x85\x05":                         {0, 0, false},
		"\x1f\x85\x85":                         {0, 0, false},
		"\x1e\x03":                             {2, 3, true},
		"\x04\x86\x01\x00\x00\x00\x00\x00":     {8, 1 << 40, true},
		"\x04\x87\x01\x00\x00\x00\x00\x00\x00": {9, 1 << 48, true},
		"\x04\x88\x02\x00\x00\x00\x00\x00\x00\x00": {0, 0, false},
	} {
		head, size, ok := berHead([]byte(raw))
		if ok != want.ok || ok && (head != want.head || size != want.size) {
			t.Errorf("% x: %d, %d, %t, want %v", raw, head, size, ok, want)
		}
	}
}

// TestBEREnd finds the end of a value that does not tell its length, over whole values.
func TestBEREnd(t *testing.T) {
	for name, c := range map[string]struct {
		raw   string
		want  int
		whole bool
	}{
		"empty":            {"\x00\x00", 0, true},
		"a value":          {tlv(4, "abc") + "\x00\x00rest", 5, true},
		"zeros in a value": {tlv(4, "\x00\x00\x00") + "\x00\x00", 5, true},
		"a zero first":     {"\x00\x01x" + "\x00\x00", 3, true},
		"endless in it":    {endless(0x24, tlv(4, "ab")) + tlv(4, "c") + "\x00\x00", 11, true},
		"no end":           {tlv(4, "abc"), 5, false},
		"half an end":      {tlv(4, "abc") + "\x00", 6, false},
		"a value cut":      {"\x04\x05abc\x00", 6, false},
		"to the last byte": {"\x04\x02abX", 5, false},
	} {
		m := ber{whole: true}
		if got := m.end([]byte(c.raw), 0); got != c.want || m.whole != c.whole {
			t.Errorf("%s: %d, whole %t", name, got, m.whole)
		}
	}
	for depth, whole := range map[int]bool{berDepth: true, berDepth + 1: false} {
		m := ber{whole: true}
		raw := strings.Repeat("\x24\x80", depth) + strings.Repeat("\x00\x00", depth+1)
		if got := m.end([]byte(raw), 0); m.whole != whole || whole && got != 4*depth {
			t.Errorf("%d deep: %d, whole %t", depth, got, m.whole)
		}
	}
}

// TestCMSPieceDepth: pieces within pieces are opened to a depth, and are then taken as they
// are.
func TestCMSPieceDepth(t *testing.T) {
	m := ber{whole: true}
	value := tlv(berOctets, "x")
	for range 5 {
		value = tlv(berOctets|berMade, value)
	}
	v, rest := m.next([]byte(value + "rest"))
	if got := m.octets(nil, v, 0); string(got) != "x" || string(rest) != "rest" {
		t.Errorf("%q, %q", got, rest)
	}
	if got := m.octets(nil, v, berDepth); string(got) != tlv(berOctets|berMade, tlv(berOctets|berMade, tlv(berOctets|berMade, tlv(berOctets, "x")))) {
		t.Errorf("too deep: %q", got)
	}
}

// TestWhichIsCMS: by its type, or by its name where the type is one that gateways put in
// its place.
func TestWhichIsCMS(t *testing.T) {
	signed := cmsFile(t, "signed.der")
	for kind, opened := range map[string]bool{
		"application/pkcs7-mime":                     true,
		"application/x-pkcs7-mime":                   true,
		"application/octet-stream; name=SMIME.P7M":   true,
		"application/pkcs7; name=smime.p7m":          true,
		"application/x-pkcs7; name=smime.p7m":        true,
		"application/pkcs7-signature; name=x.p7m":    true,
		"application/x-pkcs7-signature; name=x.p7m":  true,
		"application/octet-stream; name=smime.p7s":   false,
		"application/octet-stream":                   false,
		"application/pdf; name=smime.p7m":            false,
		"application/pkcs7-signature; name=smime.p7": false,
	} {
		m, err := ReadMail(strings.NewReader(cmsMail(kind, signed)), DefaultLimits(), nil)
		if err != nil || strings.Contains(m.Text, "palissandre") != opened {
			t.Errorf("%s: %q, %+v (%v)", kind, m.Text, m.Attachments, err)
		}
	}
	entity := "Content-Type: text/plain\r\n\r\nx"
	lim := DefaultLimits()
	lim.ArchiveDepth = 1
	m, err := ReadMail(strings.NewReader(cmsMail("application/pkcs7-mime", signCMS(t, []byte(entity)))), lim, nil)
	if err != nil || strings.TrimSpace(m.Text) != "x" || len(m.Warnings) != 0 {
		t.Errorf("within the depth: %q, %v (%v)", m.Text, m.Warnings, err)
	}
	lim.ArchiveDepth = 0
	m, err = ReadMail(strings.NewReader(cmsMail("application/pkcs7-mime", signCMS(t, []byte(entity)))), lim, nil)
	if err != nil || m.Text != "" || timesOf(m.Warnings)[warnCMSDepth] != "1" {
		t.Errorf("over the depth: %q, %v (%v)", m.Text, m.Warnings, err)
	}
}

// TestCMSKeepsWhatWasRead: what stood in a wrapped part counts with what stood before and
// behind it: limits, warnings, bodies, charset, alternatives, TNEF.
func TestCMSKeepsWhatWasRead(t *testing.T) {
	inner := "Content-Type: multipart/mixed; boundary=I\r\n\r\n--I\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\ndedans \xf0\r\n--I\r\nContent-Type: application/pdf; name=in.pdf\r\n\r\n%PDF\r\n--I\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(sampleTNEF()) + "\r\n--I--\r\n"
	wrapped := strings.TrimPrefix(cmsMail("application/pkcs7-mime", signCMS(t, []byte(inner))), "Subject: x\n")
	raw := "Subject: \xf0\nContent-Type: multipart/mixed; boundary=O\n\n--O\nContent-Type: text/plain\n\navant\n--O\nContent-Type: application/pdf; name=out.pdf\n\n%PDF\n--O\n" +
		wrapped + "--O\nContent-Type: text/plain\n\napres\n--O--\n"
	m, err := ReadMail(bytes.NewReader([]byte(raw)), DefaultLimits(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range m.Attachments {
		names = append(names, a.Path+" "+a.Name)
	}
	if got := strings.Join(names, "|"); got != "2 out.pdf|3.2 in.pdf|3.3 |3.3.t1 devis été.txt|3.3.t2 Le message dedans" {
		t.Errorf("attachments %q", got)
	}
	if m.Text != "avant\ndedans П\napres\nPrix : 88 €\n" || m.Subject != "П" || !strings.Contains(m.HTML, "niangon") {
		t.Errorf("subject %q, text %q, HTML %q", m.Subject, m.Text, m.HTML)
	}
	lim := DefaultLimits()
	lim.Parts = 5
	m, err = ReadMail(strings.NewReader(raw), lim, nil)
	if err != nil || len(m.Attachments) != 2 || timesOf(m.Warnings)[warnMIMEParts] != "2" {
		t.Errorf("over the limit: %+v, %v (%v)", m.Attachments, m.Warnings, err)
	}
	alternative := "Content-Type: multipart/alternative; boundary=A\n\n--A\nContent-Type: text/plain\n\nun\n--A\n" +
		strings.TrimPrefix(cmsMail("application/pkcs7-mime", signCMS(t, []byte("Content-Type: text/html\r\n\r\n<p>un"))), "Subject: x\n") + "--A--\n"
	if m, err := ReadMail(strings.NewReader(alternative), DefaultLimits(), nil); err != nil || m.HTMLBeside || m.HTML != "<p>un" {
		t.Errorf("an alternative: %q, beside %t (%v)", m.HTML, m.HTMLBeside, err)
	}
}
