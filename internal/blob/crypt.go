package blob

import (
	"errors"
	"io"

	"github.com/minio/sio"

	"github.com/relais-archive/relais/internal/relais"
)

// Sealed blobs are DARE 2.0 streams: packages of 64 KiB, each authenticated with its
// place and, the last one, as the last. The key is the blob's own, which binds the
// bytes to their digest: moved to another entry they do not open.
const (
	packageSize   = 64 << 10                 // of plain text
	sealedPackage = packageSize + 16 + 16    // with header and tag
	maxSealed     = int64(smallBlob)*3/2 + 1 // of a small blob, however it shrank
)

// dare configures sio for one blob. The suite is fixed: an archive written on one
// machine opens on any other. The key is copied, so that the caller's stays its own.
func dare(key relais.SealKey) sio.Config {
	return sio.Config{
		MinVersion: sio.Version20, MaxVersion: sio.Version20,
		CipherSuites: []byte{sio.AES_256_GCM}, Key: key[:],
	}
}

// sealedSize is the length of n bytes once sealed.
func sealedSize(n int64) int64 {
	full, rest := n/packageSize, n%packageSize
	if rest > 0 {
		rest += sealedPackage - packageSize
	}
	return full*sealedPackage + rest
}

// sealBytes seals plain into dst, growing it when needed. No bytes seal to none.
func sealBytes(dst []byte, key relais.SealKey, plain io.Reader, size int64) ([]byte, error) {
	r, err := sio.EncryptReader(plain, dare(key))
	if err != nil {
		return nil, relais.E(relais.KindInternal, "seal", err)
	}
	n := int(sealedSize(size))
	// One byte more than needed shows sio the end, and gives back its buffer.
	dst = grow(dst, n+1)
	if got, err := io.ReadFull(r, dst); got != n || !atEnd(err) {
		return nil, relais.Errorf(relais.KindInternal, "seal", "%d bytes sealed to %d", size, got)
	}
	return dst[:n], nil
}

// openBytes opens what sealBytes gave, into dst, growing it when needed.
func openBytes(dst []byte, key relais.SealKey, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return dst[:0], nil
	}
	// sio slices by the lengths it reads, so give it no impossible ones.
	size, err := sio.DecryptedSize(uint64(len(sealed)))
	if err != nil {
		return nil, damaged(err)
	}
	out, err := sio.DecryptBuffer(grow(dst, int(size))[:0], sealed, dare(key))
	if err != nil {
		return nil, damaged(err)
	}
	return out, nil
}

func atEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// damaged marks an error met while reading a stored blob. One that has a kind, such
// as the backend's, keeps it; what is left comes from sio, zstd or a pack cut short.
func damaged(err error) error {
	const op = "read blob"
	if kind := relais.KindOf(err); kind != relais.KindInternal {
		return relais.E(kind, op, err)
	}
	return relais.E(relais.KindDamaged, op, err)
}

// grow gives a slice of length n, reusing b where it is large enough.
func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
