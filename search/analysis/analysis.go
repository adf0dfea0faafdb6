// Package analysis answers one question: which terms does a text hold? It is the
// only analyzer: engines are fed the terms it makes, of documents and of queries,
// so that they match the same documents by construction. French and English:
// elision, accents, light stemming; references, addresses and amounts stay findable
// as written.
//
// A written word that is made of parts ("REF-2023/145", "jean.dupont@acme.fr",
// "compte-rendu") gives its parts as consecutive terms. Each part is found alone
// ("dupont", "acme"), and the whole as the phrase of its parts: all but the first
// are marked [Token.Glued], from which a query knows to want them in a row.
//
// The same word gives the same term wherever it stands, whatever its language: the
// language of a query is never known.
package analysis

import (
	"iter"

	"github.com/relais-archive/relais/internal/fold"
)

// Version changes when the same text would give other terms: indices are then made
// again.
const Version = 2

// MaxTerm is the longest term and surface, in bytes; what is longer is cut.
const MaxTerm = 64

// Token is one term of a text. Tokens take one position each, in text order.
type Token struct {
	Term       string // folded and stemmed: what is indexed; letters and digits only
	Surface    string // folded, not stemmed: the vocabulary of prefix queries
	Start, End int    // bytes of the text
	Glued      bool   // no white space stands between the token before and this one
}

// Analyzer makes tokens. It is not safe for concurrent use: it keeps a cache of
// words and buffers; make one per goroutine, and keep it.
type Analyzer struct {
	words cache
	fold  []byte // buffer
}

// New makes an analyzer. Its cache takes at most a few megabytes.
func New() *Analyzer {
	return &Analyzer{words: newCache(), fold: make([]byte, 0, 2*MaxTerm)}
}

// All goes through the tokens of a text without keeping them: for texts of many
// megabytes. The analyzer must not be used for another text meanwhile.
func (a *Analyzer) All(text string) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		s := scanner{a: a, text: text}
		for s.next() {
			if !yield(s.tok) {
				return
			}
		}
	}
}

// Tokens appends the tokens of a text to dst.
func (a *Analyzer) Tokens(dst []Token, text string) []Token {
	s := scanner{a: a, text: text}
	for s.next() {
		dst = append(dst, s.tok)
	}
	return dst
}

// Terms appends the terms of a text to dst: those of its tokens.
func (a *Analyzer) Terms(dst []string, text string) []string {
	s := scanner{a: a, text: text}
	for s.next() {
		dst = append(dst, s.tok.Term)
	}
	return dst
}

// FoldPrefix folds the beginning of a word as surfaces are folded, so that it is the
// beginning of the surface of every word that begins with it.
func FoldPrefix(prefix string) string {
	return string(fold.AppendTerm(nil, prefix, MaxTerm))
}
