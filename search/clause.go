package search

import (
	"strings"

	"github.com/relais-archive/relais/search/analysis"
)

// Clause is a Text as terms of the index: what engines look for and what snippets
// mark. All of its phrases are wanted in the field; without any, it finds nothing.
type Clause struct {
	In      TextField
	Phrases []Phrase
}

// Phrase wants its terms next to each other, in that order. With a Prefix, a word
// that begins with it comes after them, where there are any: a token whose surface,
// not term, has that beginning.
type Phrase struct {
	Terms  []string
	Prefix string // folded
}

// Clause compiles the words with the analyzer that made the index:
//
//   - quoted words are one phrase, stop words within;
//   - else each written word is wanted wherever it stands. One that the analyzer
//     takes apart (REF-2023/145, jean.dupont@acme.fr, compte-rendu) is the phrase
//     of its parts, so that it is found as written;
//   - stop words outside phrases are left out, unless there is nothing else: nearly
//     every text holds them;
//   - with Prefix, the last part of the last word is the beginning of one.
func (t Text) Clause(a *analysis.Analyzer) Clause {
	c := Clause{In: t.In}
	words := a.Tokens(nil, t.Words)
	for start := 0; start < len(words); {
		end := start + 1
		for end < len(words) && (t.Phrase || words[end].Glued) {
			end++
		}
		prefix := t.Prefix && end == len(words)
		c.Phrases = append(c.Phrases, newPhrase(words[start:end], prefix))
		start = end
	}
	c.Phrases = withoutStops(c.Phrases)
	return c
}

func newPhrase(words []analysis.Token, prefix bool) Phrase {
	var p Phrase
	if prefix {
		p.Prefix = words[len(words)-1].Surface
		words = words[:len(words)-1]
	}
	for _, w := range words {
		p.Terms = append(p.Terms, w.Term)
	}
	return p
}

// withoutStops drops the phrases of one stop word, if others are left. Stop words
// are not stemmed, so that the term tells them.
func withoutStops(phrases []Phrase) []Phrase {
	if len(phrases) < 2 {
		return phrases
	}
	kept := make([]Phrase, 0, len(phrases))
	for _, p := range phrases {
		if p.Prefix == "" && len(p.Terms) == 1 && analysis.IsStop(p.Terms[0]) {
			continue
		}
		kept = append(kept, p)
	}
	if len(kept) == 0 {
		return phrases
	}
	return kept
}

// String gives the clause in a short form for tests and plans: phrases in quotes,
// prefixes with a star.
func (c Clause) String() string {
	var b strings.Builder
	for i, p := range c.Phrases {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// String gives the phrase's terms, in quotes where there are several.
func (p Phrase) String() string {
	s := strings.Join(p.Terms, " ")
	if p.Prefix != "" {
		s = strings.TrimSpace(s + " " + p.Prefix + "*")
	}
	if strings.Contains(s, " ") {
		return `"` + s + `"`
	}
	return s
}
