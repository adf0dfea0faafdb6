package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// maxRanked is how many hits are ranked by relevance. A rank costs some 3 µs, and among so
// many documents ranks differ little: beyond that number only the newest are ranked, the
// others follow by date, and a note says so.
const maxRanked = 20_000

// bm25 weighs the columns in their order.
func bm25() string {
	var weights strings.Builder
	for c := range search.ColumnCount {
		fmt.Fprintf(&weights, ", %.1f", c.Weight())
	}
	return "bm25(postings" + weights.String() + ")"
}

// ranks gives the hits that hold wanted words their bm25, of which less is better.
func (q *query) ranks(ctx context.Context, n search.Node, hits *roaring.Bitmap) (map[uint32]float64, []relais.Note, error) {
	var any search.Or
	for _, t := range search.Wanted(n) {
		any = append(any, t)
	}
	expression, _ := q.expression(any)
	if expression == "" {
		return nil, nil, nil
	}
	var notes []relais.Note
	rows := hits.ToArray()
	if len(rows) > q.ranked {
		rows = (&ordering{snap: q.snap, order: search.Newest}).page(hits, nil, q.ranked)
		notes = []relais.Note{{Code: "relevance_sampled", Detail: strconv.Itoa(q.ranked)}}
	}
	ranks, err := q.rank(ctx, expression, rows)
	return ranks, notes, err
}

// rank asks for the ranks of rows. The plus sign keeps FTS5 from seeking each row in
// turn, which costs a hundred times more than passing over the rows not asked for.
func (q *query) rank(ctx context.Context, expression string, rows []uint32) (map[uint32]float64, error) {
	list := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, postingsRow(row), 10)
	}
	found, err := q.tx.QueryContext(ctx, `SELECT rowid, `+bm25()+` FROM postings
		WHERE postings MATCH ? AND +rowid IN (SELECT value FROM json_each(?))`, expression, string(append(list, ']')))
	if err != nil {
		return nil, failed("search", err)
	}
	defer func() { _ = found.Close() }()
	ranks := make(map[uint32]float64, len(rows))
	for found.Next() {
		var row int64
		var rank float64
		if err := found.Scan(&row, &rank); err != nil {
			return nil, failed("search", err)
		}
		ranks[uint32(row-1)] = min(rank, -minRank)
	}
	return ranks, failed("search", found.Err())
}

// minRank keeps what was ranked before what was not: bm25 of a word that is in more
// than half of the documents is next to nothing.
const minRank = 1e-9
