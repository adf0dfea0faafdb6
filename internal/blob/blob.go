// Package blob answers one question: where do bytes rest?
//
// A blob is named by its SHA-256. Blobs that are put together are compressed and sealed,
// each under a key of its own, into one immutable pack with its table of contents; a pack
// becomes durable by one fsync or one PUT. Keys become durable first, then the pack, then
// the index entries. A crash after the first step leaves keys that open nothing, after the
// second a pack that nothing points to: an orphan, which Verify reports and compaction
// drops. Neither loses or reveals a byte, and the batch put again finds its keys. Any
// other order could leave sealed bytes without a key, or an entry without bytes.
//
// A blob is held by cases: its key is wrapped once per case. To forget the last
// wrap is to erase every copy of the blob at once; the index keeps an entry of codec
// [Erased], so that the same bytes, met again, are stored again under a new key.
package blob

import (
	"context"
	"io"
	"io/fs"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Backend is where packs are kept: a directory or a bucket. It has only four methods, so
// that a new one is an afternoon's work. Names are lower-case letters, digits, "-" and
// "/"; a pack is never changed once put.
type Backend interface {
	// Put stores a pack and returns when it is durable. To put again what is
	// there already is not an error.
	Put(ctx context.Context, name string, r io.Reader, size int64) error
	// Get reads length bytes from offset, or fewer where the pack ends; length -1
	// reads to the end. A missing pack is of relais.KindNotFound.
	Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error)
	// Delete removes a pack; a missing one is not an error.
	Delete(ctx context.Context, name string) error
	// List calls fn for each pack, in no order, until fn fails.
	List(ctx context.Context, fn func(name string, size int64) error) error
}

// CheckName gives an error of relais.KindInvalid for a name that Backend does not allow.
// Each backend calls it first: a name is a path in one and a key in another, and must
// never lead outside.
func CheckName(name string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-/"
	foreign := func(r rune) bool { return !strings.ContainsRune(allowed, r) }
	if !fs.ValidPath(name) || strings.ContainsFunc(name, foreign) {
		return relais.Errorf(relais.KindInvalid, "name pack", "not the name of a pack")
	}
	return nil
}

// Keys gives the key that seals a blob. Package seal is the one used.
type Keys interface {
	// Ensure gives the key of each digest in a case, making those that are
	// missing (or adding a wrap for this case to a key another case holds), and
	// returns when all are durable.
	Ensure(ctx context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.SealKey, error)
	// Open gives keys that exist; one that was forgotten, or that this case never
	// held, is of relais.KindForgotten.
	Open(ctx context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.SealKey, error)
	// Held tells, for each digest in the order asked, whether this case holds its
	// key, and whether any case does.
	Held(ctx context.Context, c relais.CaseID, digests []relais.Digest) (here, anywhere []bool, err error)
	// Forget destroys the wraps of these digests in this case, durably, and
	// returns those of them that no case holds, so that a Forget repeated after a
	// crash names them again.
	Forget(ctx context.Context, c relais.CaseID, digests []relais.Digest) ([]relais.Digest, error)
}

// Index remembers where each blob rests. Package state is the one used.
type Index interface {
	// PutBlobs records where blobs rest, all or none, durably. One that is known
	// already keeps its place unless replace is set.
	PutBlobs(ctx context.Context, locations map[relais.Digest]relais.Location, replace bool) error
	// Blobs gives the places of those that are known.
	Blobs(ctx context.Context, digests []relais.Digest) (map[relais.Digest]relais.Location, error)
	// DropBlobs removes entries.
	DropBlobs(ctx context.Context, digests []relais.Digest) error
	// EachBlob calls fn for every entry, by pack and offset, until fn fails.
	EachBlob(ctx context.Context, fn func(relais.Digest, relais.Location) error) error
}

// Blob is one blob to be put: its bytes are read by Open, once at most, and not at
// all when they are stored already.
type Blob struct {
	Digest relais.Digest
	Size   int64
	Open   func() (io.ReadCloser, error)
}

// Store keeps blobs. Callers declare which of these roles they need.
type Store interface {
	Putter
	Opener
	Sealer
	Forgetter
	Verifier
}

// Putter is where bytes are put.
type Putter interface {
	// Put stores a batch for a case in one pack and returns when pack, keys and
	// index are durable. Blobs already stored cost no bytes: they gain a holder.
	// A blob whose bytes do not match its digest or size (a file that has changed
	// meanwhile) fails the whole batch with relais.KindConflict.
	Put(ctx context.Context, c relais.CaseID, blobs []Blob) error
	// Held tells which digests are stored and held by the case.
	Held(ctx context.Context, c relais.CaseID, digests []relais.Digest) (map[relais.Digest]bool, error)
}

// Opener gives bytes back.
type Opener interface {
	// Open reads one blob as a case holds it. The reader verifies as it reads: a
	// damaged blob ends in an error of relais.KindDamaged (a small one, at once), an
	// unknown one is of relais.KindNotFound, an erased one, or one that this case
	// never held, of relais.KindForgotten. Reads end with the context.
	Open(ctx context.Context, c relais.CaseID, d relais.Digest) (Reader, error)
	// Find looks many blobs of a case up at once, for callers that open one after the
	// other: where the tables are far away, to ask for each costs more than to read it.
	Find(ctx context.Context, c relais.CaseID, digests []relais.Digest) (*Found, error)
}

// Sealer protects records that speak of a blob, in any log or table, under the key of
// that blob in that case: when the blob is forgotten, so is the record. The blob must be
// held by the case. context (such as "raw") is authenticated with the bytes.
type Sealer interface {
	// Seal gives the sealed bytes of each record, in order.
	Seal(ctx context.Context, c relais.CaseID, context string, records []Sealed) ([][]byte, error)
	// Unseal gives the bytes in clear of each record, in order.
	Unseal(ctx context.Context, c relais.CaseID, context string, records []Sealed) ([][]byte, error)
}

// Forgetter erases.
type Forgetter interface {
	// Forget destroys the case's hold on blobs, durably. Do it again after an error.
	Forget(ctx context.Context, c relais.CaseID, digests []relais.Digest) error
}

// Verifier proves that what is stored can be read.
type Verifier interface {
	// Verify checks that every indexed blob has a key and lies where the table of
	// contents of its pack says; with readData also every byte of each pack that
	// something points to. No key is used: what was erased is checked like the rest.
	// report is called for each fault; the result counts what was looked at.
	Verify(ctx context.Context, readData bool, report func(Fault)) (Checked, error)
}

// Sealed is one record to seal (Bytes in clear) or unseal (Bytes sealed).
type Sealed struct {
	Digest relais.Digest
	Bytes  []byte
}

// Reader reads one blob: whole by Read, or a range by ReadAt, which authenticates
// what it gives but cannot check the digest of the whole. A blob over 1 MiB that was
// compressed is decompressed from its start to the range wanted, or from the last
// range when that lies before.
type Reader interface {
	io.ReadCloser
	io.ReaderAt
	// Size is the length of the blob.
	Size() int64
}

// Fault is one thing that Verify found.
type Fault struct {
	Pack   string        `json:"pack,omitempty"`
	Digest relais.Digest `json:"sha256,omitzero"`
	Code   string        `json:"code"` // missing_pack, orphan_pack, bad_toc, bad_blob, short_pack, missing_key
	Detail string        `json:"detail,omitempty"`
	// Harmless marks what loses nothing, such as an orphan pack.
	Harmless bool `json:"harmless,omitempty"`
}

// Checked counts what Verify looked at.
type Checked struct {
	Packs int64 `json:"packs"`
	Blobs int64 `json:"blobs"`
	Bytes int64 `json:"bytes"`
}
