package sqlite

import (
	"encoding/binary"
	"strings"

	"github.com/relais-archive/relais/search"
)

// value is one value of a field, with the name people know it by.
type value = search.Named

// list is the values a document has in one field: the unit that codes stand for.
type list = []value

// dictionary numbers the lists of one field. Numbers are given once and kept, so
// that a reader may hold a shorter view of lists while the writer adds to them.
type dictionary struct {
	lists []list
	codes map[string]uint32 // by packed list
}

// dictionaries number the lists of every field.
type dictionaries [fields]dictionary

// newDictionaries makes empty dictionaries, in which code 0 is the empty list: that
// of a row without a document.
func newDictionaries() *dictionaries {
	d := new(dictionaries)
	for f := range d {
		d[f].codes = make(map[string]uint32)
		d[f].code(nil) // 0 is the empty list
	}
	return d
}

// lists gives the view of all lists that a snapshot keeps.
func (d *dictionaries) lists() (all [fields][]list) {
	for f := range d {
		all[f] = d[f].lists
	}
	return all
}

// code gives the number of a list, which the dictionary keeps if it is new: the
// caller may use l again, but not the strings' memory.
func (d *dictionary) code(l list) uint32 {
	var buf [256]byte
	packed := buf[:0]
	for _, v := range l {
		packed = appendString(appendString(packed, v.ID), v.Name)
	}
	if c, ok := d.codes[string(packed)]; ok {
		return c
	}
	c := uint32(len(d.lists))
	kept := make(list, len(l))
	for i, v := range l {
		kept[i] = value{ID: strings.Clone(v.ID), Name: strings.Clone(v.Name)}
	}
	d.lists = append(d.lists, kept)
	d.codes[string(packed)] = c
	return c
}

// appendString packs a string behind its length.
func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
