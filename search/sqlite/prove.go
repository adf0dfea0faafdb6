package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"hash/maphash"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// proof is what the postings hold, document by document, and the columns beside them. It
// is search.Proof.
type proof struct {
	snap   *snapshot
	rows   map[relais.DocumentID]uint32
	sums   []uint64 // of a row's postings: each term where it stands, in any order
	seed   maphash.Seed
	tokens *search.Poster
}

// Prove reads every posting once. A bit that changed in one of them, or in what leads to
// it, changes the sum of a document: SQLite's own checks look at the structure alone.
func (x *Index) Prove(ctx context.Context) (search.Proof, error) {
	r, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer r.end()
	p := &proof{snap: r.snap, rows: map[relais.DocumentID]uint32{}, sums: make([]uint64, r.snap.next),
		seed: maphash.MakeSeed(), tokens: search.NewPoster(analysis.New())}
	for _, row := range r.snap.byID() {
		p.rows[r.snap.id(row)] = row
	}
	return p, failed("prove index", p.read(ctx, r.tx))
}

// read sums the postings.
func (p *proof) read(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT term, doc, col, offset FROM occurrences`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns := map[string]search.Column{}
	for i, name := range columnNames() {
		columns[name] = search.Column(i)
	}
	var last []byte
	var word uint64
	for rows.Next() {
		var term, column sql.RawBytes
		var doc, at int64
		if err := rows.Scan(&term, &doc, &column, &at); err != nil {
			return err
		}
		if !bytes.Equal(term, last) || last == nil {
			last, word = append(last[:0], term...), maphash.Bytes(p.seed, term)
		}
		// One of a document that is not held is told by the columns, which know of none.
		if row := doc - 1; row >= 0 && row < int64(len(p.sums)) {
			p.sums[row] += posting(word, columns[string(column)], at)
		}
	}
	return rows.Err()
}

// posting stands for a term at a place of a column, by splitmix64's finishing steps.
func posting(word uint64, column search.Column, at int64) uint64 {
	z := word + (uint64(at)<<3|uint64(column))*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Has tells whether a revision of a document is held.
func (p *proof) Has(id relais.DocumentID, revision int64) bool {
	row, held := p.rows[id]
	if !held {
		return false
	}
	b, i := p.snap.at(row)
	return b.revisions[i] == revision
}

// Holds compares columns and postings with what an entry gives.
func (p *proof) Holds(e *search.Entry) bool {
	if !p.Has(e.Envelope.Document.ID, e.Envelope.Revision) {
		return false
	}
	row := p.rows[e.Envelope.Document.ID]
	b, i := p.snap.at(row)
	return p.holdsColumns(b, i, &e.Envelope) && p.holdsWords(b, i, row, e)
}

// holdsColumns compares what filters, facets, scope and order look at.
func (p *proof) holdsColumns(b *block, i int, e *relais.Envelope) bool {
	want, dicts := makeColumns(0, 1), newDictionaries()
	want.add(0, e, dicts)
	for f := range b.codes {
		held := p.snap.lists[f]
		if code := int(b.codes[f][i]); code >= len(held) || !equalLists(held[code], dicts[f].lists[want.codes[f][0]]) {
			return false
		}
	}
	for k := range b.keys {
		if k != keyText && b.keys[k][i] != want.keys[k][0] {
			return false
		}
	}
	return b.dates[i] == want.dates[0] && b.sizes[i] == want.sizes[0]
}

func equalLists(a, b list) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// holdsWords compares the postings.
func (p *proof) holdsWords(b *block, i int, row uint32, e *search.Entry) bool {
	parts := search.Parts(e)
	if b.keys[keyText][i] != textKey(parts) {
		return false
	}
	var sum uint64
	for column, text := range p.tokens.Columns(parts) {
		at := int64(0)
		for word := range strings.FieldsSeq(string(text)) {
			sum += posting(maphash.String(p.seed, word), search.Column(column), at)
			at++
		}
	}
	return sum == p.sums[row] && b.lengths[i] == p.tokens.Lengths()
}
