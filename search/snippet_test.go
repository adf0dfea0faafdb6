package search

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/relais"
)

// brackets shows marks so that they can be read in a test.
func brackets(s string) string {
	return strings.NewReplacer(relais.HighlightStart, "[", relais.HighlightEnd, "]").Replace(s)
}

func mustParse(t testing.TB, query string) Node {
	t.Helper()
	n, err := Parse(query, ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSnippet(t *testing.T) {
	filler := strings.Repeat("Rien à voir ici avec cela du tout. ", 20)
	for _, tc := range []struct {
		name, text, query string
		size              int
		want              string
	}{
		{"short", "Voici le devis.", "devis", 80, "Voici le [devis]."},
		{"spaces", "Voici\n\n\tle   devis.\r\n", "devis", 80, "Voici le [devis]."},
		{"quote marks", "> > Voici\n> le devis\n1 > 0", "devis", 80, "Voici le [devis] 1 > 0"},
		{"no match", "Un deux trois quatre", "devis", 12, "Un deux …"},
		{"no match, long word", "Anticonstitutionnellement", "devis", 8, "Anticons …"},
		{"empty", "", "devis", 80, ""},
		{"sentence", filler + "Voici le devis promis. " + filler, "devis", 40, "… Voici le [devis] promis. Rien à voir ici …"},
		{"word", strings.ReplaceAll(filler, ".", ",") + "et puis le devis promis, " + filler, "devis", 20, "… le [devis] promis, …"},
		{"end", filler + "Voici le devis", "devis", 30, "… Voici le [devis]"},
		{"end, two sentences", filler + "Voici le devis", "devis", 50, "… Rien à voir ici avec cela du tout. Voici le [devis]"},
		{"both words", "Le devis. " + filler + "La pompe. " + filler + "Devis de pompe.", "devis pompe", 30, "… [Devis] de [pompe]."},
		{"phrase longer than the snippet", "un bon de commande ouverte signé", `"bon de commande ouverte"`, 14, "… [bon de command] …"},
		{"marks in the text", "Voici \ue000le\ue001 devis\u202e.", "devis", 80, "Voici le [devis]."},
		{"controls", "Voici\x1b[31m le\x00devis", "devis", 80, "Voici [31m le [devis]"},
		{"no size", "devis", "devis", 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := brackets(Snippet(tc.text, nil, mustParse(t, tc.query), tc.size)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestSnippetZones(t *testing.T) {
	text := "> le devis de la pompe\nBonjour,\nle devis suit.\n-- \nJean Dupont, pompes"
	cut := func(s string) int { return strings.Index(text, s) }
	zones := []relais.Zone{
		{Kind: relais.ZoneQuote, Start: 0, End: cut("Bonjour")},
		{Kind: relais.ZoneNew, Start: cut("Bonjour"), End: cut("-- ")},
		{Kind: relais.ZoneSignature, Start: cut("-- "), End: len(text)},
	}
	for _, tc := range []struct{ query, want string }{
		{"devis", "Bonjour, le [devis] suit."},
		{"absent", "Bonjour, le devis suit."},
		{"devis pompe", "le [devis] de la [pompe]"},
		{"dupont", "-- Jean [Dupont], pompes"},
	} {
		if got := brackets(Snippet(text, zones, mustParse(t, tc.query), 80)); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.query, got, tc.want)
		}
	}
}

// TestSnippetOfLongText checks that 20 MiB cost no more than what is read of them.
func TestSnippetOfLongText(t *testing.T) {
	text := strings.Repeat("une ligne de texte sans rien de ce que l'on cherche ici\n", 20<<20/56)
	query := mustParse(t, "devis pompe")
	start := time.Now()
	got := Snippet(text, nil, query, 160)
	if d := time.Since(start); d > time.Minute {
		t.Errorf("took %v", d)
	}
	if !strings.HasPrefix(got, "une ligne de texte") || !strings.HasSuffix(got, " …") {
		t.Errorf("got %s", got)
	}
	if spans := Highlight(text+"le devis", query); len(spans) != 1 || spans[0].Start != len(text)+3 {
		t.Errorf("got %v", spans)
	}
}

// checkSnippet checks what a snippet promises whatever the text.
func checkSnippet(t *testing.T, text string, zones []relais.Zone, n Node, size int) {
	t.Helper()
	got := Snippet(text, zones, n, size)
	if got != Snippet(text, zones, n, size) {
		t.Fatal("two snippets of the same differ")
	}
	if !utf8.ValidString(got) {
		t.Fatalf("%q is not UTF-8", got)
	}
	open := false
	for _, r := range got {
		switch r {
		case 0xE000, 0xE001:
			if open == (r == 0xE000) {
				t.Fatalf("%q: marks do not match", got)
			}
			open = !open
		}
	}
	if open {
		t.Fatalf("%q: a mark is not closed", got)
	}
	plain := strings.NewReplacer(relais.HighlightStart, "", relais.HighlightEnd, "").Replace(got)
	if n := utf8.RuneCountInString(plain); n > size+4 {
		t.Fatalf("%q has %d characters, of %d at most", plain, n, size)
	}
	if strings.ContainsAny(plain, "\n\r\t\x00\u202e") {
		t.Fatalf("%q holds what must be left out", plain)
	}
}

// TestSnippetFinds checks on random texts that a word of the text is marked in its
// snippet.
func TestSnippetFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("devis pompe l'offre REF-2023/145 12 450,00 € jean.dupont@acme.fr Été. négociations\n\n > le la\tde sur avec 契約 06.12.34.56.78 —")
	for range 3000 {
		var b strings.Builder
		for range 1 + r.IntN(120) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		text := b.String() + "facture"
		cut := r.IntN(len(text))
		zones := []relais.Zone{{Kind: relais.ZoneQuote, End: cut}, {Kind: relais.ZoneNew, Start: cut, End: len(text)}}
		size := 20 + r.IntN(200)
		if r.IntN(2) == 0 {
			zones = nil
		}
		n := mustParse(t, []string{"factures", "devis facture", `"avec facture" OR facture`, "factu*"}[r.IntN(4)])
		checkSnippet(t, text, zones, n, size)
		if got := Snippet(text, nil, mustParse(t, "factures"), size); !strings.Contains(brackets(got), "[facture]") {
			t.Fatalf("%q: no match marked in %q", text, got)
		}
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add("Voici le devis REF-2023/145 à 12 450,00 €", `devis "REF-2023" 12450`, 3, 20, 40)
	f.Add("> \ue000\u202e\xff l'offre", `l'offre OR of*`, -1, 99, 1)
	f.Fuzz(func(t *testing.T, text, query string, start, end, size int) {
		n, err := Parse(query, ParseOptions{})
		if err != nil {
			return
		}
		zones := []relais.Zone{{Kind: relais.ZoneNew, Start: start, End: end}, {Kind: relais.ZoneQuote, Start: end, End: len(text)}}
		size = min(max(size, 1), 400)
		checkSnippet(t, text, zones, n, size)
		checkSnippet(t, text, nil, n, size)
		at := 0
		for _, s := range Highlight(text, n) {
			if s.Start < at || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("span %v after %d in %d bytes", s, at, len(text))
			}
			at = s.End
		}
	})
}

func BenchmarkSnippet(b *testing.B) {
	text := strings.Repeat("Bonjour Jean, rien de neuf sur le chantier de Lyon, à demain.\n", 60) + "Voici le devis de la pompe.\n"
	n := mustParse(b, "devis pompe")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Snippet(text, nil, n, 160)
	}
}
