package sqlite

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"

	"github.com/relais-archive/relais/search"
)

// columnNames are the columns in the file, in their order.
func columnNames() []string {
	names := make([]string, search.ColumnCount)
	for c := range search.ColumnCount {
		names[c] = c.String()
	}
	return names
}

// textKey tells whether two versions of a document give the same postings.
func textKey(parts []search.Part) (k key) {
	h := sha256.New()
	for _, p := range parts {
		writePart(h, p)
	}
	var sum [sha256.Size]byte
	copy(k[:], h.Sum(sum[:0]))
	return k
}

// writePart hashes a part with its length. A hash never fails.
func writePart(h hash.Hash, p search.Part) {
	var head [9]byte
	head[0] = byte(p.In)
	binary.LittleEndian.PutUint64(head[1:], uint64(len(p.Text)))
	_, _ = h.Write(head[:])
	_, _ = io.WriteString(h, p.Text)
}
