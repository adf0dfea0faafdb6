package fold

import (
	"strings"
	"testing"
)

// TestWaysOfFolding: what each way keeps of the same words.
func TestWaysOfFolding(t *testing.T) {
	for in, want := range map[string]struct{ term, value, name, phrase string }{
		"Été":             {"ete", "ete", "ete", "ete"},
		"E\u0301te\u0301": {"ete", "ete", "ete", "ete"},
		" L'Été 24 ":      {"lete24", "l'ete 24", "lete24", "l ete 24"},
		"Œuvre":           {"oeuvre", "œuvre", "œuvre", "oeuvre"},
		"ﬁche":            {"fiche", "fiche", "ﬁche", "ﬁche"},
		"Straße":          {"strasse", "straße", "straße", "strasse"},
		"Łódź":            {"lodz", "łodz", "łodz", "lodz"},
		"ＡＢ１":             {"ab1", "ab1", "ａｂ１", "ａｂ１"},
		"x²":              {"x2", "x2", "x", "x"},
		"한국":              {"한국", "한국", "한국", "한국"},
		"":                {"", "", "", ""},
	} {
		var got struct{ term, value, name, phrase string }
		for w := range strings.FieldsSeq(strings.ReplaceAll(in, "'", " ")) {
			got.term += string(AppendTerm(nil, w, 64))
		}
		got.value, got.name, got.phrase = Value(in), Name(in), String(in)
		if in == "한국" { // of which a value is compared letter by letter, taken apart
			if Value(in) != Value("한국") || len([]rune(got.value)) == 2 {
				t.Errorf("%q: a value of %d letters", in, len([]rune(got.value)))
			}
			got.value = in
		}
		if got != want {
			t.Errorf("%q:\n got %+v\nnot %+v", in, got, want)
		}
	}
}

// TestTermEnds: a term ends in its bounds, between runes.
func TestTermEnds(t *testing.T) {
	for in, want := range map[string]string{
		strings.Repeat("a", 10): "aaaaaaaa", strings.Repeat("я", 10): "яяяя", "1234567я": "1234567", "1234567Œ": "1234567o", "1234": "1234",
	} {
		if got := string(AppendTerm(nil, in, 8)); got != want {
			t.Errorf("%q is cut to %q, not %q", in, got, want)
		}
	}
}

// TestAppendLetters: a letter without its accents, however many it is taken apart into.
func TestAppendLetters(t *testing.T) {
	for in, want := range map[string]string{"é": "e", "Ǖ": "u", "ﬃ": "ffi", "Д": "д", "œ": "œ", "z": "z", "ﷺ": "صلى الله عليه وسلم"} {
		var buf [MaxLetters]rune
		got := AppendLetters(buf[:0], in)
		if string(got) != want || len(got) > MaxLetters {
			t.Errorf("%q is %q of %d letters, not %q", in, string(got), len(got), want)
		}
	}
}
