package sqlite

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/relais-archive/relais/internal/relais"
)

// Columns are saved whole: a checksum, the number of rows, then column after column.
// Codes are saved as places in a dictionary of the lists that these very rows have,
// so that when rows go, the words that only they had go with them.

// maxSavedRows bounds the rows of one saved piece: their lists are numbered in two
// bytes.
const maxSavedRows = 1 << 16

// maxRow bounds row numbers, which blocks are made up to.
const maxRow = 1 << 28

// castagnoli is the polynomial that processors compute (CRC-32C).
func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// encode packs columns; lists are those of the codes' dictionaries.
func encode(c *columns, lists *[fields][]list) []byte {
	b := make([]byte, 4, 4+len(c.ids)*160)
	b = binary.AppendUvarint(b, uint64(len(c.ids)))
	for i := range c.ids {
		b = binary.AppendUvarint(b, uint64(c.rows[i]))
		b = appendString(b, string(c.ids[i]))
	}
	for _, numbers := range [][]int64{c.dates, c.sizes, c.revisions} {
		for _, v := range numbers {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
	}
	for k := range c.keys {
		for i := range c.keys[k] {
			b = append(b, c.keys[k][i][:]...)
		}
	}
	for f := range c.codes {
		b = appendCodes(b, c.codes[f], lists[f])
	}
	for i := range c.lengths {
		for _, n := range c.lengths[i] {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	binary.LittleEndian.PutUint32(b, castagnoli(b[4:]))
	return b
}

// appendCodes packs the lists that occur, then which one each row has.
func appendCodes(b []byte, codes []uint32, lists []list) []byte {
	places := make(map[uint32]uint16)
	var local []uint32
	for _, c := range codes {
		if _, ok := places[c]; !ok {
			places[c] = uint16(len(local))
			local = append(local, c)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(local)))
	for _, c := range local {
		b = binary.AppendUvarint(b, uint64(len(lists[c])))
		for _, v := range lists[c] {
			b = appendString(appendString(b, v.ID), v.Name)
		}
	}
	for _, c := range codes {
		b = binary.LittleEndian.AppendUint16(b, places[c])
	}
	return b
}

var errColumns = errors.New("columns are cut short")

// decode is the inverse of encode; codes are those of dicts. What cannot be read is
// of relais.KindDamaged.
func decode(b []byte, dicts *dictionaries) (*columns, error) {
	if len(b) < 4 || binary.LittleEndian.Uint32(b) != castagnoli(b[4:]) {
		return nil, relais.Errorf(relais.KindDamaged, "read index", "columns do not match their checksum")
	}
	r := &unpacker{b: b[4:]}
	n := r.count(maxSavedRows)
	c := makeColumns(n, n)
	r.ids(c)
	for _, numbers := range [][]int64{c.dates, c.sizes, c.revisions} {
		r.numbers(numbers)
	}
	for k := range c.keys {
		for i := range c.keys[k] {
			copy(c.keys[k][i][:], r.take(len(key{})))
		}
	}
	for f := range c.codes {
		r.codes(c.codes[f], &dicts[f])
	}
	for i := range c.lengths {
		for j := range c.lengths[i] {
			c.lengths[i][j] = uint32(r.uvarint())
		}
	}
	if r.failed {
		return nil, relais.E(relais.KindDamaged, "read index", errColumns)
	}
	return c, nil
}

// unpacker reads packed values. At the end of the bytes it fails and gives zeros.
type unpacker struct {
	b      []byte
	failed bool
}

// take gives the next n bytes.
func (r *unpacker) take(n int) []byte {
	if n > len(r.b) {
		r.b, r.failed = nil, true
		return nil
	}
	t := r.b[:n]
	r.b = r.b[n:]
	return t
}

func (r *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.failed = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many of something follow; each takes a byte at least.
func (r *unpacker) count(most int) int {
	v := r.uvarint()
	if v > uint64(most) || v > uint64(len(r.b)) {
		r.b, r.failed = nil, true
		return 0
	}
	return int(v)
}

// bytes reads a string of bytes, with its length before it.
func (r *unpacker) bytes() []byte { return r.take(r.count(len(r.b))) }

// ids reads the row numbers and the ids, which share one string.
func (r *unpacker) ids(c *columns) {
	all := make([]byte, 0, 40*len(c.ids))
	ends := make([]int, len(c.ids))
	for i := range c.ids {
		row := r.uvarint()
		if row > maxRow {
			r.failed = true
			return
		}
		c.rows[i] = uint32(row)
		all = append(all, r.bytes()...)
		ends[i] = len(all)
	}
	shared, start := string(all), 0
	for i, end := range ends {
		c.ids[i] = relais.DocumentID(shared[start:end])
		start = end
	}
}

// numbers reads a column of numbers of eight bytes.
func (r *unpacker) numbers(dst []int64) {
	b := r.take(8 * len(dst))
	for i := range dst {
		if b == nil {
			return
		}
		dst[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
}

// codes reads a column of codes: the lists that occur, then each row's place among
// them, which becomes its code in d.
func (r *unpacker) codes(dst []uint32, d *dictionary) {
	local := make([]uint32, r.count(maxSavedRows))
	for i := range local {
		local[i] = d.code(r.list())
	}
	b := r.take(2 * len(dst))
	for i := range dst {
		if b == nil {
			return
		}
		place := int(binary.LittleEndian.Uint16(b[2*i:]))
		if place >= len(local) {
			r.failed = true
			return
		}
		dst[i] = local[place]
	}
}

// list reads the values of one list.
func (r *unpacker) list() list {
	l := make(list, r.count(len(r.b)))
	for i := range l {
		l[i] = value{ID: string(r.bytes()), Name: string(r.bytes())}
	}
	return l
}
