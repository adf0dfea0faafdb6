package extract

import (
	"strings"
	"unicode"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// compareMost is the most text, in bytes, of which two forms of a body are compared;
// longer ones are both kept.
const compareMost = 1 << 20

// BodyText gives what a message says as plain text: its plain text parts, or its HTML
// turned to text. Of the two forms of one body (RFC 2046, section 5.1.4) the plain one
// is taken, but where it only stands in for the other ("this message needs an HTML
// reader", a link, an excerpt); the lines of the other that have words of their own
// follow, so that none is lost. HTML beside plain text follows whole. fromHTML tells
// that the text begins with what was HTML.
func BodyText(m *format.Mail, lim format.Limits) (text string, fromHTML bool, warn []relais.Warning) {
	html, warn := richText(m, lim)
	switch {
	case html == "":
		return m.Text, false, warn
	case strings.TrimSpace(m.Text) == "":
		return html, true, warn
	case m.HTMLBeside || len(html)+len(m.Text) > compareMost:
		return joinBodies(m.Text, html), false, warn
	}
	plainWords := wordsOf(m.Text)
	own, share := ownLines(html, plainWords)
	if share == 0 { // as it is most often: nothing more is asked
		return m.Text, false, warn
	}
	htmlWords := wordsOf(html)
	if standsIn(len(plainWords), len(htmlWords), share) {
		rest, _ := ownLines(m.Text, htmlWords)
		return joinBodies(html, rest), true, warn
	}
	return joinBodies(m.Text, own), false, warn
}

// richText gives the text of the richer form of a body: HTML, or RTF that stood in TNEF.
func richText(m *format.Mail, lim format.Limits) (string, []relais.Warning) {
	switch {
	case m.HTML != "":
		return HTMLText(m.HTML, lim)
	case m.RTF != "":
		return rtfText(m.RTF, lim)
	}
	return "", nil
}

// standsIn tells whether a plain text of so many words is no body of its own: it lacks
// most of the words of the HTML, and has fewer.
func standsIn(plain, html, lacking int) bool { return 2*lacking > html && plain < html }

func joinBodies(first, second string) string {
	if strings.TrimSpace(second) == "" {
		return first
	}
	return strings.TrimRight(first, "\n") + "\n\n" + second
}

// ownLines gives the lines of a text that have words which are not among others, and
// how many such words there are.
func ownLines(text string, others map[uint64]bool) (string, int) {
	var out strings.Builder
	own := map[uint64]bool{}
	for line := range strings.Lines(text) {
		before := len(own)
		eachWord(line, func(w uint64) {
			if !others[w] {
				own[w] = true
			}
		})
		if len(own) > before {
			out.WriteString(line)
		}
	}
	return out.String(), len(own)
}

func wordsOf(text string) map[uint64]bool {
	words := map[uint64]bool{}
	eachWord(text, func(w uint64) { words[w] = true })
	return words
}

// eachWord gives the words of a text as hashes (FNV-1a), without case and accents.
// Addresses of the web are none: in HTML they stand behind words.
func eachWord(text string, fn func(uint64)) {
	for field := range strings.FieldsSeq(text) {
		if strings.Contains(field, "://") || strings.HasPrefix(field, "www.") || strings.HasPrefix(field, "mailto:") {
			continue
		}
		var w wordHash
		for i, r := range field {
			switch {
			case r < 0x80:
				w.ascii(byte(r), fn)
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				w.letters(field[i:])
			case !unicode.Is(unicode.Mn, r):
				w.end(fn)
			}
		}
		w.end(fn)
	}
}

// wordHash is the hash of the word at hand, 0 between words.
type wordHash uint64

func (w *wordHash) add(r rune) {
	const start, prime = 14695981039346656037, 1099511628211
	if *w == 0 {
		*w = start
	}
	*w = (*w ^ wordHash(r)) * prime
}

func (w *wordHash) end(fn func(uint64)) {
	if *w != 0 {
		fn(uint64(*w))
		*w = 0
	}
}

func (w *wordHash) ascii(c byte, fn func(uint64)) {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
		w.add(rune(c))
	} else {
		w.end(fn)
	}
}

// letters adds the letter that s begins with, taken apart from its accents.
func (w *wordHash) letters(s string) {
	var apart [fold.MaxLetters]rune
	for _, r := range fold.AppendLetters(apart[:0], s) {
		w.add(r)
	}
}
