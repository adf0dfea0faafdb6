package search

import (
	"testing"

	"github.com/relais-archive/relais/search/analysis"
)

func TestClause(t *testing.T) {
	for _, tc := range []struct {
		text Text
		want string
	}{
		{Text{Words: "mail contact"}, `mail contact`},
		{Text{Words: "le mail de la vente des contacts"}, `mail vent contact`},
		{Text{Words: "le de la"}, `le de la`},
		{Text{Words: "le contact de", Phrase: true}, `"le contact de"`},
		{Text{Words: "REF-2023/145"}, `"ref 2023 145"`},
		{Text{Words: "mail jean.dupont@acem.fr"}, `mail "jean dupont acem fr"`},
		{Text{Words: "12 450,00 €"}, `"12450 00"`},
		{Text{Words: "12.450,00"}, `"12450 00"`},
		{Text{Words: "l'accord qu’il"}, `accord`},
		{Text{Words: "Négo", Prefix: true}, `nego*`},
		{Text{Words: "REF-20", Prefix: true}, `"ref 20*"`},
		{Text{Words: "bon de comm", Phrase: true, Prefix: true}, `"bon de comm*"`},
		{Text{Words: "le", Prefix: true}, `le*`},
		{Text{Words: "!!!"}, ``},
	} {
		if got := tc.text.Clause(analysis.New()).String(); got != tc.want {
			t.Errorf("%+v: got %s, want %s", tc.text, got, tc.want)
		}
	}
}
