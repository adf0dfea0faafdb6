package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

const (
	// wireBuffer is how much of a line is examined; the rest of a longer one passes
	// through.
	wireBuffer = 64 << 10
	// maxListed bounds how many folders a server may claim.
	maxListed = 200_000
	// placeholder stands for a folder's name in what go-imap writes.
	placeholder = "mailbox"
)

// wire stands between go-imap and a server, above encryption, for the parts in which that
// library tolerates no deviation: it decodes every folder's name, encodes it again when it
// selects, and ends the connection where either fails. Here the answers to LIST are taken
// from the lines as the server sent them, go-imap never sees them, and the name it writes
// is replaced by the server's own. Flags that are no atoms are written as such, for a
// keyword may be a mark of privacy. All else passes untouched.
type wire struct {
	net.Conn
	in *bufio.Reader

	ready []byte // read, and not yet handed on
	skip  int64  // bytes of a literal that pass unseen
	tail  bool   // within a line whose beginning has passed
	err   error  // to tell once ready is handed on

	mu       sync.Mutex
	listed   []boxEntry
	unlisted int    // answers to LIST that cannot be read
	old, new []byte // to replace in the next command
	literal  []byte // what follows once the server asks for it
}

// newWire takes a connection; greeting, if any, is handed to go-imap before all else.
func newWire(conn net.Conn, greeting string) *wire {
	return &wire{Conn: conn, in: bufio.NewReaderSize(conn, wireBuffer), ready: []byte(greeting)}
}

// Read hands on what go-imap may see.
func (w *wire) Read(p []byte) (int, error) {
	for {
		switch {
		case len(w.ready) > 0:
			n := copy(p, w.ready)
			w.ready = w.ready[n:]
			return n, nil
		case w.err != nil:
			return 0, w.err
		case w.skip > 0:
			n, err := w.in.Read(p[:min(int64(len(p)), w.skip)])
			w.skip -= int64(n)
			return n, err
		}
		w.line()
	}
}

// line reads one line, or as much of it as the buffer holds.
func (w *wire) line() {
	line, err := w.in.ReadSlice('\n')
	whole := err == nil
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		w.err = err
	}
	begins := !w.tail
	w.tail = !whole && w.err == nil
	switch {
	case whole && begins && isListLine(line):
		w.list(bytes.Clone(line))
		return
	case whole && begins && line[0] == '+' && w.goOn():
		return
	}
	w.ready = line
	if whole {
		w.skip = literalSize(line)
		w.ready = atomFlags(line)
	}
}

// isListLine tells an answer to LIST, or to LSUB, which an old server may know better.
func isListLine(line []byte) bool {
	const length = len("* LIST")
	return len(line) > length && (bytes.EqualFold(line[:length], []byte("* LIST")) || bytes.EqualFold(line[:length], []byte("* LSUB"))) &&
		bytes.ContainsRune([]byte(" (\r\n"), rune(line[length]))
}

// literalSize gives the size of the literal that a line announces at its end (RFC
// 9051, 4.3), 0 where it announces none.
func literalSize(line []byte) int64 {
	line = bytes.TrimRight(line, "\r\n")
	open := bytes.LastIndexByte(line, '{')
	if open < 0 || line[len(line)-1] != '}' {
		return 0
	}
	n, err := strconv.ParseInt(string(line[open+1:len(line)-1]), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// list takes an answer to LIST, with the literals in it.
func (w *wire) list(line []byte) {
	for n := literalSize(line); n > 0; n = literalSize(line) {
		if n > wireBuffer || len(line) > wireBuffer {
			w.err = relais.Errorf(relais.KindRefused, "list folders", "a name without end")
			return
		}
		name := make([]byte, n)
		if _, w.err = io.ReadFull(w.in, name); w.err != nil {
			return
		}
		rest, err := w.in.ReadSlice('\n')
		if err != nil {
			w.err = err
			return
		}
		line = append(append(line, name...), rest...)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l, ok := parseBox(string(line[len("* LIST"):]))
	switch {
	case !ok:
		w.unlisted++
	case len(w.listed) < maxListed:
		w.listed = append(w.listed, l)
	default:
		w.err = relais.Errorf(relais.KindRefused, "list folders", "over %d of them", maxListed)
	}
}

// answers gives the answers to LIST since it was last called, and how many could not
// be read.
func (w *wire) answers() (list []boxEntry, unreadable int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list, unreadable = w.listed, w.unlisted
	w.listed, w.unlisted = nil, 0
	return list, unreadable
}

// replace changes what go-imap writes in the next command.
func (w *wire) replace(old, now []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.old, w.new = old, now
}

// Write sends what go-imap writes, but for what is to be replaced. A literal waits
// until the server asks for it.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	out := p
	if w.old != nil && bytes.Contains(p, w.old) {
		out = bytes.Replace(p, w.old, w.new, 1)
		w.old = nil
		if end := bytes.Index(out, []byte("}\r\n")); end >= 0 && bytes.Contains(w.new, []byte("}\r\n")) {
			out, w.literal = out[:end+3], out[end+3:]
		}
	}
	w.mu.Unlock()
	if _, err := w.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// goOn sends the literal that the server has asked for, if there is one.
func (w *wire) goOn() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.literal == nil {
		return false
	}
	if _, err := w.Conn.Write(w.literal); err != nil {
		w.err = err
	}
	w.literal = nil
	return true
}
