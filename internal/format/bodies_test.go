package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/relais-archive/relais/internal/relais"
)

// readBy reads a message whole and byte by byte, which gives the same mail; its attachments
// are told as "path name type disposition=content".
func readBy(t *testing.T, raw string, lim Limits) (*Mail, []string) {
	t.Helper()
	var first *Mail
	var list []string
	for _, r := range []io.Reader{strings.NewReader(raw), iotest.OneByteReader(strings.NewReader(raw))} {
		var files []string
		m, err := ReadMail(r, lim, func(p MailPart, r io.Reader) error {
			b, err := io.ReadAll(r)
			files = append(files, strings.Join([]string{p.Path, p.Name, p.MediaType, p.Disposition}, " ")+"="+string(b))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && (m.Text != first.Text || m.HTML != first.HTML || strings.Join(files, "|") != strings.Join(list, "|")) {
			t.Errorf("byte by byte: text %q, HTML %q, files %q", m.Text, m.HTML, files)
		}
		first, list = m, files
	}
	return first, list
}

// TestMultipartEnds: how a multipart ends, and what is said of it.
func TestMultipartEnds(t *testing.T) {
	const head = "Content-Type: multipart/mixed; boundary=b\n\n"
	const one = "--b\n\none\n"
	for name, c := range map[string]struct{ body, text, codes string }{
		"closed":                   {one + "--b--\n", "one", ""},
		"blank lines after":        {one + "--b--\n\n \n", "one", ""},
		"text after":               {one + "--b--\nlist\n", "one", warnEpilogue},
		"not closed":               {one, "one\n", warnBoundaryUnclosed},
		"not closed, two":          {one + "--b\n\ntwo\n", "one\ntwo\n", warnBoundaryUnclosed},
		"opened again":             {one + "--b--\n--b\n\ntwo\n--b--\n", "one\ntwo", warnBoundaryReopened},
		"opened again, thrice":     {one + "--b--\n--b\n\ntwo\n--b--\n--b\n\nthree\n--b--\n", "one\ntwo\nthree", warnBoundaryReopened},
		"opened again, two parts":  {one + "--b--\n--b\n\ntwo\n--b\n\nthree\n--b--\n", "one\ntwo\nthree", warnBoundaryReopened},
		"closed twice, then again": {one + "--b--\n--b--\n--b\n\ntwo\n--b--\n", "one\ntwo", warnBoundaryReopened},
		"a preamble":               {"this is MIME\n" + one + "--b--\n", "one", ""},
		"no part":                  {"just text\n", "just text\n", warnBoundaryMissing},
		"no part, closed":          {"just text\n--b--\n", "", ""},
		"nothing":                  {"", "", ""},
		"blank":                    {"\n \n", "", ""},
		"another boundary":         {"--c\nContent-Type: text/plain\n\none\n--c\nContent-Type: text/plain\n\ntwo\n--c--\n", "one\ntwo", warnBoundaryRecovered},
		"no header follows":        {"--c\nNot a part\n", "--c\nNot a part\n", warnBoundaryMissing},
		"another, behind text":     {"text\n--c\ncontent-type: text/plain\n\none\n--c--\n", "one", warnBoundaryRecovered},
	} {
		m, _ := readBy(t, head+c.body, DefaultLimits())
		var codes []string
		for _, w := range m.Warnings {
			codes = append(codes, w.Code)
		}
		if m.Text != c.text || strings.Join(codes, " ") != c.codes {
			t.Errorf("%s: text %q, warnings %v", name, m.Text, m.Warnings)
		}
	}
}

// TestMultipartNested: an inner multipart that was not closed ends with the outer one's
// next part; one of the same boundary is told from the outer one.
func TestMultipartNested(t *testing.T) {
	for name, c := range map[string]struct{ raw, text string }{
		"closed": {
			"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i--\n--o\n\ntwo\n--o--\n", "one\ntwo"},
		"not closed": {
			"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--o\n\ntwo\n--o--\n", "one\ntwo"},
		"without a part": {
			"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\nlost\n--o\n\ntwo\n--o--\n", "lost\ntwo"},
		"a text behind it": {
			"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i--\nlist\n--o\n\ntwo\n--o--\n", "one\ntwo"},
		"of the same boundary": {
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n", "one\ntwo"},
		"a digest": {
			"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\none\n--b\nContent-Type: text/plain\n\ntwo\n--b--\n", "two"},
		"a message, undeclared": {
			"Subject: s\n\n--b\nContent-Type: text/plain\n\none\n--b--\n", "one"},
		"undeclared, with the usual notice": {
			"Subject: s\n\nThis is a MIME message.\n\n--b\nContent-Type: text/plain\n\none\n--b--\n", "one"},
		"undeclared, with a text before": {
			"Subject: s\n\nHello.\n--b\nContent-Type: text/plain\n\none\n--b--\n", "Hello.\n--b\nContent-Type: text/plain\n\none\n--b--\n"},
		"no boundary declared": {
			"Content-Type: multipart/mixed\n\n--b\nContent-Type: text/plain\n\none\n--b--\n", "one"},
		"a boundary with blanks behind": {
			"Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\none\n--b--\n", "one"},
	} {
		if m, _ := readBy(t, c.raw, DefaultLimits()); m.Text != c.text {
			t.Errorf("%s: text %q, want %q, %v", name, m.Text, c.text, m.Warnings)
		}
	}
	digest := "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\none\n--b--\n"
	if _, files := readBy(t, digest, DefaultLimits()); strings.Join(files, "|") != "1  message/rfc822 =Subject: in\n\none" {
		t.Errorf("a digest's messages: %q", files)
	}
}

// TestPartLimits: parts, depth, text and the message itself end at their limits, which are
// inclusive, with a warning.
func TestPartLimits(t *testing.T) {
	three := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b\n\nthree\n--b--\n"
	deep := "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i--\n--o--\n"
	for name, c := range map[string]struct {
		raw  string
		set  func(*Limits)
		text string
		code string
	}{
		"three parts":         {three, func(l *Limits) { l.Parts = 3 }, "one\ntwo\nthree", ""},
		"two parts":           {three, func(l *Limits) { l.Parts = 2 }, "one\ntwo", warnMIMEParts},
		"two levels":          {deep, func(l *Limits) { l.MIMEDepth = 2 }, "one", ""},
		"one level":           {deep, func(l *Limits) { l.MIMEDepth = 1 }, "", warnMIMEDepth},
		"as much text":        {three, func(l *Limits) { l.TextBytes = 11 }, "one\ntwo\nthree", ""},
		"less text":           {three, func(l *Limits) { l.TextBytes = 10 }, "one\ntwo\nthre", warnTextLimit},
		"less, before parts":  {"Content-Type: multipart/mixed; boundary=b\n\njust\ntext\n", func(l *Limits) { l.TextBytes = 7 }, "just\nte", warnTextLimit},
		"much before a part":  {"Content-Type: multipart/mixed; boundary=b\n\nnotice of some length\n--b\n\none\n--b--\n", func(l *Limits) { l.TextBytes = 7 }, "one", ""},
		"text that becomes":   {"Content-Type: text/plain; charset=latin1\n\n\xe9\xe9\xe9", func(l *Limits) { l.TextBytes = 5 }, "éé", warnTextLimit},
		"as long a message":   {"Subject: s\n\nabc", func(l *Limits) { l.MessageBytes = 15 }, "abc", ""},
		"a longer message":    {"Subject: s\n\nabc", func(l *Limits) { l.MessageBytes = 14 }, "ab", warnMessageTruncated},
		"as many parameters":  {"Content-Type: text/plain; a=1; charset=koi8-r\n\n\xf0", func(l *Limits) { l.Params = 2 }, "П", ""},
		"parameters too many": {"Content-Type: text/plain; a=1; charset=koi8-r\n\nx", func(l *Limits) { l.Params = 1 }, "x", warnParamLimit},
	} {
		lim := DefaultLimits()
		c.set(&lim)
		m, _ := readBy(t, c.raw, lim)
		_, warned := codesOf(m.Warnings)[c.code]
		if m.Text != c.text || warned != (c.code != "") || c.code == "" && len(m.Warnings) > 0 {
			t.Errorf("%s: text %q, warnings %v", name, m.Text, m.Warnings)
		}
	}
	lim := DefaultLimits()
	lim.Params = 1
	m, _ := readBy(t, "Content-Type: text/plain; a=1; b=2; c=3\n\nx", lim)
	if timesOf(m.Warnings)[warnParamLimit] != "2" {
		t.Errorf("two parameters too many: %v", m.Warnings)
	}
}

// TestHeaderOddities: what stands in header blocks beside fields, and where the body then
// begins.
func TestHeaderOddities(t *testing.T) {
	for name, c := range map[string]struct{ raw, subject, text, codes string }{
		"a separator first":          {"From x Mon Jan  1 10:00:00 2024\nSubject: s\n\nt", "s", "t", ""},
		"a quoted separator first":   {">From x\nSubject: s\n\nt", "s", "t", ""},
		"a separator within":         {"Subject: s\n>From x\nDate: Fri, 1 Mar 2024 10:00 +0000\n\nt", "s >From x", "t", warnHeaderDamaged},
		"blank lines first":          {"\n\r\nSubject: s\n\nt", "s", "t", ""},
		"a blank line, then text":    {"\nbonjour: oui\n", "", "bonjour: oui\n", ""},
		"no header at all":           {"bonjour\n\nfin", "", "bonjour\n\nfin", warnHeaderMissing},
		"a line that is no field":    {"Subject: s\nbonjour\n\nt", "s", "bonjour\n\nt", warnHeaderDamaged},
		"garbage":                    {"Subject: s\n!!!\n???\nTo: a@b\n\nt", "s !!! ???", "t", warnHeaderDamaged},
		"an endless garbage":         {"Subject: s\n" + strings.Repeat("!\n", headerScan/2+1) + "To: a@b\n\nt", "s", strings.Repeat("!\n", headerScan/2+1) + "To: a@b\n\nt", warnHeaderDamaged},
		"folded by hand":             {"To: a@b,\nc@d\nSubject: s\n\nt", "s", "t", ""},
		"no comma before":            {"To: a@b\nc@d\n\nt", "", "c@d\n\nt", warnHeaderDamaged},
		"no address behind":          {"To: a@b,\nx\n\nt", "", "x\n\nt", warnHeaderDamaged},
		"of another field":           {"Subject: a,\nc@d\n\nt", "a,", "c@d\n\nt", warnHeaderDamaged},
		"a parameter by hand":        {"Content-Type: text/plain;\ncharset=koi8-r\nSubject: s\n\n\xf0", "s", "П", ""},
		"an assignment by hand":      {"Content-Type: text/plain; charset=\nx=koi8-r\n\nt", "", "t", ""},
		"no semicolon before":        {"Content-Type: text/plain\ncharset=koi8-r\n\nt", "", "charset=koi8-r\n\nt", warnHeaderDamaged},
		"a field, blanks, a colon":   {"Subject : s\n\nt", "s", "t", ""},
		"a byte order mark":          {"\xef\xbb\xbfSubject: s\n\nt", "s", "t", ""},
		"CR alone":                   {"Subject: s\rTo: a@b\r\rt\ru", "s", "t\nu", ""},
		"a NUL":                      {"Subject: a\x00b\n\nt", "a b", "t", ""},
		"the fold's blanks are one":  {"Subject: a \n  b\n\t\tc\n\nt", "a b c", "t", ""},
		"a fold first":               {" x\nSubject: s\n\nt", "s", "t", warnHeaderDamaged},
		"eight bits":                 {"Subject: \xe9t\xe9\nContent-Type: text/plain; charset=latin1\n\n\xe9", "été", "é", warnCharset},
		"the charset of a part":      {"Subject: \xf0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=koi8-r\n\n\xf0\n--b--\n", "П", "П", warnCharset},
		"a shifted value":            {"Subject: \x1b$B%F%9%H\x1b(B\n\nt", "テスト", "t", ""},
		"a line longer than windows": {"Subject: " + strings.Repeat("x", 3*windowMost) + "\nTo: a@b\n\nt", strings.Repeat("x", 3*windowMost), "t", ""},
	} {
		m, _ := readBy(t, c.raw, DefaultLimits())
		var codes []string
		for _, w := range m.Warnings {
			codes = append(codes, w.Code)
		}
		if m.Subject != c.subject || m.Text != c.text || strings.Join(codes, " ") != c.codes {
			t.Errorf("%s: subject %.60q, text %.60q, warnings %v", name, m.Subject, m.Text, m.Warnings)
		}
	}
}

// TestHeaderOfMailIsKept gives all fields with their values, in order.
func TestHeaderOfMailIsKept(t *testing.T) {
	m, _ := readBy(t, "Received: a\nSubject: s\nRECEIVED: b\nX-Empty:\n\nt", DefaultLimits())
	if odd, _ := readBy(t, "X-One: a\x00b\x7f\nX-Two: a  b\nX-Three: caf\xe9\n\nt", DefaultLimits()); odd.Header.Get("X-One") != "a b " || odd.Header.Get("X-Two") != "a  b" || odd.Header.Get("X-Three") != "café" {
		t.Errorf("%q", odd.Header)
	}
	if got := strings.Join(m.Header.Values("received"), "|"); got != "a|b" || m.Header.Get("x-empty") != "" || len(m.Header) != 4 {
		t.Errorf("%v", m.Header)
	}
}

// TestMediaTypesNamed: what is not a media type is none, and what is short for one is it.
func TestMediaTypesNamed(t *testing.T) {
	for kind, want := range map[string]string{
		"text": "text", "TEXT/PLAIN": "text", "html": "HTML", "text/html": "HTML", "pdf": "1  application/octet-stream =x", "": "text",
		"image/png": "1  image/png =x", "text/csv": "1  text/csv =x", "message/delivery-status": "text", "\"text/plain\"": "text",
	} {
		m, files := readBy(t, "Content-Type: "+kind+"\n\nx", DefaultLimits())
		got := strings.Join(files, "|")
		if m.Text == "x" {
			got = "text"
		} else if m.HTML == "x" {
			got = "HTML"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", kind, got, want)
		}
	}
	_, files := readBy(t, "Content-Disposition: attachment; filename=x\n\nbytes", DefaultLimits())
	if got := strings.Join(files, "|"); got != "1 x application/octet-stream attachment=bytes" {
		t.Errorf("an attachment without a type: %q", got)
	}
	_, files = readBy(t, "Content-Type: text/plain\nContent-Disposition: Attachment; filename=x\nContent-ID:  <i@x> \n\nbytes", DefaultLimits())
	if got := strings.Join(files, "|"); got != "1 x text/plain attachment=bytes" {
		t.Errorf("a text that is an attachment: %q", got)
	}
	m, _ := readBy(t, "Content-Type: image/png; name=n; charset=x\nContent-Disposition: form-data\nContent-ID:  <i@x> \n\nbytes", DefaultLimits())
	if a := m.Attachments[0]; a.Disposition != "" || a.ContentID != "i@x" || a.Name != "n" || a.Charset != "x" || a.Size != 5 || a.SHA256 != relais.DigestOf([]byte("bytes")) {
		t.Errorf("%+v", a)
	}
}

// TestEncryptionKinds labels what cannot be read (RFC 1847, RFC 3156, RFC 8551).
func TestEncryptionKinds(t *testing.T) {
	for raw, want := range map[string]string{
		"Content-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"\n\n--b\n\nx\n--b--\n":   "pgp",
		"Content-Type: multipart/encrypted; boundary=b; protocol=\"application/PKCS7-mime\"\n\n--b\n\nx\n--b--\n":      "smime",
		"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\nx\n":                                                 "pgp",
		"Content-Type: text/html\n\n-----BEGIN PGP MESSAGE-----\nx\n":                                                  "",
		"Content-Type: text/plain\n\n-----BEGIN PGP SIGNATURE-----\nx\n":                                               "",
		"Content-Type: multipart/encrypted; boundary=b; protocol=pkcs7\n\n--b\n\n-----BEGIN PGP MESSAGE-----\n--b--\n": "smime",
	} {
		if m, _ := readBy(t, raw, DefaultLimits()); m.Encrypted != want {
			t.Errorf("%.90q: %q, want %q", raw, m.Encrypted, want)
		}
	}
}

// TestHTMLBeside says whether HTML is all of the message, or an alternative to its text.
func TestHTMLBeside(t *testing.T) {
	const text, html = "--b\nContent-Type: text/plain\n\nun\n", "--b\nContent-Type: text/html\n\n<p>deux\n"
	for raw, want := range map[string]bool{
		"Content-Type: multipart/alternative; boundary=b\n\n" + text + html + "--b--\n":                                          false,
		"Content-Type: multipart/mixed; boundary=b\n\n" + text + html + "--b--\n":                                                true,
		"Content-Type: multipart/mixed; boundary=b\n\n" + html + "--b--\n":                                                       false,
		"Content-Type: text/html\n\n<p>deux":                                                                                     false,
		"Content-Type: multipart/mixed; boundary=b\n\n" + text + "--b\nContent-Type: text/html; name=x.html\n\n<p>deux\n--b--\n": true,
	} {
		m, _ := readBy(t, raw, DefaultLimits())
		if _, warned := codesOf(m.Warnings)[warnHTMLBeside]; m.HTMLBeside != want || warned != want {
			t.Errorf("%q: beside %t, %v", raw, m.HTMLBeside, m.Warnings)
		}
	}
	m, _ := readBy(t, "Content-Type: multipart/mixed; boundary=b\n\n"+html+html+"--b--\n", DefaultLimits())
	if m.HTML != "<p>deux"+htmlJoint+"<p>deux" {
		t.Errorf("two of them: %q", m.HTML)
	}
}

// TestMetaCharset reads what HTML declares of itself, near its beginning.
func TestMetaCharset(t *testing.T) {
	for html, want := range map[string]string{
		`<meta charset=utf-8>`:    "utf-8",
		`<META CHARSET="KOI8-R">`: "koi8-r",
		`<meta http-equiv=x content="text/html; charset=iso-8859-15">`: "iso-8859-15",
		`<meta charset='x' />`: "x",
		`<p>charset=utf-8;`:    "",
		`<meta>`:               "",
		`<meta charset=`:       "",
		`<meta charset=utf-8`:  "",
		"<meta>" + strings.Repeat(" ", 2048) + "charset=utf-8>": "",
	} {
		if got := metaCharset([]byte(html)); got != want {
			t.Errorf("%.60q: %q, want %q", html, got, want)
		}
	}
}

// TestReadersFail: the error of the source, or of who takes an attachment, ends the reading
// as it is; only those are errors.
func TestReadersFail(t *testing.T) {
	html := "Content-Type: text/html\n\n<p>x"
	plainText := "Subject: s\n\nbegin 644 x\n#0V%T\n"
	file := "Content-Type: image/png\n\nx"
	tnef := "Content-Type: application/ms-tnef\n\nx"
	smime := "Content-Type: application/pkcs7-mime\n\nx"
	multi := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx"
	named := "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; name=x\n\nx"
	for _, raw := range []string{"Subject", "Subject: s\n\nx", html, plainText, file, tnef, smime, multi, named} {
		r := io.MultiReader(strings.NewReader(raw), iotest.ErrReader(io.ErrClosedPipe))
		if m, err := ReadMail(r, DefaultLimits(), nil); m != nil || !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%q: %v (%v)", raw, m, err)
		}
	}
	lim := DefaultLimits()
	lim.MessageBytes = int64(len("Subject: s\n\nabc"))
	if m, err := ReadMail(io.MultiReader(strings.NewReader("Subject: s\n\nabc"), iotest.ErrReader(io.ErrClosedPipe)), lim, nil); m != nil || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("at the limit: %v (%v)", m, err)
	}
	refuse := errors.New("no room")
	packed := "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; name=x\n\nx\n--b--\n"
	for _, raw := range []string{file, plainText, tnef, smime, packed, cmsMail("application/pkcs7-mime", signCMS(t, []byte(file)))} {
		if m, err := ReadMail(strings.NewReader(raw), DefaultLimits(), func(MailPart, io.Reader) error { return refuse }); m != nil || !errors.Is(err, refuse) {
			t.Errorf("%q: %v (%v)", raw, m, err)
		}
	}
	if _, _, err := OpenPart(strings.NewReader(file), DefaultLimits(), "2"); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("a part that is not there: %v", err)
	}
	if _, _, err := OpenPart(io.MultiReader(strings.NewReader("Subject: s\n\nx"), iotest.ErrReader(io.ErrClosedPipe)), DefaultLimits(), "2"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a source that fails: %v", err)
	}
	part, body, err := OpenPart(strings.NewReader(file), DefaultLimits(), "1")
	if err != nil || part.MediaType != "image/png" {
		t.Fatal(part, err)
	}
	if b, err := io.ReadAll(body); err != nil || !bytes.Equal(b, []byte("x")) {
		t.Errorf("%q (%v)", b, err)
	}
}
