package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/relais-archive/relais/search"
)

// occurrences is where a term stands: the rows in order, each with how often, weighed
// by column.
type occurrences struct {
	rows    []uint32
	often   []float64
	holding [search.ColumnCount]int // how many documents have it in a column
}

// documents tells how many documents have the term in the column that has it most often.
func (o *occurrences) documents() int { return slices.Max(o.holding[:]) }

// occurrences reads where a term stands, in columns that weigh something. They come as
// one string: that is seven times as fast as to have FTS5 rank each document that holds
// the term, for which it must seek its length. They go by document, then by column.
func (q *query) occurrences(ctx context.Context, term string, weights [search.ColumnCount]float64) (*occurrences, error) {
	rows, err := q.tx.QueryContext(ctx, `SELECT group_concat(col || doc) FROM occurrences WHERE term = ?`, term)
	if err != nil {
		return nil, failed("search", err)
	}
	defer func() { _ = rows.Close() }()
	r := occurrenceReader{snap: q.snap, weights: weights, into: new(occurrences)}
	for rows.Next() {
		var list sql.RawBytes
		if err := rows.Scan(&list); err != nil {
			return nil, failed("search", err)
		}
		r.read(list)
	}
	return r.into, failed("search", rows.Err())
}

// frequency is how often a term stands in columns that weigh something.
type frequency struct {
	documents int // that have it in the column that has it most often
	places    int
}

// frequency counts where a term stands, for a tenth of what it costs to read where.
func (q *query) frequency(ctx context.Context, term string, weights [search.ColumnCount]float64) (f frequency, err error) {
	rows, err := q.tx.QueryContext(ctx, `SELECT col, doc, cnt FROM frequencies WHERE term = ?`, term)
	if err != nil {
		return f, failed("search", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		var documents, places int
		if err := rows.Scan(&name, &documents, &places); err != nil {
			return f, failed("search", err)
		}
		if weights[columnNamed(name)] > 0 {
			f.documents, f.places = max(f.documents, documents), f.places+places
		}
	}
	return f, failed("search", rows.Err())
}

// columnNamed gives the column of a name.
func columnNamed(name string) search.Column {
	for c := range search.ColumnCount {
		if c.String() == name {
			return c
		}
	}
	return search.ColumnCc // cannot be; it weighs nothing
}

// occurrenceReader reads occurrences written "new12,new12,subject15".
type occurrenceReader struct {
	snap    *snapshot
	weights [search.ColumnCount]float64
	into    *occurrences

	name   string        // of the column read last
	named  search.Column // of that name
	column search.Column // counted last
	row    uint32        // counted last
}

func (r *occurrenceReader) read(list []byte) {
	for len(list) > 0 {
		n, row := 0, uint32(0)
		for n < len(list) && list[n] > '9' {
			n++
		}
		c := r.columnOf(list[:n])
		for ; n < len(list) && list[n] != ','; n++ {
			row = 10*row + uint32(list[n]-'0')
		}
		r.add(c, row-1)
		list = list[min(n+1, len(list)):]
	}
}

// columnOf gives the column of a name, mostly that of the occurrence before.
func (r *occurrenceReader) columnOf(name []byte) search.Column {
	if string(name) == r.name {
		return r.named
	}
	r.name = string(name)
	r.named = columnNamed(r.name)
	return r.named
}

// add counts an occurrence. Postings may be looked at a moment before their document is
// withdrawn from them.
func (r *occurrenceReader) add(c search.Column, row uint32) {
	weight := r.weights[c]
	if weight == 0 || !r.snap.held(row) {
		return
	}
	o, last := r.into, len(r.into.rows)-1
	before := last >= 0 && r.row == row
	if !before {
		o.rows, o.often = append(o.rows, row), append(o.often, 0)
		last++
	}
	if !before || r.column != c {
		o.holding[c]++
	}
	o.often[last] += weight
	r.row, r.column = row, c
}
