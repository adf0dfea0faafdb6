package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/minio/sio"

	"github.com/relais-archive/relais/internal/relais"
)

// Open reads one blob as a case holds it: see Store.
func (p *Packs) Open(ctx context.Context, c relais.CaseID, d relais.Digest) (Reader, error) {
	found, err := p.Find(ctx, c, []relais.Digest{d})
	if err != nil {
		return nil, err
	}
	return found.Open(ctx, d)
}

// Found opens blobs that were looked up together. It is meant for one batch: it still
// opens what is forgotten meanwhile. It is safe for concurrent use.
type Found struct {
	store  *Packs
	places map[relais.Digest]relais.Location
	keys   map[relais.Digest]relais.SealKey
}

// Find looks many blobs of a case up at once: see Store.
func (p *Packs) Find(ctx context.Context, c relais.CaseID, digests []relais.Digest) (*Found, error) {
	f := &Found{store: p, keys: make(map[relais.Digest]relais.SealKey, len(digests))}
	if len(digests) == 0 {
		return f, nil
	}
	var err error
	if f.places, err = p.index.Blobs(ctx, digests); err != nil {
		return nil, err
	}
	var there []relais.Digest
	for d, loc := range f.places {
		if loc.Codec != Erased {
			there = append(there, d)
		}
	}
	return f, f.open(ctx, c, there)
}

// open gets the keys of those that the case still holds.
func (f *Found) open(ctx context.Context, c relais.CaseID, digests []relais.Digest) error {
	for len(digests) > 0 {
		keys, err := f.store.keys.Open(ctx, c, digests)
		for i := range keys {
			f.keys[digests[i]] = keys[i]
		}
		if relais.KindOf(err) != relais.KindForgotten {
			return err
		}
		here, _, err := f.store.keys.Held(ctx, c, digests)
		if err != nil {
			return err
		}
		held := make([]relais.Digest, 0, len(digests))
		for i, d := range digests {
			if here[i] {
				held = append(held, d)
			}
		}
		digests = held
	}
	return nil
}

// Size is the length in bytes of one of the blobs looked up, 0 of one that is not known.
func (f *Found) Size(d relais.Digest) int64 { return f.places[d].Size }

// Open reads one of the blobs looked up: see Store.
func (f *Found) Open(ctx context.Context, d relais.Digest) (Reader, error) {
	const op = "open blob"
	loc, known := f.places[d]
	key, held := f.keys[d]
	switch {
	case !known:
		return nil, relais.E(relais.KindNotFound, op, nil)
	case !held:
		return nil, relais.E(relais.KindForgotten, op, nil)
	case loc.Codec > codecZstd:
		return nil, relais.Errorf(relais.KindInvalid, op, "compressed by a newer version")
	}
	r := &sealedBlob{backend: f.store.backend, loc: loc, key: key, digest: d}
	if loc.Size > smallBlob || loc.Length > maxSealed {
		return &largeReader{ctx: ctx, blob: r}, nil
	}
	return f.store.openSmall(ctx, r)
}

// sealedBlob is a blob at its place.
type sealedBlob struct {
	backend Backend
	loc     relais.Location
	key     relais.SealKey
	digest  relais.Digest
}

// get reads sealed bytes from an offset within the blob to its end.
func (b *sealedBlob) get(ctx context.Context, offset int64) (io.ReadCloser, error) {
	r, err := b.backend.Get(ctx, b.loc.Pack, b.loc.Offset+offset, b.loc.Length-offset)
	if relais.KindOf(err) == relais.KindNotFound {
		return nil, relais.Errorf(relais.KindDamaged, "read blob", "its pack is missing")
	}
	return r, err
}

// smallReader is a blob in memory, verified.
type smallReader struct{ *bytes.Reader }

func (smallReader) Close() error { return nil }

func (p *Packs) openSmall(ctx context.Context, b *sealedBlob) (Reader, error) {
	s := p.scratch.Get().(*scratch)
	defer p.scratch.Put(s)
	if err := readSealed(ctx, s, b); err != nil {
		return nil, err
	}
	plain := make([]byte, 0, b.loc.Size)
	var err error
	if b.loc.Codec == codecRaw {
		plain, err = openBytes(plain, b.key, s.sealed)
	} else if s.packed, err = openBytes(s.packed, b.key, s.sealed); err == nil {
		plain, err = p.decompress(plain, s.packed)
	}
	if err != nil {
		return nil, damaged(err)
	}
	if int64(len(plain)) != b.loc.Size || relais.DigestOf(plain) != b.digest {
		return nil, mismatch()
	}
	return smallReader{bytes.NewReader(plain)}, nil
}

func readSealed(ctx context.Context, s *scratch, b *sealedBlob) error {
	s.sealed = grow(s.sealed, int(b.loc.Length))
	r, err := b.get(ctx, 0)
	if err != nil {
		return err
	}
	_, err = io.ReadFull(r, s.sealed)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return damaged(err)
	}
	return nil
}

// decompress appends at most what dst has room for: a frame that says more is not
// the one that was stored.
func (p *Packs) decompress(dst, packed []byte) ([]byte, error) {
	dec, err := p.codecs.decoder()
	if err != nil {
		return nil, err
	}
	var head zstd.Header
	if err := head.Decode(packed); err != nil {
		return nil, err
	}
	if head.HasFCS && head.FrameContentSize != uint64(cap(dst)) {
		return nil, mismatch()
	}
	return dec.DecodeAll(packed, dst)
}

func mismatch() error {
	return relais.Errorf(relais.KindDamaged, "read blob", "the bytes do not match their digest")
}

// largeReader streams a blob. One stream is open at a time; ReadAt goes on with it
// where it can.
type largeReader struct {
	ctx  context.Context //nolint:containedctx // the reader's life is one request's
	blob *sealedBlob

	mu      sync.Mutex
	read    *plainStream // for Read: verified to the end
	ranged  *plainStream // for ReadAt
	lastErr error        // of Read
	closed  bool
}

func (r *largeReader) Size() int64 { return r.blob.loc.Size }

func (r *largeReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed, r.lastErr = true, closedError()
	return errors.Join(r.read.close(), r.ranged.close())
}

func closedError() error {
	return relais.Errorf(relais.KindInvalid, "read blob", "the reader is closed")
}

func (r *largeReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastErr != nil {
		return 0, r.lastErr
	}
	if r.read == nil {
		s, err := r.blob.stream(r.ctx, 0)
		if err != nil {
			return 0, r.fail(err)
		}
		s.hash = sha256.New()
		r.read = s
	}
	n, err := r.read.Read(p)
	if errors.Is(err, io.EOF) {
		if verr := r.read.verify(r.blob); verr != nil {
			err = verr
		}
	} else if err != nil {
		err = damaged(err)
	}
	return n, r.fail(err)
}

// fail remembers the first error: what follows damage cannot be read.
func (r *largeReader) fail(err error) error {
	if err != nil {
		r.lastErr = err
	}
	return err
}

// ReadAt reads a range, authenticated package by package.
func (r *largeReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, relais.Errorf(relais.KindInvalid, "read blob", "negative offset")
	}
	size := r.Size()
	if off >= size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), size-off)]
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, closedError()
	}
	if err := r.seek(off); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r.ranged, want)
	if err != nil {
		_ = r.ranged.close()
		r.ranged = nil
		return n, damaged(err)
	}
	if len(want) < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// seek brings the ranged stream to an offset. Uncompressed bytes are read from the
// package that holds it; compressed ones from where the stream is, or the start.
func (r *largeReader) seek(off int64) error {
	s := r.ranged
	far := s != nil && r.blob.loc.Codec == codecRaw && off-s.pos > packageSize
	if s == nil || off < s.pos || far {
		_ = s.close()
		r.ranged = nil
		var err error
		if s, err = r.blob.stream(r.ctx, off); err != nil {
			return err
		}
		r.ranged = s
	}
	if _, err := io.CopyN(io.Discard, s, off-s.pos); err != nil {
		_ = s.close()
		r.ranged = nil
		return damaged(err)
	}
	return nil
}

// plainStream is a blob opened from some offset on.
type plainStream struct {
	io.Reader
	sealed io.Closer
	zstd   *zstd.Decoder
	pos    int64
	hash   hash.Hash // of what was read, when wanted
}

// stream opens a blob at, or some way before, an offset: pos says where.
func (b *sealedBlob) stream(ctx context.Context, off int64) (*plainStream, error) {
	first := int64(0)
	if b.loc.Codec == codecRaw {
		first = off / packageSize
	}
	src, err := b.get(ctx, first*sealedPackage)
	if err != nil {
		return nil, err
	}
	s := &plainStream{sealed: src, pos: first * packageSize}
	config := dare(b.key)
	config.SequenceNumber = uint32(first)
	if s.Reader, err = sio.DecryptReader(contextReader{ctx, src}, config); err != nil {
		return nil, errors.Join(damaged(err), s.close())
	}
	if b.loc.Codec == codecZstd {
		if s.zstd, err = zstd.NewReader(s.Reader, decoderOptions(1)...); err != nil {
			return nil, errors.Join(damaged(err), s.close())
		}
		s.Reader = s.zstd
	}
	return s, nil
}

func (s *plainStream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.pos += int64(n)
	if s.hash != nil {
		s.hash.Write(p[:n])
	}
	return n, err
}

func (s *plainStream) verify(b *sealedBlob) error {
	if s.pos != b.loc.Size || relais.Digest(s.hash.Sum(nil)) != b.digest {
		return mismatch()
	}
	return nil
}

func (s *plainStream) close() error {
	if s == nil {
		return nil
	}
	if s.zstd != nil {
		s.zstd.Close()
	}
	return s.sealed.Close()
}
