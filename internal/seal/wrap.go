package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"

	"github.com/relais-archive/relais/internal/relais"
)

// wrapFormat is the first byte of every wrap: AES-256-GCM, random nonce first.
const wrapFormat = 1

// wrapper wraps blob keys under a key derived from the master. It is safe for
// concurrent use. Nonces are random: 2^32 wraps under one master stay within the
// bound of NIST SP 800-38D, four hundred times the largest archive planned for.
type wrapper struct{ aead cipher.AEAD }

func newWrapper(m Master) (*wrapper, error) {
	key, err := m.derive("relais/seal/wrap/1")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &wrapper{aead: aead}, nil
}

// wrap encrypts a key for one case and digest: moved to another row, it no longer
// opens.
func (w *wrapper) wrap(c relais.CaseID, d relais.Digest, key relais.SealKey) []byte {
	out := make([]byte, 1, 1+len(key)+w.aead.Overhead())
	out[0] = wrapFormat
	return w.aead.Seal(out, nil, key[:], bound(c, d))
}

func (w *wrapper) unwrap(c relais.CaseID, d relais.Digest, wrapped []byte) (key relais.SealKey, err error) {
	if len(wrapped) == 0 || wrapped[0] != wrapFormat {
		return key, relais.Errorf(relais.KindDamaged, "unwrap key", "unknown format of wrap")
	}
	out, err := w.aead.Open(key[:0], nil, wrapped[1:], bound(c, d))
	if err != nil || len(out) != len(key) {
		return relais.SealKey{}, relais.Errorf(relais.KindDamaged, "unwrap key", "the wrap does not open under this master key")
	}
	return key, nil
}

// bound is what a wrap is authenticated with. The digest has a fixed length, so
// that no two pairs give the same bytes.
func bound(c relais.CaseID, d relais.Digest) []byte {
	return append(append(make([]byte, 0, len(d)+len(c)), d[:]...), c...)
}

// newKey makes a key for a blob.
func newKey() (key relais.SealKey, err error) {
	if _, err = rand.Read(key[:]); err != nil {
		return key, relais.E(relais.KindUnavailable, "make key", err)
	}
	return key, nil
}
