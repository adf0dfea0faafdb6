package tag

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// mark is what a short text says.
type mark struct {
	class     relais.PrivacyClass
	protected bool
	word      string
}

// maxMarked is how many bytes of a subject or name are looked at.
const maxMarked = 500

// judge gives what marks a short text: the surest mark of those that people set, and
// the surest of what is protected.
func (l *privateWords) judge(text string, where place) []mark {
	t := newMarkedText(text)
	if spelled := t.spelled(); spelled != "" {
		return l.judge(spelled, where)
	}
	best := [2]struct {
		mark
		words int
	}{}
	for i := range t.words {
		for n := 1; n <= l.longest && i+n <= len(t.words) && !t.partsAt(i+n-1, i); n++ {
			phrase := t.phrase(i, n)
			for _, rule := range l.phrases[phrase] {
				r := &l.rules[rule]
				if !r.hits(l, &t, where, i, n) {
					continue
				}
				b := &best[0]
				if r.Protected {
					b = &best[1]
				}
				surer := b.class != relais.PrivacySufficient && r.Class == relais.PrivacySufficient
				if b.class == "" || surer || b.class == r.Class && n > b.words {
					b.mark, b.words = mark{class: r.Class, protected: r.Protected, word: phrase}, n
				}
			}
		}
	}
	var marks []mark
	for _, b := range best {
		if b.class != "" {
			marks = append(marks, b.mark)
		}
	}
	return marks
}

// marksSurely tells whether a text bears a mark that suffices.
func (l *privateWords) marksSurely(text string, where place) bool {
	return slices.ContainsFunc(l.judge(text, where), func(m mark) bool { return m.class == relais.PrivacySufficient })
}

// hits tells whether a rule's phrase, which stands at some words of a text, means there
// what the rule says.
func (r *wordRule) hits(l *privateWords, t *markedText, where place, i, n int) bool {
	if len(r.In) > 0 && !slices.Contains(r.In, where) || !t.stands(l, r.At, i, n) || r.voided(t, i, n) {
		return false
	}
	return r.Class == relais.PrivacySufficient || r.At == atWhole || !t.covered(l, i, n)
}

// voided tells whether the words around a phrase give it another meaning.
func (r *wordRule) voided(t *markedText, i, n int) bool {
	if i > 0 && slices.Contains(r.Preceded, t.phrase(i-1, 1)) || i+n < len(t.words) && slices.Contains(r.Followed, t.phrase(i+n, 1)) {
		return true
	}
	return len(r.Unless) > 0 && slices.ContainsFunc(r.Unless, func(p string) bool { return hasPhrase(t.folded, p) })
}

// markedText is a subject or name, in words.
type markedText struct {
	text   string
	folded string
	words  []wordSpan // in text
	folds  []wordSpan // in folded
}

type wordSpan struct{ start, end int }

// newMarkedText composes a text, drops what nobody sees of it, and finds its words.
func newMarkedText(s string) markedText {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, norm.NFKC.String(cutAt(s, maxMarked)))
	t := markedText{text: strings.TrimSpace(s)}
	var folded strings.Builder
	for _, run := range fold.Words(t.text, nil) {
		for start := int(run.Start); start < int(run.End); {
			end := start + wordLen(t.text[start:run.End])
			if folded.Len() > 0 {
				folded.WriteByte(' ')
			}
			from := folded.Len()
			folded.WriteString(fold.String(t.text[start:end]))
			t.words = append(t.words, wordSpan{start, end})
			t.folds = append(t.folds, wordSpan{from, folded.Len()})
			start = end
		}
	}
	t.folded = folded.String()
	return t
}

// wordLen gives the length of the first word of those that a name runs together:
// "DossierPerso", "Perso2024". Short ones stay as they are: "B2B", "McDonald", "CE2".
func wordLen(s string) int {
	letters, before := 0, ' '
	for i, r := range s {
		switch {
		case letters >= 4 && unicode.IsUpper(r) && unicode.IsLower(before), letters >= 4 && unicode.IsDigit(r) && unicode.IsLetter(before):
			return i
		case unicode.IsLetter(r):
			letters++
		}
		before = r
	}
	return len(s)
}

// phrase gives n folded words from the i-th on.
func (t *markedText) phrase(i, n int) string { return t.folded[t.folds[i].start:t.folds[i+n-1].end] }

// spelled gives the word of a text that is one word, letter by letter, or "".
func (t *markedText) spelled() string {
	if len(t.words) < 4 || len(t.folded) != 2*len(t.words)-1 {
		return ""
	}
	return strings.ReplaceAll(t.folded, " ", "")
}

// gap gives what stands between the i-th word and the one before it; before the first
// and after the last, what the text begins and ends with.
func (t *markedText) gap(i int) string {
	from, to := 0, len(t.text)
	if i > 0 {
		from = t.words[i-1].end
	}
	if i < len(t.words) {
		to = t.words[i].start
	}
	return t.text[from:to]
}

// partsAt tells whether no phrase that begins at a word can hold another: a bracket or
// quote stands before that.
func (t *markedText) partsAt(i, first int) bool {
	return i > first && strings.ContainsAny(t.gap(i), "[](){}<>\"«»\u201C\u201D\u201E")
}

// stands tells whether n words from the i-th on stand in the text as a rule wants it.
func (t *markedText) stands(l *privateWords, at standing, i, n int) bool {
	first, last := t.numbers(0, i), t.numbers(i+n, len(t.words))
	switch at {
	case atAnywhere:
		return true
	case atEnd:
		return i+n == len(t.words) && len(t.words) <= 3
	case atWhole:
		return first && last
	}
	return first && last || t.bracketed(i, n) || first && t.leads(l, i, n) || last && t.trails(i)
}

// numbers tells whether some words are years, ranks and the like: "Perso 2024".
func (t *markedText) numbers(from, to int) bool {
	for i := from; i < to; i++ {
		if p := t.phrase(i, 1); len(p) > 4 || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return true
}

// bracketed tells whether words stand between brackets or stars.
func (t *markedText) bracketed(i, n int) bool {
	before, after := strings.TrimSpace(t.gap(i)), strings.TrimSpace(t.gap(i+n))
	for _, pair := range [...]string{"[]", "()", "{}", "**", "##", "<>"} {
		if strings.HasSuffix(before, pair[:1]) && strings.HasPrefix(after, pair[1:]) {
			return true
		}
	}
	return false
}

// leads tells whether something other than a space parts words from those that follow:
// "PRIVÉ - dîner", "Perso : vacances", "[Personnel] notaire".
func (t *markedText) leads(l *privateWords, i, n int) bool {
	if n == 1 && strings.ContainsAny(t.gap(i), "[({*#") {
		return true
	}
	gap := t.gap(i + n)
	if gap == "-" || gap == "_" { // "private-label" is a compound, "perso-photos" is not
		return !t.compound(l, i, n)
	}
	return strings.Trim(gap, " \u00A0'\u2019.&") != ""
}

// trails tells whether what ends a text is parted from the rest: "Dîner - perso".
func (t *markedText) trails(i int) bool {
	gap := t.gap(i)
	return strings.ContainsAny(gap, "-\u2013\u2014:|/") && strings.Contains(gap, " ")
}

// compound tells whether a phrase goes together with the words beside it into
// something of business.
func (t *markedText) compound(l *privateWords, i, n int) bool {
	if t.covered(l, i, n) {
		return true
	}
	return slices.ContainsFunc(l.phrases[t.phrase(i, n)], func(rule int) bool {
		r := &l.rules[rule]
		return r.Class == relais.PrivacyDoubtful && r.At == atAnywhere && r.voided(t, i, n)
	})
}

// covered tells whether a phrase is part of one of business.
func (t *markedText) covered(l *privateWords, i, n int) bool {
	for from := max(0, i+n-l.longest); from <= i; from++ {
		for size := i + n - from; size <= l.longest && from+size <= len(t.words); size++ {
			if l.business[t.phrase(from, size)] {
				return true
			}
		}
	}
	return false
}

// hasPhrase tells whether folded words hold a phrase, whole words only.
func hasPhrase(folded, phrase string) bool {
	for from := 0; ; {
		i := strings.Index(folded[from:], phrase)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(phrase)
		if (i == 0 || folded[i-1] == ' ') && (end == len(folded) || folded[end] == ' ') {
			return true
		}
		from = i + 1
	}
}
