package format

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Emlx reads a message as Apple Mail keeps it: a line with a count of bytes, so many
// bytes of RFC 5322, a property list.
type Emlx struct {
	in    *bufio.Reader
	left  int64 // of the count
	ended bool
}

const (
	emlxTrailer = 64 << 10 // read of a property list
	emlxLine    = 4 << 10  // read at once where the count is wrong
)

// emlxCount gives the count that a file begins with, and the length of its line.
func emlxCount(first []byte) (count int64, line int) {
	end := bytes.IndexByte(first[:min(len(first), 32)], '\n')
	if end < 1 {
		return 0, 0
	}
	digits := string(bytes.TrimRight(first[:end], " \t\r"))
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, 0
	}
	count, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, 0
	}
	return count, end + 1
}

// MayBeEmlx tells from the first bytes, at least 32, whether more of a file should be
// examined for a message of Apple Mail.
func MayBeEmlx(first []byte) bool {
	_, line := emlxCount(first)
	return line > 0
}

// isEmlx recognises a message of Apple Mail; for a file that begins with a number, the
// name is taken into account.
func isEmlx(first []byte, ext string) bool {
	_, line := emlxCount(first)
	return line > 0 && (ext == ".emlx" || looksLikeMail(first[line:]))
}

// EmlxID gives the number that Apple Mail names a message's file by, "" for no such
// name; partial says that the message's attachments lie beside it.
func EmlxID(name string) (id string, partial bool) {
	stem, ok := strings.CutSuffix(strings.ToLower(path.Base(name)), ".emlx")
	if !ok {
		return "", false
	}
	id, partial = strings.CutSuffix(stem, ".partial")
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return "", false
	}
	return id, partial
}

// NewEmlx reads a message that Sniff told as KindEmlx.
func NewEmlx(r io.Reader) *Emlx {
	e := &Emlx{in: bufio.NewReaderSize(r, 16<<10)}
	head, _ := e.in.Peek(32) // what cannot be read is told when its turn comes
	count, line := emlxCount(head)
	_, _ = e.in.Discard(line)
	e.left = count
	return e
}

// Read gives the message's bytes. Where no property list follows them, the count was
// wrong, and the message goes on until one does.
func (e *Emlx) Read(p []byte) (int, error) {
	if e.left > 0 {
		n, err := e.in.Read(p[:min(int64(len(p)), e.left)])
		e.left -= int64(n)
		return n, err
	}
	if e.ended || e.listFollows() {
		e.ended = true
		return 0, io.EOF
	}
	line, err := e.in.Peek(min(len(p), emlxLine))
	if len(line) == 0 {
		return 0, err
	}
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end+1]
	}
	return e.in.Read(p[:len(line)])
}

// listFollows tells whether a property list is next, or the end.
func (e *Emlx) listFollows() bool {
	next, err := e.in.Peek(16)
	next = bytes.TrimLeft(next, " \t\r\n")
	return len(next) == 0 && err != nil || bytes.HasPrefix(next, []byte("<?xml")) || bytes.HasPrefix(next, []byte("<!DOCTYPE")) ||
		bytes.HasPrefix(next, []byte("<plist")) || bytes.HasPrefix(next, []byte("bplist"))
}

// Flags gives the words for the message's flags, sorted, once it was read to its end:
// seen, answered, flagged, draft, deleted, forwarded.
func (e *Emlx) Flags() ([]string, error) {
	list, err := io.ReadAll(io.LimitReader(e.in, emlxTrailer))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	m := regexp.MustCompile(`<key>flags</key>\s*<integer>(\d+)</integer>`).FindSubmatch(list)
	if m == nil {
		return nil, nil
	}
	bits, err := strconv.ParseUint(string(m[1]), 10, 64)
	if err != nil {
		return nil, nil
	}
	var flags []string
	for bit, word := range map[int]string{0: "seen", 1: "deleted", 2: "answered", 4: "flagged", 6: "draft", 8: "forwarded"} {
		if bits>>bit&1 == 1 {
			flags = append(flags, word)
		}
	}
	slices.Sort(flags)
	return flags, nil
}
