package answer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// The bounds of spelling.
const (
	leastSpelt = 4  // letters of a word that may be misspelt
	mostSpelt  = 24 // letters
	mostWrong  = 3  // words of one question that are looked at
	spellings  = 2  // offered for one word
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
			if w.Value, err = ans.asWritten(ctx, w.Value); err != nil {
				return err
			}
			u.options = append(u.options, option{
				text: w.Value, code: codeSpelling, cost: costSpelling + n,
				label: w.Value + ans.say(" instead of ", " au lieu de ") + u.text,
			})
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
	docs, err := ans.by.deps.Library.Documents(ctx, ans.Scope, res.IDs)
	if err != nil || len(docs) == 0 {
		return word, err
	}
	a := analysis.New()
	wanted := a.Terms(nil, word)
	if len(wanted) != 1 {
		return word, nil
	}
	written := ""
	for _, text := range [2]string{docs[0].Subject, docs[0].Text} {
		for t := range a.All(text) {
			if t.Surface == word || written == "" && t.Term == wanted[0] {
				written = strings.ToLower(text[t.Start:t.End])
			}
			if t.Surface == word {
				return written, nil
			}
		}
	}
	return cmp.Or(written, word), nil
}

// spelt gives the spellings of a word that documents of the scope have, the most frequent
// first.
func (ans *Answer) spelt(ctx context.Context, word string) ([]counted, error) {
	for _, near := range [2]func(string) []string{oneSlip, twoSlips} {
		found, err := ans.have(ctx, near(word))
		if len(found) > 0 || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// counted is a word and how many documents of the scope have it.
type counted struct {
	Value string
	Count int
}

// have gives the most frequent of some words.
func (ans *Answer) have(ctx context.Context, words []string) ([]counted, error) {
	nodes := make([]search.Node, len(words))
	for i, w := range words {
		nodes[i] = search.Text{Words: w}
	}
	counts, err := ans.counts(ctx, nodes)
	if err != nil {
		return nil, err
	}
	var found []counted
	for i, n := range counts {
		if n > 0 {
			found = append(found, counted{words[i], n})
		}
	}
	slices.SortStableFunc(found, func(a, b counted) int { return cmp.Compare(b.Count, a.Count) })
	found = slices.CompactFunc(found, func(a, b counted) bool { return a.Count == b.Count && sameStem(a.Value, b.Value) })
	return found[:min(len(found), spellings)], nil
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
