package sqlite

import (
	"context"
	"database/sql"
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

// A word that stands in very many places, where there are few hits, is not worth to go
// through all of them: some placesPerHit cost as much as to have FTS5 rank a hit. A hit is
// one of few where it is one of documents/fewHits or less.
const (
	placesPerHit = 50
	fewHits      = 8
)

// word adds BM25 of a word in the columns of its field. How rare it is, is known of the
// whole index, by the column that has it most often, as Lucene has it; so is the mean
// length of documents.
func (r *ranking) word(ctx context.Context, w search.RankedWord) error {
	weights := columnWeights(w.In)
	if hits := int(r.hits.GetCardinality()); hits < r.snap.documents/fewHits {
		f, err := r.frequency(ctx, w.Term, weights)
		if err != nil || f.documents == 0 {
			return err
		}
		if f.places > placesPerHit*hits {
			return r.common(ctx, w, weights, r.rarity(w, f.documents))
		}
	}
	found, err := r.occurrences(ctx, w.Term, weights)
	if err != nil || found.documents() == 0 {
		return err
	}
	idf := r.rarity(w, found.documents())
	mean := weighted(weights, &r.snap.terms) / float64(r.snap.documents)
	for i, row := range found.rows {
		b, place := r.snap.at(row)
		long := weighted(weights, (*[search.ColumnCount]uint32)(&b.lengths[place])) / mean
		often := found.often[i]
		r.scores[row] -= idf * often * (search.BM25K1 + 1) / (often + search.BM25K1*(1-search.BM25B+search.BM25B*long))
	}
	return nil
}

// rarity is the idf of Lucene, never below zero, as often as the question has the word.
func (r *ranking) rarity(w search.RankedWord, holding int) float64 {
	all, n := float64(r.snap.documents), min(float64(holding), float64(r.snap.documents))
	return float64(w.Times) * math.Log(1+(all-n+0.5)/(n+0.5))
}

// common adds BM25 of a word by what FTS5 makes of it in the hits alone. FTS5 has an idf
// of its own, which is nothing for a word that most documents hold: it falls out of the
// quotient of two of its ranks, one with weights twice the other's. For with often and
// long as they are in BM25, often/(often+long) is (2-q)/q where q is that quotient. What
// differs is a document's length, which FTS5 takes to be that of all its columns, with
// their surfaces, unweighed.
func (r *ranking) common(ctx context.Context, w search.RankedWord, weights [search.ColumnCount]float64, idf float64) error {
	twice := weights
	for c := range twice {
		twice[c] *= 2
	}
	rows, err := r.among(ctx, bm25(weights)+", "+bm25(twice), columnFilter(w.In)+quote(w.Term), r.hits.ToArray())
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row int64
		var once, doubled float64
		if err := rows.Scan(&row, &once, &doubled); err != nil {
			return failed("search", err)
		}
		if once < 0 {
			q := doubled / once
			r.scores[row-1] -= idf * (search.BM25K1 + 1) * (2 - q) / q
		}
	}
	return failed("search", rows.Err())
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

// bm25 has FTS5 weigh the columns in their order.
func bm25(of [search.ColumnCount]float64) string {
	var weights strings.Builder
	for _, w := range of {
		fmt.Fprintf(&weights, ", %g", w)
	}
	return "bm25(postings" + weights.String() + ")"
}

// rank adds FTS5's ranks of rows.
func (r *ranking) rank(ctx context.Context, expression string, rows []uint32) error {
	found, err := r.among(ctx, bm25(columnWeights(search.InAll)), expression, rows)
	if err != nil {
		return err
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

// among asks for what FTS5 makes of those of some rows that an expression finds. The plus
// sign keeps it from seeking each row in turn, which costs a hundred times more than
// passing over the rows not asked for.
func (q *query) among(ctx context.Context, what, expression string, rows []uint32) (*sql.Rows, error) {
	list := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, postingsRow(row), 10)
	}
	found, err := q.tx.QueryContext(ctx, `SELECT rowid, `+what+` FROM postings
		WHERE postings MATCH ? AND +rowid IN (SELECT value FROM json_each(?))`, expression, string(append(list, ']')))
	return found, failed("search", err)
}

// minRank keeps what was ranked before what was not: bm25 of what is in more than
// half of the documents is next to nothing.
const minRank = 1e-9
