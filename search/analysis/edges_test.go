package analysis

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestEdges: where a rule of the scanner ends and the next one begins.
func TestEdges(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		// letters
		{"pizza Zoé AZ az", "pizza zoe az az"},
		{"Āā ĀB Ÿ Þ×÷ a×b", "aa ab y th a+b"},
		{"x\u200dy x\u200cy x\u2060y x\u00ady", "xy xy xy xy"},
		{"abc\xc3 \xc3", "abc"},
		{"ｶﾀ 가", "カ+タ 가"},

		// apostrophes
		{"client's client’s client‘s clientʼs", "client client client client"},
		{"l'offre l’offre l‘offre lʼoffre", "offre offre offre offre"},
		{"client-s R&S s s's", "client+s r+s s s"},
		{"clients’ l’ l'", "clients l l"},
		{"fournisseur'avis presqu'avis", "fournisseur+avis presqu+avis"},
		{"aujourd'hui aujourd'hu aujourd'hui!", "aujourdhui aujourd+hu aujourdhui"},
		{"bonjour'hui aujourd'oui", "bonjour+hui aujourd+oui"},
		{"abc\xe2", "abc"}, // half an apostrophe, at the end of what was cut
		{"abc\xe2\x80", "abc"},
		{"abc\xca", "abc"},

		// numbers
		{"12 450€ 12 450é 12 450°", "12450 12 450e 12450"},
		{"1é 345 1² 345 1e\u0301 345", "1e 345 12 345 1e 345"},
		{"012 345 05 520 176", "012 345 05 520176"},
		{"12a 345 1234567890123a", "12a 345 1234567890123a"},
		{"12\u00a0450 12\u2007450 12\u2009450 12\u202f450 12’450 12 450 12.450 12,450 12'450", strings.TrimSpace(strings.Repeat("12450 ", 9))},
		{"12\u2008450 12_450", "12 450 12+450"},
		{"123 456.789", "123456+789"},
		{"1.234,567", "1234+567"},
		{"1234 567", "1234 567"},

		// telephone numbers
		{"16 12 34 56 78", "16 12 34 56 78"},
		{"06 12 34 56 789", "06 12 34 56789"},
		{"06 12.34 56 78", "06 12+34 56 78"},
		{"06 12 34 56", "06 12 34 56"},
		{"06\u00a012\u00a034\u00a056\u00a078", "0612345678"},
		{"06\u00a012\u00a034\u00a056\u00a07", "06 12 34 56 7"},
		{"06,12,34,56,78", "06+12+34+56+78"},
		{"+33-6-12-34-56-78 +33.6.12.34.56.78", "0612345678 0612345678"},
		{"+33/612345678", "33+612345678"},
		{"+33  6 12 34 56 78", "33 6 12 34 56 78"},
		{"+336123456789", "336123456789"},
		{"0033 6 12 34 56 78", "0612345678"},
		{"+33", "33"},
	} {
		if got := shown(New().Tokens(nil, tt.text)); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

// TestLongWordsAreCutBetweenRunes: of what is left each rune is whole.
func TestLongWordsAreCutBetweenRunes(t *testing.T) {
	for text, want := range map[string]int{
		strings.Repeat("a", MaxTerm-1): MaxTerm - 1, strings.Repeat("a", MaxTerm): MaxTerm, strings.Repeat("a", MaxTerm+1): MaxTerm,
		strings.Repeat("α", MaxTerm): MaxTerm, "x" + strings.Repeat("α", MaxTerm): MaxTerm - 1, "xy" + strings.Repeat("書", MaxTerm): MaxTerm - 2,
		"x" + strings.Repeat("書", MaxTerm): MaxTerm,
	} {
		if got := FoldPrefix(text); len(got) != want || !utf8.ValidString(got) {
			t.Errorf("%.10s... is cut to %d bytes, want %d", text, len(got), want)
		}
	}
}

// TestCacheOfOneSet: of the words of a set the two met last are known, and one that is
// met again is not the next to go.
func TestCacheOfOneSet(t *testing.T) {
	c := newCache()
	c.sets = c.sets[:1]
	known := func(raw string) bool {
		w, ok := c.get(raw)
		if ok != (w.term == "of "+raw) {
			t.Errorf("%s is known as %q, %t", raw, w.term, ok)
		}
		b, inBytes := c.bytes([]byte(raw))
		if inBytes != ok || b != w {
			t.Errorf("%s is known as %q, and in bytes as %q", raw, w.term, b.term)
		}
		return ok
	}
	put := func(raw string) { c.puts = 0; c.put(raw, word{term: "of " + raw}) }
	put("a")
	put("b")
	if !known("a") || !known("b") || known("c") {
		t.Error("two words are not known")
	}
	if !known("a") { // met last
		t.Error("a is not known")
	}
	put("c")
	if !known("a") || known("b") || !known("c") {
		t.Error("the word met longest ago is not the one that went")
	}
}

// TestCacheGrows by four, up to a bound, when twice as many words came as it has sets.
func TestCacheGrows(t *testing.T) {
	c := newCache()
	sizes := map[int]bool{}
	for i := range 3 * mostSets {
		before := len(c.sets)
		c.put(strings.Repeat("w", 1+i%maxCached), word{})
		if len(c.sets) != before && (len(c.sets) != 4*before || c.puts != 0) {
			t.Fatalf("it grew from %d to %d", before, len(c.sets))
		}
		sizes[len(c.sets)] = true
		if i == 2*firstSets-1 && len(c.sets) != firstSets || i == 2*firstSets && len(c.sets) != 4*firstSets {
			t.Errorf("after %d words it has %d sets", i+1, len(c.sets))
		}
	}
	if len(c.sets) != mostSets || len(sizes) != 4 {
		t.Errorf("it has %d sets after %d sizes", len(c.sets), len(sizes))
	}
}
