package ingest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// mboxFile is one mbox file: a folder of messages, in the order of their offsets.
type mboxFile struct{ open func() (*os.File, error) }

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

// resume gives the place a cursor stands at; the start for one that is not, or no
// more, of this file.
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
	found := Found{Position: fmt.Sprintf("%012d", msg.Offset), Kind: relais.KindMessage, Size: -1, Received: msg.Date}
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

// holdsMessages tells an mbox from a message that was saved with its separator, as
// some programs do: the first has a telling name, or a second message. A message's
// bytes are kept as the file has them.
func holdsMessages(in io.Reader, name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".mbox", ".mbx":
		return true
	case ".eml", ".msg":
		return false
	}
	split := format.NewMbox(in, 0, format.MboxRD)
	if _, err := split.Next(); err != nil {
		return false
	}
	second, err := split.Next()
	return path.Base(name) == "mbox" || err == nil && !second.Ambiguous
}
