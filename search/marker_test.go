package search

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/relais-archive/relais/search/analysis"
)

func TestHighlight(t *testing.T) {
	for _, tc := range []struct{ query, text, want string }{
		{`négociation`, `Les Négociations, la négociation`, `Les [Négociations], la [négociation]`},
		{`livrer`, `Livré hier, livrés demain, livraison`, `[Livré] hier, [livrés] demain, livraison`},
		{`"bon de commande"`, `un bon de commande, un bon, de commande`, `un [bon de commande], un [bon, de commande]`},
		{`bon commande`, `un bon de commande`, `un [bon] de [commande]`},
		{`le devis de la pompe`, `le devis de la pompe`, `le [devis] de la [pompe]`},
		{`l'offre`, `Voici l’offre d'achat`, `Voici l’[offre] d'achat`},
		{`négo*`, `Negociants et négoces, renégocier`, `[Negociants] et [négoces], renégocier`},
		{`"bon de comm*"`, `bon de commande, bon de livraison`, `[bon de commande], bon de livraison`},
		{`REF-2023/145`, `La réf. REF-2023/145 et REF-2023/146`, `La réf. [REF-2023/145] et REF-2023/146`},
		{`dupont`, `jean.dupont@acme.fr`, `jean.[dupont]@acme.fr`},
		{`jean.dupont@acme.fr`, `<jean.dupont@acme.fr>`, `<[jean.dupont@acme.fr]>`},
		{`12450`, `12 450,00 € ou 12.450 €`, `[12 450],00 € ou [12.450] €`},
		{`0612345678`, `Tél. +33 (0)6 12 34 56 78`, `Tél. [+33 (0)6 12 34 56 78]`},
		{`devis -facture`, `devis et facture`, `[devis] et facture`},
		{`devis OR facture`, `devis et facture`, `[devis] et [facture]`},
		{`objet:devis client:acme from:acme`, `devis acme`, `devis acme`},
		{`"a b" "b c"`, `a b c`, `[a b c]`},
		{`"a a"`, `a a a`, `[a a a]`},
		{`契約`, `これは契約です`, `これは[契約]です`},
		{``, `rien`, `rien`},
	} {
		var b strings.Builder
		at := 0
		for _, s := range Highlight(tc.text, mustParse(t, tc.query)) {
			b.WriteString(tc.text[at:s.Start] + "[" + tc.text[s.Start:s.End] + "]")
			at = s.End
		}
		if got := b.String() + tc.text[at:]; got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.query, got, tc.want)
		}
	}
}

func TestMarkerOfField(t *testing.T) {
	m := NewMarker(mustParse(t, `objet:devis pompe cc:acme`), InSubject)
	got := m.Highlight("devis pompe acme")
	if want := []Span{{0, 5}, {6, 11}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestMarkerAgreesWithClauses checks that a text is marked if and only if it holds
// what the query's clause asks for, by the terms alone: what an engine does.
func TestMarkerAgreesWithClauses(t *testing.T) {
	texts := []string{
		"Voici les devis des pompes", "le devis, la pompe", "bons de commande ouverts", "commande : bon", "REF-2023/145", "145/2023 REF",
		"jean.dupont@acme.fr", "Jean Dupont, ACME France", "12 450,00 €", "12450 pompes", "négociation en cours", "aujourd'hui", "契約書",
	}
	queries := []Text{
		{Words: "devis pompe"}, {Words: "bon de commande", Phrase: true}, {Words: "REF-2023/145"}, {Words: "dupont"}, {Words: "jean.dupont@acme.fr"},
		{Words: "12.450"}, {Words: "nego", Prefix: true}, {Words: "les"}, {Words: "契約"}, {Words: "aujourd’hui"}, {Words: "ref-20", Prefix: true},
	}
	a := analysis.New()
	for _, text := range texts {
		tokens := a.Tokens(nil, text)
		for _, q := range queries {
			want := false
			for _, p := range q.Clause(a).Phrases {
				want = want || holds(tokens, p)
			}
			if got := len(Highlight(text, q)) > 0; got != want {
				t.Errorf("%s in %s: marked %v, found %v", q.Words, text, got, want)
			}
		}
	}
}

// holds tells whether a phrase is in a text, the plain way.
func holds(tokens []analysis.Token, p Phrase) bool {
	for i := range tokens {
		rest := tokens[i:]
		if len(rest) < p.length() {
			return false
		}
		ok := p.Prefix == "" || strings.HasPrefix(rest[len(p.Terms)].Surface, p.Prefix)
		for j, term := range p.Terms {
			ok = ok && rest[j].Term == term
		}
		if ok {
			return true
		}
	}
	return false
}

func TestJoinSpans(t *testing.T) {
	for _, tc := range []struct{ spans, want []Span }{
		{nil, nil},
		{[]Span{{0, 2}, {2, 4}}, []Span{{0, 2}, {2, 4}}},
		{[]Span{{0, 9}, {1, 3}, {5, 12}, {20, 21}}, []Span{{0, 12}, {20, 21}}},
		{[]Span{{0, 2}, {0, 5}}, []Span{{0, 5}}},
	} {
		if got := joinSpans(tc.spans); !slices.Equal(got, tc.want) {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
}

// TestMarkersLend: a lent marker finds what one of its own would, whatever query its
// analyzer served before and whoever else has one.
func TestMarkersLend(t *testing.T) {
	var lent Markers
	text := strings.Repeat("Le prix des pompes a été promis en juin. Livraisons gratuites ! ", 50)
	var all sync.WaitGroup
	for _, q := range []string{"prix", "livraison", `"pompes a"`, "gratuit*", "absent"} {
		n, err := Parse(q, ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			all.Go(func() {
				lent.Mark(n, func(m *Marker) {
					if got, want := m.Snippet(text, nil, 100), Snippet(text, nil, n, 100); got != want {
						t.Errorf("%s: %q, want %q", q, got, want)
					}
				})
			})
		}
	}
	all.Wait()
}
