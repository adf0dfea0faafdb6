package ingest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

const (
	// spoolOver is the size from which bytes wait in a file and not in memory.
	spoolOver = 4 << 20
	// headBytes is how much of an item is looked at for its header fields.
	headBytes = 256 << 10
)

// errTooLarge says that an item is over the limit of one message.
var errTooLarge = errors.New("over the limit of one message")

// content is the bytes of one item, hashed, waiting to be committed: in memory, or
// in an unlinked temporary file when they are many. It is a Reader only so that a
// source may pass one as Body, which then is not copied again.
type content struct {
	io.Reader
	digest relais.Digest
	size   int64
	memory []byte // the whole, or the head of what file holds
	file   *os.File
	remove string // the file's name, where it could not be unlinked while open
}

// readContent reads r to its end: size bytes when that is known, -1 when not. More
// than limit bytes are errTooLarge, fewer than size io.ErrUnexpectedEOF.
func readContent(r io.Reader, size, limit int64, dir string) (*content, error) {
	if size > limit {
		return nil, errTooLarge
	}
	memory, err := readSome(io.LimitReader(r, limit+1), size)
	if err != nil {
		return nil, err
	}
	c := &content{memory: memory, size: int64(len(memory))}
	if c.size <= spoolOver {
		c.digest = relais.DigestOf(memory)
		c.Reader = bytes.NewReader(memory)
	} else if err := c.spool(io.LimitReader(r, limit+1-c.size), dir); err != nil {
		return nil, errors.Join(err, c.close())
	}
	switch {
	case c.size > limit:
		err = errTooLarge
	case size >= 0 && c.size < size:
		err = io.ErrUnexpectedEOF
	default:
		return c, nil
	}
	return nil, errors.Join(err, c.close())
}

// readSome reads up to spoolOver+1 bytes, allocating once where the size is known.
func readSome(r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > spoolOver {
		return io.ReadAll(io.LimitReader(r, spoolOver+1))
	}
	// One byte more, to see whether what was listed has grown meanwhile.
	b := make([]byte, size+1)
	n, err := io.ReadFull(r, b)
	switch {
	case err == nil:
		rest, err := io.ReadAll(io.LimitReader(r, spoolOver+1-int64(n)))
		return append(b, rest...), err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return b[:n], nil
	}
	return nil, err
}

// spool moves the content to a temporary file and reads the rest of it there.
func (c *content) spool(rest io.Reader, dir string) (err error) {
	if c.file, err = os.CreateTemp(dir, "relais-capture-*"); err != nil {
		return relais.E(relais.KindUnavailable, "make temporary file", err)
	}
	// Unlinked at once where the system lets us: nothing is left if we are killed.
	if os.Remove(c.file.Name()) != nil {
		c.remove = c.file.Name()
	}
	h := sha256.New()
	out := io.MultiWriter(h, c.file)
	n, err := out.Write(c.memory)
	if err != nil {
		return relais.E(relais.KindUnavailable, "write temporary file", err)
	}
	more, err := io.Copy(out, rest)
	if relais.NoRoom(err) { // of the disk, and no fault of the item
		return relais.E(relais.KindUnavailable, "write temporary file", err)
	}
	if err != nil {
		return fmt.Errorf("read a large item: %w", err)
	}
	c.size = int64(n) + more
	c.memory = bytes.Clone(c.memory[:headBytes])
	c.digest = relais.Digest(h.Sum(nil))
	c.Reader = io.NewSectionReader(c.file, 0, c.size)
	return nil
}

// head gives the first bytes.
func (c *content) head() []byte { return c.memory[:min(len(c.memory), headBytes)] }

// separators counts the separators of messages in what was taken for one document.
func (c *content) separators() (int64, error) {
	if c.file == nil && !format.MayHoldSeparators(c.memory) {
		return 0, nil
	}
	in, err := c.open()
	if err != nil {
		return 0, err
	}
	return format.CountSeparators(in)
}

// open gives the bytes, as often as asked.
func (c *content) open() (io.ReadCloser, error) {
	if c.file != nil {
		return io.NopCloser(io.NewSectionReader(c.file, 0, c.size)), nil
	}
	return io.NopCloser(bytes.NewReader(c.memory)), nil
}

// held is what the content costs in memory.
func (c *content) held() int64 { return int64(len(c.memory)) }

// close gives the memory and the file back.
func (c *content) close() error {
	c.memory = nil
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	if c.remove != "" {
		err = errors.Join(err, os.Remove(c.remove))
	}
	return err
}
