package format

import (
	"strings"
	"testing"
	"testing/iotest"
)

// TestDelimiters: RFC 2046, section 5.1.1: two dashes, the boundary, two more dashes at
// the end of a multipart, and nothing after them but white space.
func TestDelimiters(t *testing.T) {
	none, text := delimiter{}, false
	for _, tt := range []struct {
		open []string
		line string
		want delimiter
		ok   bool
	}{
		{[]string{"b"}, "--b\n", delimiter{0, false}, true},
		{[]string{"b"}, "--b \t\r\n", delimiter{0, false}, true},
		{[]string{"b"}, "--b--", delimiter{0, true}, true},
		{[]string{"b"}, "--b-- \t\r\n", delimiter{0, true}, true},
		{[]string{"b"}, "--b--x\n", none, text},
		{[]string{"b"}, "--b---\n", none, text},
		{[]string{"b"}, "--b-\n", none, text},
		{[]string{"b"}, "--b-x\n", none, text},
		{[]string{"b"}, "--bx-\n", none, text},
		{[]string{"b"}, "--b --\n", none, text},
		{[]string{"b"}, "--bx\n", none, text},
		{[]string{"b"}, "--B\n", none, text},
		{[]string{"b"}, "-- b\n", none, text},
		{[]string{"b"}, " --b\n", none, text},
		{[]string{"b"}, "-b\n", none, text},
		{[]string{"b"}, "--\n", none, text},
		{[]string{""}, "--\n", none, text},
		{[]string{""}, "----\n", none, text},
		{nil, "--b\n", none, text},
		{[]string{"o", "i"}, "--i\n", delimiter{1, false}, true},
		{[]string{"o", "i"}, "--o--\n", delimiter{0, true}, true},
		{[]string{"b", "b"}, "--b\n", delimiter{1, false}, true},
		{[]string{"b", "b--"}, "--b--\n", delimiter{1, false}, true},
		{[]string{"b--", "b"}, "--b--\n", delimiter{1, true}, true},
		{[]string{"b", "bc"}, "--bc\n", delimiter{1, false}, true},
		{[]string{"bc", "b"}, "--bc--\n", delimiter{0, true}, true},
		{[]string{"b"}, "--b" + strings.Repeat(" ", delimiterSlack-2), delimiter{0, false}, true},
		{[]string{"b"}, "--b" + strings.Repeat(" ", delimiterSlack-1), none, text},
	} {
		s := &splitter{win: newWindow(strings.NewReader("")), bol: true}
		for _, b := range tt.open {
			s.push(b)
		}
		if got, ok := s.match([]byte(tt.line)); got != tt.want || ok != tt.ok {
			t.Errorf("%q within %q: %v, %t; want %v, %t", tt.line, tt.open, got, ok, tt.want, tt.ok)
		}
	}
}

// TestBodiesEndAtDelimiters: what looks like one and is none is text of the part, whole,
// wherever the source's pieces end.
func TestBodiesEndAtDelimiters(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"closed":             {"one\n--b--\nrest\n", "one"},
		"open":               {"one\n", "one\n"},
		"more after dashes":  {"one\n--b--x\ntwo\n--b--\n", "one\n--b--x\ntwo"},
		"one dash more":      {"one\n--b---\ntwo\n--b--\n", "one\n--b---\ntwo"},
		"one dash":           {"one\n--b-\ntwo\n--b--\n", "one\n--b-\ntwo"},
		"in a line":          {"one --b--\ntwo\n--b--\n", "one --b--\ntwo"},
		"dashes":             {"--\n-\n---\n--b--\n", "--\n-\n---"},
		"dashes at the end":  {"one\n--", "one\n--"},
		"a dash at the end":  {"one\r\n-", "one\r\n-"},
		"line end, CRLF":     {"one\r\n\r\n--b--\r\n", "one\r\n"},
		"CR is text":         {"one\r--b--\n--b--", "one\r--b--"},
		"no line end, long":  {strings.Repeat("line\n", 50_000) + "--b--", strings.Repeat("line\n", 50_000-1) + "line"},
		"without a line end": {"one\n--b--", "one"},
		"nothing":            {"--b--\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			src := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + tt.body
			for kind, r := range map[string]func() *splitter{
				"whole": func() *splitter { return &splitter{win: newWindow(strings.NewReader(src))} },
				"bytes": func() *splitter { return &splitter{win: newWindow(iotest.OneByteReader(strings.NewReader(src)))} },
			} {
				s := r()
				s.push("b")
				if stop := s.next(); stop != (delimiter{0, false}) {
					t.Fatalf("%s: the preamble ends at %v", kind, stop)
				}
				var got strings.Builder
				for last := false; !last; {
					var b []byte
					b, last = s.body(1)
					got.Write(b)
					s.took(len(b))
				}
				// The first line is the part's own header, which is empty.
				if text := strings.TrimPrefix(got.String(), "\n"); text != tt.want {
					t.Errorf("%s: %q, want %q", kind, text, tt.want)
				}
			}
		})
	}
}

// TestABoundaryLongerThanTheWindow is no reason to wait for ever, nor to lose a byte.
func TestABoundaryLongerThanTheWindow(t *testing.T) {
	body := "--" + strings.Repeat("b", 3*windowMost) + "\nrest"
	s := &splitter{win: newWindow(strings.NewReader(body)), bol: true}
	s.push(strings.Repeat("b", windowMost+1))
	var got strings.Builder
	for last := false; !last; {
		var b []byte
		b, last = s.body(1)
		got.Write(b)
		s.took(len(b))
	}
	if got.String() != body || s.stop.level != -1 {
		t.Errorf("%d bytes of %d, ended by %v", got.Len(), len(body), s.stop)
	}
}
