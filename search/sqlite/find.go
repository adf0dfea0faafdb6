package sqlite

import (
	"context"
	"database/sql"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/search"
)

// find gives the rows that a tree finds, whatever the scope. A subtree of words alone
// is one expression of FTS5, which walks its postings together; the rest is sets.
func (q *query) find(ctx context.Context, n search.Node) (*roaring.Bitmap, error) {
	if e, ok := q.expression(n); ok {
		return q.match(ctx, e)
	}
	switch n := n.(type) {
	case search.And:
		return q.and(ctx, n)
	case search.Or:
		return q.or(ctx, n)
	case search.Not:
		found, err := q.find(ctx, n.Of)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(q.snap.all(), found), nil
	case search.Value:
		return q.value(n)
	case search.Days:
		return q.snap.days(n), nil
	case search.Undated:
		return q.snap.where(func(b *block, i int) bool { return b.dates[i] == undated }), nil
	case search.Bytes:
		return q.snap.bytes(n), nil
	case search.Nothing:
		return roaring.New(), nil
	}
	return nil, search.Invalid("the query holds a part of no known kind")
}

// and looks at columns first: they are cheap, and may leave nothing to look for.
func (q *query) and(ctx context.Context, n search.And) (*roaring.Bitmap, error) {
	words, rest := q.split(n)
	found := q.snap.all()
	if len(words) > 0 {
		rest = append(rest, search.And(words))
	}
	for _, child := range rest {
		if found.IsEmpty() {
			break
		}
		of, negative := child.(search.Not)
		if !negative {
			of.Of = child
		}
		set, err := q.find(ctx, of.Of)
		if err != nil {
			return nil, err
		}
		if negative {
			found.AndNot(set)
		} else {
			found.And(set)
		}
	}
	return found, nil
}

// or unites what its nodes find, those of words in one look at the postings.
func (q *query) or(ctx context.Context, n search.Or) (*roaring.Bitmap, error) {
	words, rest := q.split(n)
	if len(words) > 0 {
		rest = append(rest, search.Or(words))
	}
	found := roaring.New()
	for _, child := range rest {
		set, err := q.find(ctx, child)
		if err != nil {
			return nil, err
		}
		found.Or(set)
	}
	return found, nil
}

// split parts children into those that FTS5 can take and the others.
func (q *query) split(children []search.Node) (words, rest []search.Node) {
	for _, c := range children {
		if _, ok := q.expression(c); ok {
			words = append(words, c)
		} else {
			rest = append(rest, c)
		}
	}
	return words, rest
}

// match gives the rows of an expression of FTS5. They come as one string of numbers:
// to step through them row by row costs twice as much as finding them.
func (q *query) match(ctx context.Context, expression string) (*roaring.Bitmap, error) {
	found := roaring.New()
	if expression == "" {
		return found, nil
	}
	rows, err := q.tx.QueryContext(ctx, `SELECT group_concat(rowid) FROM postings WHERE postings MATCH ?`, expression)
	if err != nil {
		return nil, failed("search", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var list sql.RawBytes
		if err := rows.Scan(&list); err != nil {
			return nil, failed("search", err)
		}
		found.AddMany(q.rows(list))
	}
	return found, failed("search", rows.Err())
}

// rows reads numbers parted by commas, as postings have them.
func (q *query) rows(list []byte) []uint32 {
	rows := make([]uint32, 0, len(list)/6+1)
	n, digits := uint32(0), false
	for _, c := range append(list, ',') {
		if c != ',' {
			n, digits = 10*n+uint32(c-'0'), true
			continue
		}
		if row := n - 1; digits && q.snap.held(row) {
			rows = append(rows, row)
		}
		n, digits = 0, false
	}
	return rows
}
