package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestMessageForms: what stands around or in the place of a message's bytes changes nothing
// of what it says.
func TestMessageForms(t *testing.T) {
	const raw = "Subject: été\nContent-Type: text/plain; charset=utf-8\n\nun\ndeux\n"
	wide := func(mark string, big int) string {
		out := []byte(mark)
		for _, r := range raw {
			pair := []byte{byte(r), byte(r >> 8)}
			out = append(out, pair[big], pair[1-big])
		}
		return string(out)
	}
	for name, s := range map[string]string{
		"as it is": raw, "a byte order mark": "\xef\xbb\xbf" + raw, "UTF-16, little": wide("\xff\xfe", 0), "UTF-16, big": wide("\xfe\xff", 1),
		"CR": inCR(raw), "CRLF": strings.ReplaceAll(raw, "\n", "\r\n"), "CRCRLF": strings.ReplaceAll(raw, "\n", "\r\r\n"),
	} {
		if m, _ := readBy(t, s, DefaultLimits()); m.Subject != "été" || m.Text != "un\ndeux\n" {
			t.Errorf("%s: %q, %q", name, m.Subject, m.Text)
		}
	}
}

// TestWindow looks ahead as far as asked, however the source hands its bytes out, and no
// further than a window is large.
func TestWindow(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 8<<10)
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(data), "bytes": iotest.OneByteReader(bytes.NewReader(data)), "with its end": iotest.DataErrReader(bytes.NewReader(data))} {
		w := newWindow(r)
		var got []byte
		for _, n := range []int{1, 7, 4096, windowMost / 2, windowMost/2 - 1} {
			b := w.ahead(n)
			if len(b) < n {
				t.Fatalf("%s: %d bytes ahead, want %d", name, len(b), n)
			}
			got = append(got, b[:n/2+1]...)
			w.take(n/2 + 1)
		}
		for !w.ended() {
			got = append(got, w.held()...)
			w.take(len(w.held()))
		}
		if !bytes.Equal(got, data) || w.failure() != nil || w.fill() {
			t.Errorf("%s: %d bytes of %d (%v)", name, len(got), len(data), w.failure())
		}
	}
	full := newWindow(bytes.NewReader(data))
	for full.fill() {
	}
	if len(full.held()) != windowMost || full.err != nil {
		t.Errorf("a full window holds %d bytes (%v)", len(full.held()), full.err)
	}
	idle := newWindow(readerFunc(func([]byte) (int, error) { return 0, nil }))
	if !idle.ended() || !errors.Is(idle.failure(), io.ErrNoProgress) {
		t.Errorf("a source that gives nothing: %v", idle.failure())
	}
	slow := 0
	late := newWindow(readerFunc(func(p []byte) (int, error) {
		if slow++; slow < 100 {
			return 0, nil
		}
		return copy(p, "x"), io.EOF
	}))
	if string(late.ahead(1)) != "x" || late.failure() != nil {
		t.Errorf("a source that is slow: %q (%v)", late.held(), late.failure())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestWindowLines gives lines whole up to a length, and longer ones in pieces.
func TestWindowLines(t *testing.T) {
	type piece struct {
		text  string
		whole bool
	}
	for input, want := range map[string][]piece{
		"ab\ncd":    {{"ab\n", true}, {"cd", true}},
		"abcd\ne":   {{"abcd\n", true}, {"e", true}},
		"abcde\nf":  {{"abcde", false}, {"\n", true}, {"f", true}},
		"abcdefg\n": {{"abcde", false}, {"fg\n", true}},
		"\n\n":      {{"\n", true}, {"\n", true}},
		"":          nil,
	} {
		for _, r := range []io.Reader{strings.NewReader(input), iotest.OneByteReader(strings.NewReader(input))} {
			w := newWindow(r)
			var got []piece
			for line, whole := w.line(5); len(line) > 0; line, whole = w.line(5) {
				got = append(got, piece{string(line), whole})
				w.take(len(line))
			}
			if len(got) != len(want) {
				t.Errorf("%q: %v, want %v", input, got, want)
				continue
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%q: %v, want %v", input, got, want)
				}
			}
		}
	}
}

// TestParamOddities: what mailers write where parameters stand.
func TestParamOddities(t *testing.T) {
	for input, want := range map[string]string{
		"x/y; a=1; A=2":                       "x/y a=1 a=2",
		"x/y; a = \"1\" ; b=2":                "x/y a=1 b=2",
		"x/y; a=\"1\" b=2":                    "x/y a=1 b=2",
		"x/y; a=\"1\" (said so); b=2":         "x/y a=1 b=2",
		"x/y; a=\"1\"2\"; b=2":                "x/y a=1\"2 b=2",
		"x/y; a=\"1;2\"; b=2":                 "x/y a=1;2 b=2",
		"x/y; a=\"1; b=2":                     "x/y a=1 b=2",
		"x/y; a=\"\\":                         "x/y a=\\",
		"x/y; (a; b=1":                        "x/y b=1",
		"x/y; (a=) b=1":                       "x/y b=1",
		"x/y; stray a=1":                      "x/y a=1",
		"x/y; =1; b=2":                        "x/y b=2",
		"x/y; a=":                             "x/y a=",
		"x/y; a=1 filename=b c boundary=d":    "x/y a=1 filename=b c boundary=d",
		"x/y; a=1 other=2":                    "x/y a=1 other=2",
		"x/y; a*2=3; a*0=1":                   "x/y a=13",
		"x/y; a*1=2":                          "x/y a=2",
		"x/y; a*10=3; a*0=1; a*2=2":           "x/y a=123",
		"x/y; a*=utf-8'fr'%41%4":              "x/y a=A%4",
		"x/y; a*=utf-8'fr'%41%":               "x/y a=A%",
		"x/y; a*0*=utf-8''%41; a*1*=%42; a=0": "x/y a=AB a=0",
		"\"x/y\"; a=1":                        "x/y a=1",
		"x/y\ta=1":                            "x/y a=1",
	} {
		var warn warnings
		p := parseParams(input, DefaultLimits(), &warn)
		got := p.value
		for _, e := range p.list {
			got += " " + e.name + "=" + e.value
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
	for input, want := range map[string]string{
		"x; a=utf-8 (yes)": "utf-8", "x; a=\"'utf-8'\"": "utf-8", "x; a=utf-8(c)": "utf-8", "x; a=\" utf-8\"": "utf-8", "x; b=1": "", "x; a=1; a=2": "1",
	} {
		var warn warnings
		p := parseParams(input, DefaultLimits(), &warn)
		if got := p.token("a"); got != want {
			t.Errorf("%q: the word is %q, want %q", input, got, want)
		}
	}
}

// TestQuotedPrintablePieces decodes lines that have no end, as far as is seen of them, as
// they are decoded whole.
func TestQuotedPrintablePieces(t *testing.T) {
	for name, c := range map[string]struct{ input, want string }{
		"an escape at each place": {strings.Repeat("=41", 3000), strings.Repeat("A", 3000)},
		"behind one character":    {"x" + strings.Repeat("=41", 3000), "x" + strings.Repeat("A", 3000)},
		"behind two":              {"xx" + strings.Repeat("=41", 3000), "xx" + strings.Repeat("A", 3000)},
		"blanks in the middle":    {strings.Repeat("x"+strings.Repeat(" ", 10), 1000) + "y", strings.Repeat("x"+strings.Repeat(" ", 10), 1000) + "y"},
		"soft line ends":          {strings.Repeat("0123456789=\r\n", 900), strings.Repeat("0123456789", 900)},
		"an equals sign alone":    {"a=", "a"},
		"equals signs":            {"a==\nb", "a=b"},
		"half an escape":          {"a=4\nb", "a=4\nb"},
		"no digits":               {"a=GG=4g", "a=GG=4g"},
		"blanks at the end":       {"a \t \nb =20\nc= \n", "a\nb  \nc"},
	} {
		for _, piece := range []int{1, 3, 1000, 1 << 20} {
			if got, _ := decodeAs(t, "quoted-printable", []byte(c.input), piece); string(got) != c.want {
				t.Errorf("%s by %d: %d bytes, want %d: %.40q", name, piece, len(got), len(c.want), got)
			}
		}
	}
}

// TestBase64Joined: encoded pieces may be joined behind their padding; a footer is none.
func TestBase64Joined(t *testing.T) {
	for name, c := range map[string]struct{ input, want, code string }{
		"two pieces":            {"YQ==\nYg==\n", "ab", ""},
		"three":                 {"YQ==\nYg==\nYw==", "abc", ""},
		"blank lines between":   {"YQ==\r\n\r\n \nYg==", "ab", ""},
		"a line of no quarter":  {"YQ==\nYWI", "a", warnBase64},
		"a line with a mark":    {"YQ==\nYW.i", "a", warnBase64},
		"on the same line":      {"YQ==Yg==", "a", warnBase64},
		"padding alone":         {"YQ==\n====\n", "a", ""},
		"behind what is no end": {"YQ==\nfooter!\nYg==", "a", warnBase64},
		"behind a long line":    {"YQ==\n" + strings.Repeat("x", 3000), "a", warnBase64},
		"blanks in it":          {"Y Q\t=\r=\n", "a", ""},
		"one character more":    {"YWJjZ", "abc", warnBase64},
	} {
		for _, piece := range []int{1, 4, 1 << 20} {
			got, codes := decodeAs(t, "base64", []byte(c.input), piece)
			if _, warned := codes[c.code]; string(got) != c.want || warned != (c.code != "") || codes[c.code] != "" || c.code == "" && len(codes) > 0 {
				t.Errorf("%s by %d: %q, %v", name, piece, got, codes)
			}
		}
	}
}

// TestRestoreForms keeps line ends, takes each file once, and says where it came from a
// file that fails.
func TestRestoreForms(t *testing.T) {
	part := func(name string) string {
		return "Content-Type: application/pdf; name=" + name + "\nContent-Transfer-Encoding: 7bit\nX-Apple-Content-Length: 5\n\n\n"
	}
	mixed := "Subject: s\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\nvoir\n--B\n" + part("a") + "--B\n" + part("a") + "--B--\n"
	for name, c := range map[string]struct {
		files []Beside
		want  string
	}{
		"two of one name":         {[]Beside{beside("8", "a", "one"), beside("9", "a", "two")}, "voir|a=one|a=two"},
		"one of two":              {[]Beside{beside("8", "a", "one")}, "voir|a=one|a="},
		"a number, then a name":   {[]Beside{beside("3", "x", "one"), beside("8", "a", "two")}, "voir|a=two|a=one"},
		"as sent, of no part":     {[]Beside{{Part: "8", Name: "a", Encoded: true, Open: beside("", "", "eA==").Open}}, "voir|a=|a=|a=x"},
		"in whatever order":       {[]Beside{beside("9", "a", "two"), beside("8", "a", "one")}, "voir|a=one|a=two"},
		"of a name not there":     {[]Beside{beside("8", "dir/b", "one")}, "voir|a=|a=|b=one"},
		"a line of base64":        {[]Beside{beside("2", "a", strings.Repeat("x", encodedLine))}, "voir|a=" + strings.Repeat("x", encodedLine) + "|a="},
		"a line and a byte":       {[]Beside{beside("2", "a", strings.Repeat("x", encodedLine+1))}, "voir|a=" + strings.Repeat("x", encodedLine+1) + "|a="},
		"a room's worth of bytes": {[]Beside{beside("2", "a", strings.Repeat("x", encodedLine*256))}, "voir|a=" + strings.Repeat("x", encodedLine*256) + "|a="},
	} {
		for _, crlf := range []bool{false, true} {
			message := mixed
			if crlf {
				message = strings.ReplaceAll(mixed, "\n", "\r\n")
			}
			got, raw := restored(t, message, c.files...)
			if got != c.want {
				t.Errorf("%s: %.200q, want %.200q", name, got, c.want)
			}
			if n := bytes.Count(raw, []byte("\n")) - bytes.Count(raw, []byte("\r\n")); crlf && n > 0 || !crlf && bytes.Contains(raw, []byte("\r")) {
				t.Errorf("%s: %d line ends of another kind", name, n)
			}
			for line := range strings.Lines(string(raw)) {
				if len(strings.TrimRight(line, "\r\n")) > 78 {
					t.Errorf("%s: a line of %d bytes", name, len(line))
				}
			}
		}
	}
	if n := LeftOut([]byte(mixed), DefaultLimits()); n != 2 {
		t.Errorf("%d left out", n)
	}
	kept := strings.Replace(mixed, "Length: 5\n\n\n", "Length: 5\n\nkept\n", 1)
	if n := LeftOut([]byte(strings.Replace(kept, "X-Apple-Content", "X-Other", 1)), DefaultLimits()); n != 1 {
		t.Errorf("%d left out", n)
	}
	failing := func(read, closed error) Beside {
		return Beside{Part: "2", Open: func() (io.ReadCloser, error) {
			return fileThat{io.MultiReader(strings.NewReader("x"), iotest.ErrReader(read)), closed}, nil
		}}
	}
	for name, f := range map[string]Beside{"reading": failing(io.ErrClosedPipe, nil), "closing": failing(io.EOF, io.ErrClosedPipe)} {
		if _, err := io.ReadAll(Restore([]byte(mixed), []Beside{f}, DefaultLimits())); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("a file whose %s fails: %v", name, err)
		}
	}
}

// fileThat is a file whose closing fails.
type fileThat struct {
	io.Reader
	closed error
}

func (f fileThat) Close() error { return f.closed }

// TestRestoreWraps makes a multipart of a message that is none: what describes its body goes
// with the body, all else stays.
func TestRestoreWraps(t *testing.T) {
	const message = "Subject: s\nContent-Type: text/plain;\n charset=koi8-r\nX-Other: kept\nContent-Transfer-Encoding: quoted-printable\nContent-Disposition: inline\n\n=F0\n"
	got, raw := restored(t, message, beside("2", "b.bin", "\x00"))
	if got != "П|b.bin=\x00" {
		t.Errorf("%q", got)
	}
	head, _, _ := strings.Cut(string(raw), "\n\n")
	if !strings.Contains(head, "Subject: s\nX-Other: kept\n") || strings.Contains(head, "koi8-r") || strings.Contains(head, "quoted") || strings.Contains(head, "inline") {
		t.Errorf("header %q", head)
	}
	again, err := io.ReadAll(Restore([]byte(message), []Beside{beside("2", "b.bin", "\x00")}, DefaultLimits()))
	if err != nil || !bytes.Equal(again, raw) {
		t.Errorf("made again it is another message (%v)", err)
	}
}
