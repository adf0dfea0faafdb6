// Package blobtest answers one question: does this backend, with these keys and this
// index, keep the promises of package blob? It also holds the simplest ones that do,
// in memory, for tests of whatever stores blobs.
package blobtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// NewStore gives a store that lives in memory.
func NewStore() *blob.Packs {
	return blob.New(NewBackend(), NewKeys(), NewIndex(), blob.Options{})
}

// Backend keeps packs in memory.
type Backend struct {
	mu    sync.Mutex
	packs map[string][]byte
}

// NewBackend gives an empty one.
func NewBackend() *Backend { return &Backend{packs: make(map[string][]byte)} }

// Put keeps a pack.
func (b *Backend) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return relais.E(relais.KindUnavailable, "write pack", err)
	}
	if int64(len(data)) != size {
		return relais.Errorf(relais.KindInvalid, "write pack", "%d bytes given, %d announced", len(data), size)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	b.packs[name] = data
	return nil
}

// Get reads a range.
func (b *Backend) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.packs[name]
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !ok:
		return nil, relais.E(relais.KindNotFound, "read pack", nil)
	case offset < 0 || length < -1:
		return nil, relais.Errorf(relais.KindInvalid, "read pack", "range %d, %d", offset, length)
	}
	data = data[min(offset, int64(len(data))):]
	if length >= 0 {
		data = data[:min(length, int64(len(data)))]
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Delete removes a pack.
func (b *Backend) Delete(_ context.Context, name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.packs, name)
	return nil
}

// List calls fn for each pack.
func (b *Backend) List(_ context.Context, fn func(name string, size int64) error) error {
	b.mu.Lock()
	packs := maps.Clone(b.packs)
	b.mu.Unlock()
	for name, data := range packs {
		if err := fn(name, int64(len(data))); err != nil {
			return err
		}
	}
	return nil
}

// Keys keeps keys in memory, in clear.
type Keys struct {
	mu   sync.Mutex
	keys map[relais.Digest]relais.SealKey
	held map[relais.Digest]map[relais.CaseID]bool
}

// NewKeys gives an empty one.
func NewKeys() *Keys {
	return &Keys{keys: make(map[relais.Digest]relais.SealKey), held: make(map[relais.Digest]map[relais.CaseID]bool)}
}

// Ensure gives the keys, making those that are missing.
func (k *Keys) Ensure(ctx context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.SealKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keys := make([]relais.SealKey, len(digests))
	for i, d := range digests {
		if k.held[d] == nil {
			k.held[d] = make(map[relais.CaseID]bool)
			var key relais.SealKey
			if _, err := rand.Read(key[:]); err != nil {
				return nil, err
			}
			k.keys[d] = key
		}
		k.held[d][c] = true
		keys[i] = k.keys[d]
	}
	return keys, nil
}

// Open gives keys that the case holds.
func (k *Keys) Open(_ context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.SealKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := make([]relais.SealKey, len(digests))
	for i, d := range digests {
		if !k.held[d][c] {
			return nil, relais.E(relais.KindForgotten, "open keys", nil)
		}
		keys[i] = k.keys[d]
	}
	return keys, nil
}

// Held tells which keys are held.
func (k *Keys) Held(_ context.Context, c relais.CaseID, digests []relais.Digest) (here, anywhere []bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, d := range digests {
		here = append(here, k.held[d][c])
		anywhere = append(anywhere, len(k.held[d]) > 0)
	}
	return here, anywhere, nil
}

// Forget takes the case's keys away.
func (k *Keys) Forget(_ context.Context, c relais.CaseID, digests []relais.Digest) (gone []relais.Digest, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, d := range digests {
		delete(k.held[d], c)
		if len(k.held[d]) == 0 {
			delete(k.held, d)
			delete(k.keys, d)
			if !slices.Contains(gone, d) {
				gone = append(gone, d)
			}
		}
	}
	return gone, nil
}

// Index remembers places in memory.
type Index struct {
	mu    sync.Mutex
	blobs map[relais.Digest]relais.Location
}

// NewIndex gives an empty one.
func NewIndex() *Index { return &Index{blobs: make(map[relais.Digest]relais.Location)} }

// PutBlobs records places.
func (x *Index) PutBlobs(ctx context.Context, locations map[relais.Digest]relais.Location, replace bool) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for d, loc := range locations {
		if _, known := x.blobs[d]; replace || !known {
			x.blobs[d] = loc
		}
	}
	return nil
}

// Blobs gives the places known.
func (x *Index) Blobs(_ context.Context, digests []relais.Digest) (map[relais.Digest]relais.Location, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	found := make(map[relais.Digest]relais.Location, len(digests))
	for _, d := range digests {
		if loc, ok := x.blobs[d]; ok {
			found[d] = loc
		}
	}
	return found, nil
}

// DropBlobs removes entries.
func (x *Index) DropBlobs(_ context.Context, digests []relais.Digest) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range digests {
		delete(x.blobs, d)
	}
	return nil
}

// EachBlob calls fn for every entry, by pack and offset.
func (x *Index) EachBlob(_ context.Context, fn func(relais.Digest, relais.Location) error) error {
	x.mu.Lock()
	blobs := maps.Clone(x.blobs)
	x.mu.Unlock()
	order := slices.SortedFunc(maps.Keys(blobs), func(a, b relais.Digest) int {
		return cmp.Or(cmp.Compare(blobs[a].Pack, blobs[b].Pack), cmp.Compare(blobs[a].Offset, blobs[b].Offset),
			bytes.Compare(a[:], b[:]))
	})
	for _, d := range order {
		if err := fn(d, blobs[d]); err != nil {
			return err
		}
	}
	return nil
}
