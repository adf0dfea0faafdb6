package search

import (
	"fmt"
	"testing"

	"github.com/relais-archive/relais/search/analysis"
)

// TestRanking: by which words a query is ranked.
func TestRanking(t *testing.T) {
	for query, want := range map[string]string{
		"devis":                         "{[{ devi 1}] []}",
		"le devis du client":            "{[{ devi 1} { client 1}] []}",
		"le la":                         "{[{ le 1} { la 1}] []}",
		"devis OR devis objet:devis":    "{[{ devi 2} {subject devi 1}] []}",
		`"prix de la commande"`:         "{[{ prix 1} { command 1}] []}",
		"compte-rendu":                  "{[{ compt 1} { rendu 1}] []}",
		"puis-je":                       "{[{ puis 1} { je 1}] []}",
		"comma*":                        "{[] [{ comma}]}",
		"le comma*":                     "{[] [{ comma}]}",
		`"devis comma*"`:                "{[{ devi 1}] [{ comma}]}",
		"devis -client":                 "{[{ devi 1}] []}",
		"kind:message":                  "{[] []}",
		"REF-2023/145 kind:message (x)": "{[{ ref 1} { 2023 1} { 145 1} { x 1}] []}",
	} {
		n, err := Parse(query, ParseOptions{})
		if err != nil {
			t.Fatal(query, err)
		}
		if got := fmt.Sprint(NewRanking(n, analysis.New())); got != want {
			t.Errorf("%s is ranked by %s, want %s", query, got, want)
		}
	}
}

// TestLengths: neither surfaces nor marks count.
func TestLengths(t *testing.T) {
	w := NewPoster(analysis.New())
	for range 2 {
		w.Columns([]Part{{ColumnTo, "Jean Dupont"}, {ColumnTo, "j@acme.fr"}, {ColumnSubject, "offres offres"}})
		if got, want := w.Lengths(), (Lengths{ColumnTo: 5, ColumnSubject: 2}); got != want {
			t.Errorf("lengths %v, want %v", got, want)
		}
	}
}
