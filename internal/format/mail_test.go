package format

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// hardMail is a message that libraries lose something of, and what it says.
type hardMail struct {
	name    string
	input   string
	subject string
	text    string
	html    string
	files   []string // names, each with "=" and its bytes
	warn    []string // exactly these codes
}

func hardMails() []hardMail {
	const head = "From: zoe@oenosud.example\nSubject: Devis\nDate: Fri, 1 Mar 2024 10:00:00 +0100\nMIME-Version: 1.0\n"
	mixed := func(rest string) string { return head + "Content-Type: multipart/mixed; boundary=\"b\"\n\n" + rest }
	return []hardMail{
		{name: "no header", input: "Bonjour,\nvoici le devis.\n", text: "Bonjour,\nvoici le devis.\n", warn: []string{warnHeaderMissing}},
		{name: "blank lines first", input: "\n\nSubject: s\nFrom: a@b.c\n\nbody", subject: "s", text: "body"},
		{name: "mbox line first", input: "From zoe@oenosud.example Fri Mar  1 10:00:00 2024\nSubject: s\n\nbody", subject: "s", text: "body"},
		{name: "quoted mbox line first", input: ">From zoe@oenosud.example Fri Mar  1 10:00:00 2024\nSubject: s\n\nbody", subject: "s", text: "body"},
		{name: "byte order mark", input: "\xef\xbb\xbfSubject: s\n\nbody", subject: "s", text: "body"},
		{name: "utf-16", input: utf16File("Subject: été\n\ncorps"), subject: "été", text: "corps"},
		{name: "CR alone", input: "Subject: s\rFrom: a@b.c\r\rbody\r", subject: "s", text: "body\n"},
		{name: "CRCRLF", input: "Subject: s\r\r\nContent-Type: text/plain\r\r\n\r\r\nbody\r\r\nmore\r\r\n", subject: "s", text: "body\nmore\n"},
		{name: "raw utf-8 header", input: "Subject: réponse\n\nbody", subject: "réponse", text: "body"},
		{name: "raw latin-1 header", input: "Subject: r\xe9ponse \xe0 l'offre\n\nbody", subject: "réponse à l'offre", text: "body", warn: []string{warnCharset}},
		{name: "raw header, charset of the body", input: "Subject: \xcf\xf0\xe8\xe2\xe5\xf2\nContent-Type: text/plain; charset=windows-1251\n\n\xcf\xf0\xe8\xe2\xe5\xf2", subject: "Привет", text: "Привет", warn: []string{warnCharset}},
		{name: "undeclared charset", input: "Subject: s\n\nd\xe9lai pr\xe9vu", subject: "s", text: "délai prévu", warn: []string{warnCharset}},
		{name: "charset that lies", input: "Subject: s\nContent-Type: text/plain; charset=us-ascii\n\ndélai", subject: "s", text: "délai", warn: []string{warnCharset}},
		{name: "utf-8 that is not", input: "Subject: s\nContent-Type: text/plain; charset=utf-8\n\nd\xe9lai", subject: "s", text: "délai", warn: []string{warnCharset}},
		{name: "utf-8 cut short", input: "Subject: s\nContent-Type: text/plain; charset=utf-8\n\nété à la ferme \xc3", subject: "s", text: "été à la ferme \ufffd", warn: []string{warnCharset, warnDecoding}},
		{name: "latin-1 is windows-1252", input: "Subject: s\nContent-Type: text/plain; charset=iso-8859-1\n\nl\x92offre \x80", subject: "s", text: "l’offre €"},
		{name: "decomposed accents", input: "Subject: e\u0301te\u0301\n\ne\u0301te\u0301", subject: "été", text: "été", warn: []string{warnCharset}},
		{name: "iso-2022-jp", input: "Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\nContent-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\\x1b(B", subject: "日本", text: "日本"},
		{name: "garbage line", input: "From: a@b.c\nthis is no field\nSubject: s\n\nbody", subject: "s", text: "body", warn: []string{warnHeaderDamaged}},
		{name: "no blank line", input: "From: a@b.c\nSubject: s\nBonjour Marc,\n\nbody", subject: "s", text: "Bonjour Marc,\n\nbody", warn: []string{warnHeaderDamaged}},
		{name: "space before colon", input: "Subject : s\n\nbody", subject: "s", text: "body"},
		{name: "folded subject", input: "Subject: one\n two\n\tthree\n\nbody", subject: "one two three", text: "body"},
		{name: "type without subtype", input: head + "Content-Type: text\n\nbody", subject: "Devis", text: "body"},
		{name: "unknown encoding", input: head + "Content-Transfer-Encoding: rot13\n\nbody", subject: "Devis", text: "body", warn: []string{warnEncoding}},
		{name: "bad quoted-printable", input: head + "Content-Transfer-Encoding: quoted-printable\n\na=ZZb =c3=A9 \nend=", subject: "Devis", text: "a=ZZb é\nend", warn: []string{warnCharset, warnQuotedPrintable}},
		{name: "bad base64", input: head + "Content-Transfer-Encoding: base64\n\nQm9u*am91cg=\n=\n-- footer --\n", subject: "Devis", text: "Bonjour", warn: []string{warnBase64}},
		{name: "joined base64", input: head + "Content-Transfer-Encoding: base64\n\nQm9uam91cg==\nTWFyYw==\n", subject: "Devis", text: "BonjourMarc"},
		{name: "base64 cut short", input: head + "Content-Transfer-Encoding: base64\n\nQm9uam91c", subject: "Devis", text: "Bonjou", warn: []string{warnBase64}},
		{name: "missing boundary", input: head + "Content-Type: multipart/mixed\n\n--x1\nContent-Type: text/plain\n\nbody\n--x1\nContent-Type: text/html\n\n<p>\n--x1--\n", subject: "Devis", text: "body", html: "<p>", warn: []string{warnBoundaryRecovered, warnHTMLBeside}},
		{name: "wrong boundary", input: mixed("notice\n--x1\nContent-Type: text/plain\n\nbody\n--x1--\n"), subject: "Devis", text: "body", warn: []string{warnBoundaryRecovered}},
		{name: "boundary never comes", input: mixed("only text\n"), subject: "Devis", text: "only text\n", warn: []string{warnBoundaryMissing}},
		{name: "parts without header", input: "--x1\nContent-Type: text/plain\n\nbody\n--x1\nContent-Type: application/pdf; name=a.pdf\n\npdf\n--x1--\n", text: "body", files: []string{"a.pdf=pdf"}, warn: []string{warnBoundaryRecovered, warnHeaderMissing}},
		{name: "unclosed", input: mixed("--b\n\nbody\n"), subject: "Devis", text: "body\n", warn: []string{warnBoundaryUnclosed}},
		{name: "white space after boundary", input: mixed("--b \t\n\nbody\n--b-- \n"), subject: "Devis", text: "body"},
		{name: "inner unclosed", input: mixed("--b\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\ninner\n--b\n\nouter\n--b--\n"), subject: "Devis", text: "inner\nouter", warn: []string{warnBoundaryUnclosed}},
		{name: "parts after the end", input: mixed("--b\n\none\n--b--\n\n--b\n\ntwo\n--b--\n"), subject: "Devis", text: "one\ntwo", warn: []string{warnBoundaryReopened}},
		{name: "epilogue", input: mixed("--b\n\none\n--b--\nlist footer\n"), subject: "Devis", text: "one", warn: []string{warnEpilogue}},
		{name: "unfolded part header", input: mixed("--b\nContent-Type: application/pdf;\nname=\"a.pdf\"\n\npdf\n--b--\n"), subject: "Devis", files: []string{"a.pdf=pdf"}},
		{name: "part without blank line", input: mixed("--b\nbody at once\n--b--\n"), subject: "Devis", text: "body at once", warn: []string{warnHeaderMissing}},
		{name: "header of a part alone", input: mixed("--b\nContent-Type: text/plain\n--b\n\nbody\n--b--\n"), subject: "Devis", text: "body"},
		{name: "uuencode in text", input: head + "\nvoici:\nbegin 644 a.txt\n#0V%T\n`\nend\nfin\n", subject: "Devis", text: "voici:\nfin\n", files: []string{"a.txt=Cat"}},
		{name: "uuencode whose spaces were cut", input: head + "\nvoici:\nbegin 644 a.bin\nM\n#0V%T\n\nend\nfin\n", subject: "Devis", text: "voici:\nfin\n", files: []string{"a.bin=" + strings.Repeat("\x00", 45) + "Cat"}},
		{name: "uuencode with a whole mode", input: head + "\nvoici:\nbegin 100644 a.txt\n#0V%T\n`\nend\nfin\n", subject: "Devis", text: "voici:\nfin\n", files: []string{"a.txt=Cat"}},
		{name: "uuencode in base64", input: head + "\nvoici:\nbegin-base64 644 a.txt\nQ2F0\n====\nfin\n", subject: "Devis", text: "voici:\nfin\n", files: []string{"a.txt=Cat"}},
		{name: "no uuencode", input: head + "\nbegin 644 times\nMy dear\nbegin-base64 644 x\nno data!\n", subject: "Devis", text: "begin 644 times\nMy dear\nbegin-base64 644 x\nno data!\n"},
		{name: "uuencode encoding", input: head + "Content-Type: application/x; name=a.txt\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a.txt\n#0V%T\n`\nend\n", subject: "Devis", files: []string{"a.txt=Cat"}},
		{name: "begin in a sentence", input: head + "\nbegin 644 we said\nnothing here\n", subject: "Devis", text: "begin 644 we said\nnothing here\n"},
		{name: "rfc 2231 name", input: mixed("--b\nContent-Disposition: attachment; filename*0*=utf-8''Devis%20n%C2%B0; filename*1*=12%20%E2%80%93; filename*2=\" fin.pdf\"\n\nx\n--b--\n"), subject: "Devis", files: []string{"Devis n°12 – fin.pdf=x"}},
		{name: "rfc 2047 name", input: mixed("--b\nContent-Type: application/pdf; name=\"=?iso-8859-1?Q?Devis_=E9t=E9.pdf?=\"\n\nx\n--b--\n"), subject: "Devis", files: []string{"Devis été.pdf=x"}},
		{name: "raw name", input: mixed("--b\nContent-Type: application/pdf; name=\"Devis \xe9t\xe9.pdf\"\n\nx\n--b--\n"), subject: "Devis", files: []string{"Devis été.pdf=x"}, warn: []string{warnCharset}},
		{name: "name with a folder", input: mixed("--b\nContent-Disposition: attachment; filename=\"C:\\Users\\zoe\\devis.pdf\"\n\nx\n--b--\n"), subject: "Devis", files: []string{"devis.pdf=x"}},
		{name: "name without quotes", input: mixed("--b\nContent-Disposition: attachment; filename=Devis du 1er (2).pdf\n\nx\n--b--\n"), subject: "Devis", files: []string{"Devis du 1er (2).pdf=x"}},
		{name: "name without semicolon", input: mixed("--b\nContent-Type: application/pdf name=\"a.pdf\"\n\nx\n--b--\n"), subject: "Devis", files: []string{"a.pdf=x"}},
		{name: "split character", input: "Subject: =?utf-8?Q?d=C3?= =?utf-8?Q?=A9lai?=\n\nbody", subject: "délai", text: "body"},
		{name: "words glued", input: "Subject: Re:=?utf-8?Q?=C3=A9t=C3=A9?=fin =?utf-8?B?w6k=?=\n\nbody", subject: "Re:étéfin é", text: "body"},
		{name: "word with spaces", input: "Subject: =?utf-8?Q?un d=C3=A9lai?=\n\nbody", subject: "un délai", text: "body"},
		{name: "word cut short", input: "Subject: =?utf-8?Q?un d=C3=A9lai\n\nbody", subject: "=?utf-8?Q?un d=C3=A9lai", text: "body"},
		{name: "nested message", input: mixed("--b\n\nvoir\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ninner body\n--b--\n"), subject: "Devis", text: "voir", files: []string{"=Subject: inner\n\ninner body"}},
		{name: "digest", input: head + "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b--\n", subject: "Devis", files: []string{"=Subject: one\n\n1"}},
		{name: "flowed", input: head + "Content-Type: text/plain; format=flowed\n\nune \nligne\n> cité \n> suite\n-- \nZoé\n", subject: "Devis", text: "une ligne\n> cité suite\n-- \nZoé\n", warn: []string{warnCharset}},
		{name: "text and HTML beside", input: mixed("--b\nContent-Type: text/html\n\n<p>all\n--b\n\nfooter\n--b--\n"), subject: "Devis", text: "footer", html: "<p>all", warn: []string{warnHTMLBeside}},
	}
}

func utf16File(s string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func TestHardMails(t *testing.T) {
	for _, c := range hardMails() {
		t.Run(c.name, func(t *testing.T) {
			var files []string
			m, err := ReadMail(strings.NewReader(c.input), DefaultLimits(), func(p MailPart, b io.Reader) error {
				data, err := io.ReadAll(b)
				files = append(files, p.Name+"="+string(data))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, w := range m.Warnings {
				codes = append(codes, w.Code)
			}
			slices.Sort(c.warn)
			got := hardMail{c.name, c.input, m.Subject, m.Text, m.HTML, files, codes}
			if d := cmp.Diff(c, got, cmp.AllowUnexported(hardMail{})); d != "" {
				t.Errorf("want -, got +:\n%s", d)
			}
		})
	}
}

// TestReadMailFields reads one ordinary message whole.
func TestReadMailFields(t *testing.T) {
	raw := "Received: from a by b; Fri, 1 Mar 2024 10:00:05 +0100\n" +
		"From: =?utf-8?Q?Zo=C3=A9?= <zoe@oenosud.example>\nSender: robot@oenosud.example\nReply-To: bureau@oenosud.example\n" +
		"To: \"Durand, Anne\" <anne@pompe.example>, marc@pompe.example (Marc)\nTo: paul@pompe.example\nCc: Équipe: luc@pompe.example;\n" +
		"Subject: Devis\nDate: Fri, 1 Mar 2024 10:00:00 +0100\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\nReferences: <a@x> <0@x>\n" +
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\ntexte\n--c\nContent-Type: text/html\n\n<p>texte\n--c--\n" +
		"--b\nContent-Type: image/png\nContent-ID: <logo@x>\nContent-Disposition: inline; filename=logo.png\n\npng\n--b--\n"
	m, err := ReadMail(strings.NewReader(raw), DefaultLimits(), nil)
	if err != nil {
		t.Fatal(err)
	}
	adr := func(pairs ...string) (list []relais.Address) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, relais.Address{Name: pairs[i], Address: pairs[i+1]})
		}
		return list
	}
	want := &Mail{
		Header: m.Header, Subject: "Devis", From: adr("Zoé", "zoe@oenosud.example"), Sender: adr("", "robot@oenosud.example"),
		ReplyTo: adr("", "bureau@oenosud.example"), Cc: adr("", "luc@pompe.example"),
		To:   adr("Durand, Anne", "anne@pompe.example", "Marc", "marc@pompe.example", "", "paul@pompe.example"),
		Date: time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC), DateSource: "header", MessageID: "1@x",
		InReplyTo: []string{"0@x"}, References: []string{"a@x", "0@x"}, Text: "texte", HTML: "<p>texte",
		Attachments: []MailPart{{
			Path: "2", Name: "logo.png", MediaType: "image/png", Disposition: "inline", ContentID: "logo@x",
			Size: 3, SHA256: relais.DigestOf([]byte("png")),
		}},
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Errorf("want -, got +:\n%s", d)
	}
	if len(m.Header) != 13 || m.Header.Get("received") == "" || m.Header.Get("X-None") != "" {
		t.Errorf("header of %d fields", len(m.Header))
	}
}

func TestEncrypted(t *testing.T) {
	for want, input := range map[string]string{
		"pgp":   "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b--\n",
		"pgp ":  "Subject: s\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n",
		"smime": "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx",
		"":      "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\nx",
	} {
		m, err := ReadMail(strings.NewReader(input), DefaultLimits(), nil)
		if err != nil || m.Encrypted != strings.TrimSpace(want) {
			t.Errorf("%q: encrypted %q, want %q (%v)", input, m.Encrypted, want, err)
		}
	}
}

// TestOpenPart opens every attachment again by its path.
func TestOpenPart(t *testing.T) {
	for _, c := range hardMails() {
		m, err := ReadMail(strings.NewReader(c.input), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range m.Attachments {
			part, body, err := OpenPart(strings.NewReader(c.input), DefaultLimits(), a.Path)
			if err != nil {
				t.Fatalf("%s: part %s: %v", c.name, a.Path, err)
			}
			data, err := io.ReadAll(body)
			if err != nil || relais.DigestOf(data) != a.SHA256 || part.Name != a.Name {
				t.Errorf("%s: part %s is %q of %d bytes, want %q of %d (%v)", c.name, a.Path, part.Name, len(data), a.Name, a.Size, err)
			}
		}
	}
	_, _, err := OpenPart(bytes.NewReader(alternative5K()), DefaultLimits(), "9")
	if relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("a part that is not there: %v", err)
	}
}

// TestPeekDate wants the quick look to agree with the whole reading.
func TestPeekDate(t *testing.T) {
	for _, c := range hardMails() {
		m, err := ReadMail(strings.NewReader(c.input), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := PeekDate([]byte(c.input), DefaultLimits()); !d.Equal(m.Date) {
			t.Errorf("%s: peek %v, mail %v", c.name, d, m.Date)
		}
	}
	want := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	if d := PeekDate([]byte("From: a@b.c\nSubject: =?utf-8?Q?=C3=A9?=\nDate: 1 Mar 2024 00:00 +0000\n\ncut"), DefaultLimits()); !d.Equal(want) {
		t.Errorf("%v, want %v", d, want)
	}
	if d := PeekDate([]byte("hello: world\nnothing"), DefaultLimits()); !d.IsZero() {
		t.Errorf("a text is of %v", d)
	}
}

func TestDateFallsBack(t *testing.T) {
	const received = "Received: from a by b; Sat, 2 Mar 2024 10:00:00 +0000\nReceived: from c by a; Fri, 1 Mar 2024 10:00:00 +0000\n"
	for _, date := range []string{"Fri, 30 Feb 2024 10:00:00 +0000", "1 Mar 9999 10:00 +0000", "1 Jan 0001 00:00:00 +0000", "Wed, 28 Dec 0001 08:45:27 -0800", "", "soon", "1 Mar 2024 10:00 +9999"} {
		m, err := ReadMail(strings.NewReader(received+"Date: "+date+"\n\nbody"), DefaultLimits(), nil)
		if err != nil || m.DateSource != "received" || !m.Date.Equal(time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("Date %q: %v from %q (%v)", date, m.Date, m.DateSource, err)
		}
		if _, warned := codesOf(m.Warnings)[warnDate]; warned != (date != "") {
			t.Errorf("Date %q: warnings %v", date, m.Warnings)
		}
	}
	m, err := ReadMail(strings.NewReader("Date: never\n\nbody"), DefaultLimits(), nil)
	if err != nil || !m.Date.IsZero() || m.DateSource != "" {
		t.Errorf("no date: %v from %q (%v)", m.Date, m.DateSource, err)
	}
}
