package ui

import (
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// MaxText is how much of a text a page shows, in bytes.
const MaxText = 400_000

// Segment is a piece of a text, of one kind.
type Segment struct {
	Kind  relais.ZoneKind
	Text  string
	Lines int
}

// Folded tells what is shown only on demand.
func (s Segment) Folded() bool { return s.Kind != relais.ZoneNew }

// Clip gives the first bytes of a text, n at most, without a part of a character.
func Clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// Segments cuts the beginning of a text at the text's zones. Pieces without a letter are
// left out. Zones that do not fit the text are not believed.
func Segments(text string, zones []relais.Zone) (list []Segment) {
	at := 0
	for _, z := range zones {
		if z.Start < at || z.End < z.Start || z.Start > len(text) {
			continue
		}
		list = segment(list, relais.ZoneNew, text[at:z.Start])
		at = min(z.End, len(text))
		list = segment(list, z.Kind, text[z.Start:at])
	}
	return segment(list, relais.ZoneNew, text[at:])
}

// segment adds a piece, to the last one when it is of the same kind.
func segment(list []Segment, kind relais.ZoneKind, text string) []Segment {
	if n := len(list); n > 0 && list[n-1].Kind == kind {
		text, list = list[n-1].Text+"\n"+text, list[:n-1]
	}
	lines := tidy(strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n"))
	if len(lines) == 0 {
		return list
	}
	return append(list, Segment{Kind: kind, Text: strings.Join(lines, "\n"), Lines: len(lines)})
}

// tidy leaves at most one empty line between others, and none at the ends. Some
// programs write a paragraph for each line, and an empty paragraph where a reader
// sees one: there, single empty lines are left out.
func tidy(lines []string) []string {
	spaced := doubleSpaced(lines)
	var out []string
	blank := 0
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			blank++
			continue
		}
		if len(out) > 0 && (blank > 1 || blank == 1 && !spaced) {
			out = append(out, "")
		}
		out, blank = append(out, strings.TrimRight(line, " \t")), 0
	}
	return out
}

// doubleSpaced tells a text that has an empty line after each line, and more of
// them between its paragraphs.
func doubleSpaced(lines []string) bool {
	blank, wide := 1, false
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			blank++
			continue
		}
		if blank == 0 {
			return false
		}
		wide, blank = wide || blank >= 3, 0
	}
	return wide
}
