package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// beside is a file next to a message.
func beside(part, name, text string) Beside {
	return Beside{Part: part, Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// restored is a message as it is read once its files are in it: its text, then name and
// content of each attachment.
func restored(t *testing.T, message string, files ...Beside) (text string, raw []byte) {
	t.Helper()
	raw, err := io.ReadAll(Restore([]byte(message), files, DefaultLimits()))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	mail, err := ReadMail(bytes.NewReader(raw), DefaultLimits(), func(p MailPart, r io.Reader) error {
		content, err := io.ReadAll(r)
		b.WriteString("|" + p.Name + "=" + string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(mail.Text) + b.String(), raw
}

func TestRestore(t *testing.T) {
	const head = "From: a@b.example\nTo: c@d.example\nSubject: s\nMIME-Version: 1.0\n"
	leaf := func(name, body string) string {
		return "Content-Type: application/pdf; name=\"" + name + "\"\nContent-Transfer-Encoding: quoted-printable\nContent-Disposition: attachment;\n filename=\"" + name + "\"\nX-Apple-Content-Length: 5\n\n" + body + "\n"
	}
	mixed := head + "Content-Type: multipart/mixed;\n boundary=\"B 1\"\n\n--B 1\nContent-Type: text/plain\n\nvoir\n--B 1\n" + leaf("a.pdf", "") + "--B 1\n" + leaf("b.pdf", "kept") + "--B 1--\n"
	nested := head + "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: multipart/alternative; boundary=C\n\n--C\nContent-Type: text/plain\n\nvoir\n--C\nContent-Type: multipart/related; boundary=D\n\n--D\n" +
		leaf("in.pdf", "") + "--D--\n--C--\n--B\nContent-Type: message/rfc822\n\n" + mixed + "\n--B--\n"
	for _, c := range []struct {
		name, message string
		files         []Beside
		want          string
	}{
		{"by number", mixed, []Beside{beside("2", "other name.pdf", "\x00\xff%PDF")}, "voir|a.pdf=\x00\xff%PDF|b.pdf=kept"},
		{"as it was sent", mixed, []Beside{{Part: "2", Name: "103.2.emlxpart", Encoded: true, Open: beside("", "", "=41=42C").Open}}, "voir|a.pdf=ABC|b.pdf=kept"},
		{"by name", mixed, []Beside{beside("7", "a.pdf", "%PDF")}, "voir|a.pdf=%PDF|b.pdf=kept"},
		{"a copy", mixed, []Beside{beside("3", "b.pdf", "changed"), beside("2", "a.pdf", "%PDF")}, "voir|a.pdf=%PDF|b.pdf=kept"},
		{"of no part", mixed, []Beside{beside("9", "été.pdf", "%PDF")}, "voir|a.pdf=|b.pdf=kept|été.pdf=%PDF"},
		{"without its end", strings.TrimSuffix(mixed, "--B 1--\n"), []Beside{beside("9", "x", "%PDF"), beside("2", "a", "1")}, "voir|a.pdf=1|b.pdf=kept|x=%PDF"},
		{"CRLF", strings.ReplaceAll(mixed, "\n", "\r\n"), []Beside{beside("2", "a.pdf", "1\n2")}, "voir|a.pdf=1\n2|b.pdf=kept"},
		{"the message itself", head + "Content-Type: text/csv; name=t.csv\nContent-Disposition: attachment; filename=t.csv\n\n", []Beside{beside("1", "t.csv", "1;2")}, "|t.csv=1;2"},
		{"no multipart", head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nYm9uam91cg==\n", []Beside{beside("2", "x.bin", "\x00")}, "bonjour|x.bin=\x00"},
		{"large", mixed, []Beside{beside("2", "a.pdf", strings.Repeat("0123456789", 5000))}, "voir|a.pdf=" + strings.Repeat("0123456789", 5000) + "|b.pdf=kept"},
		{"empty", "", []Beside{beside("2", "x", "1")}, "|x=1"},
	} {
		got, _ := restored(t, c.message, c.files...)
		if got != c.want {
			t.Errorf("%s:\n got %.200q\nwant %.200q", c.name, got, c.want)
		}
	}
	if _, raw := restored(t, nested, beside("1.2.1", "x", "one"), beside("2.2", "y", "two")); strings.Count(string(raw), "\nb25l\n") != 1 || strings.Count(string(raw), "\ndHdv\n") != 1 {
		t.Errorf("nested parts: %s", raw)
	}
	if _, raw := restored(t, mixed); string(raw) != mixed {
		t.Errorf("with nothing beside it the message is another: %q", raw)
	}
	if got := LeftOut([]byte(mixed), DefaultLimits()); got != 1 {
		t.Errorf("%d parts left out", got)
	}
	gone := Beside{Part: "2", Name: "a.pdf", Open: func() (io.ReadCloser, error) { return nil, errors.ErrUnsupported }}
	if _, err := io.ReadAll(Restore([]byte(mixed), []Beside{gone}, DefaultLimits())); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=B\n\n--B\n\n\n--B--\n"), "1")
	f.Add([]byte("Content-Type: message/rfc822\n\nSubject: x\n\n"), "1.1")
	f.Fuzz(func(t *testing.T, message []byte, part string) {
		got, err := io.ReadAll(Restore(message, []Beside{beside(part, "a", "content")}, DefaultLimits()))
		if err != nil || len(got) < len(message)/2 && len(message) > 1000 {
			t.Errorf("%d bytes of %d, %v", len(got), len(message), err)
		}
	})
}

// TestFindParts numbers parts (RFC 3501, section 6.4.5), and finds where each begins and
// ends and where more can be put.
func TestFindParts(t *testing.T) {
	const head = "Content-Type: multipart/mixed; boundary=B\n\n"
	for raw, want := range map[string]string{
		"Subject: s\n\nx": "1=x",
		"Subject: s":      "1=",
		head + "--B\n\none\n--B\n\ntwo\n--B--\nrest":                     "1=one\n|2=two\n",
		head + "--B \t\r\n\none\n--B--\n":                                "1=one\n",
		head + "--B\n\none\n--Bx\n--B":                                   "1=one\n--Bx\n|2=",
		head + "--B\n\none\n--B-\n":                                      "1=one\n--B-\n",
		head + "--B\n\none\n":                                            "1=one\n",
		head + "none":                                                    "",
		head + "--B\nContent-Type: message/rfc822\n\nA: b\n\nx\n--B--\n": "1.1=x\n",
		head + "--B\nContent-Type: message/rfc822\n\n \n--B--\n":         "1= \n",
		head + "--B\nContent-Type: multipart/mixed; boundary=C\n\n--C\n\nin\n--C--\n--B\n\nout\n--B--\n": "1.1=in\n|2=out\n",
		"Content-Type: message/rfc822\n\n" + head + "--B\n\none\n--B--\n":                                "1=one\n",
		"content-type:\n multipart/mixed;\n boundary=B\n\n--B\n\none\n--B--\n":                           "1=one\n",
		"Content-Type: multipart/mixed\n\n--B\n\none\n":                                                  "1=--B\n\none\n",
	} {
		var got []string
		found := findParts([]byte(raw), DefaultLimits())
		for _, p := range found.parts {
			got = append(got, strings.TrimLeft(p.number, ".")+"="+raw[p.body:p.past])
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q: %q, want %q", raw, s, want)
		}
		if end := strings.Index(raw, "--B--"); strings.HasPrefix(raw, head) && end >= 0 && raw[found.last:end] != "" {
			t.Errorf("%q: more is put at %d", raw, found.last)
		}
	}
	lim := DefaultLimits()
	lim.Parts, lim.MIMEDepth = 1, 1
	three := head + "--B\n\none\n--B\n\ntwo\n--B\n\nthree\n--B--\n"
	if n := len(findParts([]byte(three), lim).parts); n != 1 {
		t.Errorf("%d parts, 1 allowed", n)
	}
	deep := head + "--B\nContent-Type: multipart/mixed; boundary=C\n\n--C\n\nin\n--C--\n--B--\n"
	if p := findParts([]byte(deep), lim).parts; len(p) != 1 || p[0].number != "1" {
		t.Errorf("too deep: %+v", p)
	}
}

// TestRawField reads the first field of a name, unfolded, whatever its case.
func TestRawField(t *testing.T) {
	for header, want := range map[string]string{
		"X-A: 1\nX-B: 2\nX-A: 3\n": "1", "x-a:1": "1", "X-A:\n 1\n\t2\nX-B: 3\n": "1 \t2", "X-B: 1\n X-A: 2\n": "", "X-AB: 1\n": "", "": "", "X-A": "", "X-B: 1\n\nX-A: 1\n": "1", " X-A: 1": "",
	} {
		if got := rawField([]byte(header), "x-a"); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	for header, want := range map[string]string{"A: 1\nX-A: 2\n 3\nB: 4\n": "A: 1\nB: 4", "X-A: 1": "", "X-AB: 1\n": "X-AB: 1", "A: 1\n 2\nx-a:3": "A: 1\n 2"} {
		if got := string(withoutField([]byte(header), "x-a")); got != want {
			t.Errorf("%q without it: %q, want %q", header, got, want)
		}
	}
}
