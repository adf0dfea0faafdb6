package search

import "github.com/relais-archive/relais/search/analysis"

// Facets lists every facet, in the order pages show them.
func Facets() []Field {
	return []Field{FacetClient, FacetTopic, FacetFrom, FacetYear, FacetKind, FacetType, FacetLanguage, FacetCase}
}

// Rewrite gives the tree with each leaf replaced by what fn makes of it.
func Rewrite(n Node, fn func(Node) Node) Node {
	switch n := n.(type) {
	case And:
		list := make(And, len(n))
		for i, x := range n {
			list[i] = Rewrite(x, fn)
		}
		return list
	case Or:
		list := make(Or, len(n))
		for i, x := range n {
			list[i] = Rewrite(x, fn)
		}
		return list
	case Not:
		return Not{Of: Rewrite(n.Of, fn)}
	case nil:
		return nil
	}
	return fn(n)
}

// NameHolds tells whether a name holds some words, whole and next to each other,
// whatever their case and accents.
func NameHolds(name, words string) bool {
	a := analysis.New()
	in, want := surfaces(a, name), surfaces(a, words)
	for i := 0; len(want) > 0 && i+len(want) <= len(in); i++ {
		if equal(in[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

func surfaces(a *analysis.Analyzer, s string) []string {
	var list []string
	for _, t := range a.Tokens(nil, s) {
		list = append(list, t.Surface)
	}
	return list
}

func equal(a, b []string) bool {
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
