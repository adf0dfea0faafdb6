package format

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
)

const (
	windowFirst = 8 << 10  // first size of a window: most messages need no more
	windowMost  = 64 << 10 // largest size
)

// window reads ahead in a source, so that readers can look at bytes before they take them.
// How far it looks depends on byte counts only, never on how the source hands them out.
type window struct {
	src  io.Reader
	buf  []byte
	r, w int
	err  error // of the source, once it has ended
}

func newWindow(src io.Reader) *window { return &window{src: src} }

// held gives the bytes read ahead.
func (s *window) held() []byte { return s.buf[s.r:s.w] }

// take drops n bytes that were looked at.
func (s *window) take(n int) { s.r += n }

// ahead gives at least n bytes, fewer only at the source's end. n is at most half
// of windowMost.
func (s *window) ahead(n int) []byte {
	for s.w-s.r < n && s.fill() {
	}
	return s.held()
}

// ended tells whether nothing is left, read ahead or not.
func (s *window) ended() bool { return len(s.ahead(1)) == 0 }

// failure is what ended the source early, or nil.
func (s *window) failure() error {
	if errors.Is(s.err, io.EOF) {
		return nil
	}
	return s.err
}

// fill reads more; false when the source has ended or the window is full.
func (s *window) fill() bool {
	if s.err != nil || !s.room() {
		return false
	}
	for tries := 0; tries < 100; tries++ {
		n, err := s.src.Read(s.buf[s.w:])
		s.w += n
		s.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// room makes space for more bytes: by a larger buffer as long as that is allowed,
// otherwise by moving what is held to the front.
func (s *window) room() bool {
	switch {
	case s.w < len(s.buf):
		return true
	case s.r == 0 && len(s.buf) == windowMost:
		return false
	}
	next := s.buf
	if len(s.buf) < windowMost {
		next = make([]byte, min(max(windowFirst, 4*len(s.buf)), windowMost))
	}
	s.w = copy(next, s.held())
	s.r, s.buf = 0, next
	return true
}

// line gives the line at hand with its end, or a piece of one that is longer than
// limit (at most half of windowMost): whole is false for pieces that do not end the
// line. An empty line means the source has ended.
func (s *window) line(limit int) (line []byte, whole bool) {
	from := 0
	for {
		b := s.held()
		if i := bytes.IndexByte(b[from:min(len(b), limit)], '\n'); i >= 0 {
			return b[:from+i+1], true
		}
		if len(b) >= limit {
			return b[:limit], false
		}
		from = len(b)
		if !s.fill() {
			return s.held(), true
		}
	}
}

// eolLength gives the length of the line end whose '\n' is b[i]: 1, or 2 for CRLF.
func eolLength(b []byte, i int) int {
	if i > 0 && b[i-1] == '\r' {
		return 2
	}
	return 1
}

// trimEOL drops a line's end: LF, CRLF, or CRCRLF as some transports make it.
func trimEOL(line []byte) []byte {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		n--
	}
	for n > 0 && line[n-1] == '\r' {
		n--
	}
	return line[:n]
}

// normalise prepares for what some programs put around or in the place of a
// message's bytes: a byte order mark, UTF-16, CR alone as line end.
func (s *window) normalise() {
	b := s.ahead(headerScan)
	b = b[:min(len(b), headerScan)]
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		s.take(3)
	case isUTF16(b):
		s.through(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Reader(s.rest()))
	case endsInCR(b):
		s.through(crReader{s.rest()})
	}
}

// rest gives all that is left, what is held first.
func (s *window) rest() io.Reader {
	return io.MultiReader(bytes.NewReader(bytes.Clone(s.held())), s.src)
}

// through goes on with another source.
func (s *window) through(src io.Reader) { *s = window{src: src} }

// crReader turns CR into LF.
type crReader struct{ r io.Reader }

func (c crReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
