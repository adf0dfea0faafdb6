package ingest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// mboxFile is one mbox file: a folder of messages, in the order of their offsets.
type mboxFile struct {
	open func() (*os.File, error)
	lim  format.Limits // where it is compressed
}

// mboxCursor says where to go on in an mbox file, and what stood right before: when
// that is not there any more, the file is another one and is read from its start.
type mboxCursor struct {
	offset int64
	seen   int64 // separators up to there
	before string
}

const mboxCursorForm = "m1:%d:%d:%s"

func (c mboxCursor) cursor() Cursor {
	return Cursor(fmt.Sprintf(mboxCursorForm, c.offset, c.seen, c.before))
}

// resume gives the place of a cursor; the start if it does not, or no longer, belong to
// this file.
func resume(c Cursor, in io.ReaderAt) mboxCursor {
	var at mboxCursor
	if _, err := fmt.Sscanf(string(c), mboxCursorForm, &at.offset, &at.seen, &at.before); err != nil {
		return mboxCursor{}
	}
	if at.offset < 0 || at.seen < 0 || at.before != before(in, at.offset) {
		return mboxCursor{}
	}
	// What follows must be the end or a separator: else the last message has grown.
	next := make([]byte, 64)
	n, err := in.ReadAt(next, at.offset)
	rest := bytes.TrimLeft(next[:n], "\r\n")
	if err != nil && !errors.Is(err, io.EOF) || len(rest) > 0 && !bytes.HasPrefix(rest, []byte("From ")) {
		return mboxCursor{}
	}
	return at
}

// before hashes the bytes that stand right before an offset.
func before(in io.ReaderAt, offset int64) string {
	b := make([]byte, min(offset, 512))
	if _, err := in.ReadAt(b, offset-int64(len(b))); err != nil {
		return "?"
	}
	d := relais.DigestOf(b)
	return hex.EncodeToString(d[:8])
}

// read hands out the messages after the cursor.
func (m mboxFile) read(ctx context.Context, req Request, yield func(Found) error) (Cursor, error) {
	in, err := m.open()
	if err != nil {
		return "", openError(err)
	}
	defer func() { _ = in.Close() }() // only read
	if how := format.CompressionOf(headOf(in)); how != "" {
		return m.readPacked(ctx, in, how, req, yield)
	}
	at := resume(req.After, in)
	if _, err := in.Seek(at.offset, io.SeekStart); err != nil {
		return "", openError(err)
	}
	split := format.NewMbox(in, at.offset, format.MboxRD)
	err = eachMessage(ctx, split, req, func(found Found) error {
		found.Cursor = mboxCursor{split.Offset(), at.seen + split.Separators(), before(in, split.Offset())}.cursor()
		return yield(found)
	})
	if err == nil {
		req.Announce(at.seen + split.Separators())
	}
	return "", err
}

// readPacked reads a compressed file. Its cursor counts bytes of what it holds, and is
// good for as long as the file is the same.
func (m mboxFile) readPacked(ctx context.Context, f *os.File, how format.Compression, req Request, yield func(Found) error) (Cursor, error) {
	state, err := fingerprint(f)
	if err != nil {
		return "", err
	}
	in, err := format.Uncompress(f, how, m.lim)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // only read
	var at mboxCursor
	if _, err := fmt.Sscanf(string(req.After), mboxCursorForm, &at.offset, &at.seen, &at.before); err != nil || at.before != state || at.offset < 0 {
		at = mboxCursor{}
	}
	if _, err := io.CopyN(io.Discard, in, at.offset); err != nil {
		return "", err
	}
	split := format.NewMbox(in, at.offset, format.MboxRD)
	err = eachMessage(ctx, split, req, func(found Found) error {
		found.Cursor = mboxCursor{split.Offset(), at.seen + split.Separators(), state}.cursor()
		return yield(found)
	})
	if err == nil {
		req.Announce(at.seen + split.Separators())
	}
	return "", err
}

// fingerprint hashes what changes when a file does: size, time, first and last bytes.
func fingerprint(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", openError(err)
	}
	tail := make([]byte, min(info.Size(), 4<<10))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return "", openError(err)
	}
	d := relais.DigestOf(fmt.Appendf(append(headOf(f), tail...), "%d %d", info.Size(), info.ModTime().UnixNano()))
	return hex.EncodeToString(d[:8]), nil
}

// eachMessage calls fn for each message of an mbox.
func eachMessage(ctx context.Context, split *format.Mbox, req Request, fn func(Found) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		msg, err := split.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		found, err := mboxMessage(msg, req)
		if err != nil {
			return err
		}
		if err := fn(found); err != nil {
			return err
		}
	}
}

// mboxMessage reads a message to its end, for only then is it known where the next
// one begins.
func mboxMessage(msg *format.MboxMessage, req Request) (Found, error) {
	found := Found{Position: fmt.Sprintf("%012d", msg.Offset), Kind: relais.KindMessage, Size: -1,
		Received: msg.Date, ReceivedFrom: relais.ReceivedSeparator}
	if req.CountOnly && req.Rule == nil {
		n, err := io.Copy(io.Discard, msg.Body)
		found.Size = n
		return found, err
	}
	body, err := req.content(msg.Body, -1)
	switch {
	case err == nil:
		found.Body, found.Size = body, body.size
		found.Warnings = msg.Warnings()
		return found, nil
	case !errors.Is(err, errTooLarge):
		return found, err
	}
	found.Refused = &Reason{ReasonTooLarge, errTooLarge.Error()}
	_, err = io.Copy(io.Discard, msg.Body)
	return found, err
}

// isMbox tells whether a file is an mbox, compressed or not. Where few bytes say no, no
// more are read.
func isMbox(f *os.File, name string, hint hint, lim format.Limits) bool {
	begin := make([]byte, 64)
	n, _ := f.ReadAt(begin, 0)
	switch begin = begin[:n]; {
	case n == 0:
		return hint == hintIndex || format.Sniff(nil, name) == format.KindMbox
	case !format.MayBeMbox(begin) && format.CompressionOf(begin) == "" && hint == hintNone && !format.NamesMbox(name):
		return false
	}
	l := peel(io.NewSectionReader(f, 0, math.MaxInt64), name, lim)
	return l.isMbox(name, hint, lim)
}

// isMbox tells an mbox from a message that was saved with its separator, and from one
// without. It reads as far as it needs to.
func (l layers) isMbox(name string, hint hint, lim format.Limits) bool {
	is, sure := l.tellsMbox(name, hint)
	if sure {
		return is
	}
	in, err := l.open(lim)
	if err != nil {
		return false
	}
	defer func() { _ = in.Close() }() // only read
	return holdsMessages(in, strings.TrimSuffix(name, l.ext))
}

// tellsMbox says whether a file is an mbox as far as its first bytes tell for sure.
func (l layers) tellsMbox(name string, hint hint) (is, sure bool) {
	named := hint != hintNone || format.NamesMbox(strings.TrimSuffix(name, l.ext))
	switch {
	case len(l.head) == 0 && l.packed == "": // nothing came yet, or all was moved
		return hint == hintIndex || l.kind == format.KindMbox, true
	case l.kind == format.KindMbox:
		return named, named
	case l.kind == format.KindZip, l.kind == format.KindEmlx, l.packed != "" && !l.isMail():
		return false, true
	}
	return false, !named
}

// holdsMessages tells an mbox from a message that was saved with its separator, as
// some programs do: the first has a second message, or a separator that only mailboxes
// have. A message's bytes are kept as the file has them.
func holdsMessages(in io.Reader, name string) bool {
	split := format.NewMbox(in, 0, format.MboxRD)
	first, err := split.Next()
	if err != nil {
		return false
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".eml", ".msg":
	default:
		if first.Boxed {
			return true
		}
	}
	second, err := split.Next()
	return err == nil && !second.Ambiguous
}
