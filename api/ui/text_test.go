package ui

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func TestNeutral(t *testing.T) {
	for text, want := range map[string]string{
		"plain é\n\t":               "plain é\n\t",
		"invoice\u202efdp.exe":      "invoice⟦RLO⟧fdp.exe",
		"\u2066a\u2069\u200f\u061c": "⟦LRI⟧a⟦PDI⟧⟦RLM⟧⟦ALM⟧",
		"a\x00\x1b[2J\u009bb":       "a��[2J�b",
		"l\u2028p\u2029":            "l⟦U+2028⟧p⟦U+2029⟧",
		"\xff":                      "\xff",
		"👨\u200d👩":                  "👨\u200d👩",
	} {
		if got := string(Neutral([]byte(text))); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func FuzzNeutral(f *testing.F) {
	f.Add([]byte("a\u202e\x00é\xff"))
	f.Fuzz(func(t *testing.T, page []byte) {
		got := Neutral(bytes.Clone(page))
		if bytes.ContainsFunc(got, harmful) || utf8.Valid(page) && !utf8.Valid(got) {
			t.Errorf("%q: %q", page, got)
		}
	})
}

func TestSegments(t *testing.T) {
	const n, q, s = relais.ZoneNew, relais.ZoneQuote, relais.ZoneSignature
	for name, tt := range map[string]struct {
		text  string
		zones []relais.Zone
		want  []Segment
	}{
		"no zones":            {"a\r\nb\n", nil, []Segment{{n, "a\nb", 2}}},
		"zones":               {"new\n> old\n-- \nsig", []relais.Zone{{Kind: n, End: 4}, {Kind: q, Start: 4, End: 10}, {Kind: s, Start: 10, End: 17}}, []Segment{{n, "new", 1}, {q, "> old", 1}, {s, "--\nsig", 2}}},
		"same kind":           {"ab", []relais.Zone{{Kind: q, End: 1}, {Kind: q, Start: 1, End: 2}}, []Segment{{q, "a\nb", 2}}},
		"a gap":               {"abc", []relais.Zone{{Kind: q, Start: 1, End: 2}}, []Segment{{n, "a", 1}, {q, "b", 1}, {n, "c", 1}}},
		"false bounds":        {"abc", []relais.Zone{{Kind: q, Start: 2, End: 1}, {Kind: q, Start: -4, End: 2}, {Kind: q, Start: 1, End: 900}}, []Segment{{n, "a", 1}, {q, "bc", 1}}},
		"blank":               {" \n\n", nil, nil},
		"empty lines":         {"\n\na\n\n\n\nb\n", nil, []Segment{{n, "a\n\nb", 3}}},
		"one line paragraphs": {"a\n\nb\n\nc", nil, []Segment{{n, "a\n\nb\n\nc", 5}}},
		"double spaced":       {"a\n\nb\n\n\u00a0\n\nc\n\nd", nil, []Segment{{n, "a\nb\n\nc\nd", 5}}},
	} {
		got := Segments(tt.text, tt.zones)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	long := Segments(Clip(strings.Repeat("é", 500), 999), []relais.Zone{{Kind: n, End: 1000}})
	if len(long) != 1 || len(long[0].Text) != 998 || !utf8.ValidString(long[0].Text) {
		t.Errorf("of a text that was cut: %d segments", len(long))
	}
}

func FuzzSegments(f *testing.F) {
	f.Add("a\n> b", 0, 2, 2, 5)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int) {
		list := Segments(text, []relais.Zone{{Kind: relais.ZoneNew, Start: a, End: b}, {Kind: relais.ZoneQuote, Start: c, End: d}})
		letters := 0
		for _, s := range list {
			letters += strings.Count(s.Text, "a")
		}
		if letters != strings.Count(text, "a") {
			t.Errorf("%q: letters were lost or doubled: %+v", text, list)
		}
	})
}
