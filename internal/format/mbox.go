package format

import (
	"bytes"
	"io"
	"strconv"
	"time"
)

// MboxVariant says how bodies are kept from looking like separators (RFC 4155 names
// the problem; the variants are those of qmail's mbox(5)).
type MboxVariant int

// The variants of mbox. MboxRD reads the other ones well unless their bodies have
// lines that begin with ">From ".
const (
	MboxRD  MboxVariant = iota // ">" before ">…From " is quoting
	MboxO                      // ">" before "From " alone is quoting
	MboxCL2                    // nothing is quoted, Content-Length tells where a body ends
)

const (
	separatorMost = 1000     // bytes of a separator line
	mboxAhead     = 16 << 10 // what is looked at to judge a separator
)

// Mbox splits an mbox file into messages. A line "From …" separates messages only after a
// blank line and with a date, or a header after it; where Content-Length lands on a
// separator or the end, nothing before it separates. So text is never split, and reading a
// damaged file resumes at the next separator. A byte order mark or blank lines may come
// first, and CR alone may end the lines.
type Mbox struct {
	win     *window
	at      io.ReaderAt // the file, when the source is one
	variant MboxVariant
	offset  int64 // of the window's first byte
	seen    int64
	first   separator // of those seen
	begun   bool
	swapped bool // lines end in CR: the window has CR and LF in each other's place
	cur     *MboxMessage
	body    mboxBody
}

// MboxMessage is one message of an mbox file.
type MboxMessage struct {
	Offset int64     // of its separator line: where to resume
	Sender string    // envelope sender, as the separator has it
	Date   time.Time // of the separator, zero when it has none
	// Body gives the message with its quoting undone, until Next is called.
	Body io.Reader
	// Missing says that there were bytes here without a separator before them.
	Missing bool
	// Boxed says that only mailboxes have such a separator: no program saves a single
	// message with it.
	Boxed bool
	// Ambiguous says that the separator may be part of the body before it; it may become
	// true while Body is read, when something in it may be a separator.
	Ambiguous bool
}

// Warnings gives the codes of what was guessed, once Body was read.
func (m *MboxMessage) Warnings() []string {
	var codes []string
	if m.Missing {
		codes = append(codes, warnMboxStart)
	}
	if m.Ambiguous {
		codes = append(codes, warnMboxAmbiguous)
	}
	return codes
}

// NewMbox reads an mbox file from r, which stands at offset: 0, or the Offset of a
// message. When r is an io.ReaderAt too (a file), Content-Length can be checked
// however long a message is.
func NewMbox(r io.Reader, offset int64, variant MboxVariant) *Mbox {
	m := &Mbox{win: newWindow(r), variant: variant, offset: offset}
	m.at, _ = r.(io.ReaderAt)
	return m
}

// Separators gives how many separators were seen so far: what the file announces.
func (m *Mbox) Separators() int64 { return m.seen }

// Offset gives where the next message begins, once the last one's Body was read:
// the place to resume at.
func (m *Mbox) Offset() int64 { return m.offset }

// Next gives the next message, io.EOF at the end, or the source's error.
func (m *Mbox) Next() (*MboxMessage, error) {
	if m.cur != nil {
		if _, err := io.Copy(io.Discard, m.cur.Body); err != nil {
			return nil, err
		}
	}
	if !m.begun {
		m.start()
	}
	m.skipBlank()
	if m.win.ended() {
		if err := m.win.failure(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	msg := &MboxMessage{Offset: m.offset}
	if sep := parseSeparator(m.win.ahead(mboxAhead)); sep.ok && (sep.dated || sep.header || !m.begun) {
		m.separator(msg, sep)
	} else {
		msg.Missing = true
	}
	m.begun = true
	m.body = mboxBody{m: m, start: true, until: m.contentEnd()}
	msg.Body = &m.body
	m.cur = msg
	return msg, nil
}

// start prepares for what may come before the first separator, and for lines that end in
// CR alone, which all or none of the lines of a file do.
func (m *Mbox) start() {
	head := m.win.ahead(mboxAhead)
	if m.offset > 0 && m.at != nil {
		head = make([]byte, mboxAhead)
		n, _ := m.at.ReadAt(head, 0) // what cannot be read is told when its turn comes
		head = head[:n]
	}
	if m.swapped = endsInCR(head[:min(len(head), mboxAhead)]); m.swapped {
		m.win.through(swapReader{m.win.rest()})
	}
	if m.offset == 0 {
		m.take(beforeText(m.win.ahead(mboxAhead)))
	}
}

// separator takes a separator line. It is doubtful when it lacks a date, when no header
// follows it, or when it differs in form from the first one of the file. Thunderbird alone
// writes some without a date, in one file with others.
func (m *Mbox) separator(msg *MboxMessage, sep separator) {
	m.seen++
	msg.Sender, msg.Date, msg.Boxed = sep.sender, sep.date, sep.boxed()
	if m.seen == 1 {
		m.first = sep
	}
	undated := !sep.dated && (m.first.dated || sep.form == "" && !sep.whole) && sep.form != formThunderbird
	weak := undated || !sep.header || m.first.whole && !sep.whole || sep.form != m.first.form
	msg.Ambiguous = m.begun && (weak || m.body.tight)
	m.take(sep.length)
}

// take drops bytes that were looked at, and moves the offset.
func (m *Mbox) take(n int) {
	m.win.take(n)
	m.offset += int64(n)
}

// skipBlank drops blank lines before a separator.
func (m *Mbox) skipBlank() {
	for {
		b := m.win.ahead(1)
		n := len(b) - len(bytes.TrimLeft(b, "\r\n"))
		if n == 0 {
			return
		}
		m.take(n)
	}
}

// contentEnd gives where the message at hand ends by its Content-Length, when that
// is a place where a message can end; else 0.
func (m *Mbox) contentEnd() int64 {
	if m.variant == MboxO {
		return 0
	}
	head := m.win.ahead(mboxAhead)
	n, header := contentLength(head[:min(len(head), mboxAhead)])
	if n <= 0 || n > 1<<40 {
		return 0
	}
	end := m.offset + int64(header) + n
	if m.lands(end) {
		return end
	}
	return 0
}

// lands tells whether a separator or the end of the file is at an offset.
func (m *Mbox) lands(end int64) bool {
	var room [17]byte
	var b []byte
	rel := end - m.offset
	switch held := m.win.held(); {
	case rel < int64(len(held)) && rel+16 <= int64(len(held)):
		b = held[rel : rel+16]
	case m.at != nil:
		// With the byte before it: where that is missing, the file ends earlier.
		n, err := m.at.ReadAt(room[:], end-1)
		if err != nil && err != io.EOF || n == 0 {
			return false
		}
		b = room[1:n]
	case m.win.err != nil && rel <= int64(len(held)):
		b = held[rel:]
	default:
		return false
	}
	b = bytes.TrimLeft(b, "\r\n")
	return len(b) == 0 || bytes.HasPrefix(b, []byte("From "))
}

// contentLength reads the Content-Length of a header and the header's own length.
func contentLength(b []byte) (length int64, header int) {
	for at := 0; at < len(b); {
		end := bytes.IndexByte(b[at:], '\n')
		if end < 0 {
			return 0, 0
		}
		line := trimEOL(b[at : at+end+1])
		at += end + 1
		if len(line) == 0 {
			return length, at
		}
		const name = "content-length:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			length, _ = strconv.ParseInt(string(bytes.TrimSpace(line[len(name):])), 10, 64)
		}
	}
	return 0, 0
}
