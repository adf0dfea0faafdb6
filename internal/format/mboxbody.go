package format

import (
	"bytes"
	"io"
)

// mboxBody reads one message of an mbox file up to the separator that ends it. The
// blank line before that is the message's: its bytes are as the file has them, but
// for quoting.
type mboxBody struct {
	m     *Mbox
	until int64 // offset before which nothing separates, 0 for none
	start bool  // nothing was read yet: the window stands at a line's start
	safe  int   // bytes held that are of the message
	drop  int   // bytes of quoting that follow them
	last  bool  // the message ends there
	tight bool  // with no blank line before the separator
	plain bool  // nothing is quoted here
}

// Read gives bytes of the message up to its end, or to quoting that is dropped.
func (b *mboxBody) Read(p []byte) (int, error) {
	for b.safe == 0 && !b.last {
		if b.drop > 0 {
			b.m.take(b.drop)
			b.drop, b.start = 0, false
		}
		b.extend()
	}
	if b.safe == 0 {
		if err := b.m.win.failure(); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	n := copy(p, b.m.win.held()[:b.safe])
	if b.m.swapped {
		swapEnds(p[:n]) // back to what the file has
	}
	b.m.take(n)
	b.safe -= n
	b.start = b.start && n == 0
	return n, nil
}

// extend finds more of the message, reading ahead where the bytes held do not decide.
// Nothing is safe when it is called.
func (b *mboxBody) extend() {
	win := b.m.win
	for from := 0; ; {
		held := win.held()
		line, from2 := b.fromLine(held, from)
		if line < 0 {
			if b.safe = len(held) - b.tail(held); b.safe > 0 {
				return
			}
			if !win.fill() {
				b.safe, b.last = len(held), true
				return
			}
			continue
		}
		if len(held)-line < mboxAhead && win.err == nil {
			// Give out what comes before, to make room for the line and what follows it.
			if line > 0 {
				b.safe = line - max(blankBefore(held, line), eolLength(held, line-1))
			}
			if b.safe > 0 {
				return
			}
		}
		held = win.ahead(line + mboxAhead)
		if b.judge(held, line) {
			return
		}
		from = from2
	}
}

// judge tells whether a line that begins with "From ", quoted or not, ends the
// message or has quoting to undo; it then sets what is safe.
func (b *mboxBody) judge(held []byte, line int) bool {
	if held[line] == '>' {
		if !b.quoted(held[line:]) {
			return false
		}
		b.safe, b.drop = line, 1
		return true
	}
	sep := parseSeparator(held[line:])
	blank := blankBefore(held, line)
	strong := sep.ok && sep.header && (sep.dated || sep.moz && sep.form == formThunderbird)
	loose := sep.ok && blank > 0 && (sep.dated || sep.header)
	if b.until > b.m.offset+int64(line) {
		b.plain = true
		b.m.cur.Ambiguous = b.m.cur.Ambiguous || strong && sep.whole && blank > 0
		return false
	}
	if !strong && !loose {
		return false
	}
	b.safe, b.last, b.tight = line, true, blank == 0
	return true
}

// quoted tells whether a line that begins with ">" and is "From " behind them was
// quoted by the program that wrote the file.
func (b *mboxBody) quoted(line []byte) bool {
	switch b.m.variant {
	case MboxCL2:
		return false
	case MboxO:
		return line[1] == 'F'
	}
	return !b.plain
}

// fromLine finds a line that begins with any number of ">" and "From ", at or
// after from, and where to look for the next one.
func (b *mboxBody) fromLine(held []byte, from int) (line, next int) {
	for {
		i := bytes.Index(held[from:], []byte("From "))
		if i < 0 {
			return -1, 0
		}
		line = from + i
		from = line + 5
		for line > 0 && held[line-1] == '>' {
			line--
		}
		if line == 0 && b.start || line > 0 && held[line-1] == '\n' {
			return line, from
		}
	}
}

// tail gives how many bytes at the end of what is held may belong to a separator
// that is not held yet: a line end, a blank line, some of ">From ".
func (b *mboxBody) tail(held []byte) int {
	last := held[max(0, len(held)-separatorMost):]
	n := len(last)
	if i := bytes.LastIndexByte(last, '\n'); i >= 0 {
		n = len(last) - i - 1
	} else if !b.start {
		return 0
	}
	rest := bytes.TrimLeft(held[len(held)-n:], ">")
	if !bytes.HasPrefix([]byte("From "), rest) {
		return 0
	}
	for line := len(held) - n; line > 0 && n < len(held); {
		c := held[line-1]
		if c != '\n' && c != '\r' || len(held)-line >= separatorMost {
			break
		}
		line--
		n = len(held) - line
	}
	return n
}

// blankBefore gives the length of a blank line before a line, with the line end
// before it; 0 when there is none.
func blankBefore(held []byte, line int) int {
	if line == 0 || held[line-1] != '\n' {
		return 0
	}
	n := eolLength(held, line-1)
	if before := line - n; before > 0 && held[before-1] == '\n' {
		return n + eolLength(held, before-1)
	}
	return 0
}
