package answer

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// The bounds of a text that was pasted as a question.
const (
	longText   = 25  // words: what has so many and cannot be read as a query was never one
	mostWords  = 200 // that are counted
	mostRarest = 8   // that are combined
)

// byRarest answers a long question by its rarest words: of those that some documents of
// the scope have together, the set that says most.
func (ans *Answer) byRarest(ctx context.Context, list []unit) (bool, error) {
	rest, err := ans.rarest(ctx, list)
	if err != nil || len(rest) == 0 {
		return false, err
	}
	kept := slices.DeleteFunc(slices.Clone(list), func(u unit) bool { return u.word }) // phrases and criteria stay
	best, err := ans.together(ctx, rest, kept)
	if err != nil || len(best) == 0 {
		return false, err
	}
	said := ans.say("a long question, searched by its rarest words: ", "question longue, cherchée par ses mots les plus rares\u00a0: ")
	return ans.instead(ctx, joined(slices.Concat(best, kept)), relais.Note{Code: noteLongText, Detail: said + joined(best)})
}

// rarest gives the rarest words of a question that documents of the scope have.
func (ans *Answer) rarest(ctx context.Context, list []unit) ([]unit, error) {
	seen := make(map[string]bool)
	list = slices.DeleteFunc(slices.Clone(list), func(u unit) bool {
		again := seen[u.text] || !u.word || len(u.text) < 2
		seen[u.text] = true
		return again
	})
	list = list[:min(len(list), mostWords)]
	texts := make([]string, len(list))
	for i, u := range list {
		texts[i] = u.text
	}
	counts, err := ans.countTexts(ctx, texts)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].count = counts[i]
	}
	list = slices.DeleteFunc(list, func(u unit) bool { return u.count == 0 })
	slices.SortStableFunc(list, func(a, b unit) int { return cmp.Compare(a.count, b.count) })
	return list[:min(len(list), mostRarest)], nil
}

// together gives, of all sets of some words, the one that says most among those that a
// document has, beside what is kept: the rarer a word, the more it says.
func (ans *Answer) together(ctx context.Context, words, kept []unit) ([]unit, error) {
	all, err := ans.by.total(ctx, nil, ans.Scope)
	if err != nil {
		return nil, err
	}
	sets := make([][]unit, 1<<len(words)-1)
	texts := make([]string, len(sets))
	for i := range sets {
		for n, u := range words {
			if (i+1)&(1<<n) != 0 {
				sets[i] = append(sets[i], u)
			}
		}
		texts[i] = joined(slices.Concat(sets[i], kept))
	}
	counts, err := ans.countTexts(ctx, texts)
	if err != nil {
		return nil, err
	}
	best, most := -1, 0.0
	for i, set := range sets {
		said := 0.0
		for _, u := range set {
			said += math.Log(1 + float64(all)/float64(u.count))
		}
		if counts[i] > 0 && said > most {
			best, most = i, said
		}
	}
	if best < 0 {
		return nil, nil
	}
	return sets[best], nil
}

// pasted tells a text that was pasted where a question goes: it cannot be read as a query,
// is too long to be a mistake in one, and uses none of the operators that queries have.
func (a *Answerer) pasted(text string) bool {
	words := strings.Fields(text)
	if len(text) > search.MaxQuery || len(words) < longText {
		return false
	}
	return !slices.ContainsFunc(words, func(w string) bool {
		if w == "OR" || w == "AND" || w == "NOT" {
			return true
		}
		node, err := a.parse(w, "")
		return strings.Contains(w, ":") && err == nil && narrows(node)
	})
}

// askPasted answers a text that is no query by its rarest words; asked is what was wrong
// with it, which stays the answer where nothing is found.
func (a *Answerer) askPasted(ctx context.Context, q Question, asked error) (*Answer, error) {
	ans := &Answer{by: a, reading: reading{Question: q, written: search.Nothing{}}}
	if a.deps.Counter == nil || q.Cursor != "" {
		return nil, asked
	}
	list := slices.DeleteFunc(wordsOf(analysis.New(), q.Text), unit.grammar)
	switch done, err := ans.byRarest(ctx, list); {
	case err != nil:
		return nil, err
	case !done:
		return nil, asked
	}
	return ans, nil
}
