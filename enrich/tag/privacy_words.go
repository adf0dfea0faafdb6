package tag

import (
	_ "embed" // privacy.json
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// privateWords is the words by which mail is told to be private. It never changes once it
// was made.
type privateWords struct {
	rules     []wordRule
	phrases   map[string][]int // folded phrase -> the rules that know it
	business  map[string]bool  // folded phrases that say nothing private, whatever is in them
	longest   int              // words of the longest phrase
	clients   map[string]bool  // folder names under which clients are
	addresses struct{ local, host map[string]bool }
	people    map[string]relais.PrivacyClass // addresses and "@domain" that a company names
	machine   struct{ prefixes, names, labels map[string]bool }
	replies   map[string]bool
	gateways  map[string]bool
}

// wordRule is words that say one thing in one place. In Words, "|" parts what may
// stand for one word, and "(s)" is an ending that may be there.
type wordRule struct {
	Theme     string              `json:"theme"`
	Protected bool                `json:"protected,omitempty"` // by law, whoever wrote it: staff representatives, health, counsel
	Class     relais.PrivacyClass `json:"class"`
	At        standing            `json:"at"`
	In        []place             `json:"in,omitempty"` // all places when empty
	Words     []string            `json:"words"`
	// A word right before or after the phrase, or anywhere beside it, with which it
	// means something else.
	Preceded []string `json:"preceded,omitempty"`
	Followed []string `json:"followed,omitempty"`
	Unless   []string `json:"unless,omitempty"`
}

// place is where words stand.
type place string

const (
	inFolder  place = "folder"  // the name of a folder or label, one level of it
	inSubject place = "subject" // of a message or appointment, or the name of a file
)

// standing is how a phrase stands in a text.
type standing string

const (
	atWhole    standing = "whole"    // nothing else but numbers is there
	atSetOff   standing = "set_off"  // alone, first or last and parted from the rest, or in brackets
	atEnd      standing = "end"      // the last of at most three words
	atAnywhere standing = "anywhere" // within other words
)

// privateWordsFile is privacy.json.
type privateWordsFile struct {
	Rules     []wordRule `json:"rules"`
	Business  []string   `json:"business"`
	Clients   []string   `json:"clients"`
	Addresses struct {
		Local []string `json:"local"`
		Host  []string `json:"host"`
	} `json:"addresses"`
	// Machine is what Gmail calls the tab of ordinary mail, in the languages it speaks:
	// a machine puts it on, no person.
	Machine struct {
		Prefixes []string `json:"prefixes"`
		Names    []string `json:"names"`
		Labels   []string `json:"labels"`
	} `json:"machine"`
	Prefixes struct {
		Replies  []string `json:"replies"`
		Gateways []string `json:"gateways"`
	} `json:"prefixes"`
}

//go:embed privacy.json
var shippedPrivateWords []byte

// sharedPrivateWords makes the shipped lexicon once.
var sharedPrivateWords = sync.OnceValues(func() (*privateWords, error) { return newPrivateWords(shippedPrivateWords) })

// newPrivateWords reads a lexicon. Its error is of relais.KindInternal: the program was
// built wrong.
func newPrivateWords(data []byte) (*privateWords, error) {
	var f privateWordsFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, relais.E(relais.KindInternal, "read the words of privacy", err)
	}
	l := &privateWords{phrases: map[string][]int{}, business: map[string]bool{}, people: map[string]relais.PrivacyClass{}}
	for _, r := range f.Rules {
		l.add(r)
	}
	for _, p := range f.Business {
		l.addBusiness(expand(p)...)
	}
	l.clients, l.addresses.local, l.addresses.host = setOf(f.Clients), setOf(f.Addresses.Local), setOf(f.Addresses.Host)
	l.machine.prefixes, l.machine.names, l.machine.labels = setOf(f.Machine.Prefixes), setOf(f.Machine.Names), setOf(f.Machine.Labels)
	l.replies, l.gateways = setOf(f.Prefixes.Replies), setOf(f.Prefixes.Gateways)
	return l, nil
}

func (l *privateWords) add(r wordRule) {
	n := len(l.rules)
	l.rules = append(l.rules, r)
	for _, pattern := range r.Words {
		for _, p := range expand(pattern) {
			if !slices.Contains(l.phrases[p], n) {
				l.phrases[p] = append(l.phrases[p], n)
			}
			l.measure(p)
		}
	}
}

func (l *privateWords) addBusiness(phrases ...string) {
	for _, p := range phrases {
		l.business[p] = true
		l.measure(p)
	}
}

func (l *privateWords) measure(phrase string) {
	l.longest = max(l.longest, strings.Count(phrase, " ")+1)
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

// expand gives all phrases that a pattern stands for.
func expand(pattern string) []string {
	phrases := []string{""}
	for w := range strings.FieldsSeq(pattern) {
		var next []string
		for _, p := range phrases {
			for alternative := range strings.SplitSeq(w, "|") {
				for _, form := range endings(alternative) {
					next = append(next, strings.TrimPrefix(p+" "+form, " "))
				}
			}
		}
		phrases = next
	}
	return phrases
}

// endings gives a word with and without each ending in brackets.
func endings(word string) []string {
	head, rest, found := strings.Cut(word, "(")
	if !found {
		return []string{word}
	}
	ending, tail, _ := strings.Cut(rest, ")")
	return append(endings(head+tail), endings(head+ending+tail)...)
}
