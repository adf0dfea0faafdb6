package sqlite

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// maxRanked is how many hits are ranked by beginnings of words, which FTS5 ranks: that
// costs some 3 µs a hit. Beyond, the newest are, and a note says so. By words, all hits
// are ranked.
const maxRanked = 20_000

// ranking gathers what documents score: of each row, by its number.
type ranking struct {
	*query
	hits   *roaring.Bitmap
	scores []float64
}

// ranks gives the hits that hold wanted words their ranks, of which less is better:
// scores below zero.
func (q *query) ranks(ctx context.Context, n search.Node, hits *roaring.Bitmap) ([]float64, []relais.Note, error) {
	wanted := search.NewRanking(n, q.analyzer)
	if len(wanted.Words)+len(wanted.Prefixes) == 0 || hits.IsEmpty() {
		return nil, nil, nil
	}
	r := &ranking{query: q, hits: hits, scores: make([]float64, q.snap.next)}
	for _, w := range wanted.Words {
		if err := r.word(ctx, w); err != nil {
			return nil, nil, err
		}
	}
	notes, err := r.prefixes(ctx, wanted.Prefixes)
	return r.scores, notes, err
}

// word adds BM25 of a word in the columns of its field. How rare it is, is known of the
// whole index, by the column that has it most often, as Lucene has it; so is the mean
// length of documents.
func (r *ranking) word(ctx context.Context, w search.RankedWord) error {
	weights := columnWeights(w.In)
	found, err := r.occurrences(ctx, w.Term, weights)
	if err != nil || found.documents() == 0 {
		return err
	}
	all, holding := float64(r.snap.documents), float64(found.documents())
	idf := float64(w.Times) * math.Log(1+(all-holding+0.5)/(holding+0.5))
	mean := weighted(weights, &r.snap.terms) / all
	for i, row := range found.rows {
		b, place := r.snap.at(row)
		long := weighted(weights, (*[search.ColumnCount]uint32)(&b.lengths[place])) / mean
		often := found.often[i]
		r.scores[row] -= idf * often * (search.BM25K1 + 1) / (often + search.BM25K1*(1-search.BM25B+search.BM25B*long))
	}
	return nil
}

// columnWeights gives what each column counts for in a field.
func columnWeights(in search.TextField) (weights [search.ColumnCount]float64) {
	for _, c := range in.Columns() {
		weights[c] = c.Weight()
	}
	return weights
}

// weighted gives the length of a text in which each column's words stand as often as
// they weigh.
func weighted[N uint32 | uint64](weights [search.ColumnCount]float64, lengths *[search.ColumnCount]N) float64 {
	sum := 0.0
	for c, w := range weights {
		sum += w * float64(lengths[c])
	}
	return sum
}

// prefixes adds what FTS5 makes of beginnings of words.
func (r *ranking) prefixes(ctx context.Context, list []search.RankedPrefix) ([]relais.Note, error) {
	var any []string
	for _, p := range list {
		any = append(any, columnFilter(p.In)+phrase(search.Phrase{Prefix: p.Prefix}))
	}
	if len(any) == 0 {
		return nil, nil
	}
	var notes []relais.Note
	rows := r.hits.ToArray()
	if len(rows) > r.ranked {
		rows = (&ordering{snap: r.snap, order: search.Newest}).page(r.hits, nil, r.ranked)
		notes = []relais.Note{{Code: "relevance_sampled", Detail: strconv.Itoa(r.ranked)}}
	}
	return notes, r.rank(ctx, "("+strings.Join(any, ") OR (")+")", rows)
}

// bm25 weighs the columns in their order.
func bm25() string {
	var weights strings.Builder
	for c := range search.ColumnCount {
		fmt.Fprintf(&weights, ", %g", c.Weight())
	}
	return "bm25(postings" + weights.String() + ")"
}

// rank asks for the ranks of rows. The plus sign keeps FTS5 from seeking each row in
// turn, which costs a hundred times more than passing over the rows not asked for.
func (r *ranking) rank(ctx context.Context, expression string, rows []uint32) error {
	list := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, postingsRow(row), 10)
	}
	found, err := r.tx.QueryContext(ctx, `SELECT rowid, `+bm25()+` FROM postings
		WHERE postings MATCH ? AND +rowid IN (SELECT value FROM json_each(?))`, expression, string(append(list, ']')))
	if err != nil {
		return failed("search", err)
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var row int64
		var rank float64
		if err := found.Scan(&row, &rank); err != nil {
			return failed("search", err)
		}
		r.scores[row-1] += min(rank, -minRank)
	}
	return failed("search", found.Err())
}

// minRank keeps what was ranked before what was not: bm25 of what is in more than
// half of the documents is next to nothing.
const minRank = 1e-9
