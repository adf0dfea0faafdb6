package answer

import (
	"slices"
	"strings"

	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// unit is one thing that a question wants: a word, kept together as the analyzer does
// ("AQ-4080" is one, "3 480,00" too), a phrase, a criterion, alternatives.
type unit struct {
	text    string           // in the query language
	word    bool             // a bare word, looked for everywhere
	tokens  []analysis.Token // of a word; their places are in text
	phrase  string           // the words of a phrase, looked for everywhere
	client  string           // the name that a criterion of a client has
	options []option         // what else may have been meant
	count   int              // documents of the scope that have it
}

// option is one reading of a unit.
type option struct {
	text  string // in the query language; "" leaves the unit out
	code  string // of the offers it makes: codeForm, …; "" as written
	label string // for people: what it changes
	cost  int    // how far it is from what was written
}

// units gives what a query wants, in its order. Words of grammar are passed over, as the
// engine passes over them, unless there is nothing else.
func units(query search.Node) []unit {
	a := analysis.New()
	var list []unit
	for _, n := range conjuncts(query) {
		u := unit{text: search.Format(search.And{n})}
		switch n := n.(type) {
		case search.Text:
			if n.In == search.InAll && !n.Phrase && !n.Prefix {
				list = append(list, wordsOf(a, n.Words)...)
				continue
			}
			if n.In == search.InAll && n.Phrase && !n.Prefix {
				u.phrase = n.Words
			}
		case search.Value:
			if n.Field == search.ByClient {
				u.client = n.Value
			}
		}
		list = append(list, u)
	}
	telling := slices.DeleteFunc(slices.Clone(list), unit.grammar)
	if len(telling) == 0 {
		return list
	}
	return telling
}

// wordsOf cuts words where the analyzer does.
func wordsOf(a *analysis.Analyzer, words string) []unit {
	var list []unit
	tokens := a.Tokens(nil, words)
	for start := 0; start < len(tokens); {
		end := start + 1
		for end < len(tokens) && tokens[end].Glued {
			end++
		}
		list = append(list, newWord(words, tokens[start:end]))
		start = end
	}
	return list
}

// newWord makes the unit of tokens that stand together in a text.
func newWord(text string, tokens []analysis.Token) unit {
	first, last := tokens[0].Start, tokens[len(tokens)-1].End
	u := unit{text: text[first:last], word: true, tokens: slices.Clone(tokens)}
	for i := range u.tokens {
		u.tokens[i].Start -= first
		u.tokens[i].End -= first
	}
	return u
}

func (u unit) grammar() bool {
	return u.word && len(u.tokens) == 1 && analysis.IsStop(u.tokens[0].Term)
}

// single gives a word of one token, folded; "" for all else.
func (u unit) single() string {
	if !u.word || len(u.tokens) != 1 {
		return ""
	}
	return u.tokens[0].Surface
}

// joined writes units side by side, each once.
func joined(list []unit) string {
	texts := make([]string, len(list))
	for i, u := range list {
		texts[i] = u.text
	}
	return sideBySide(texts)
}

func sideBySide(texts []string) string {
	var once []string
	for _, t := range texts {
		if t != "" && !slices.Contains(once, t) {
			once = append(once, t)
		}
	}
	return strings.Join(once, " ")
}

// withoutFillers leaves out the words of a sentence that say nothing of what is looked
// for; without any other word, all stay.
func withoutFillers(list []unit) []unit {
	left := slices.DeleteFunc(slices.Clone(list), unit.filler)
	if !slices.ContainsFunc(left, func(u unit) bool { return u.word }) {
		return list
	}
	return left
}

// filler tells a word all of whose parts say nothing: "est-ce", "a-t-il", "mails".
func (u unit) filler() bool {
	return u.word && len(u.tokens) > 0 && !slices.ContainsFunc(u.tokens, func(t analysis.Token) bool {
		return !filler(t.Surface) && !analysis.IsStop(t.Surface)
	})
}

// filler tells the words, folded, of which questions and requests are made, beside those
// of grammar, and those that any document of an archive of mail is.
func filler(word string) bool {
	switch word {
	case "chez", "dernier", "derniere", "derniers", "dernieres", "premier", "premiere", "trouve", "trouver", "cherche", "chercher", "montre",
		"montrer", "voir", "donne", "donner", "dire", "dit", "dis", "parle", "parler", "fait", "faite", "faites", "faire", "faut", "peut", "peux", "veux", "voudrais",
		"sais", "sait", "savoir", "avons", "avez", "avais", "suis", "sommes", "mail", "mails", "email", "emails", "courriel", "courriels", "message",
		"messages", "document", "documents", "depuis", "propos", "concernant", "concerne", "bonjour", "merci", "svp", "plait", "encore",
		"deja", "toujours", "alors", "entre", "vers", "sous", "afin", "celui", "celle", "ceux", "quelqu", "eu", "t", "etc":
		return true
	case "find", "show", "give", "get", "tell", "me", "please", "about", "any", "all", "last", "latest", "first", "need", "want", "know", "look",
		"looking", "said", "say", "says", "since", "between", "much", "many", "ever", "us", "am", "being", "whose":
		return true
	}
	return false
}
