package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/relais"
)

// SnippetScan is how much of a text is read to find its best passage, in bytes: in a longer
// one, a match further on is shown only when the document is opened.
const SnippetScan = 1 << 20

// Snippet gives the passage of a text, of at most size characters, that holds the
// most of what the query looks for, with those words between relais.HighlightStart
// and relais.HighlightEnd. New text goes before quotes and signatures that hold as
// much. Without a match it is the beginning of the new text. White space is folded,
// and characters that could deceive a reader (marks of ours, controls, changes of
// direction) are left out. Zones may be nil: all is new text then.
func Snippet(text string, zones []relais.Zone, query Node, size int) string {
	return NewMarker(query).Snippet(text, zones, size)
}

// Snippet is as the function of that name, for many texts of one query.
func (m *Marker) Snippet(text string, zones []relais.Zone, size int) string {
	if size < 1 {
		return ""
	}
	var best window
	var zone string // that holds best
	left := SnippetScan
	for _, z := range inOrder(text, zones) {
		if left <= 0 || best.score == m.full() {
			break
		}
		body := clip(text[z.Start:z.End], left)
		left -= len(body)
		w := m.best(body, size)
		w.score *= 2
		if w.score > 0 && z.Kind == relais.ZoneNew {
			w.score++
		}
		if zone == "" && hasWord(body) || w.score > best.score {
			best, zone = w, body
		}
	}
	x := around(zone, best, 4*size)
	return m.mark(x, passage(x.text, m.best(x.text, size), size))
}

// full is the score of a passage of new text that holds all there is to find.
func (m *Marker) full() int { return 2*len(m.patterns) + 1 }

// inOrder gives the zones of a text, new ones first; bounds that a text does not
// have are mended, for a snippet is no place to fail.
func inOrder(text string, zones []relais.Zone) []relais.Zone {
	if len(zones) == 0 {
		return []relais.Zone{{Kind: relais.ZoneNew, End: len(text)}}
	}
	ordered := make([]relais.Zone, 0, len(zones))
	for _, fresh := range []bool{true, false} {
		for _, z := range zones {
			if (z.Kind == relais.ZoneNew) == fresh {
				z.Start = min(max(z.Start, 0), len(text))
				z.End = min(max(z.End, z.Start), len(text))
				ordered = append(ordered, z)
			}
		}
	}
	return ordered
}

// clip cuts a text to n bytes or a little less, between characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:runeStart(text, n)]
}

// runeStart gives the beginning of the character that byte i of a text is part of.
func runeStart(text string, i int) int {
	for low := i - utf8.UTFMax; i > 0 && i > low && i < len(text) && !utf8.RuneStart(text[i]); {
		i--
	}
	return i
}

func hasWord(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return !notWord(r) })
}

// window is a passage by its bytes. Its score is how many patterns it holds.
type window struct{ start, end, score int }

// best gives the shortest of the first passages of some size, in bytes, that hold
// the most patterns; of score 0, at the beginning, when there is none.
func (m *Marker) best(text string, size int) window {
	var best window
	var open []match // within size of the last
	counts := make([]int, len(m.patterns))
	distinct := 0
	for found := range m.matches(text) {
		open = append(open, found)
		if counts[found.pattern]++; counts[found.pattern] == 1 {
			distinct++
		}
		for len(open) > 1 && (found.End-open[0].Start > size || counts[open[0].pattern] > 1) {
			if counts[open[0].pattern]--; counts[open[0].pattern] == 0 {
				distinct--
			}
			open = open[1:]
		}
		if distinct > best.score {
			best = window{open[0].Start, found.End, distinct}
		}
		if best.score == len(m.patterns) {
			break
		}
	}
	return best
}

// excerpt is a part of a text, flattened, and whether the text goes on before and
// after it.
type excerpt struct {
	text          string
	before, after bool
}

// around gives a window with some bytes on either side, from one blank to another.
func around(text string, w window, margin int) excerpt {
	start := runeStart(text, max(0, w.start-margin))
	if blank := strings.IndexFunc(text[start:w.start], isBlank); start > 0 && blank >= 0 {
		start += blank
	}
	end := runeStart(text, min(len(text), w.end+margin))
	if blank := strings.LastIndexFunc(text[w.end:end], isBlank); end < len(text) && blank >= 0 {
		end = w.end + blank
	}
	return excerpt{flatten(text[start:end]), start > 0, end < len(text)}
}

// flatten folds white space, takes off the marks of quoted lines, and leaves out what
// must not reach a page or a terminal.
func flatten(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	space, newline := false, true
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			space, newline = true, true
		case isBlank(r):
			space = true
		case newline && r == '>', hidden(r):
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space, newline = false, false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden tells our own marks, and the characters that change the direction of what
// follows them (Unicode bidi controls).
func hidden(r rune) bool {
	return r == 0xE000 || r == 0xE001 || unicode.Is(unicode.Bidi_Control, r) || r == 0xFEFF
}

// passage widens a window to size characters: back to the beginning of a sentence if
// it is near, else of a word, then on to the end of a word.
func passage(text string, w window, size int) window {
	spare := size - utf8.RuneCountInString(text[w.start:w.end])
	start := border(text, back(text, w.start, spare/2), w.start)
	end := forward(text, start, size)
	if end == len(text) { // room is left for more before
		start = border(text, back(text, end, size), start)
		return window{start, end, w.score}
	}
	if i := strings.LastIndexByte(text[start:end+1], ' '); i > 0 && start+i >= w.end {
		end = start + i
	}
	return window{start, end, w.score}
}

// back gives the place n characters before i.
func back(text string, i, n int) int {
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:i])
		i -= size
	}
	return i
}

// forward gives the place n characters after i.
func forward(text string, i, n int) int {
	for ; n > 0 && i < len(text); n-- {
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return i
}

// border gives where to begin between low and high: at the beginning of the text,
// with the first sentence that begins there, or else with a word.
func border(text string, low, high int) int {
	if low == 0 || low >= high {
		return min(low, high)
	}
	before := text[low-1 : high]
	for i := range len(before) - 1 {
		if before[i+1] == ' ' && strings.IndexByte(".!?", before[i]) >= 0 {
			return low + i + 1
		}
	}
	if i := strings.IndexByte(before, ' '); i >= 0 {
		return low + i
	}
	return high
}

// mark writes a window of an excerpt with its matches marked, and dots where the
// text goes on.
func (m *Marker) mark(x excerpt, w window) string {
	var b strings.Builder
	if w.start > 0 || x.before {
		b.WriteString("… ")
	}
	at := w.start
	for _, s := range m.Highlight(x.text) {
		if s.End <= at || s.Start >= w.end {
			continue
		}
		start, end := max(s.Start, at), min(s.End, w.end)
		b.WriteString(x.text[at:start])
		b.WriteString(relais.HighlightStart)
		b.WriteString(x.text[start:end])
		b.WriteString(relais.HighlightEnd)
		at = end
	}
	b.WriteString(x.text[at:w.end])
	if w.end < len(x.text) || x.after {
		b.WriteString(" …")
	}
	return b.String()
}
