package tag

import (
	_ "embed" // topics.json
	"encoding/json"
	"strings"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// Topic is one entry of the taxonomy. Its id never changes; its names are for people.
type Topic struct {
	ID string `json:"id"`
	FR string `json:"fr"`
	EN string `json:"en"`
	// Aliases are what people who search call it, in both languages.
	Aliases []string `json:"aliases,omitempty"`
	// Strong words and phrases nearly name the topic, medium ones go with it, weak
	// ones go with others too. Silent phrases hold a word of the topic, and yet say
	// nothing of it: "bonne réception" is no delivery.
	//
	// A phrase is found with little words ("de la", "your") left out or put in between;
	// "#" in it, after its first word, stands for a number; a word that ends in "~" is
	// a regular verb, found in its forms.
	Strong []string `json:"strong"`
	Medium []string `json:"medium"`
	Weak   []string `json:"weak"`
	Silent []string `json:"silent,omitempty"`
}

//go:embed topics.json
var defaultTopics []byte

// DefaultTopics gives the taxonomy that every archive begins with. Its error is of
// relais.KindInternal: the program was built wrong.
func DefaultTopics() ([]Topic, error) {
	var topics []Topic
	if err := json.Unmarshal(defaultTopics, &topics); err != nil {
		return nil, relais.E(relais.KindInternal, "read the taxonomy", err)
	}
	return topics, nil
}

// Names gives all that the topic is called.
func (t Topic) Names() []string { return append([]string{t.FR, t.EN}, t.Aliases...) }

// The topics that do not come from words alone.
const (
	topicInternal   = "interne"
	topicNewsletter = "newsletter"
	TopicOther      = "autre"
)

// Weights of words by strength.
const (
	weightStrong = 6
	weightMedium = 3
	weightWeak   = 1
	weightSilent = 0
)

// lexicon finds the words and phrases of a taxonomy in texts.
type lexicon struct {
	ids     []string
	phrases map[uint64][]term // by hash of their stems
	starts  map[uint64]int    // first stems: words of the longest phrase
	little  map[uint64]bool   // stems of words that phrases are found without
}

// term is a word or phrase of one topic.
type term struct {
	topic  int
	weight int
	id     int // among all terms, to count each one's repeats
}

func newLexicon(topics []Topic) *lexicon {
	x := &lexicon{phrases: map[uint64][]term{}, starts: map[uint64]int{}, little: map[uint64]bool{}}
	for _, w := range fold.Words(littleWords, nil) {
		x.little[w.Stem] = true
	}
	next := 0
	for i, t := range topics {
		x.ids = append(x.ids, t.ID)
		for _, list := range [...]struct {
			weight int
			terms  []string
		}{{weightStrong, t.Strong}, {weightMedium, t.Medium}, {weightWeak, t.Weak}, {weightSilent, t.Silent}} {
			for _, text := range list.terms {
				for _, form := range wordForms(text) {
					x.add(form, term{topic: i, weight: list.weight, id: next})
				}
				next++
			}
		}
	}
	return x
}

// littleWords may stand between the words of a phrase.
const littleWords = "de du des d la le les l the of votre vos notre nos mon ma mes your our my"

// maxLittle is how many of them may stand between two words of a phrase.
const maxLittle = 2

// numberStem stands for any number in a phrase.
const numberStem = 1

// wordForms gives a term, and where one of its words is marked as a verb the term with
// each of its regular forms: French of the first group, English. Forms that one of the
// two languages has not are never met.
func wordForms(text string) []string {
	before, after, verb := strings.Cut(text, "~")
	if !verb {
		return []string{text}
	}
	forms := []string{before + after}
	for _, ending := range strings.Fields("ed ing") {
		forms = append(forms, strings.TrimSuffix(before, "e")+ending+after)
	}
	if root, ok := strings.CutSuffix(before, "er"); ok {
		for _, ending := range strings.Fields("e es ons ez ent é ée ant ait aient ions era eront erons erez erait") {
			forms = append(forms, root+ending+after)
		}
		if strings.HasSuffix(root, "g") {
			forms = append(forms, root+"eons"+after, root+"eant"+after, root+"eait"+after)
		}
	}
	return forms
}

// add adds a term; of two of one topic that have the same stems the first, heavier
// one stays.
func (x *lexicon) add(text string, t term) {
	text = strings.ReplaceAll(text, "#", "000")
	list := fold.Words(text, nil)
	if len(list) == 0 {
		return
	}
	phrase, words := fold.Join(fold.Empty, list[0].Stem), 1
	for i, w := range list[1:] {
		if x.little[w.Stem] && i+2 < len(list) {
			continue
		}
		phrase, words = fold.Join(phrase, phraseStem(text, w)), words+1
	}
	for _, have := range x.phrases[phrase] {
		if have.topic == t.topic {
			return
		}
	}
	x.phrases[phrase] = append(x.phrases[phrase], t)
	x.starts[list[0].Stem] = max(x.starts[list[0].Stem], words)
}

// phraseStem gives the stem of a word within a phrase, which is one for all numbers.
func phraseStem(text string, w fold.Word) uint64 {
	if isNumber(text[w.Start:w.End]) {
		return numberStem
	}
	return w.Stem
}

// isNumber tells a number or reference, "4500", "CF2511032" or "12", from a word that
// holds a digit, as "8D".
func isNumber(s string) bool {
	digits := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	return digits > 2 || digits > 0 && digits == len(s)
}

// find calls fn for the terms in a text, at each place those of the longest phrase.
func (x *lexicon) find(text string, list []fold.Word, fn func(terms []term, first, last int)) {
	for i := 0; i < len(list); {
		most, ok := x.starts[list[i].Stem]
		if !ok {
			i++
			continue
		}
		terms, last := x.longest(text, list, i, most)
		if len(terms) > 0 {
			fn(terms, i, last)
		}
		i = last + 1
	}
}

// longest gives the terms of the longest phrase that begins at a word, and its last
// word; none and that word where there is no such phrase.
func (x *lexicon) longest(text string, list []fold.Word, first, most int) (found []term, last int) {
	phrase, last := fold.Join(fold.Empty, list[first].Stem), first
	found = x.phrases[phrase]
	for j, words, little := first+1, 1, 0; j < len(list) && words < most && !list[j].Apart; j++ {
		longer := fold.Join(phrase, phraseStem(text, list[j]))
		if terms, ok := x.phrases[longer]; ok {
			found, last = terms, j
		}
		if !x.little[list[j].Stem] {
			phrase, words, little = longer, words+1, 0
		} else if little++; little > maxLittle {
			break
		}
	}
	return found, last
}
