package search

import "github.com/relais-archive/relais/search/analysis"

// The constants of BM25, those of Robertson and of every engine: how soon a word that
// stands again says nothing new, and how much the length of a document counts.
const (
	BM25K1 = 1.2
	BM25B  = 0.75
)

// Ranking is what an order by relevance adds up: BM25 of each word over the weighted
// columns of its field taken as one text (BM25F, Robertson, Zaragoza and Taylor 2004),
// and what the engine makes of beginnings of words. Engines rank by nothing else.
type Ranking struct {
	Words    []RankedWord
	Prefixes []RankedPrefix
}

// RankedWord is a term, wanted in the columns of a field.
type RankedWord struct {
	In    TextField
	Term  string
	Times int // how often the question has it
}

// RankedPrefix is the beginning of a word, folded.
type RankedPrefix struct {
	In     TextField
	Prefix string
}

// NewRanking gives what the words of a tree that are not negated are ranked by. What is
// found as a whole, in quotes or because the analyzer takes it apart (compte-rendu), is
// ranked by its words; words of grammar say nothing where there are others.
func NewRanking(n Node, a *analysis.Analyzer) Ranking {
	var r Ranking
	var grammar []RankedWord
	for _, t := range Wanted(n) {
		for _, p := range t.Clause(a).Phrases {
			if p.Prefix != "" {
				r.Prefixes = append(r.Prefixes, RankedPrefix{t.In, p.Prefix})
			}
			for _, term := range p.Terms {
				if analysis.IsStop(term) {
					grammar = addWord(grammar, t.In, term)
				} else {
					r.Words = addWord(r.Words, t.In, term)
				}
			}
		}
	}
	if len(r.Words)+len(r.Prefixes) == 0 {
		r.Words = grammar
	}
	return r
}

// addWord counts a word of the question.
func addWord(words []RankedWord, in TextField, term string) []RankedWord {
	for i := range words {
		if words[i].In == in && words[i].Term == term {
			words[i].Times++
			return words
		}
	}
	return append(words, RankedWord{in, term, 1})
}
