package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"github.com/relais-archive/relais/internal/relais"
)

// payload is a pack about to be put: its bytes can be sent again, and are known to
// be complete before the first of them leaves.
type payload struct {
	bytes  io.ReaderAt
	size   int64
	sha256 string
	file   *os.File // that was made to read twice
}

// inMemory is the size up to which a pack that cannot be read twice is held in
// memory.
const inMemory = 16 << 20

// newPayload reads a pack to its end once. Its source decides the error: one that
// gives another length is of relais.KindInvalid.
func newPayload(ctx context.Context, r io.Reader, size int64, dir string) (*payload, error) {
	p := &payload{size: size}
	hash := sha256.New()
	src := io.TeeReader(contextReader{ctx, io.LimitReader(r, size+1)}, hash)
	n, err := p.take(r, src, dir)
	if err == nil && n != size {
		err = relais.Errorf(relais.KindInvalid, "write pack", "%d bytes given, %d announced", n, size)
	}
	if err != nil {
		p.close()
		return nil, sourceError(err)
	}
	p.sha256 = hex.EncodeToString(hash.Sum(nil))
	return p, nil
}

// take reads src, which reads r, in such a way that its bytes can be had again.
func (p *payload) take(r, src io.Reader, dir string) (n int64, err error) {
	if again, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		at, err := again.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0, err
		}
		p.bytes = io.NewSectionReader(again, at, p.size)
		return io.Copy(io.Discard, src)
	}
	if p.size <= inMemory {
		b, err := io.ReadAll(src)
		p.bytes = bytes.NewReader(b)
		return int64(len(b)), err
	}
	if p.file, err = os.CreateTemp(dir, "relais-pack-*"); err != nil {
		return 0, err
	}
	p.bytes = p.file
	return io.Copy(p.file, src)
}

// reader reads the pack from its beginning.
func (p *payload) reader() io.Reader { return io.NewSectionReader(p.bytes, 0, p.size) }

// touching tells that bytes are still being taken.
type touching struct {
	io.Reader
	touch func()
}

func (t touching) Read(p []byte) (int, error) {
	t.touch()
	return t.Reader.Read(p)
}

// close removes what was made to read twice.
func (p *payload) close() {
	if p.file != nil {
		_ = errors.Join(p.file.Close(), os.Remove(p.file.Name())) // the system clears its folder
	}
}

// sourceError is an error of the pack's source: its own kind, or that of a disk that
// does not answer.
func sourceError(err error) error {
	kind := relais.KindOf(err)
	if kind == relais.KindInternal {
		kind = relais.KindUnavailable
	}
	return relais.E(kind, "write pack", err)
}

// contextReader ends a long read with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
