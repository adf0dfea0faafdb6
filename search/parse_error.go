package search

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says where a query cannot be read, why, and what may have been meant.
// Its message holds none of the query: that goes to who asked, not into logs.
type SyntaxError struct {
	Pos        int    // of the first character that is wrong, in runes from 0
	Len        int    // runes
	Code       string // a stable word
	Detail     string // for people, in the language of ParseOptions
	Suggestion string // what to write in place of those runes; "" when nothing is plain
}

// Error gives the place and the reason.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("character %d: %s", e.Pos+1, e.Detail)
}

// The codes of syntax errors.
const (
	codeTooLong    = "too_long"
	codeTooMany    = "too_many_clauses"
	codeTooDeep    = "too_deep"
	codeQuote      = "unbalanced_quote"
	codeOpen       = "unclosed_parenthesis"
	codeClose      = "unopened_parenthesis"
	codeEmptyGroup = "empty_group"
	codeEmptyQuote = "empty_phrase"
	codeNoWords    = "no_words"
	codeOr         = "or_without_side"
	codeNot        = "not_without_term"
	codeUnknown    = "unknown_operator"
	codeEmpty      = "empty_operator"
	codeNested     = "nested_operator"
	codeOneValue   = "one_value"
	codeChoice     = "unknown_value"
	codeDate       = "bad_date"
	codeRange      = "reversed_range"
	codePeriod     = "bad_period"
	codeSize       = "bad_size"
	codeStar       = "misplaced_star"
	codeShort      = "short_prefix"
	codeNoPrefix   = "no_prefix_here"
	codeRegexp     = "no_regular_expressions"
)

// fail makes the error of the bytes from start to end of the query.
func (p *parser) fail(start, end int, code, suggestion string) *SyntaxError {
	english, french := explain(code)
	e := &SyntaxError{
		Pos:        utf8.RuneCountInString(p.query[:start]),
		Len:        utf8.RuneCountInString(p.query[start:end]),
		Code:       code,
		Detail:     english,
		Suggestion: suggestion,
	}
	if p.opt.Lang == "fr" {
		e.Detail = french
	}
	return e
}

// noChoice makes the error of a word, folded, that is none of those an operator takes.
func (p *parser) noChoice(start int, word string, takes []string) error {
	e := p.fail(start, p.pos, codeChoice, nearest(word, takes))
	e.Detail += ": " + strings.Join(takes, ", ")
	return e
}

// hint gives the query as the error's suggestion would have it, or "".
func (p *parser) hint(err error) string {
	var e *SyntaxError
	if !errors.As(err, &e) || e.Suggestion == "" {
		return ""
	}
	if p.opt.Lang == "fr" {
		return "essayez : " + e.mend(p.query)
	}
	return "try: " + e.mend(p.query)
}

// mend puts the suggestion in its place.
func (e *SyntaxError) mend(query string) string {
	r := []rune(query)
	return string(r[:e.Pos]) + e.Suggestion + string(r[e.Pos+e.Len:])
}

// explain says what a code means, in English and in French.
func explain(code string) (english, french string) {
	switch code {
	case codeTooLong:
		return "the query is longer than 4 KiB", "la requête dépasse 4 Kio"
	case codeTooMany:
		return "the query has more than 64 words and operators", "la requête a plus de 64 mots et opérateurs"
	case codeTooDeep:
		return "parentheses are nested more than 8 deep", "les parenthèses sont imbriquées sur plus de 8 niveaux"
	case codeQuote:
		return "a quotation mark has no counterpart", "un guillemet n'a pas son pendant"
	case codeOpen:
		return "this parenthesis is never closed", "cette parenthèse n'est jamais fermée"
	case codeClose:
		return "this parenthesis was never opened", "cette parenthèse n'a jamais été ouverte"
	case codeEmptyGroup:
		return "there is nothing between the parentheses", "il n'y a rien entre les parenthèses"
	case codeEmptyQuote:
		return "there is no word between the quotation marks", "il n'y a aucun mot entre les guillemets"
	case codeNoWords:
		return "there is no word to look for", "il n'y a aucun mot à chercher"
	case codeOr:
		return "OR needs something on both sides", "OU veut quelque chose de chaque côté"
	case codeNot:
		return "there must be one thing to leave out", "il faut une chose à exclure"
	}
	return explainOperator(code)
}

// explainOperator says what the codes of operators and words mean.
func explainOperator(code string) (english, french string) {
	switch code {
	case codeUnknown:
		return "there is no such operator; put words that hold a colon in quotes",
			"cet opérateur n'existe pas ; mettez entre guillemets les mots qui contiennent deux-points"
	case codeEmpty:
		return "the operator has no value; it must follow the colon at once",
			"l'opérateur n'a pas de valeur ; elle doit suivre les deux-points sans espace"
	case codeNested:
		return "an operator cannot stand within another", "un opérateur ne peut pas être dans un autre"
	case codeOneValue:
		return "this operator takes one value, without parentheses", "cet opérateur prend une seule valeur, sans parenthèses"
	case codeChoice:
		return "this operator does not take that value", "cet opérateur ne prend pas cette valeur"
	case codeDate:
		return "no such date; write 2021-03-15, 15/03/2021, 2021-03 or 2021",
			"cette date n'existe pas ; écrivez 15/03/2021, 2021-03-15, 2021-03 ou 2021"
	case codeRange:
		return "the range ends before it begins", "la période finit avant de commencer"
	case codePeriod:
		return "write a number of days, weeks, months or years: 90d, 2w, 3m, 1y",
			"écrivez un nombre de jours, semaines, mois ou années : 90j, 2s, 3m, 1a"
	case codeSize:
		return "write a size in bytes, K, M or G: 500K, 1M", "écrivez une taille en octets, Ko, Mo ou Go : 500Ko, 1Mo"
	case codeStar:
		return "a star may only end a word", "une étoile ne peut que finir un mot"
	case codeShort:
		return "a prefix needs two letters or more", "il faut au moins deux lettres avant l'étoile"
	case codeNoPrefix:
		return "this operator takes whole values, without a star", "cet opérateur prend des valeurs entières, sans étoile"
	case codeRegexp:
		return "there are no regular expressions; end a word with a star instead",
			"il n'y a pas d'expressions régulières ; finissez plutôt un mot par une étoile"
	}
	return code, code
}

// closest gives the operator that an unknown name may have meant, or "".
func closest(name string) string {
	if ours := elsewhere(name); ours != "" {
		return ours
	}
	var names []string
	for i := range fields {
		names = append(append(names, fields[i].name), fields[i].aliases...)
	}
	return nearest(name, names)
}

// elsewhere gives our operator for what other programs call otherwise, or "".
func elsewhere(name string) string {
	switch name {
	case "label", "in", "libelle", "etiquette":
		return "folder"
	case "bcc", "cci", "recipient", "destinataire", "deliveredto":
		return "to"
	case "sender", "author", "expediteur", "auteur":
		return "from"
	case "since", "depuis":
		return "after"
	case "until", "jusqu":
		return "before"
	case "size", "taille":
		return "larger"
	case "filetype", "ext", "extension":
		return "type"
	case "msgid", "messageid", "rfc822msgid":
		return "id"
	case "account", "compte", "customer":
		return "client"
	}
	return ""
}

// nearest gives the name at the least edit distance, the first of several; "" when
// more than a third of the letters would change.
func nearest(word string, names []string) string {
	best, least := "", len(word)/3+1
	for _, n := range names {
		if d := distance(word, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// Near gives the names that a value may have been meant for, the closest first and
// at most so many: they hold its beginning, or a word of theirs is spelt nearly so.
func Near(value string, names []string, most int) []string {
	type near struct {
		name string
		far  int
	}
	wanted := spaced(value)
	limit := len(wanted) / 3
	var list []near
	for _, n := range names {
		whole := spaced(n)
		far := distance(wanted, whole)
		for _, word := range strings.Fields(whole) {
			far = min(far, distance(wanted, word))
			if len(wanted) > 2 && (strings.HasPrefix(word, wanted) || strings.HasPrefix(wanted, word) && len(word) > 2) {
				far = min(far, 1)
			}
		}
		if far <= limit {
			list = append(list, near{n, far})
		}
	}
	slices.SortFunc(list, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.far, b.far), strings.Compare(a.name, b.name))
	})
	var found []string
	for _, n := range list[:min(len(list), most)] {
		found = append(found, n.name)
	}
	return found
}

// distance is the number of letters to put in, take out, change, or swap with the
// next (optimal string alignment, which is Damerau's distance but for edits within a
// swap).
func distance(a, b string) int {
	if len(a) > 24 || len(b) > 24 {
		return 24
	}
	var before, above, row [25]int
	for j := range len(b) + 1 {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := above[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(above[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }
