package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word reads a bare word, looked for in a field, or everywhere when f is nil.
func (p *parser) word(f *field) (item, error) {
	start := p.pos
	raw := p.raw("")
	if raw == "" { // cannot be: callers saw something; never loop for ever
		p.pos++
		return item{}, nil
	}
	if err := p.checkWord(raw, start); err != nil {
		return item{}, err
	}
	n, err := p.plain(f, raw, start)
	if n == nil || err != nil {
		return item{}, err
	}
	t, text := n.(Text)
	names := f != nil && f.kind == valueField
	return item{node: n, word: text && !t.Prefix || names}, nil
}

// checkWord refuses what looks like an attempt at something that is not there.
func (p *parser) checkWord(raw string, start int) error {
	switch last := raw[len(raw)-1]; {
	case last == '"' && !inches(raw):
		at := start + len(raw) - 1
		return p.fail(at, at+1, codeQuote, "")
	case len(raw) > 2 && raw[0] == '/' && last == '/' && strings.ContainsAny(raw, `([+?^$|\`):
		return p.fail(start, p.pos, codeRegexp, "")
	}
	return nil
}

// inches tells whether a last quotation mark is a measure, as in 5".
func inches(raw string) bool {
	return len(raw) > 1 && '0' <= raw[len(raw)-2] && raw[len(raw)-2] <= '9'
}

// plain makes the node of words that were not quoted; nil when they hold no letter
// and no digit.
func (p *parser) plain(f *field, raw string, start int) (Node, error) {
	words, prefix, err := p.star(tidy(raw), start)
	if err != nil {
		return nil, err
	}
	if !p.hasWords(words) {
		return nil, nil
	}
	if err := p.clause(start); err != nil {
		return nil, err
	}
	if f != nil && f.kind != textField {
		if prefix {
			return nil, p.fail(start, p.pos, codeNoPrefix, words)
		}
		return p.value(f, words, start)
	}
	return Text{In: f.where(), Words: words, Prefix: prefix}, nil
}

// star takes off the star that makes a word a prefix. One anywhere else is refused,
// and so is the beginning of half the vocabulary.
func (p *parser) star(words string, start int) (string, bool, error) {
	i := strings.IndexByte(words, '*')
	if i < 0 {
		return words, false, nil
	}
	stem := words[:i]
	switch letters := countLetters(stem); {
	case i < len(words)-1 && letters > 1 && !strings.Contains(words, " "):
		return "", false, p.fail(start, p.pos, codeStar, stem+"*")
	case i < len(words)-1:
		return "", false, p.fail(start, p.pos, codeStar, "")
	case letters < 2:
		return "", false, p.fail(start, p.pos, codeShort, "")
	}
	if r, _ := utf8.DecodeLastRuneInString(stem); !unicode.IsLetter(r) && !unicode.IsNumber(r) {
		return "", false, p.fail(start, p.pos, codeStar, strings.TrimRightFunc(stem, notWord)+"*")
	}
	return stem, true, nil
}

// notWord tells what a word is not made of, for the analyzer too.
func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }

func countLetters(s string) int {
	n := 0
	for _, r := range s {
		if !notWord(r) {
			n++
		}
	}
	return n
}

// phrase reads quoted words, looked for in a field, or everywhere when f is nil.
func (p *parser) phrase(q quote, f *field) (Node, error) {
	start := p.pos
	words, err := p.quoted(q)
	if err != nil {
		return nil, err
	}
	if f != nil && f.kind != textField {
		if !p.hasWords(words) {
			return nil, p.fail(start, p.pos, codeEmptyQuote, "")
		}
		if err := p.clause(start); err != nil {
			return nil, err
		}
		return p.value(f, words, start)
	}
	words, prefix, err := p.star(words, start)
	if err != nil {
		return nil, err
	}
	if !p.hasWords(words) {
		return nil, p.fail(start, p.pos, codeEmptyQuote, "")
	}
	if err := p.clause(start); err != nil {
		return nil, err
	}
	return Text{In: f.where(), Words: words, Phrase: true, Prefix: prefix}, nil
}
