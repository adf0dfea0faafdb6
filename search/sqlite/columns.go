package sqlite

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// field is a column of dictionary codes: what is filtered by value and counted.
type field int

const (
	fieldCase field = iota
	fieldKind
	fieldType // families and media types, of the document and of its attachments
	fieldLanguage
	fieldSender
	fieldOwner
	fieldFolder
	fieldClient // those shown: of relais.ShownConfidence and above
	fieldTopic
	fieldAttachment // yes or no
	fieldUncertain  // clients under relais.ShownConfidence
	fieldState      // what is: compares
	fields          // how many there are
)

// key stands for a value that is only ever compared.
type key = search.Key

// The columns of keys.
const (
	keyText    = iota // all that is in the postings
	keyContent        // the content id
	keyMessage        // the Message-ID
	keyThread         // the thread's id
	keyColumns        // how many there are
)

// undated sorts before every date, and so falls in and out of a scope's bounds as
// the zero time does.
const undated = math.MinInt64

// columns hold what is known of some documents, side by side. A field's code stands
// for a whole list of values (all folders of a document), so that every field is one
// number for each document.
type columns struct {
	rows      []uint32            // row numbers; nil in a block, where they are places
	ids       []relais.DocumentID // empty: there is no such document (any more)
	dates     []int64             // milliseconds since 1970, or undated
	months    []int32             // years times twelve plus months from 0, of dates in the archive's zone; of blocks alone, not saved
	sizes     []int64
	revisions []int64
	keys      [keyColumns][]key
	codes     [fields][]uint32
	lengths   []search.Lengths // of what is in the postings

	// Of blocks that snapshots show alone: how many documents, and how many terms
	// they have in each column.
	documents int
	terms     [search.ColumnCount]uint64
}

// makeColumns makes n rows without documents, with room for more.
func makeColumns(n, capacity int) *columns {
	c := &columns{
		rows: make([]uint32, n, capacity), ids: make([]relais.DocumentID, n, capacity),
		dates: make([]int64, n, capacity), months: make([]int32, n, capacity),
		sizes: make([]int64, n, capacity), revisions: make([]int64, n, capacity),
		lengths: make([]search.Lengths, n, capacity),
	}
	for k := range c.keys {
		c.keys[k] = make([]key, n, capacity)
	}
	for f := range c.codes {
		c.codes[f] = make([]uint32, n, capacity)
	}
	return c
}

// clone copies columns that are shared, to change some of their rows.
func (c *columns) clone() *columns {
	d := &columns{
		ids: slices.Clone(c.ids), dates: slices.Clone(c.dates), months: slices.Clone(c.months),
		sizes: slices.Clone(c.sizes), revisions: slices.Clone(c.revisions), lengths: slices.Clone(c.lengths),
	}
	for k := range c.keys {
		d.keys[k] = slices.Clone(c.keys[k])
	}
	for f := range c.codes {
		d.codes[f] = slices.Clone(c.codes[f])
	}
	return d
}

// set copies row j of other columns to row i.
func (c *columns) set(i int, from *columns, j int) {
	c.ids[i], c.dates[i], c.months[i] = from.ids[j], from.dates[j], from.months[j]
	c.sizes[i], c.revisions[i], c.lengths[i] = from.sizes[j], from.revisions[j], from.lengths[j]
	for k := range c.keys {
		c.keys[k][i] = from.keys[k][j]
	}
	for f := range c.codes {
		c.codes[f][i] = from.codes[f][j]
	}
}

// block is the columns of blockRows consecutive row numbers. It is never changed
// once a snapshot shows it.
type block = columns

const blockRows = 2048

// compact gives the rows of a block that hold documents, with their numbers.
func compact(b *block, first uint32) *columns {
	c := makeColumns(blockRows, blockRows)
	n := 0
	for i, id := range b.ids {
		if id != "" {
			c.set(n, b, i)
			c.rows[n] = first + uint32(i)
			n++
		}
	}
	c.truncate(n)
	return c
}

// truncate keeps the first n rows.
func (c *columns) truncate(n int) {
	c.rows, c.ids, c.dates, c.months = c.rows[:n], c.ids[:n], c.dates[:n], c.months[:n]
	c.sizes, c.revisions, c.lengths = c.sizes[:n], c.revisions[:n], c.lengths[:n]
	for k := range c.keys {
		c.keys[k] = c.keys[k][:n]
	}
	for f := range c.codes {
		c.codes[f] = c.codes[f][:n]
	}
}

// snapshot is all columns as one commit left them. It never changes.
type snapshot struct {
	commit int64
	blocks []*block
	next   uint32 // the first row number never used
	lists  [fields][]list

	documents int                        // how many there are
	terms     [search.ColumnCount]uint64 // how many they have in each column
}

// at gives the block and the place of a row.
func (s *snapshot) at(row uint32) (*block, int) {
	return s.blocks[row/blockRows], int(row % blockRows)
}

// held tells whether a row number is that of a document: postings may be looked at
// a moment before their document is withdrawn from them.
func (s *snapshot) held(row uint32) bool {
	return row < s.next && s.blocks[row/blockRows].ids[row%blockRows] != ""
}

// byID gives all rows in the order of their documents' ids.
func (s *snapshot) byID() []uint32 {
	var rows []uint32
	for row := range s.next {
		if s.held(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b uint32) int { return cmp.Compare(s.id(a), s.id(b)) })
	return rows
}

// id gives the id of the document in a row.
func (s *snapshot) id(row uint32) relais.DocumentID {
	b, i := s.at(row)
	return b.ids[i]
}

// builder makes the next snapshot of one: blocks that do not change are shared.
type builder struct {
	dicts  *dictionaries
	zone   *time.Location // whose months are counted
	blocks []*block
	own    map[uint32]bool // blocks copied, or made, by this builder
	next   uint32
}

// newBuilder begins with the blocks of a snapshot; codes are those of dicts.
func newBuilder(s *snapshot, dicts *dictionaries, zone *time.Location) *builder {
	return &builder{dicts: dicts, zone: zone, blocks: slices.Clone(s.blocks), own: make(map[uint32]bool), next: s.next}
}

// put sets rows; one without an id is taken out.
func (b *builder) put(c *columns) {
	for j, row := range c.rows {
		to, i := b.block(row/blockRows), int(row%blockRows)
		to.set(i, c, j)
		to.months[i] = monthOf(to.dates[i], b.zone)
		b.next = max(b.next, row+1)
	}
}

// block gives a block that may be changed.
func (b *builder) block(n uint32) *block {
	for uint32(len(b.blocks)) <= n {
		b.own[uint32(len(b.blocks))] = true
		b.blocks = append(b.blocks, makeColumns(blockRows, blockRows))
	}
	if !b.own[n] {
		b.own[n] = true
		b.blocks[n] = b.blocks[n].clone()
	}
	return b.blocks[n]
}

// snapshot gives what was built: the builder is done with.
func (b *builder) snapshot(commit int64) *snapshot {
	for n := range b.own {
		b.blocks[n].count()
	}
	s := &snapshot{commit: commit, blocks: b.blocks, next: b.next, lists: b.dicts.lists()}
	for _, block := range s.blocks {
		s.documents += block.documents
		for c, n := range block.terms {
			s.terms[c] += n
		}
	}
	return s
}

// count counts the documents of a block and their terms.
func (c *columns) count() {
	c.documents, c.terms = 0, [search.ColumnCount]uint64{}
	for i, id := range c.ids {
		if id == "" {
			continue
		}
		c.documents++
		for column, n := range c.lengths[i] {
			c.terms[column] += uint64(n)
		}
	}
}

// millis gives a date as columns hold it.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return undated
	}
	return t.UnixMilli()
}

// monthOf gives a date's month in a zone, or noMonth.
func monthOf(ms int64, zone *time.Location) int32 {
	if ms == undated {
		return noMonth
	}
	t := time.UnixMilli(ms).In(zone)
	return int32(t.Year()*12 + int(t.Month()) - 1)
}

const noMonth = math.MinInt32
