package blob

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/minio/sio"
	"golang.org/x/sync/errgroup"

	"github.com/relais-archive/relais/internal/relais"
)

// packer makes one pack. Small blobs are compressed and sealed side by side, each in
// memory, and appended as they are ready; a large one streams into the pack while
// the others wait. Memory is bounded by three small blobs a processor and the spool.
type packer struct {
	store   *Packs
	mu      sync.Mutex // guards what follows
	spool   spool
	entries []entry
}

// fill puts every job into the pack; the first failure ends them all.
func (w *packer) fill(ctx context.Context, jobs []job) error {
	if _, err := io.WriteString(&w.spool, magic); err != nil {
		return writeError(err)
	}
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return nil
				}
				if err := w.add(ctx, &jobs[i]); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

func (w *packer) add(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := j.Open()
	if err != nil {
		return readError(err)
	}
	defer r.Close() //nolint:errcheck // read only
	if j.Size > smallBlob {
		return w.addLarge(j, contextReader{ctx, r})
	}
	return w.addSmall(j, r)
}

func (w *packer) addSmall(j *job, r io.Reader) error {
	s := w.store.scratch.Get().(*scratch)
	defer w.store.scratch.Put(s)
	plain, err := readSmall(s, j, r)
	if err != nil {
		return err
	}
	packed, codec, err := w.store.codecs.compress(s.packed, plain)
	if err != nil {
		return relais.E(relais.KindInternal, "compress blob", err)
	}
	if codec != codecRaw {
		s.packed = packed
	}
	s.sealed, err = sealBytes(s.sealed, j.key, bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return err
	}
	sum := relais.DigestOf(s.sealed)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.append(j, codec, s.sealed, sum)
}

// readSmall reads the whole blob and checks its size and digest.
func readSmall(s *scratch, j *job, r io.Reader) ([]byte, error) {
	s.plain = grow(s.plain, int(j.Size)+1)
	n, err := io.ReadFull(r, s.plain)
	if err != nil && !atEnd(err) {
		return nil, readError(err)
	}
	plain := s.plain[:n]
	if int64(n) != j.Size || relais.DigestOf(plain) != j.Digest {
		return nil, changed()
	}
	return plain, nil
}

func changed() error {
	return relais.Errorf(relais.KindConflict, "store blob", "the bytes are not those that were announced")
}

// append adds a sealed blob; the caller holds mu.
func (w *packer) append(j *job, codec uint8, sealed []byte, sum relais.Digest) error {
	e := entry{digest: j.Digest, sum: sum, offset: w.spool.size, length: int64(len(sealed)), size: j.Size, codec: codec}
	if _, err := w.spool.Write(sealed); err != nil {
		return writeError(err)
	}
	w.entries = append(w.entries, e)
	return nil
}

// addLarge streams a blob into the pack.
func (w *packer) addLarge(j *job, r io.Reader) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := entry{digest: j.Digest, offset: w.spool.size, size: j.Size}
	plain, sealed := sha256.New(), sha256.New()
	src := bufio.NewReaderSize(&countingHash{r: io.LimitReader(r, j.Size+1), h: plain}, packageSize)
	var err error
	if e.codec, err = w.guess(src); err != nil {
		return err
	}
	n, err := sealStream(io.MultiWriter(&w.spool, sealed), src, j.key, e.codec)
	if err != nil {
		return err
	}
	if n != j.Size || relais.Digest(plain.Sum(nil)) != j.Digest {
		return changed()
	}
	e.length = w.spool.size - e.offset
	e.sum = relais.Digest(sealed.Sum(nil))
	w.entries = append(w.entries, e)
	return nil
}

// guess tells by the first 64 KiB whether compressing is worth it.
func (w *packer) guess(src *bufio.Reader) (uint8, error) {
	head, err := src.Peek(packageSize)
	if err != nil && !atEnd(err) {
		return 0, readError(err)
	}
	_, codec, err := w.store.codecs.compress(nil, head)
	return codec, err
}

// sealStream compresses and seals src into dst, and returns how much it read.
func sealStream(dst io.Writer, src io.Reader, key relais.SealKey, codec uint8) (n int64, err error) {
	sealer, err := sio.EncryptWriter(dst, dare(key))
	if err != nil {
		return 0, relais.E(relais.KindInternal, "seal", err)
	}
	if codec == codecRaw {
		n, err = io.Copy(sealer, src)
	} else {
		n, err = compressStream(sealer, src)
	}
	if err != nil {
		return 0, readError(err)
	}
	if err := sealer.Close(); err != nil {
		return 0, writeError(err)
	}
	return n, nil
}

func compressStream(dst io.Writer, src io.Reader) (int64, error) {
	enc, err := zstd.NewWriter(dst, encoderOptions(1)...)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(enc, src)
	if cerr := enc.Close(); err == nil {
		err = cerr
	}
	return n, err
}

// put ends the pack and makes it durable.
func (w *packer) put(ctx context.Context) (name string, err error) {
	tail, name := contents{entries: w.entries, offset: w.spool.size}.tail()
	if _, err := w.spool.Write(tail); err != nil {
		return "", writeError(err)
	}
	return name, w.store.backend.Put(ctx, name, w.spool.reader(), w.spool.size)
}

// readError gives an error of a blob's source its kind: its own, or that of a disk
// that does not answer.
func readError(err error) error {
	const op = "read blob to store"
	if kind := relais.KindOf(err); kind != relais.KindInternal {
		return relais.E(kind, op, err)
	}
	return relais.E(relais.KindUnavailable, op, err)
}

func writeError(err error) error {
	return relais.E(relais.KindUnavailable, "write pack", err)
}

// countingHash hashes what is read through it.
type countingHash struct {
	r io.Reader
	h hash.Hash
}

func (c *countingHash) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.h.Write(p[:n])
	return n, err
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
