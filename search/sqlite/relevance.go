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
	if err := r.words(ctx, wanted.Words); err != nil {
		return nil, nil, err
	}
	notes, err := r.prefixes(ctx, wanted.Prefixes)
	return r.scores, notes, err
}

// Where hits are less than a part of the documents in fewHits, FTS5 ranks them by all words
// in one look. Where they are more, there are two ways to what a word scores: to go
// through all places where it stands, or to have FTS5 rank the hits that hold it, which
// costs as much as placesPerHit places each.
const (
	fewHits      = 8
	placesPerHit = 12
)

// words adds what words score.
func (r *ranking) words(ctx context.Context, list []search.RankedWord) error {
	if int(r.hits.GetCardinality()) < r.snap.documents/fewHits {
		return r.few(ctx, list)
	}
	for _, w := range list {
		if err := r.word(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// few adds FTS5's bm25 of words to few hits. It gives a word that half of the documents
// hold no weight, which few hits can bear.
func (r *ranking) few(ctx context.Context, list []search.RankedWord) error {
	var any []string
	for _, w := range list {
		for range w.Times {
			any = append(any, columnFilter(w.In)+quote(w.Term))
		}
	}
	if len(any) == 0 {
		return nil
	}
	return r.ranked(ctx, any, []string{bm25(columnWeights(search.InAll))}, r.hits.ToArray(), r.add)
}

// add adds a rank of FTS5.
func (r *ranking) add(row int64, ranks []float64) { r.scores[row] += min(ranks[0], -minRank) }

// word adds BM25 of a word in the columns of its field. How rare it is, is known of the
// whole index, by the column that has it most often, as Lucene has it; so is the mean
// length of documents.
func (r *ranking) word(ctx context.Context, w search.RankedWord) error {
	weights := columnWeights(w.In)
	f, err := r.frequency(ctx, w.Term, weights)
	switch {
	case err != nil || f.documents == 0:
		return err
	case f.places > placesPerHit*int(r.hits.GetCardinality()):
		return r.among(ctx, w, weights, f.documents)
	}
	return r.everywhere(ctx, w, weights)
}

// everywhere adds BM25 of a word to all documents that hold it.
func (r *ranking) everywhere(ctx context.Context, w search.RankedWord, weights [search.ColumnCount]float64) error {
	found, err := r.occurrences(ctx, w.Term, weights)
	if err != nil || found.documents() == 0 {
		return err
	}
	idf := float64(w.Times) * r.rarity(found.documents())
	mean := weighted(weights, &r.snap.terms) / float64(r.snap.documents)
	for i, row := range found.rows {
		b, place := r.snap.at(row)
		long := weighted(weights, (*[search.ColumnCount]uint32)(&b.lengths[place])) / mean
		often := found.often[i]
		r.scores[row] -= idf * often * (search.BM25K1 + 1) / (often + search.BM25K1*(1-search.BM25B+search.BM25B*long))
	}
	return nil
}

// rarity is the idf of Lucene, never below zero.
func (r *ranking) rarity(holding int) float64 {
	all, n := float64(r.snap.documents), float64(holding)
	return math.Log(1 + (all-n+0.5)/(n+0.5))
}

// among adds BM25 of a word that so many documents hold to the hits alone, by what FTS5
// makes of it. FTS5 ranks by idf*often/(often+long), with an idf of its own, which is next
// to nothing for a word that half of the documents hold. It falls out of the quotient q of
// two ranks, one with twice the weights of the other: often/(often+long) is (2-q)/q. What
// differs from everywhere is the length, which FTS5 takes to be that of all columns, with
// their surfaces, unweighed.
func (r *ranking) among(ctx context.Context, w search.RankedWord, weights [search.ColumnCount]float64, holding int) error {
	twice := weights
	for c := range twice {
		twice[c] *= 2
	}
	idf := float64(w.Times) * r.rarity(holding)
	expression := []string{columnFilter(w.In) + quote(w.Term)}
	return r.ranked(ctx, expression, []string{bm25(weights), bm25(twice)}, r.hits.ToArray(), func(row int64, ranks []float64) {
		if ranks[0] < 0 {
			q := ranks[1] / ranks[0]
			r.scores[row] -= idf * (search.BM25K1 + 1) * (2 - q) / q
		}
	})
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
	if len(rows) > r.mostRanked {
		rows = (&ordering{snap: r.snap, order: search.Newest}).page(r.hits, nil, r.mostRanked)
		notes = []relais.Note{{Code: "relevance_sampled", Detail: strconv.Itoa(r.mostRanked)}}
	}
	return notes, r.ranked(ctx, any, []string{bm25(columnWeights(search.InAll))}, rows, r.add)
}

// bm25 has FTS5 weigh the columns in their order.
func bm25(of [search.ColumnCount]float64) string {
	var weights strings.Builder
	for _, w := range of {
		fmt.Fprintf(&weights, ", %g", w)
	}
	return "bm25(postings" + weights.String() + ")"
}

// ranked asks FTS5 for ranks of those of some rows that any of some expressions finds. The plus sign
// keeps it from seeking each row in turn, which costs a hundred times more than passing
// over the rows not asked for.
func (q *query) ranked(ctx context.Context, wanted, by []string, rows []uint32, use func(row int64, ranks []float64)) error {
	list := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, postingsRow(row), 10)
	}
	found, err := q.tx.QueryContext(ctx, `SELECT rowid, `+strings.Join(by, ", ")+` FROM postings
		WHERE postings MATCH ? AND +rowid IN (SELECT value FROM json_each(?))`, "("+strings.Join(wanted, ") OR (")+")", string(append(list, ']')))
	if err != nil {
		return failed("search", err)
	}
	defer func() { _ = found.Close() }()
	var row int64
	ranks, into := make([]float64, len(by)), []any{&row}
	for i := range ranks {
		into = append(into, &ranks[i])
	}
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			return failed("search", err)
		}
		use(row-1, ranks)
	}
	return failed("search", found.Err())
}

// minRank keeps what was ranked before what was not: bm25 of what is in more than
// half of the documents is next to nothing.
const minRank = 1e-9
