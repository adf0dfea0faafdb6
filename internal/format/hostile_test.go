package format

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// hostile is one hostile message and what must come of it.
type hostile struct {
	name  string
	input io.Reader
	warn  []string // codes that must be there
	check func(t *testing.T, m *Mail)
}

const plainHead = "From: a@b.example\nTo: c@d.example\nSubject: hostile\nDate: Fri, 1 Mar 2024 10:00:00 +0000\nMessage-ID: <1@b.example>\n"

// TestHostile reads the hostile mails of the design, each within two seconds (they
// take a fraction of one) and 64 MiB.
func TestHostile(t *testing.T) {
	for _, h := range hostileMails() {
		t.Run(h.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			m, err := ReadMail(h.input, DefaultLimits(), nil)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			if took > slower*time.Minute { // a guard against what never ends, not a measure
				t.Errorf("took %v", took)
			}
			if held := int64(after.HeapSys) - int64(before.HeapSys); held > 64<<20 && m.Text == "" || held > 160<<20 {
				t.Errorf("the heap grew by %d MiB", held>>20)
			}
			codes := codesOf(m.Warnings)
			for _, w := range h.warn {
				if _, ok := codes[w]; !ok {
					t.Errorf("no warning %s in %v", w, m.Warnings)
				}
			}
			h.check(t, m)
		})
	}
}

func codesOf(list []relais.Warning) map[string]string {
	codes := map[string]string{}
	for _, w := range list {
		codes[w.Code] = w.Detail
	}
	return codes
}

// repeat is an endless source cut at n bytes.
func repeat(unit string, n int64) io.Reader {
	return io.LimitReader(&repeater{unit: []byte(unit)}, n)
}

type repeater struct {
	unit []byte
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.unit[r.at]
		if r.at++; r.at == len(r.unit) {
			r.at = 0
		}
	}
	return len(p), nil
}

func hostileMails() []hostile {
	str := func(parts ...string) io.Reader { return strings.NewReader(strings.Join(parts, "")) }
	want := func(cond bool, t *testing.T, format string, args ...any) {
		t.Helper()
		if !cond {
			t.Errorf(format, args...)
		}
	}
	return []hostile{
		{"M1 nested multiparts", str(nestedMultiparts(10_000)), []string{warnMIMEDepth}, func(t *testing.T, m *Mail) {
			want(len(m.Attachments) == 1 && m.Attachments[0].Size > 400_000, t, "the rest is not one attachment: %+v", m.Attachments)
		}},
		{"M2 chained messages", str(plainHead, strings.Repeat("Content-Type: message/rfc822\n\n", 100_000)), nil, func(t *testing.T, m *Mail) {
			want(len(m.Attachments) == 1, t, "%d attachments", len(m.Attachments))
		}},
		{"M3 a million parts", io.MultiReader(str(plainHead, "Content-Type: multipart/mixed; boundary=a\n\n"), repeat("--a\n\n12345678\n", 14*1_000_000), str("--a--\n")),
			[]string{warnMIMEParts}, func(t *testing.T, m *Mail) {
				want(codesOf(m.Warnings)[warnMIMEParts] == "999000", t, "counted %q parts", codesOf(m.Warnings)[warnMIMEParts])
				want(strings.Count(m.Text, "12345678") == 1000, t, "%d texts", strings.Count(m.Text, "12345678"))
			}},
		{"M3 a million empty multiparts", io.MultiReader(str(plainHead, "Content-Type: multipart/mixed; boundary=a\n\n"), repeat("--a\nContent-Type: multipart/mixed; boundary=b\n\n", 46*1_000_000)),
			[]string{warnMIMEParts}, func(*testing.T, *Mail) {}},
		{"M4 equal boundaries", str(plainHead, "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html\n--b--\n--b\nContent-Disposition: attachment; filename=x\n\nfile\n--b--\n"),
			nil, func(t *testing.T, m *Mail) {
				want(m.Text == "plain" && m.HTML == "<p>html" && len(m.Attachments) == 1 && m.Attachments[0].Size == 4, t, "%q %q %+v", m.Text, m.HTML, m.Attachments)
			}},
		{"M4 prefixed boundaries", str(plainHead, "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=b1\n\n--b1\n\nplain\n--b1\nContent-Type: text/html\n\n<p>html\n--b1--\n--b\nContent-Disposition: attachment; filename=x\n\nfile\n--b--\n"),
			nil, func(t *testing.T, m *Mail) {
				want(m.Text == "plain" && m.HTML == "<p>html" && len(m.Attachments) == 1, t, "%q %q %+v", m.Text, m.HTML, m.Attachments)
			}},
		{"M5 To lines", io.MultiReader(str(plainHead), repeat("To: someone@example.org\n", 24*500_000), str("\nbody")), []string{warnHeaderLimit, warnAddressLimit}, func(t *testing.T, m *Mail) {
			want(len(m.To) == 1999 && m.Text == "body", t, "%d addresses, text %q", len(m.To), m.Text)
			want(codesOf(m.Warnings)[warnHeaderLimit] == "490005", t, "%s fields left out", codesOf(m.Warnings)[warnHeaderLimit])
		}},
		{"M5 addresses in one line", str("To: ", strings.Repeat("a@example.org, ", 100_000), "\n\nbody"), []string{warnHeaderLimit, warnAddressLimit}, func(t *testing.T, m *Mail) {
			want(len(m.To) == 2000 && m.Text == "body", t, "%d addresses, text %q", len(m.To), m.Text)
		}},
		{"M6 long subject", io.MultiReader(str("From: a@b.example\nSubject: "), repeat("x", 32<<20), str("\n\nbody")), []string{warnHeaderLimit}, func(t *testing.T, m *Mail) {
			want(len(m.Subject) > 200_000 && len(m.Subject) <= 256<<10 && m.Text == "body", t, "subject of %d bytes, text %q", len(m.Subject), m.Text)
		}},
		{"M7 parameters", str(plainHead, "Content-Type: application/pdf", manyParams(100_000), "\n\nbody"), []string{warnParamLimit}, func(t *testing.T, m *Mail) {
			want(len(m.Attachments) == 1, t, "%+v", m.Attachments)
		}},
		{"M8 controls", str("From: a@b.example\nSubject: =?utf-8?Q?a=0D=0ABcc:_x@y=00z?=\nContent-Disposition: attachment; filename=\"a\rb\x00c.txt\"\n\nbody"), nil, func(t *testing.T, m *Mail) {
			want(m.Subject == "a Bcc: x@y z" && m.Bcc == nil && m.Attachments[0].Name == "a b c.txt", t, "%q %q", m.Subject, m.Attachments[0].Name)
		}},
		{"M9 doubles", str(plainHead, "From: z@z.example\nDate: Sat, 2 Mar 2024 10:00:00 +0000\nMessage-ID: <2@z>\n\nbody"), []string{warnAmbiguousHeader}, func(t *testing.T, m *Mail) {
			want(m.From[0].Address == "a@b.example" && m.MessageID == "1@b.example" && m.Date.Day() == 1 && len(m.Header.Values("From")) == 2, t, "%+v", m)
		}},
		{"M10 long Message-ID", str("From: a@b\nMessage-ID: <", strings.Repeat("x", 64<<10), "@y>\n\nbody"), []string{warnMessageID}, func(t *testing.T, m *Mail) {
			want(m.MessageID == "", t, "kept %d bytes", len(m.MessageID))
		}},
		{"M11 references", str("From: a@b\nReferences:", manyReferences(10_000), "\n\nbody"), []string{warnReferenceLimit}, func(t *testing.T, m *Mail) {
			want(len(m.References) == 200 && m.References[0] == "0@x" && m.References[199] == "9999@x", t, "%d: %v", len(m.References), m.References[:2])
		}},
		{"M13 charsets", str("From: a@b\nContent-Type: text/plain; charset=x-nothing\n\n\xc0\xaf \xed\xa0\x80 caf\xe9\x00"), []string{warnCharset}, func(t *testing.T, m *Mail) {
			want(!strings.Contains(m.Text, "\x00"), t, "%q", m.Text)
		}},
		{"M13 utf-7", str("From: a@b\nContent-Type: text/html; charset=utf-7\n\n+ADw-script+AD4-"), nil, func(t *testing.T, m *Mail) {
			want(m.HTML == "<script>", t, "%q", m.HTML)
		}},
		{"M14 base64 zeros", io.MultiReader(str(plainHead, "Content-Type: application/x-zeros\nContent-Transfer-Encoding: base64\n\n"), repeat(strings.Repeat("A", 76)+"\n", 140<<20)), nil, func(t *testing.T, m *Mail) {
			want(m.Attachments[0].Size > 100<<20, t, "%d bytes", m.Attachments[0].Size)
		}},
		{"M14 over the message limit", io.MultiReader(str(plainHead, "Content-Type: application/x-zeros\n\n"), repeat("A\n", 200<<20)), []string{warnMessageTruncated}, func(t *testing.T, m *Mail) {
			want(m.Attachments[0].Size == 150<<20-int64(len(plainHead)+len("Content-Type: application/x-zeros\n\n")), t, "%d bytes", m.Attachments[0].Size)
		}},
		{"M14 bad base64", str(plainHead, "Content-Type: application/x\nContent-Transfer-Encoding: base64\n\n!!!!", base64.StdEncoding.EncodeToString([]byte("hello")), "\x00\xff"), []string{warnBase64}, func(t *testing.T, m *Mail) {
			want(m.Attachments[0].SHA256 == relais.DigestOf([]byte("hello")), t, "%+v", m.Attachments)
		}},
		{"M14 long text", io.MultiReader(str(plainHead, "\n"), repeat("line of text\n", 30<<20)), []string{warnTextLimit}, func(t *testing.T, m *Mail) {
			want(len(m.Text) == 20<<20, t, "%d bytes", len(m.Text))
		}},
		{"M16 open attribute", str(plainHead, "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src=\"http://evil.example/\n--b\nContent-Type: text/html\n\nsecret\n--b\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=c\n\n--c\nContent-Type: application/octet-stream\n\nx\n--c--\n--b--\n"), nil, func(t *testing.T, m *Mail) {
			want(strings.Contains(m.HTML, htmlJoint+"secret") && m.Encrypted == "pgp", t, "%q %q", m.HTML, m.Encrypted)
		}},
		{"M21 empty", str(""), nil, func(t *testing.T, m *Mail) {
			want(m.Text == "" && m.Header == nil || len(m.Header) == 0, t, "%+v", m)
		}},
		{"M21 header alone", str(plainHead), nil, func(t *testing.T, m *Mail) {
			want(m.Subject == "hostile" && m.Text == "", t, "%+v", m)
		}},
		{"dashes", io.MultiReader(str(plainHead, "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"), repeat("--x\n-----\n", 30<<20)), []string{warnTextLimit}, func(*testing.T, *Mail) {}},
		{"garbage header lines", io.MultiReader(str(plainHead), repeat("garbage\n", 30<<20)), nil, func(*testing.T, *Mail) {}},
		{"garbage and fields", io.MultiReader(str(plainHead), repeat("garbage\nX-A: b\n", 30<<20)), []string{warnHeaderDamaged}, func(*testing.T, *Mail) {}},
		{"open words", str("Subject: ", strings.Repeat("=?a?q? ", 30_000), "\n\n"), nil, func(*testing.T, *Mail) {}},
		{"open brackets", str("From: ", strings.Repeat("<a@b,", 40_000), strings.Repeat("(", 20_000), strings.Repeat("\"", 10_001), "\n\n"), nil, func(*testing.T, *Mail) {}},
		{"quotes in parameters", str("Content-Type: text/plain; name=\"", strings.Repeat("\"a ", 60_000), "\n\n"), nil, func(*testing.T, *Mail) {}},
		{"begin lines", io.MultiReader(str(plainHead, "\n"), repeat("begin 644 x\nM\n", 15<<20)), nil, func(*testing.T, *Mail) {}},
	}
}

func nestedMultiparts(n int) string {
	var b strings.Builder
	b.WriteString(plainHead)
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	return b.String()
}

func manyParams(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "; name*%d=a", i)
	}
	return b.String()
}

func manyReferences(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\n <%d@x>", i)
	}
	return b.String()
}

// TestChunks reads hostile and ordinary mail byte by byte, and as it comes: how the
// source hands out bytes must not matter.
func TestChunks(t *testing.T) {
	inputs := map[string][]byte{"alternative": alternative5K(), "attachment": attachment300K()[:70<<10]}
	for _, c := range hardMails() {
		inputs[c.name] = []byte(c.input)
	}
	for name, raw := range inputs {
		want := summary(t, bytes.NewReader(raw))
		for kind, r := range map[string]io.Reader{
			"one byte": iotest.OneByteReader(bytes.NewReader(raw)), "half": iotest.HalfReader(bytes.NewReader(raw)),
			"data and EOF": iotest.DataErrReader(bytes.NewReader(raw)),
		} {
			if got := summary(t, r); got != want {
				t.Errorf("%s, %s:\n got %s\nwant %s", name, kind, got, want)
			}
		}
	}
}

// summary tells everything about a message in one string.
func summary(t testing.TB, r io.Reader) string {
	t.Helper()
	var bodies strings.Builder
	m, err := ReadMail(r, DefaultLimits(), func(p MailPart, b io.Reader) error {
		n, err := io.CopyN(&bodies, b, 10)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %d bytes, %v", p.Path, n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v %q", m, bodies.String())
}

func TestSourceErrors(t *testing.T) {
	broken := func(n int64) io.Reader {
		return io.MultiReader(io.LimitReader(bytes.NewReader(attachment300K()), n), iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	for _, n := range []int64{0, 10, 200, 1000, 100_000} {
		if _, err := ReadMail(broken(n), DefaultLimits(), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: error %v, want the source's", n, err)
		}
	}
	stop := fmt.Errorf("stop")
	if _, err := ReadMail(bytes.NewReader(attachment300K()), DefaultLimits(), func(MailPart, io.Reader) error { return stop }); err != stop {
		t.Errorf("error %v, want the function's", err)
	}
}
