package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/relais-archive/relais/internal/relais"
)

// A pack, format 1, integers big-endian:
//
//	magic      "RELAISP" and the format number
//	sealed     the blobs, one after the other, each in DARE 2.0 (package sio)
//	contents   one entry a blob: digest 32, sum 32, offset 8, length 8, size 8, codec 1
//	trailer    offset of the contents 8, entries 8, check 32, magic 8
//
// sum is the SHA-256 of the sealed bytes, check that of magic, contents and the two
// numbers of the trailer. The pack's name is the beginning of check: the name thus
// vouches for every byte, and a damaged blob is told from its neighbours without
// any key.
const (
	magic       = "RELAISP\x01"
	magicSize   = int64(len(magic))
	entrySize   = 89
	trailerSize = 8 + 8 + sha256.Size + len(magic)
	// maxEntries bounds what is read of a table of contents: 89 MB.
	maxEntries = 1 << 20
)

// How the bytes of a blob were compressed: relais.Location.Codec. Numbers are
// append-only.
const (
	codecRaw  = 0
	codecZstd = 1
	// Erased marks the index entry of a blob whose key no case holds any more.
	Erased = 255
)

// entry is one line of a table of contents.
type entry struct {
	digest relais.Digest
	sum    relais.Digest // of the sealed bytes
	offset int64
	length int64 // of the sealed bytes
	size   int64 // of the blob
	codec  uint8
}

func (e entry) location(pack string) relais.Location {
	return relais.Location{Pack: pack, Offset: e.offset, Length: e.length, Size: e.size, Codec: e.codec}
}

// contents is the table of contents of a pack.
type contents struct {
	entries []entry
	offset  int64 // where the table begins, and the last blob ends
}

// size is that of the whole pack.
func (c contents) size() int64 {
	return c.offset + int64(len(c.entries))*entrySize + int64(trailerSize)
}

// tail gives the end of a pack, and the pack's name.
func (c contents) tail() (tail []byte, name string) {
	b := make([]byte, 0, len(c.entries)*entrySize+trailerSize)
	for _, e := range c.entries {
		b = append(append(b, e.digest[:]...), e.sum[:]...)
		for _, n := range [...]int64{e.offset, e.length, e.size} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
		b = append(b, e.codec)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(c.offset))
	b = binary.BigEndian.AppendUint64(b, uint64(len(c.entries)))
	check := checkOf(b)
	return append(append(b, check[:]...), magic...), packName(check)
}

func checkOf(table []byte) relais.Digest {
	return relais.DigestOf(append([]byte(magic), table...))
}

// packName spreads packs over 256 folders.
func packName(check relais.Digest) string {
	h := hex.EncodeToString(check[:16])
	return h[:2] + "/" + h
}

// trailer is the fixed end of a pack: where its table is.
type trailer struct {
	offset int64
	count  int64
}

// parseTrailer reads the last trailerSize bytes of a pack of the given size.
func parseTrailer(b []byte, size int64) (t trailer, err error) {
	const op = "read pack"
	last := len(b) - 1
	if len(b) != trailerSize || !bytes.HasSuffix(b[:last], []byte(magic[:len(magic)-1])) {
		return t, relais.Errorf(relais.KindDamaged, op, "the end of the pack is missing")
	}
	if b[last] != magic[len(magic)-1] {
		return t, relais.Errorf(relais.KindInvalid, op, "the pack is of format %d, which this program does not know", b[last])
	}
	offset, count := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	if count > maxEntries || offset > uint64(size) || offset < uint64(magicSize) ||
		(contents{offset: int64(offset)}).size()+int64(count)*entrySize != size {
		return t, relais.Errorf(relais.KindDamaged, op, "the table of contents is not where it should be")
	}
	return trailer{offset: int64(offset), count: int64(count)}, nil
}

// parseContents reads the end of a pack, from its table on, and checks it against
// itself and the pack's name.
func parseContents(name string, tail []byte, size int64) (c contents, err error) {
	const op = "read pack"
	if len(tail) < trailerSize {
		return c, relais.Errorf(relais.KindDamaged, op, "the end of the pack is missing")
	}
	t, err := parseTrailer(tail[len(tail)-trailerSize:], size)
	if err != nil {
		return c, err
	}
	if int64(len(tail)) != t.count*entrySize+int64(trailerSize) {
		return c, relais.Errorf(relais.KindDamaged, op, "the table of contents is cut")
	}
	numbers := len(tail) - trailerSize + 16
	check := checkOf(tail[:numbers])
	if !bytes.Equal(check[:], tail[numbers:numbers+len(check)]) || packName(check) != name {
		return c, relais.Errorf(relais.KindDamaged, op, "the table of contents does not match its checksum")
	}
	c = contents{offset: t.offset, entries: make([]entry, t.count)}
	next := magicSize
	for i := range c.entries {
		e := parseEntry(tail[i*entrySize:])
		if e.offset != next || e.length < 0 || e.length > t.offset-next || e.size < 0 {
			return contents{}, relais.Errorf(relais.KindDamaged, op, "the table of contents contradicts itself")
		}
		next += e.length
		c.entries[i] = e
	}
	return c, nil
}

func parseEntry(b []byte) entry {
	number := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	return entry{
		digest: relais.Digest(b[:32]), sum: relais.Digest(b[32:64]),
		offset: number(64), length: number(72), size: number(80), codec: b[88],
	}
}
