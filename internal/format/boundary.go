package format

import "bytes"

// delimiterSlack is how much longer than its boundary a delimiter line may be:
// dashes, white space that transports add, line end.
const delimiterSlack = 200

// delimiter is the line that ended a body (RFC 2046, section 5.1.1).
type delimiter struct {
	level   int // index into the open multiparts, -1 at the end of the message
	closing bool
}

// splitter cuts a message into bodies at the delimiters of the multiparts that are
// open, the innermost first: an inner boundary may equal an outer one or be a
// prefix of it.
type splitter struct {
	win     *window
	open    []string // boundaries, outermost first; "" matches nothing
	longest int
	bol     bool      // the window stands at the start of a line
	safe    int       // bytes held that were found to be body
	last    bool      // the body ends after the safe bytes
	stop    delimiter // what ended the body, when last
	stopLen int       // bytes of that delimiter, the line end before it counted in
}

// push opens a multipart.
func (s *splitter) push(boundary string) {
	s.open = append(s.open, boundary)
	s.longest = max(s.longest, len(boundary))
	s.forget()
}

// pop closes the innermost multipart: from now on its delimiters are text.
func (s *splitter) pop() {
	s.open = s.open[:len(s.open)-1]
	s.forget()
}

// forget drops what was found, as the set of boundaries has changed.
func (s *splitter) forget() { s.safe, s.last = 0, false }

// match tells which delimiter a line is.
func (s *splitter) match(line []byte) (delimiter, bool) {
	if !bytes.HasPrefix(line, []byte("--")) || len(line) > s.longest+delimiterSlack {
		return delimiter{}, false
	}
	rest := bytes.TrimRight(line[2:], " \t\r\n")
	for i := len(s.open) - 1; i >= 0; i-- {
		b := s.open[i]
		if b == "" || len(rest) < len(b) || string(rest[:len(b)]) != b {
			continue
		}
		if len(rest) == len(b) {
			return delimiter{i, false}, true
		}
		if len(rest) == len(b)+2 && rest[len(b)] == '-' && rest[len(b)+1] == '-' {
			return delimiter{i, true}, true
		}
	}
	return delimiter{}, false
}

// body gives bytes of the body at hand without taking them, at least want of them
// (at most 16 KiB) unless the body ends first: then last is true.
func (s *splitter) body(want int) (b []byte, last bool) {
	for s.safe < want && !s.last {
		s.extend()
	}
	return s.win.held()[:s.safe], s.last
}

// took drops n bytes that body gave.
func (s *splitter) took(n int) {
	if n > 0 {
		s.bol = s.win.held()[n-1] == '\n'
		s.win.take(n)
		s.safe -= n
	}
}

// next takes the delimiter that ended the body, which was read to its last byte.
func (s *splitter) next() delimiter {
	for {
		b, last := s.body(1)
		s.took(len(b))
		if last {
			break
		}
	}
	stop := s.stop
	s.win.take(s.stopLen)
	s.bol = true
	s.forget()
	return stop
}

// extend finds more body bytes, reading ahead where those held do not suffice.
func (s *splitter) extend() {
	if s.scan(s.win.held()) || s.win.fill() {
		return
	}
	b := s.win.held()
	if s.win.err == nil {
		// The window is full of one candidate line too long to be a delimiter.
		s.safe = len(b) / 2
		return
	}
	if s.scan(b) {
		return // a delimiter that ends without a line end, as the source does
	}
	s.end(len(b), delimiter{level: -1}, 0)
}

// end notes where the body ends and why.
func (s *splitter) end(safe int, stop delimiter, length int) {
	s.safe, s.last, s.stop, s.stopLen = safe, true, stop, length
}

// scan looks for a delimiter after the safe bytes of b; false when nothing can be
// said without more bytes.
func (s *splitter) scan(b []byte) bool {
	if len(s.open) == 0 {
		found := len(b) > s.safe
		s.safe = len(b)
		return found
	}
	if s.bol && s.safe == 0 && s.candidate(b, 0, 0) {
		return s.last
	}
	from := s.safe
	for {
		eol, line := nextDashes(b, from)
		if line < 0 {
			keep := max(s.safe, len(b)-lineStartTail(b))
			found := keep > s.safe
			s.safe = keep
			return found
		}
		if s.candidate(b, eol, line) {
			if !s.last {
				found := eol > s.safe
				s.safe = eol
				return found
			}
			return true
		}
		from = line + 2
	}
}

// candidate looks at a line that may be a delimiter; the body before it ends at eol. It is
// false when the line is no delimiter. When more bytes are needed to tell, it is true and
// last stays false.
func (s *splitter) candidate(b []byte, eol, line int) bool {
	rest := b[line:]
	if len(rest) < 2 {
		return (len(rest) == 0 || rest[0] == '-') && s.win.err == nil
	}
	if rest[0] != '-' || rest[1] != '-' {
		return false
	}
	end := bytes.IndexByte(rest[:min(len(rest), s.longest+delimiterSlack)], '\n')
	if end < 0 {
		if len(rest) >= s.longest+delimiterSlack {
			return false
		}
		if s.win.err == nil {
			return true
		}
		end = len(rest) - 1
	}
	stop, ok := s.match(rest[:end+1])
	if ok {
		s.end(eol, stop, line+end+1-eol)
	}
	return ok
}

// nextDashes finds a line of b that begins with two dashes, at or after from, and
// where the line end before it begins; line is -1 when there is none.
func nextDashes(b []byte, from int) (eol, line int) {
	for i := max(from, 1); i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '-')
		if n < 0 || i+n+1 >= len(b) {
			return 0, -1
		}
		i += n
		if b[i-1] == '\n' && b[i+1] == '-' {
			nl := i - 1
			return nl + 1 - eolLength(b, nl), i
		}
	}
	return 0, -1
}

// lineStartTail gives how many bytes at the end of b may begin a delimiter with its
// line end: CR, LF, CRLF, each with one dash.
func lineStartTail(b []byte) int {
	n := len(b)
	if n > 0 && b[n-1] == '-' {
		n--
	}
	if n > 0 && b[n-1] == '\n' {
		n--
		if n > 0 && b[n-1] == '\r' {
			n--
		}
		return len(b) - n
	}
	if n == len(b) && n > 0 && b[n-1] == '\r' {
		return 1
	}
	return 0
}
