package search

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/relais-archive/relais/search/analysis"
)

// Span is a part of a text, in bytes.
type Span struct{ Start, End int }

// Highlight gives what the query finds in a text: words in any of their forms, whole
// phrases, words that begin with a prefix. Spans are in order and do not overlap.
func Highlight(text string, query Node) []Span {
	return NewMarker(query).Highlight(text)
}

// Marker finds in texts what one query looks for. It compiles words as engines do
// (Text.Clause), with the same analyzer: what is found is what is marked. It is not
// safe for concurrent use.
type Marker struct {
	analyzer *analysis.Analyzer
	patterns []Phrase
	ends     map[string][]int // by their last term
	prefixes []int
	recent   []analysis.Token // as many as the longest pattern has terms
}

// NewMarker makes a marker of what a query wants, and leaves aside what it excludes.
// It marks the words wanted anywhere, and those wanted in the fields named: for the
// subject of a message, InSubject.
func NewMarker(query Node, fields ...TextField) *Marker {
	return newMarker(analysis.New(), query, fields)
}

// Markers lends markers to one caller after the other. What their analyzers have learned
// of one page's words, which is most of the time it takes to mark it, serves the next.
// The zero value is ready. It is safe for concurrent use.
type Markers struct{ analyzers sync.Pool }

// Mark calls use with a marker of a query (see NewMarker), which must not be kept.
func (p *Markers) Mark(query Node, use func(*Marker)) {
	a, ok := p.analyzers.Get().(*analysis.Analyzer)
	if !ok {
		a = analysis.New()
	}
	use(newMarker(a, query, nil))
	p.analyzers.Put(a)
}

func newMarker(a *analysis.Analyzer, query Node, fields []TextField) *Marker {
	m := &Marker{analyzer: a, ends: map[string][]int{}}
	m.add(query, append(fields, InAll))
	longest := 1
	for i, p := range m.patterns {
		longest = max(longest, p.length())
		if p.Prefix != "" {
			m.prefixes = append(m.prefixes, i)
			continue
		}
		last := p.Terms[len(p.Terms)-1]
		m.ends[last] = append(m.ends[last], i)
	}
	m.recent = make([]analysis.Token, longest)
	return m
}

// length is how many tokens a phrase spans.
func (p Phrase) length() int {
	if p.Prefix != "" {
		return len(p.Terms) + 1
	}
	return len(p.Terms)
}

func (m *Marker) add(n Node, fields []TextField) {
	switch n := n.(type) {
	case And:
		for _, of := range n {
			m.add(of, fields)
		}
	case Or:
		for _, of := range n {
			m.add(of, fields)
		}
	case Text:
		if slices.Contains(fields, n.In) {
			m.addPhrases(n.Clause(m.analyzer).Phrases)
		}
	}
}

func (m *Marker) addPhrases(phrases []Phrase) {
	for _, p := range phrases {
		same := func(q Phrase) bool { return q.Prefix == p.Prefix && slices.Equal(q.Terms, p.Terms) }
		if !slices.ContainsFunc(m.patterns, same) {
			m.patterns = append(m.patterns, p)
		}
	}
}

// match is where a pattern was found.
type match struct {
	Span
	pattern int
}

// matches goes through the matches in a text, by their ends.
func (m *Marker) matches(text string) iter.Seq[match] {
	return func(yield func(match) bool) {
		if len(m.patterns) == 0 {
			return
		}
		n := 0
		for t := range m.analyzer.All(text) {
			m.recent[n%len(m.recent)] = t
			n++
			for _, i := range m.ends[t.Term] {
				if start, ok := m.behind(i, n); ok && !yield(match{Span{start, t.End}, i}) {
					return
				}
			}
			for _, i := range m.prefixes {
				if !strings.HasPrefix(t.Surface, m.patterns[i].Prefix) {
					continue
				}
				if start, ok := m.behind(i, n); ok && !yield(match{Span{start, t.End}, i}) {
					return
				}
			}
		}
	}
}

// behind tells whether the last of n tokens, which ends pattern i, has the rest of it
// right before, and where the whole begins.
func (m *Marker) behind(i, n int) (start int, ok bool) {
	p := m.patterns[i]
	first := n - p.length()
	if first < 0 {
		return 0, false
	}
	for j := range p.length() - 1 {
		if m.recent[(first+j)%len(m.recent)].Term != p.Terms[j] {
			return 0, false
		}
	}
	return m.recent[first%len(m.recent)].Start, true
}

// Highlight gives the spans of a text to mark.
func (m *Marker) Highlight(text string) []Span {
	var spans []Span
	for found := range m.matches(text) {
		spans = append(spans, found.Span)
	}
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	return joinSpans(spans)
}

// joinSpans makes one of spans that overlap.
func joinSpans(spans []Span) []Span {
	joined := spans[:0]
	for _, s := range spans {
		if last := len(joined) - 1; last >= 0 && s.Start < joined[last].End {
			joined[last].End = max(joined[last].End, s.End)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}
