package format

import (
	"bytes"
	"io"
)

// endsInCR tells whether CR alone ends the lines of a text, as on the classic Mac. A
// few LF may stand in it, of what was pasted there.
func endsInCR(b []byte) bool {
	lf := bytes.Count(b, []byte("\n"))
	cr := bytes.Count(b, []byte("\r")) - bytes.Count(b, []byte("\r\n"))
	return cr > 1 && cr > 2*lf
}

// swapReader puts CR and LF in each other's place, so that a text whose lines end in
// CR is read as any other. Done twice, it gives the bytes there were.
type swapReader struct{ r io.Reader }

func (s swapReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	swapEnds(p[:n])
	return n, err
}

func swapEnds(p []byte) {
	for i, c := range p {
		switch c {
		case '\r':
			p[i] = '\n'
		case '\n':
			p[i] = '\r'
		}
	}
}

// beforeText gives the length of what may stand before the first line of a text: a
// byte order mark of UTF-8, lines of white space.
func beforeText(b []byte) int {
	n := 0
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		n = 3
	}
	for at := n; at < len(b); at++ {
		switch b[at] {
		case '\n', '\r':
			n = at + 1
		case ' ', '\t':
		default:
			return n
		}
	}
	return n
}
