package answer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// The bounds of spelling.
const (
	leastSpelt = 4  // letters of a word that may be misspelt
	mostSpelt  = 24 // letters
	mostWrong  = 3  // words of one question that are looked at
	spellings  = 3  // tried for one word
)

// spell finds words of the scope for those that nothing in it has: each spelling near by
// is counted in the scope, so that a word that only other documents have is none.
func (ans *Answer) spell(ctx context.Context, list []unit) error {
	wrong := 0
	for i := range list {
		u := &list[i]
		word := u.single()
		if u.count > 0 || len(u.options) > 0 || len(word) < leastSpelt || len(word) > mostSpelt || !letters(word, mostSpelt) {
			continue
		}
		if wrong++; wrong > mostWrong {
			return nil
		}
		found, err := ans.spelt(ctx, word)
		if err != nil {
			return err
		}
		for n, w := range found {
			u.options = append(u.options, option{text: w, code: codeSpelling, cost: costSpelling + n})
		}
		if len(found) == 0 {
			err = ans.prefix(ctx, u, word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prefix lets a word that nothing has be the beginning of one.
func (ans *Answer) prefix(ctx context.Context, u *unit, word string) error {
	counts, err := ans.counts(ctx, []search.Node{search.Text{Words: word, Prefix: true}})
	if err == nil && counts[0] > 0 {
		u.options = append(u.options, option{
			text: word + "*", code: codePrefix, cost: costPrefix, label: ans.say("what begins with ", "ce qui commence par ") + word,
		})
	}
	return err
}

// asWritten gives a word as a document of the scope has it: with its accents, and in a
// form that exists, for the index knows stems.
func (ans *Answer) asWritten(ctx context.Context, word string) (string, error) {
	res, err := ans.by.deps.Searcher.Search(ctx, search.Request{Query: search.Text{Words: word}, Scope: ans.Scope, Limit: 1})
	if err != nil || len(res.IDs) == 0 {
		return word, err
	}
	a := analysis.New()
	wanted := a.Terms(nil, word)
	if len(wanted) != 1 {
		return word, nil
	}
	written := ""
	err = ans.by.deps.Library.Openings(ctx, ans.Scope, res.IDs, search.SnippetScan, func(o relais.Opening) error {
		written = writtenIn(o.Document, a, word, wanted[0])
		return nil
	})
	return cmp.Or(written, word), err
}

// writtenIn gives a word as a document has it, else the first of its forms.
func writtenIn(d relais.Document, a *analysis.Analyzer, word, term string) (written string) {
	for _, text := range [2]string{d.Subject, d.Text} {
		for t := range a.All(text) {
			if t.Surface == word || written == "" && t.Term == term {
				written = strings.ToLower(text[t.Start:t.End])
			}
			if t.Surface == word {
				return written
			}
		}
	}
	return written
}

// spelt gives the spellings of a word that documents of the scope have, the likeliest
// first.
func (ans *Answer) spelt(ctx context.Context, word string) ([]string, error) {
	for _, near := range [2]func(string) []string{oneSlip, twoSlips} {
		found, err := ans.have(ctx, word, near(word))
		if len(found) > 0 || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// have gives those of some spellings of a word that documents of the scope have: first
// those with the slips that hands make most, then the most frequent.
func (ans *Answer) have(ctx context.Context, word string, near []string) ([]string, error) {
	nodes := make([]search.Node, len(near))
	for i, w := range near {
		nodes[i] = search.Text{Words: w}
	}
	counts, err := ans.counts(ctx, nodes)
	if err != nil {
		return nil, err
	}
	of := make(map[string]int, len(near))
	for i, w := range near {
		of[w] = counts[i]
	}
	found := slices.DeleteFunc(near, func(w string) bool { return of[w] == 0 })
	slices.SortStableFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(unlikely(word, a), unlikely(word, b)), cmp.Compare(of[b], of[a]))
	})
	var apart []string
	for _, w := range found {
		if !slices.ContainsFunc(apart, func(k string) bool { return of[k] == of[w] && sameStem(k, w) }) {
			apart = append(apart, w)
		}
	}
	return apart[:min(len(apart), spellings)], nil
}

// unlikely tells how rare the slip is that makes a word of what was meant: another first
// letter is rare, and so is another letter in the place of the right one.
func unlikely(word, meant string) int {
	rank := 0
	if meant[0] != word[0] {
		rank += 2
	}
	if len(meant) == len(word) && !swapped(word, meant) {
		rank++
	}
	return rank
}

// swapped tells words that have the same letters.
func swapped(a, b string) bool {
	return slices.Equal(slices.Sorted(slices.Values([]byte(a))), slices.Sorted(slices.Values([]byte(b))))
}

// sameStem tells forms of one word, which find the same documents.
func sameStem(a, b string) bool {
	short, long := a, b
	if len(short) > len(long) {
		short, long = long, short
	}
	return strings.HasPrefix(long, short) && len(long)-len(short) <= 2
}

// oneSlip gives what a word may be with one slip of the hand undone: two letters swapped,
// one too few, too many, or another.
func oneSlip(word string) []string {
	var list []string
	add := func(w string) {
		if w != word && len(w) > 2 {
			list = append(list, w)
		}
	}
	for i := range len(word) - 1 {
		add(word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:])
	}
	for i := range len(word) {
		add(word[:i] + word[i+1:])
	}
	for i := range len(word) + 1 {
		for c := byte('a'); c <= 'z'; c++ {
			add(word[:i] + string(c) + word[i:])
		}
	}
	for i := range len(word) {
		for c := byte('a'); c <= 'z'; c++ {
			add(word[:i] + string(c) + word[i+1:])
		}
	}
	return unique(list)
}

// twoSlips gives what a word may be with two of the commonest slips undone: letters that
// are double or single, swapped, or too many; vowels taken for others.
func twoSlips(word string) []string {
	var list []string
	for _, once := range slipsOfSpelling(word) {
		list = append(list, slipsOfSpelling(once)...)
	}
	return slices.DeleteFunc(unique(list), func(w string) bool { return w == word || len(w) < leastSpelt })
}

func slipsOfSpelling(word string) []string {
	var list []string
	for i := range len(word) {
		if i+1 < len(word) && word[i] == word[i+1] {
			list = append(list, word[:i]+word[i+1:])
			continue
		}
		list = append(list, word[:i+1]+word[i:])
		if i+1 < len(word) {
			list = append(list, word[:i]+word[i+1:i+2]+word[i:i+1]+word[i+2:])
		}
	}
	return list
}

// unique drops what a list has twice, and keeps its order.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(w string) bool {
		again := seen[w]
		seen[w] = true
		return again
	})
}
