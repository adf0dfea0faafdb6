package format

import "bytes"

// preamble reads what stands before the first delimiter of a multipart. A line that begins
// with dashes and is followed by a part's header is taken for the delimiter where the
// declared one is missing or wrong; if there is none at all, the preamble is the body's
// text.
func (w *walker) preamble(e *entity, level int) delimiter {
	s := w.split
	var kept []byte
	over := false
	keep := func(b []byte) {
		room := max(0, w.text.left-int64(len(kept)))
		over = over || int64(len(b)) > room
		kept = append(kept, b[:min(int64(len(b)), room)]...)
	}
	for {
		line, whole := s.win.line(windowMost / 2)
		if len(line) == 0 {
			break
		}
		if stop, ok := w.preambleDelimiter(line, level); ok {
			if stop.level != level {
				w.unread(e, kept, over)
			}
			return stop
		}
		keep(line)
		s.win.take(len(line))
		for !whole {
			line, whole = s.win.line(windowMost / 2)
			keep(line)
			s.win.take(len(line))
		}
	}
	w.unread(e, kept, over)
	return delimiter{level: -1}
}

// preambleDelimiter takes a line that is a delimiter, or can be the missing one.
func (w *walker) preambleDelimiter(line []byte, level int) (delimiter, bool) {
	s := w.split
	stop, ok := s.match(line)
	if !ok {
		name := guessBoundary(line)
		if name == "" || !partFollows(s.win.ahead(len(line) + headerScan)[len(line):]) {
			return stop, false
		}
		w.warn.add(warnBoundaryRecovered, 1)
		s.open[level] = name
		s.longest = max(s.longest, len(name))
		stop = delimiter{level: level}
	}
	s.win.take(len(line))
	s.bol = true
	s.forget()
	return stop, true
}

// unread makes text of a preamble that no part followed; over says that there was more of
// it than may be kept.
func (w *walker) unread(e *entity, kept []byte, over bool) {
	if over {
		w.warn.add(warnTextLimit, 1)
	}
	if len(bytes.TrimSpace(kept)) == 0 {
		return
	}
	w.warn.add(warnBoundaryMissing, 1)
	d, _ := newDecoder(e.encoding)
	w.addText(&w.text, decodeAll(d, kept), e)
	d.report(&w.warn)
}

// guessBoundary gives the boundary that a line may be the delimiter of, or "".
func guessBoundary(line []byte) string {
	line = bytes.TrimRight(line, " \t\r\n")
	if !bytes.HasPrefix(line, []byte("--")) || len(line) < 3 || len(line) > boundaryMost {
		return ""
	}
	return string(line[2:])
}

// partFollows tells whether text begins with the header of a part.
func partFollows(text []byte) bool {
	text = bytes.TrimLeft(text, " \t")
	return len(text) > 8 && bytes.EqualFold(text[:8], []byte("content-")) && fieldName(text[:min(len(text), 80)]) > 0
}

// guessMultipart finds parts in a message that declares no media type: its first
// line, or the first after the usual notice, is a delimiter.
func (w *walker) guessMultipart(e *entity) {
	b := w.split.win.ahead(headerScan)
	b = b[:min(len(b), headerScan)]
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		switch {
		case guessBoundary(line) != "" && partFollows(rest):
			e.mediaType, e.declared = "multipart/mixed", true
			return
		case len(bytes.TrimSpace(line)) > 0 && !bytes.Contains(line, []byte("MIME")):
			return
		}
		b = rest
	}
}
