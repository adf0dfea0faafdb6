package blob

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/relais-archive/relais/internal/relais"
)

// The first byte of every sealed record tells its format: AES-256-GCM under a subkey of
// the blob's key (RFC 5869), random nonce first, and within it the record as it is, or
// compressed by zstd (RFC 8878). Random nonces are safe for 2^32 records per blob.
const (
	recordPlain  = 1
	recordPacked = 2
)

// Seal protects records that speak of blobs: see Store.
func (p *Packs) Seal(ctx context.Context, c relais.CaseID, context string, records []Sealed) ([][]byte, error) {
	return p.eachRecord(ctx, c, context, records, p.sealRecord)
}

// Unseal opens what Seal gave: see Store. A record that was changed, or sealed in
// another context, case or for another blob, is of relais.KindDamaged.
func (p *Packs) Unseal(ctx context.Context, c relais.CaseID, context string, records []Sealed) ([][]byte, error) {
	return p.eachRecord(ctx, c, context, records, p.unsealRecord)
}

func (p *Packs) eachRecord(ctx context.Context, c relais.CaseID, context string, records []Sealed,
	do func(cipher.AEAD, []byte, []byte) ([]byte, error)) ([][]byte, error) {
	digests := make([]relais.Digest, len(records))
	for i, r := range records {
		digests[i] = r.Digest
	}
	keys, err := p.keys.Open(ctx, c, digests)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(records))
	for i, r := range records {
		aead, err := recordCipher(keys[i])
		if err != nil {
			return nil, relais.E(relais.KindInternal, "seal record", err)
		}
		if out[i], err = do(aead, r.Bytes, recordData(context, c, r.Digest)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *Packs) sealRecord(aead cipher.AEAD, plain, data []byte) ([]byte, error) {
	packed, codec, err := p.codecs.compress(nil, plain)
	if err != nil {
		return nil, relais.E(relais.KindInternal, "compress record", err)
	}
	out := make([]byte, 1, 1+len(packed)+aead.Overhead())
	out[0] = recordPlain
	if codec == codecZstd {
		out[0] = recordPacked
		data = append(data, recordPacked) // so that neither format passes for the other
	}
	return aead.Seal(out, nil, packed, data), nil
}

func (p *Packs) unsealRecord(aead cipher.AEAD, sealed, data []byte) ([]byte, error) {
	const op = "unseal record"
	if len(sealed) == 0 {
		return nil, relais.Errorf(relais.KindDamaged, op, "the record is empty")
	}
	format := sealed[0]
	switch format {
	case recordPlain:
	case recordPacked:
		data = append(data, recordPacked)
	default:
		return nil, relais.Errorf(relais.KindInvalid, op, "sealed in format %d, which this program does not know", format)
	}
	plain, err := aead.Open(nil, nil, sealed[1:], data)
	if err != nil {
		return nil, relais.E(relais.KindDamaged, op, err)
	}
	if format == recordPlain {
		return plain, nil
	}
	dec, err := p.codecs.decoder()
	if err != nil {
		return nil, relais.E(relais.KindInternal, op, err)
	}
	if plain, err = dec.DecodeAll(plain, nil); err != nil {
		return nil, relais.E(relais.KindDamaged, op, err)
	}
	return plain, nil
}

func recordCipher(key relais.SealKey) (cipher.AEAD, error) {
	sub, err := hkdf.Expand(sha256.New, key[:], "relais/record/1", len(key))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sub)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// recordData is what a record is authenticated with. Zero bytes, which neither a
// context nor a case holds, keep the fields apart.
func recordData(context string, c relais.CaseID, d relais.Digest) []byte {
	b := make([]byte, 0, len(context)+len(c)+len(d)+2)
	b = append(append(b, context...), 0)
	b = append(append(b, c...), 0)
	return append(b, d[:]...)
}
