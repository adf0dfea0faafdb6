package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const (
	sepA  = "From zoe@oenosud.example Fri Mar  1 10:00:00 2024\n"
	headA = "From: zoe@oenosud.example\nDate: Fri, 1 Mar 2024 10:00:00 +0000\nMessage-ID: <1@x>\nSubject: a\n\n"
)

// boxed is what an mbox splits into, as text: "!" marks an ambiguous separator,
// "?" a missing one.
func boxed(t testing.TB, r io.Reader, variant MboxVariant) []string {
	t.Helper()
	var out []string
	m := NewMbox(r, 0, variant)
	for {
		msg, err := m.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(msg.Body)
		if err != nil {
			t.Fatal(err)
		}
		mark := ""
		if msg.Ambiguous {
			mark = "!"
		}
		if msg.Missing {
			mark += "?"
		}
		out = append(out, mark+string(body))
	}
}

// inCR is a text as the classic Mac wrote it.
func inCR(s string) string { return strings.ReplaceAll(s, "\n", "\r") }

func TestMbox(t *testing.T) {
	a := sepA + headA
	clen := func(body string) string {
		return sepA + fmt.Sprintf("From: a@b\nDate: d\nMessage-ID: <1@x>\nContent-Length: %d\n\n", len(body)) + body
	}
	clenHead := func(body string) string { return clen(body)[len(sepA):] }
	for _, c := range []struct {
		name    string
		variant MboxVariant
		input   string
		want    []string
	}{
		{"empty", MboxRD, "", nil},
		{"blank", MboxRD, "\n\n", nil},
		{"two", MboxRD, a + "one\n\n" + a + "two\n\n", []string{headA + "one\n\n", headA + "two\n\n"}},
		{"M17 From in a body", MboxRD, a + "one\n\nFrom memory, it was blue.\nmore\n\nFrom \nFrom\n\n" + a + "two\n",
			[]string{headA + "one\n\nFrom memory, it was blue.\nmore\n\nFrom \nFrom\n\n", headA + "two\n"}},
		{"From and a year", MboxRD, a + "\nFrom May 2009 on, we sell\nFrom Paris at 10:00 we left\n", []string{headA + "\nFrom May 2009 on, we sell\nFrom Paris at 10:00 we left\n"}},
		{"rd quoting", MboxRD, a + ">From x\n>>From y\n> From z\n", []string{headA + "From x\n>From y\n> From z\n"}},
		{"o quoting", MboxO, a + ">From x\n>>From y\n", []string{headA + "From x\n>>From y\n"}},
		{"cl2 quoting", MboxCL2, a + ">From x\n", []string{headA + ">From x\n"}},
		{"quoted first", MboxRD, sepA + ">From x\n" + headA + "one\n", []string{"From x\n" + headA + "one\n"}},
		{"CRLF", MboxRD, strings.ReplaceAll(a+"one\n\n"+a+">From x\n", "\n", "\r\n"),
			[]string{strings.ReplaceAll(headA+"one\n\n", "\n", "\r\n"), strings.ReplaceAll(headA+"From x\n", "\n", "\r\n")}},
		{"M18 forged", MboxRD, a + "one\n\nFrom x Mon Jan  1 10:00:00 2024\nFrom: ceo@pompe.example\nSubject: pay\n\nnow\n",
			[]string{headA + "one\n\n", "!From: ceo@pompe.example\nSubject: pay\n\nnow\n"}},
		{"Content-Length", MboxRD, clen("one\n\n"+a+"forwarded\n\n") + a + "two\n",
			[]string{"!" + clenHead("one\n\n"+a+"forwarded\n\n"), headA + "two\n"}},
		{"Content-Length to the end", MboxRD, clen("one\n\nFrom x Mon Jan  1 10:00:00 2024\nSubject: in\n"),
			[]string{clenHead("one\n\nFrom x Mon Jan  1 10:00:00 2024\nSubject: in\n")}},
		{"Content-Length that lies", MboxRD, strings.Replace(clen("one\n\n"), "Length: 5", "Length: 50", 1) + a + "two\n",
			[]string{strings.Replace(clenHead("one\n\n"), "Length: 5", "Length: 50", 1), headA + "two\n"}},
		{"no blank line", MboxRD, a + "cut\n" + a + "two\n", []string{headA + "cut\n", "!" + headA + "two\n"}},
		{"garbage first", MboxRD, "garbage\nmore\n\n" + a + "one\n", []string{"?garbage\nmore\n\n", headA + "one\n"}},
		{"one message without separator", MboxRD, headA + "one\n", []string{"?" + headA + "one\n"}},
		{"separator alone", MboxRD, sepA + sepA + headA + "one\n", []string{"", "!" + headA + "one\n"}},
		{"Thunderbird", MboxRD, "From - Fri Mar 01 10:00:00 2024\n" + headA + "one\n\nFrom - Fri Mar 01 10:00:01 2024\n" + headA + "two\n", []string{headA + "one\n\n", headA + "two\n"}},
		{"Thunderbird, bare", MboxRD, "From \n" + headA + "one\n\nFrom \n" + headA + "two\n", []string{headA + "one\n\n", headA + "two\n"}},
		{"Thunderbird, bare after dated", MboxRD, "From - Fri Mar 01 10:00:00 2024\n" + headA + "one\n\nFrom \nX-Mozilla-Status: 0001\n" + headA + "two\n",
			[]string{headA + "one\n\n", "X-Mozilla-Status: 0001\n" + headA + "two\n"}},
		{"Thunderbird, no blank line", MboxRD, "From \nX-Mozilla-Status: 0001\n" + headA + "cut\nFrom \nX-Mozilla-Status: 0001\n" + headA + "two\n",
			[]string{"X-Mozilla-Status: 0001\n" + headA + "cut\n", "!X-Mozilla-Status: 0001\n" + headA + "two\n"}},
		{"Thunderbird, a line of a body", MboxRD, "From \n" + headA + "one\n\nFrom \nhere on: it rains\n\nFrom \n" + headA + "two\n",
			[]string{headA + "one\n\nFrom \nhere on: it rains\n\n", headA + "two\n"}},
		{"Takeout without dates", MboxRD, "From 123@xxx\n" + headA + "one\n\nFrom 124@xxx\n" + headA + "two\n", []string{headA + "one\n\n", headA + "two\n"}},
		{"a first field that few know", MboxRD, sepA + headA + "one\n\n" + sepA + "Autocrypt: addr=a@b\n" + headA + "two\n",
			[]string{headA + "one\n\n", "Autocrypt: addr=a@b\n" + headA + "two\n"}},
		{"byte order mark", MboxRD, "\xef\xbb\xbf" + a + "one\n\n" + a + "two\n", []string{headA + "one\n\n", headA + "two\n"}},
		{"byte order mark, blank lines", MboxRD, "\xef\xbb\xbf\r\n \r\n" + a + "one\n", []string{headA + "one\n"}},
		{"CR", MboxRD, inCR(a + "one\n\n" + a + ">From x\n"), []string{inCR(headA + "one\n\n"), inCR(headA + "From x\n")}},
		{"CR, with LF in a body", MboxRD, inCR(a+"one\n") + "\nmore" + inCR("\n\n"+a+"two\n"), []string{inCR(headA+"one\n") + "\nmore\r\r", inCR(headA + "two\n")}},
		{"CR, Eudora", MboxRD, inCR("From ???@??? Fri Mar 01 10:00:00 2024\n" + headA + "one\n\nFrom ???@??? Fri Mar 01 10:00:00 2024\n" + headA + "two\n"),
			[]string{inCR(headA + "one\n\n"), inCR(headA + "two\n")}},
		{"no date", MboxRD, "From zoe\n" + headA + "one\n\nFrom marc\n" + headA + "two\n", []string{headA + "one\n\n", headA + "two\n"}},
		{"no date, half a header", MboxRD, "From zoe\n" + headA + "one\n\nFrom marc\nSubject: x\n\ntwo\n", []string{headA + "one\n\n", "!Subject: x\n\ntwo\n"}},
		{"no date after a dated one", MboxRD, a + "one\n\nFrom marc\n" + headA + "two\n", []string{headA + "one\n\n", "!" + headA + "two\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for kind, r := range map[string]io.Reader{
				"whole": strings.NewReader(c.input), "stream": struct{ io.Reader }{strings.NewReader(c.input)},
				"bytes": iotest.OneByteReader(strings.NewReader(c.input)),
			} {
				if got := boxed(t, r, c.variant); !slices.Equal(got, c.want) {
					t.Errorf("%s:\n got %q\nwant %q", kind, got, c.want)
				}
			}
		})
	}
}

// writeMbox writes messages as mboxrd: each ends in a blank line.
func writeMbox(messages []string) []byte {
	var b bytes.Buffer
	for i, m := range messages {
		fmt.Fprintf(&b, "From w%d@x.example Fri Mar  1 10:00:%02d 2024\n", i, i%60)
		for line := range strings.SplitAfterSeq(m, "\n") {
			if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
				b.WriteByte('>')
			}
			b.WriteString(line)
		}
	}
	return b.Bytes()
}

// TestMboxRoundTrip splits what was written into what it was written from,
// wherever the reader's windows end, and from any message on.
func TestMboxRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewSource(7))
	lines := []string{"From here on\n", ">From there\n", ">>From x Fri Mar  1 10:00:00 2024\n", "\n", "From x Fri Mar  1 10:00:00 2024\nSubject: y\n", "text\n", ">\n", "F\n", "-- \n", strings.Repeat("x", 5000) + "\n", strings.Repeat("y", 70000) + "\n"}
	for round := range 40 {
		var messages []string
		for range 1 + rnd.Intn(30) {
			var b strings.Builder
			b.WriteString(headA)
			for range rnd.Intn(30) {
				b.WriteString(lines[rnd.Intn(len(lines))])
			}
			b.WriteString("\n")
			messages = append(messages, b.String())
		}
		box := writeMbox(messages)
		got := splitAll(t, box)
		if len(got) != len(messages) {
			t.Fatalf("round %d: %d messages, want %d", round, len(got), len(messages))
		}
		var offsets []int64
		m := NewMbox(bytes.NewReader(box), 0, MboxRD)
		for i, want := range messages {
			if string(got[i]) != want {
				t.Fatalf("round %d, message %d:\n got %.300q\nwant %.300q", round, i, got[i], want)
			}
			msg, err := m.Next()
			if err != nil {
				t.Fatal(err)
			}
			offsets = append(offsets, msg.Offset)
		}
		resume(t, box, offsets, messages)
		if m.Separators() != int64(len(messages)) {
			t.Errorf("%d separators, want %d", m.Separators(), len(messages))
		}
	}
}

// resume reads from each offset on.
func resume(t *testing.T, box []byte, offsets []int64, messages []string) {
	t.Helper()
	for i, at := range offsets {
		r := bytes.NewReader(box)
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		m := NewMbox(r, at, MboxRD)
		msg, err := m.Next()
		if err != nil || msg.Offset != at {
			t.Fatalf("message %d: offset %d, want %d (%v)", i, msg.Offset, at, err)
		}
		if b, _ := io.ReadAll(msg.Body); string(b) != messages[i] {
			t.Fatalf("message %d differs from offset %d", i, at)
		}
		if i+1 < len(offsets) && m.Offset() != offsets[i+1] {
			t.Fatalf("after message %d at %d, want %d", i, m.Offset(), offsets[i+1])
		}
	}
}

func TestMboxSeparator(t *testing.T) {
	m := NewMbox(strings.NewReader(sepA+headA+"one\n"), 0, MboxRD)
	msg, err := m.Next()
	if err != nil || msg.Sender != "zoe@oenosud.example" || !msg.Date.Equal(time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v %v", msg, err)
	}
	if len(msg.Warnings()) != 0 {
		t.Errorf("warnings %v", msg.Warnings())
	}
	bad := NewMbox(io.MultiReader(strings.NewReader(sepA+headA), iotest.ErrReader(io.ErrUnexpectedEOF)), 0, MboxRD)
	if msg, err = bad.Next(); err == nil {
		_, err = io.ReadAll(msg.Body)
	}
	if err != io.ErrUnexpectedEOF {
		t.Errorf("error %v, want the source's", err)
	}
}

// TestMboxCorpus counts the messages of every mbox of the corpus; TestFidelity
// checks their bytes.
func TestMboxCorpus(t *testing.T) {
	dir := corpusDir(t)
	want := map[string]int{}
	for _, m := range readExpected(t, dir) {
		if file, _, ok := strings.Cut(m.ID, "#"); ok {
			want[file]++
		}
	}
	ambiguous, total := 0, 0
	for file, n := range want {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		got := boxed(t, f, MboxRD)
		f.Close()
		if len(got) != n {
			t.Errorf("%s: %d messages, want %d", file, len(got), n)
		}
		for _, g := range got {
			total++
			if strings.HasPrefix(g, "!") {
				ambiguous++
			}
		}
	}
	t.Logf("%d messages in %d files, %d separators ambiguous", total, len(want), ambiguous)
	if ambiguous > total/50 {
		t.Errorf("%d of %d separators are called ambiguous", ambiguous, total)
	}
}

// TestUndatedSeparator: the first second of 1970 stands for no date, and separates, though
// nothing of a header follows.
func TestUndatedSeparator(t *testing.T) {
	m := NewMbox(strings.NewReader(sepA+headA+"one\n\nFrom relais@localhost Thu Jan  1 00:00:00 1970\n\n"+sepA+headA+"three\n"), 0, MboxRD)
	var bodies []string
	for msg, err := m.Next(); !errors.Is(err, io.EOF); msg, err = m.Next() {
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(msg.Body)
		if err != nil || len(bodies) == 1 && !msg.Date.IsZero() {
			t.Errorf("%+v, %v", msg, err)
		}
		bodies = append(bodies, string(b))
	}
	if len(bodies) != 3 || bodies[0] != headA+"one\n\n" || bodies[2] != headA+"three\n" {
		t.Errorf("%q", bodies)
	}
}
