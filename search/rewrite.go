package search

import (
	"slices"

	"github.com/relais-archive/relais/search/analysis"
)

// Facets lists every facet, in the order pages show them.
func Facets() []Field {
	return []Field{FacetClient, FacetTopic, FacetFrom, FacetYear, FacetKind, FacetType, FacetLanguage, FacetCase}
}

// Rewrite gives the tree with each leaf replaced by what fn makes of it.
func Rewrite(n Node, fn func(Node) Node) Node {
	again := func(x Node) Node { return Rewrite(x, fn) }
	switch n := n.(type) {
	case And:
		return And(each(n, again))
	case Or:
		return Or(each(n, again))
	case Not:
		return Not{Of: again(n.Of)}
	case nil:
		return nil
	}
	return fn(n)
}

// each gives what fn makes of each node.
func each(list []Node, fn func(Node) Node) []Node {
	made := make([]Node, len(list))
	for i, x := range list {
		made[i] = fn(x)
	}
	return made
}

// uncertainClients makes "client:x is:uncertain" ask for what may be about x: of nodes
// that are all wanted, where one asks for what is uncertain, those of clients mean the
// uncertain ones.
func uncertainClients(n Node) Node {
	switch n := n.(type) {
	case And:
		return uncertainAmong(n)
	case Or:
		return Or(each(n, uncertainClients))
	case Not:
		return Not{Of: uncertainClients(n.Of)}
	}
	return n
}

// NamesClient tells whether a query wants a client for certain: so that what is uncertain
// may be asked for beside it.
func NamesClient(n Node) bool {
	switch n := n.(type) {
	case Value:
		return n.Field == ByClient
	case Or:
		return slices.ContainsFunc(n, NamesClient)
	case And:
		return slices.ContainsFunc(n, NamesClient) && !slices.Contains(n, Node(Value{Field: ByState, Value: StateUncertain}))
	}
	return false
}

func uncertainAmong(n And) Node {
	asks := Node(Value{Field: ByState, Value: StateUncertain})
	others := slices.DeleteFunc(slices.Clone(n), func(x Node) bool { return x == asks })
	list := And(each(others, uncertainClients))
	if len(others) == len(n) {
		return list
	}
	named := false
	list = each(list, func(x Node) Node { return asUncertain(x, &named) })
	if !named {
		list = append(list, asks)
	}
	return list
}

// asUncertain makes clients that are wanted uncertain ones; those that are not wanted
// stay.
func asUncertain(n Node, named *bool) Node {
	switch x := n.(type) {
	case Value:
		if x.Field == ByClient {
			*named = true
			x.Field = ByUncertain
		}
		return x
	case Or:
		return Or(each(x, func(y Node) Node { return asUncertain(y, named) }))
	}
	return n
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
