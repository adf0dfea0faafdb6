package format

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decodeAs decodes a body in pieces of the size given.
func decodeAs(t testing.TB, encoding string, src []byte, piece int) ([]byte, map[string]string) {
	t.Helper()
	d, _ := newDecoder(encoding)
	s := &splitter{win: newWindow(&pieces{src, piece}), bol: true}
	out, err := io.ReadAll(&bodyReader{s: s, d: d})
	if err != nil {
		t.Fatal(err)
	}
	var warn warnings
	d.report(&warn)
	return out, codesOf(warn.sorted())
}

// pieces hands out bytes a few at a time.
type pieces struct {
	b []byte
	n int
}

func (p *pieces) Read(dst []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(dst[:min(len(dst), p.n)], p.b)
	p.b = p.b[n:]
	return n, nil
}

// TestDecodersInvert decodes what the standard library, or uuencode as POSIX has
// it, encodes.
func TestDecodersInvert(t *testing.T) {
	rnd := rand.New(rand.NewSource(3))
	encoders := map[string]func([]byte) []byte{
		"base64": func(b []byte) []byte {
			var out bytes.Buffer
			for s := base64.StdEncoding.EncodeToString(b); s != ""; {
				n := min(len(s), 1+rnd.Intn(100))
				out.WriteString(s[:n] + []string{"\r\n", "\n", " \t\n"}[rnd.Intn(3)])
				s = s[n:]
			}
			return out.Bytes()
		},
		"quoted-printable": func(b []byte) []byte {
			var out bytes.Buffer
			w := quotedprintable.NewWriter(&out)
			w.Binary = true
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		},
		"x-uuencode": uuencode,
		"binary":     func(b []byte) []byte { return b },
	}
	for name, encode := range encoders {
		for _, size := range []int{0, 1, 2, 3, 44, 45, 46, 1000, 10_000, 100_000} {
			data := make([]byte, size)
			rnd.Read(data)
			src := encode(data)
			for _, piece := range []int{1, 7, 4096, 1 << 20} {
				if piece == 1 && size > 10_000 {
					continue
				}
				got, codes := decodeAs(t, name, src, piece)
				if !bytes.Equal(got, data) || len(codes) > 0 {
					t.Fatalf("%s of %d bytes by %d: %d bytes, %v", name, size, piece, len(got), codes)
				}
			}
		}
	}
}

func uuencode(b []byte) []byte {
	var out bytes.Buffer
	out.WriteString("begin 644 x\n")
	six := func(v byte) byte {
		if v &= 63; v == 0 {
			return '`'
		}
		return v + ' '
	}
	for len(b) > 0 {
		n := min(45, len(b))
		line := append(bytes.Clone(b[:n]), 0, 0)
		out.WriteByte(six(byte(n)))
		for i := 0; i < n; i += 3 {
			out.Write([]byte{six(line[i] >> 2), six(line[i]<<4 | line[i+1]>>4), six(line[i+1]<<2 | line[i+2]>>6), six(line[i+2])})
		}
		out.WriteByte('\n')
		b = b[n:]
	}
	out.WriteString("`\nend\n")
	return out.Bytes()
}

// TestDecodersDamaged wants something, and a warning, from what is no encoding.
func TestDecodersDamaged(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, c := range []struct{ encoding, input, want, code string }{
		{"base64", "SGVs*bG8=", "Hello", warnBase64},
		{"base64", "SGVsbG8", "Hello", ""},
		{"base64", "SGVsbG", "Hell", ""},
		{"base64", "SGVsb", "Hel", warnBase64},
		{"base64", "SGVsbG8=\nSGVsbG8=\n", "HelloHello", ""},
		{"base64", "SGVsbG8=\nSGVsbG8=", "HelloHello", ""},
		{"base64", "SGVsbG8=\n\n==\nfooter of a list\nmore", "Hello", warnBase64},
		{"base64", "SGVsbG8=\n" + long, "Hello", warnBase64},
		{"base64", "", "", ""},
		{"quoted-printable", "a=zzb=", "a=zzb", warnQuotedPrintable},
		{"quoted-printable", "a=3", "a=3", warnQuotedPrintable},
		{"quoted-printable", "a= \t\nb", "ab", ""},
		{"quoted-printable", "a \t\r\nb \t", "a\r\nb", ""},
		{"quoted-printable", "=e9=E9", "\xe9\xe9", ""},
		{"quoted-printable", long + "=41" + long, long + "A" + long, ""},
		{"quoted-printable", strings.Repeat(" ", 5000) + "x", strings.Repeat(" ", 5000) + "x", ""},
		{"uuencode", "no begin\n", "", warnUUEncode},
		{"uuencode", "begin 644 x\n#0V%T\n", "Cat", warnUUEncode},
		{"uuencode", "begin 644 x\n#0V%T\nbad~\n`\nend\nafter", "Cat", warnUUEncode},
		{"rot13", "as it is", "as it is", ""},
	} {
		for _, piece := range []int{1, 100, 1 << 20} {
			got, codes := decodeAs(t, c.encoding, []byte(c.input), piece)
			if string(got) != c.want {
				t.Errorf("%s of %.60q: got %.60q, want %.60q", c.encoding, c.input, got, c.want)
			}
			if _, ok := codes[c.code]; c.code != "" && !ok || c.code == "" && len(codes) > 0 {
				t.Errorf("%s of %.60q: warnings %v, want %q", c.encoding, c.input, codes, c.code)
			}
		}
	}
}

func TestEncodingNames(t *testing.T) {
	for name, known := range map[string]bool{
		"": true, "7bit": true, " Base64 ": true, "\"quoted-printable\"": true, "8bit;": true, "base64 (comment)": true,
		"x-uuencode": true, "binary": true, "7-bit": true, "rot13": false, "utf-8": false,
	} {
		if _, ok := newDecoder(name); ok != known {
			t.Errorf("%q: known %v, want %v", name, ok, known)
		}
	}
}

// TestMultipartInverts reads what the standard library writes: parts of random
// bytes, with lines that are nearly delimiters.
func TestMultipartInverts(t *testing.T) {
	rnd := rand.New(rand.NewSource(5))
	words := []string{"--", "\n--bound", "\n--boundary1x", "\r\n--boundary1", "\n--boundary1--x", "\n", "\r\n", "text", "-", "\r", strings.Repeat("z", 9000)}
	for round := range 100 {
		var b bytes.Buffer
		b.WriteString("Content-Type: multipart/mixed; boundary=boundary1\r\n\r\npreamble\r\n")
		w := multipart.NewWriter(&b)
		if err := w.SetBoundary("boundary1"); err != nil {
			t.Fatal(err)
		}
		var want []string
		for range 1 + rnd.Intn(6) {
			var body strings.Builder
			for range rnd.Intn(12) {
				body.WriteString(words[rnd.Intn(len(words))])
			}
			s := strings.ReplaceAll(body.String(), "\r\n--boundary1", "\r\n--b")
			s = strings.ReplaceAll(s, "\n--boundary1--", "\n--b")
			s = strings.ReplaceAll(s, "\n--boundary1", "\n--c")
			p, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/x"}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(p, s); err != nil {
				t.Fatal(err)
			}
			want = append(want, s)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		_, err := ReadMail(&pieces{b.Bytes(), 1 + rnd.Intn(5000)}, DefaultLimits(), func(_ MailPart, r io.Reader) error {
			data, err := io.ReadAll(r)
			got = append(got, string(data))
			return err
		})
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("round %d: %v\n got %.500q\nwant %.500q", round, err, got, want)
		}
	}
}

func TestReadHeader(t *testing.T) {
	for _, c := range []struct{ name, input, want, rest string }{
		{"plain", "A: 1\nB: 2\n\nbody", "A=1|B=2", "body"},
		{"folded", "A: 1\n 2\n\t3\n\nbody", "A=1 2 3", "body"},
		{"folded blank", "A: 1\n \nB: 2\n\nbody", "A=1|B=2", "body"},
		{"empty value", "A:\nB: \n\nbody", "A=|B=", "body"},
		{"no colon at the end", "A: 1\nbody without blank\n\nmore", "A=1", "body without blank\n\nmore"},
		{"garbage kept", "A: 1\nlost words\nSubject: 2\n\nbody", "A=1 lost words|Subject=2", "body"},
		{"parameter unfolded", "Content-Type: x/y;\nname=z\n\nbody", "Content-Type=x/y; name=z", "body"},
		{"addresses unfolded", "To: a@b,\nc@d\n\nbody", "To=a@b, c@d", "body"},
		{"no end", "A: 1\nB: 2", "A=1|B=2", ""},
		{"CRCRLF", "A: 1\r\r\nB: 2\r\r\n\r\r\nbody", "A=1|B=2", "body"},
		{"spaces and colon", "A \t: 1\n\nbody", "A=1", "body"},
		{"blank first", "\nbody", "", "body"},
	} {
		s := &splitter{win: newWindow(strings.NewReader(c.input)), bol: true}
		var warn warnings
		var got []string
		for _, f := range readHeader(s, DefaultLimits(), &warn) {
			got = append(got, f.Name+"="+f.Value)
		}
		rest, _ := s.body(1)
		if d := cmp.Diff([]string{c.want, c.rest}, []string{strings.Join(got, "|"), string(rest)}); d != "" {
			t.Errorf("%s: want -, got +:\n%s", c.name, d)
		}
	}
}

func TestHeaderLimits(t *testing.T) {
	lim := DefaultLimits()
	lim.HeaderLine, lim.HeaderFields, lim.HeaderBytes = 10, 3, 1000
	input := "A: 0123456789abc\n more\nB: 1\nC: 2\nD: 3\n E\nF: 4\n\nbody"
	m, err := ReadMail(strings.NewReader(input), lim, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Header{{"A", "012345678"}, {"B", "1"}, {"C", "2"}}
	if d := cmp.Diff(want, m.Header); d != "" || m.Text != "body" {
		t.Errorf("text %q; want -, got +:\n%s", m.Text, d)
	}
	if n := codesOf(m.Warnings)[warnHeaderLimit]; n != "3" {
		t.Errorf("%s fields left out or cut, want 3", n)
	}
}

func TestUnflow(t *testing.T) {
	for input, want := range map[string]string{
		"a \nb\n":              "a b\n",
		"a\nb\n":               "a\nb\n",
		" stuffed\n":           "stuffed\n",
		">a \n>b\n":            "> a b\n",
		">a \n>>b\n":           "> a \n>> b\n",
		"a \n-- \nsign \nme\n": "a \n-- \nsign me\n",
		"> > a\n":              "> > a\n",
		"end ":                 "end ",
		" \n\n":                "\n\n",
	} {
		if got := unflow(input, false); got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
	if got := unflow("e \n\u0301x \ny\n", true); got != "éxy\n" {
		t.Errorf("DelSp: got %q", got)
	}
}

func TestClean(t *testing.T) {
	for input, want := range map[string]string{
		"plain\n\ttext":       "plain\n\ttext",
		"a\r\nb\rc\r\r\nd":    "a\nb\nc\nd",
		"\ufeffa":             "a",
		"a\x00b\x1bc\x7f":     "a b c ",
		"\u0085\u009f":        "  ",
		"\xff\xc0\xafé":       "\ufffd\ufffd\ufffdé",
		"e\u0301":             "é",
		"\u202egnp.exe":       "\u202egnp.exe",
		"\ufffd":              "\ufffd",
		"\U0001f600 \u212b":   "\U0001f600 Å",
		"line\u2028separated": "line\u2028separated",
	} {
		if got := cleanText([]byte(input)); got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
	for input, want := range map[string]string{
		" a  b ": "a b", "a\r\nBcc: x": "a Bcc: x", "a\tb": "a b", "é\u00a0è": "é è", "": "", "ok": "ok", "a ": "a",
	} {
		if got := cleanLine(input); got != want {
			t.Errorf("line %q: got %q, want %q", input, got, want)
		}
	}
	if got := cutText("aé", 2); got != "a" {
		t.Errorf("cut within a rune: %q", got)
	}
}

func TestWarnings(t *testing.T) {
	var w warnings
	w.add("b", 1)
	w.add("a", 2)
	w.add("b", 3)
	w.add("c", 0)
	if got := fmt.Sprint(w.sorted()); got != "[{a 2} {b 4}]" {
		t.Errorf("got %s", got)
	}
	if new(warnings).sorted() != nil {
		t.Error("warnings from nothing")
	}
}

// TestUUStream wants a large uuencoded file in a text streamed, and the text around
// it kept, wherever the source pauses.
func TestUUStream(t *testing.T) {
	data := make([]byte, 300_000)
	rand.New(rand.NewSource(9)).Read(data)
	raw := append([]byte("Subject: s\n\nbefore\n"), uuencode(data)...)
	raw = append(raw, "between\n"...)
	raw = append(raw, uuencode(data[:10])...)
	raw = append(raw, "after\n"...)
	for _, piece := range []int{1, 1000, 1 << 20} {
		var sizes []int
		m, err := ReadMail(&pieces{raw, piece}, DefaultLimits(), func(p MailPart, r io.Reader) error {
			got, err := io.ReadAll(r)
			if !bytes.Equal(got, data[:len(got)]) {
				t.Errorf("%s: %d bytes differ", p.Path, len(got))
			}
			sizes = append(sizes, len(got))
			return err
		})
		if err != nil || m.Text != "before\nbetween\nafter\n" || !slices.Equal(sizes, []int{300_000, 10}) {
			t.Errorf("by %d: text %q, files of %v (%v)", piece, m.Text, sizes, err)
		}
	}
}

// TestRareParts reads what few mails have.
func TestRareParts(t *testing.T) {
	for _, c := range []struct{ name, input, text, html, warn string }{
		{"closed twice", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b--\n--b--\nend\n", "one", "", ""},
		{"encoded text without parts", "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\nQm9uam91cg==\n", "Bonjour", "", warnBoundaryMissing},
		{"alternative of HTML alone", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/html\n\n<p>all\n--c--\n--b\n\nfooter\n--b--\n", "footer", "<p>all", warnHTMLBeside},
		{"charset of HTML", "Content-Type: text/html\n\n<meta charset=\"koi8-r\">\xf0\xd2\xc9\xd7\xc5\xd4", "", "<meta charset=\"koi8-r\">Привет", ""},
		{"endless boundary", "Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 2000) + "\n\n--x\nContent-Type: text/plain\n\none\n--x--\n", "one", "", warnBoundaryRecovered},
		{"type html", "Content-Type: html\n\n<p>", "", "<p>", ""},
		{"type nonsense", "Content-Type: nonsense\n\nbytes", "", "", ""},
		{"broken words in an address", "From: =?utf-8?Q?=C3=A9?= <a@b>\nTo: Dupont, \"Jean\" <j@b>\n\nx", "x", "", warnAddressRepaired},
	} {
		m, err := ReadMail(strings.NewReader(c.input), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, warned := codesOf(m.Warnings)[c.warn]
		if m.Text != c.text || m.HTML != c.html || c.warn != "" && !warned {
			t.Errorf("%s: text %q, HTML %q, warnings %v", c.name, m.Text, m.HTML, m.Warnings)
		}
	}
}
