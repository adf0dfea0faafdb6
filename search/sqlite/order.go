package sqlite

import (
	"cmp"
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// place is where a hit stands in an order: by rank, by date, then by id.
// A place needs no hit to stand on it, so that a page can begin after one that is
// gone.
type place struct {
	Rank float64           `json:"r,omitempty"` // of which less is better; 0 when it has none
	Date int64             `json:"d"`           // milliseconds, turned so that less comes first
	ID   relais.DocumentID `json:"i"`
}

// compare is negative for what comes first.
func (p place) compare(o place) int {
	if c := cmp.Compare(p.Rank, o.Rank); c != 0 {
		return c
	}
	if c := cmp.Compare(p.Date, o.Date); c != 0 {
		return c
	}
	return cmp.Compare(p.ID, o.ID)
}

// ordering gives the hits of one request their places.
type ordering struct {
	snap  *snapshot
	order search.Order
	ranks []float64 // by relevance, of each row; 0 of those that were not ranked
}

// order makes the ordering of a request.
func (q *query) order(ctx context.Context, req search.Request, hits *roaring.Bitmap) (*ordering, []relais.Note, error) {
	o := &ordering{snap: q.snap, order: req.Order}
	if req.Order != search.Relevance {
		return o, nil, nil
	}
	ranks, notes, err := q.ranks(ctx, req.Query, hits)
	o.ranks = ranks
	return o, notes, err
}

// place gives a row's place. By relevance, what was ranked comes first, then the
// rest; newest first among equals. The undated come last in every order.
func (o *ordering) place(row uint32) place {
	b, i := o.snap.at(row)
	p := place{ID: b.ids[i]}
	if o.ranks != nil {
		p.Rank = o.ranks[row]
	}
	switch d := b.dates[i]; {
	case d == undated:
		p.Date = -undated - 1
	case o.order == search.Oldest:
		p.Date = d
	default:
		p.Date = -d
	}
	return p
}

// page gives the first n hits after a place, in order; nil is the start.
func (o *ordering) page(hits *roaring.Bitmap, after *place, n int) []uint32 {
	first := best[placed]{most: n, compare: func(a, b placed) int { return a.compare(b.place) }}
	for it := hits.Iterator(); it.HasNext(); {
		row := it.Next()
		if p := o.place(row); after == nil || p.compare(*after) > 0 {
			first.offer(placed{p, row})
		}
	}
	rows := make([]uint32, len(first.kept))
	for i, p := range first.sorted() {
		rows[i] = p.row
	}
	return rows
}

// placed is a row on its place.
type placed struct {
	place
	row uint32
}
