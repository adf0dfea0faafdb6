package searchtest

import (
	"context"
	"math"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Sets lists the judged sets of a corpus, each with the language of its texts.
func Sets() []Set {
	return []Set{{"cranfield", "en"}, {"piaf-fr", "fr"}, {"cnil-fr", "fr"}}
}

// Set is a judged set.
type Set struct{ Name, Language string }

// Measured is the nDCG@10 of every question, in order.
type Measured []float64

// Measure asks every question and scores what is found.
func (j *Judged) Measure(find func(question string) ([]relais.DocumentID, error)) (Measured, error) {
	var m Measured
	for i := range j.Questions {
		hits, err := find(j.Questions[i].Text)
		if err != nil {
			return nil, err
		}
		m = append(m, j.Questions[i].NDCG(hits))
	}
	return m, nil
}

// ByRelevance asks an engine for documents that hold any word of a question, by relevance.
func ByRelevance(ctx context.Context, x search.Searcher) func(question string) ([]relais.DocumentID, error) {
	return func(question string) ([]relais.DocumentID, error) {
		res, err := x.Search(ctx, search.Request{Query: AnyWord(question), Scope: relais.Everything(), Order: search.Relevance, Limit: Depth})
		return res.IDs, err
	}
}

// Mean gives the mean of all questions.
func (m Measured) Mean() float64 {
	sum := 0.0
	for _, v := range m {
		sum += v
	}
	return sum / float64(len(m))
}

// Half gives every second question, from the first (0) or the second (1).
func (m Measured) Half(first int) Measured {
	var half Measured
	for i := first; i < len(m); i += 2 {
		half = append(half, m[i])
	}
	return half
}

// Margin gives by how much m is better than another measurement of the same questions,
// and the standard error of that difference.
func (m Measured) Margin(other Measured) (better, deviation float64) {
	better = m.Mean() - other.Mean()
	sum := 0.0
	for i := range m {
		d := m[i] - other[i] - better
		sum += d * d
	}
	n := float64(len(m))
	return better, math.Sqrt(sum / (n * (n - 1)))
}
