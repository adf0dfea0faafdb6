package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// packedHead is enough of a compressed file to have the first bytes of what it holds:
// a block of bzip2, the largest, stands for 900 kB.
const packedHead = 1 << 20

// layers is what stands around the mail that a file holds, told by its first bytes.
type layers struct {
	in     *bufio.Reader // the file from its start
	head   []byte        // first bytes of what it holds
	kind   format.Kind   // of that
	packed format.Compression
	ext    string // of the compression, in the file's name
}

// peel finds what is wrapped around a file's mail. Only the result reads from in.
func peel(in io.Reader, name string, lim format.Limits) layers {
	l := layers{in: bufio.NewReaderSize(in, sniffBytes)}
	l.head, _ = l.in.Peek(sniffBytes) // what cannot be read is told when it is read
	if l.packed = format.CompressionOf(l.head); l.packed != "" {
		l.in = bufio.NewReaderSize(l.in, packedHead)
		first, _ := l.in.Peek(packedHead)
		l.head = headBelow(first, l.packed, lim)
		l.ext = path.Ext(name)
		name = strings.TrimSuffix(name, l.ext)
		if len(l.head) == 0 {
			l.kind = format.KindOther
			return l
		}
	}
	l.kind = format.Sniff(l.head, name)
	return l
}

// headBelow gives the first bytes of what is compressed, none where that fails.
func headBelow(first []byte, how format.Compression, lim format.Limits) []byte {
	in, err := format.Uncompress(bytes.NewReader(first), how, lim)
	if err != nil {
		return nil
	}
	defer func() { _ = in.Close() }() // only read
	head := make([]byte, sniffBytes)
	n, _ := io.ReadFull(in, head) // a cut is no fault here
	return head[:n]
}

// isMail tells whether the file holds one message or many.
func (l layers) isMail() bool {
	return l.kind == format.KindMail || l.kind == format.KindMbox || l.kind == format.KindEmlx
}

// open gives what the file holds, from its first byte.
func (l layers) open(lim format.Limits) (io.ReadCloser, error) {
	if l.packed == "" {
		return io.NopCloser(l.in), nil
	}
	return format.Uncompress(l.in, l.packed, lim)
}

// read reads what the file holds into found: a message, or a document as it is.
func (l layers) read(in io.Reader, found *Found, beside []format.Beside, req Request) error {
	if found.Kind == relais.KindMessage || l.isMail() {
		return l.message(in, found, beside, req)
	}
	body, err := bodyOf(in, req)
	if err != nil {
		return err
	}
	found.Body, found.Size = body, body.size
	return nil
}

// bodyOf reads an item's bytes, which may be at hand already.
func bodyOf(in io.Reader, req Request) (*content, error) {
	if c, ok := in.(*content); ok {
		return c, nil
	}
	return req.content(in, -1)
}

// message reads the one message that the file holds into found, with the files that
// lie beside it.
func (l layers) message(in io.Reader, found *Found, beside []format.Beside, req Request) error {
	var emlx *format.Emlx
	if l.kind == format.KindEmlx {
		emlx = format.NewEmlx(in)
		in = emlx
	}
	body, err := bodyOf(in, req)
	if err != nil {
		return err
	}
	if emlx != nil {
		flags, err := emlx.Flags()
		if err != nil {
			return errors.Join(err, body.close())
		}
		found.Flags = append(found.Flags, flags...)
		if body, err = restored(body, found, beside, req); err != nil {
			return err
		}
	}
	found.Kind, found.Body, found.Size = relais.KindMessage, body, body.size
	return nil
}

// packedReason says why compressed bytes cannot be had, where the fault is theirs.
func packedReason(err error) (Reason, bool) {
	switch relais.KindOf(err) {
	case relais.KindDamaged:
		return Reason{ReasonDamaged, "its compression is damaged or cut short"}, true
	case relais.KindTooLarge:
		return Reason{ReasonTooLarge, "it grows too much when it is uncompressed"}, true
	case relais.KindRefused:
		return Reason{ReasonUnreadable, "compressed in a way that is not read"}, true
	}
	return Reason{}, false
}
