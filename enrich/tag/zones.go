package tag

import (
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// zoneEnricher tells new text, quotes, signatures and disclaimers apart. What each
// later enricher gains from this is more than any of them could gain by itself: a
// client named in a signature is not what a message is about, nor is what was
// written three replies ago.
//
// It works on lines, in three passes: quotes, then disclaimers, then the tails of
// what is left. Each looks a bounded number of lines around.
type zoneEnricher struct {
	disclaimer map[uint64]uint64 // words of disclaimers: bits of their meanings
}

func newZoneEnricher() zoneEnricher { return zoneEnricher{disclaimer: disclaimerWords()} }

func (zoneEnricher) Name() string { return "zones" }

func (z zoneEnricher) Enrich(in *Input, out *Findings) {
	if in.Mail == nil || in.Text == "" {
		return
	}
	text := in.head()
	t := zoned{text: text, lines: splitLines(text)}
	t.markQuotes()
	t.markDisclaimers(in.textWords(), z.disclaimer)
	t.markSignatures()
	out.Zones = t.zones(len(in.Text))
}

// zoned is a text whose lines are being told apart.
type zoned struct {
	text  string
	lines []line
}

// line is one line of a text: a span without its line end, and what it is.
type line struct {
	start, end int32
	kind       lineKind
}

type lineKind uint8

const (
	lineNew lineKind = iota
	lineQuote
	lineSignature
	lineDisclaimer
)

func (k lineKind) zone() relais.ZoneKind {
	switch k {
	case lineQuote:
		return relais.ZoneQuote
	case lineSignature:
		return relais.ZoneSignature
	case lineDisclaimer:
		return relais.ZoneDisclaimer
	}
	return relais.ZoneNew
}

func splitLines(text string) []line {
	lines := make([]line, 0, strings.Count(text, "\n")+1)
	for start := 0; start < len(text); {
		n := strings.IndexByte(text[start:], '\n')
		if n < 0 {
			return append(lines, line{start: int32(start), end: int32(len(text))})
		}
		lines = append(lines, line{start: int32(start), end: int32(start + n)})
		start += n + 1
	}
	return lines
}

// at gives line i without the white space around it, "" past the last.
func (t *zoned) at(i int) string {
	if i < 0 || i >= len(t.lines) {
		return ""
	}
	return trimLine(t.text[t.lines[i].start:t.lines[i].end])
}

// trimLine cuts white space, among it what mail programs write for it.
func trimLine(s string) string {
	return strings.Trim(s, " \t\r\u00a0\u200b\ufeff")
}

func (t *zoned) mark(from, to int, kind lineKind) {
	for i := from; i < to; i++ {
		t.lines[i].kind = kind
	}
}

// zones gives the spans of lines of one kind; the last reaches to the end of the
// text, of which these lines may be only the head.
func (t *zoned) zones(end int) []relais.Zone {
	var list []relais.Zone
	for _, l := range t.lines {
		if n := len(list); n == 0 || list[n-1].Kind != l.kind.zone() {
			if n > 0 {
				list[n-1].End = int(l.start)
			}
			list = append(list, relais.Zone{Kind: l.kind.zone(), Start: int(l.start)})
		}
	}
	if len(list) > 0 {
		list[len(list)-1].End = end
	}
	return list
}

// next gives the first line from i on that is not blank, or the number of lines.
func (t *zoned) next(i int) int {
	for i < len(t.lines) && t.at(i) == "" {
		i++
	}
	return i
}
