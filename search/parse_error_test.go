package search

import (
	"errors"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestExplained checks that each code has words in both languages.
func TestExplained(t *testing.T) {
	for _, code := range []string{
		codeTooLong, codeTooMany, codeTooDeep, codeQuote, codeOpen, codeClose, codeEmptyGroup,
		codeEmptyQuote, codeNoWords, codeOr, codeNot, codeUnknown, codeEmpty, codeNested, codeOneValue,
		codeChoice, codeDate, codeRange, codePeriod, codeSize, codeStar, codeShort, codeNoPrefix, codeRegexp,
	} {
		english, french := explain(code)
		if english == code || french == code || english == french {
			t.Errorf("%s is not explained in both languages", code)
		}
	}
}

// TestSuggestionsParse checks that a suggestion, put where the error is, mends it.
func TestSuggestionsParse(t *testing.T) {
	opt := testOptions(t)
	_, lines := queries(t)
	for _, q := range lines {
		if !isQuery(q) {
			continue
		}
		_, err := Parse(q, opt)
		var se *SyntaxError
		if !errors.As(err, &se) || se.Suggestion == "" {
			continue
		}
		mended := se.mend(q)
		if hint := relais.HintOf(err); hint != "try: "+mended {
			t.Errorf("%s: the hint is %s", q, hint)
		}
		_, err = Parse(mended, opt)
		var again *SyntaxError
		if errors.As(err, &again) && again.Code == se.Code && again.Pos <= se.Pos {
			t.Errorf("%s: the suggestion %s is refused too: %v", q, mended, err)
		}
	}
}

func TestMend(t *testing.T) {
	_, err := Parse("été form:dupont devis", ParseOptions{Lang: "fr"})
	if got, want := relais.HintOf(err), "essayez : été from:dupont devis"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err = Parse("devis )", ParseOptions{})
	if got := relais.HintOf(err); got != "" {
		t.Errorf("a hint where nothing is plain: %s", got)
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"from", "from", 0}, {"form", "from", 1}, {"frm", "from", 1}, {"fromm", "from", 1}, {"fram", "from", 1},
		{"", "from", 4}, {"from", "", 4}, {"clinet", "client", 1}, {"sujbet", "subject", 2}, {"abc", "xyz", 3}, {"ca", "abc", 3},
		{strings.Repeat("a", 24), strings.Repeat("b", 24), 24}, {strings.Repeat("a", 25), "a", 24},
	} {
		if got := distance(tc.a, tc.b); got != tc.want {
			t.Errorf("%s, %s: got %d, want %d", tc.a, tc.b, got, tc.want)
		}
		if got := distance(tc.b, tc.a); got != tc.want {
			t.Errorf("%s, %s: got %d, want %d", tc.b, tc.a, got, tc.want)
		}
	}
}

// TestNear: a name is near by its beginning, or by a word spelt nearly so, a third of the
// letters at most; the closest come first, then the order of letters.
func TestNear(t *testing.T) {
	names := []string{"Dupont Industrie", "Durand", "Acme", "Acme Nord", "Dupond", "SA"}
	for _, tc := range []struct {
		value string
		most  int
		want  string
	}{
		{"dupont", 9, "Dupont Industrie|Dupond"}, {"dupont", 1, "Dupont Industrie"}, {"dupont", 0, ""},
		{"acm", 9, "Acme|Acme Nord"}, {"acmes", 9, "Acme|Acme Nord"}, {"acem", 9, "Acme|Acme Nord"}, {"ac", 9, ""},
		{"sab", 9, "SA"}, {"sabre", 9, ""}, {"durnad", 9, "Durand"}, {"dunard", 9, "Durand"}, {"industri", 9, "Dupont Industrie"}, {"zzz", 9, ""},
	} {
		if got := strings.Join(Near(tc.value, names, tc.most), "|"); got != tc.want {
			t.Errorf("%s, %d: got %s, want %s", tc.value, tc.most, got, tc.want)
		}
	}
}

func TestClosest(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{"form", "from"}, {"clinet", "client"}, {"suject", "subject"}, {"sujett", "sujet"}, {"proprietair", "proprietaire"}, {"befor", "before"},
		{"newerthan", "newer_than"}, {"bcc", "to"}, {"label", "folder"}, {"expediteur", "from"}, {"depuis", "after"}, {"compte", "client"},
		{"x", ""}, {"urgent", ""}, {"livraison", ""},
	} {
		if got := closest(tc.name); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestElsewhereIsOurs checks that what is suggested exists, and that no operator of
// ours is taken for another program's.
func TestElsewhereIsOurs(t *testing.T) {
	for _, name := range []string{"label", "bcc", "sender", "since", "until", "size", "ext", "msgid", "account"} {
		if ours := elsewhere(name); lookup(ours) == nil {
			t.Errorf("%s: %q is no operator", name, ours)
		}
	}
	for i := range fields {
		for _, name := range append([]string{fields[i].name}, fields[i].aliases...) {
			if elsewhere(name) != "" {
				t.Errorf("%s is ours", name)
			}
		}
	}
}

// TestSyntaxErrorPlace checks that places are counted in runes, and Error from 1.
func TestSyntaxErrorPlace(t *testing.T) {
	for _, tc := range []struct {
		query    string
		pos, len int
	}{
		{"après:hier", 6, 4}, {"é é à:", 4, 2}, {"日本 )", 3, 1}, {"devis OR", 6, 2}, {"«devis", 0, 6},
	} {
		_, err := Parse(tc.query, ParseOptions{})
		var e *SyntaxError
		if !errors.As(err, &e) || e.Pos != tc.pos || e.Len != tc.len {
			t.Errorf("%s: got %v, want %d+%d", tc.query, e, tc.pos, tc.len)
		}
	}
	e := SyntaxError{Pos: 6, Detail: "why"}
	if got := e.Error(); got != "character 7: why" {
		t.Errorf("got %s", got)
	}
}
