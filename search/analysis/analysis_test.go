package analysis

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// shown writes tokens as term, or term<surface; glued ones follow a "+".
func shown(tokens []Token) string {
	var b strings.Builder
	for i, t := range tokens {
		switch {
		case t.Glued:
			b.WriteByte('+')
		case i > 0:
			b.WriteByte(' ')
		}
		b.WriteString(t.Surface)
	}
	return b.String()
}

func TestSurfaces(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		// folding
		{"École ŒUVRE œuf Çà Noël", "ecole oeuvre oeuf ca noel"},
		{"Straße Łódź naïve Ærø", "strasse lodz naive aero"},
		{"e\u0301cole", "ecole"},
		{"con\u00adtrat", "contrat"},
		{"ﬁche Ｄｅｖｉｓ m²", "fiche devis m2"},
		{"Ελλάδα Привет Й", "ελλαδα привет и"},
		{"", ""},
		{" — … €", ""},
		{"\xff\xfe abc\xffdef", "abc+def"},

		// elision
		{"l'offre L’OFFRE d'achat qu'il jusqu'à lorsqu’on", "offre offre achat il a on"},
		{"aujourd'hui AUJOURD’HUI aujourd'huit", "aujourdhui aujourdhui aujourd+huit"},
		{"O'Brien presqu'île", "o+brien presqu+ile"},
		{"the client's offer, clients' offers", "the client offer clients offers"},
		{"l' d'", "l d"},
		{"d'un côté, l'«offre»", "un cote l+offre"},

		// words made of parts
		{"REF-2023/145", "ref+2023+145"},
		{"jean.dupont@acme.fr", "jean+dupont+acme+fr"},
		{"Devis_Acme_2023.pdf", "devis+acme+2023+pdf"},
		{"compte-rendu R&D", "compte+rendu r+d"},
		{"(devis)", "devis"},
		{"15h30 A320 2ème", "15h30 a320 2eme"},

		// numbers
		{"12 450,00 €", "12450+00"},
		{"12\u00a0450,00\u202f€", "12450+00"},
		{"12\u202f450.00", "12450+00"},
		{"12.450,00", "12450+00"},
		{"12,450.00", "12450+00"},
		{"12'450.00", "12450+00"},
		{"12450,00", "12450+00"},
		{"1 234 567", "1234567"},
		{"1.234.567,89", "1234567+89"},
		{"12 450kg", "12 450kg"},
		{"1,50 300", "1+50 300"},
		{"12,5 0,125 3.14159", "12+5 0+125 3+14159"},
		{"en 2021 100 clients", "en 2021 100 clients"},
		{"12 4500", "12 4500"},
		{"REF-12 450", "ref+12 450"},
		{"prix:12 450", "prix+12450"},
		{"15/03/2021 15.03.2021 2021-03-15", "15+03+2021 15+03+2021 2021+03+15"},
		{"192.168.1.10", "192168+1+10"},
		{"-12 +5", "12 5"},

		// telephone, SIREN, SIRET
		{"06 12 34 56 78", "0612345678"},
		{"06.12.34.56.78 06-12-34-56-78", "0612345678 0612345678"},
		{"+33 6 12 34 56 78", "0612345678"},
		{"+33 (0)6 12 34 56 78", "0612345678"},
		{"+33(0)612345678 0033612345678", "0612345678 0612345678"},
		{"06 12 34 56 7", "06 12 34 56 7"},
		{"+33 6 12", "33 6 12"},
		{"+32 475 12 34 56", "32475 12 34 56"},
		{"SIREN 123 456 789", "siren 123456789"},
		{"005 520 176", "005520176"},
		{"SIRET 123 456 789 00012", "siret 123456789 00012"},
		{"12345678900012", "123456789+00012"},

		// scripts without spaces
		{"契約書です", "契+約+書+で+す"},
		{"한국어 ไทย", "한+국+어 ไ+ท+ย"},
		{"ABC契約", "abc+契+約"},
	} {
		if got := shown(New().Tokens(nil, tc.text)); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.text, got, tc.want)
		}
	}
}

func TestFoldPrefix(t *testing.T) {
	for _, tc := range []struct{ prefix, of string }{
		{"Négo", "négociations"}, {"ŒU", "œuvre"}, {"é", "Étude"}, {"2E", "2ème"},
	} {
		w := New().Tokens(nil, tc.of)[0]
		if p := FoldPrefix(tc.prefix); p == "" || !strings.HasPrefix(w.Surface, p) {
			t.Errorf("%s is folded to %s, which %s does not begin with", tc.prefix, p, w.Surface)
		}
	}
}

func TestLongWord(t *testing.T) {
	long := strings.Repeat("é", 1<<20) + " fin"
	tokens := New().Tokens(nil, "x "+long)
	if len(tokens) != 3 || len(tokens[1].Term) > MaxTerm || tokens[1].End-tokens[1].Start != 2<<20 {
		t.Fatalf("got %d tokens, the second of %d bytes", len(tokens), len(tokens[1].Term))
	}
	digits := New().Tokens(nil, "1"+strings.Repeat(" 000", 1000))
	if len(digits) != 1 || len(digits[0].Term) != MaxTerm {
		t.Fatalf("got %d tokens, the first %d bytes", len(digits), len(digits[0].Term))
	}
}

// check checks what tokens promise whatever the text.
func check(t *testing.T, a *Analyzer, text string) {
	t.Helper()
	tokens := a.Tokens(nil, text)
	if again := New().Tokens(nil, text); !slices.Equal(tokens, again) {
		t.Fatalf("%q: a fresh analyzer gives other tokens:\n%+v\n%+v", text, tokens, again)
	}
	if got := slices.Collect(a.All(text)); !slices.Equal(tokens, got) {
		t.Fatalf("%q: All and Tokens differ", text)
	}
	last := 0
	for i, k := range tokens {
		switch {
		case k.Start < last || k.End <= k.Start || k.End > len(text):
			t.Fatalf("%q: token %d at %d to %d, after %d", text, i, k.Start, k.End, last)
		case k.Term == "" || k.Surface == "" || len(k.Term) > MaxTerm || len(k.Surface) > MaxTerm:
			t.Fatalf("%q: token %d is %q, surface %q", text, i, k.Term, k.Surface)
		case strings.ContainsFunc(k.Term+k.Surface, notTerm) || !utf8.ValidString(k.Term+k.Surface):
			t.Fatalf("%q: %q or %q holds more than letters and digits", text, k.Term, k.Surface)
		case k.Glued && (i == 0 || strings.ContainsFunc(text[last:k.Start], unicode.IsSpace)):
			t.Fatalf("%q: token %d is not glued", text, i)
		}
		last = k.End
	}
}

func notTerm(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }

// TestRandom checks the promises on texts made of what is hard.
func TestRandom(t *testing.T) {
	pieces := []string{" ", "'", "’", ".", ",", "-", "+", "(0)", "+33", "0033", "06", "12", "450", "000", "12345678900012", "\u00a0",
		"é", "e\u0301", "\u0301", "l", "d", "qu", "s", "aujourd", "hui", "œ", "契", "\xff", "\u00ad", "\u2028", "ﬁ", "€", "abc", "x\u200d", "ﱞ", "ª", "½"}
	r := rand.New(rand.NewPCG(5, 6))
	a := New()
	for range 20_000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		check(t, a, b.String())
	}
}

// TestSurfaceIsStable checks that a surface, met as a text, is its own surface and
// has the same term: what makes a vocabulary of surfaces sound.
func TestSurfaceIsStable(t *testing.T) {
	a := New()
	for _, k := range a.Tokens(nil, mailText()) {
		again := a.Tokens(nil, k.Surface)
		if len(again) != 1 || again[0].Surface != k.Surface || again[0].Term != k.Term {
			if !strings.ContainsFunc(k.Surface, unicode.IsDigit) { // 14 digits, or 0033..., fall apart
				t.Fatalf("%q gives %+v", k.Surface, again)
			}
		}
	}
}

// TestCacheIsBounded checks that words never met again do not pile up, and that what
// the cache forgets it finds again.
func TestCacheIsBounded(t *testing.T) {
	a := New()
	want := a.Terms(nil, "livraisons")
	for i := range 5 * mostSets {
		a.Terms(nil, fmt.Sprintf("mot%d", i))
		if i%mostSets == 0 && !slices.Equal(a.Terms(nil, "livraisons"), want) {
			t.Fatal("the cache changes terms")
		}
	}
	if n := len(a.words.sets); n != mostSets {
		t.Errorf("the cache has %d sets", n)
	}
}

// TestNoGarbage checks that a text of known words costs no allocation, once the cache has
// grown: in a small one three of them may share a set.
func TestNoGarbage(t *testing.T) {
	const text = "Bonjour Jean, l'offre REF-2023/145 à 12 450,00 € part aujourd'hui. Tél. 06 12 34 56 78"
	a := New()
	for i := range 4 * mostSets {
		a.Terms(nil, fmt.Sprintf("mot%d", i))
	}
	tokens := a.Tokens(nil, text)
	if n := testing.AllocsPerRun(100, func() { tokens = a.Tokens(tokens[:0], text) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("Bonjour, l'offre REF-2023/145 à 12 450,00 € (jean.dupont@acme.fr, +33 (0)6 12 34 56 78)")
	f.Add("aujourd’hui qu'\xff\u0301 契約 12345678900012 0033 1.234.567,89")
	a := New()
	f.Fuzz(func(t *testing.T, text string) { check(t, a, text) })
}

func ExampleAnalyzer_Tokens() {
	for _, t := range New().Tokens(nil, "L'offre REF-2023 : 12 450 €") {
		fmt.Println(t.Term, t.Surface, t.Glued)
	}
	// Output:
	// offr offre false
	// ref ref false
	// 2023 2023 true
	// 12450 12450 false
}
