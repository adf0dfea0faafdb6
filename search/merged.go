package search

import (
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// WithMerged gives a query that asks, where it asks for a client that is one with
// another, for that other as well: documents bear the other's id and name alone.
func WithMerged(n Node, merged []relais.MergedClient) Node {
	if len(merged) == 0 {
		return n
	}
	return Rewrite(n, func(leaf Node) Node {
		v, ok := leaf.(Value)
		if !ok || v.Field != ByClient && v.Field != ByUncertain {
			return leaf
		}
		either := Or{leaf}
		for _, m := range merged {
			if other := (Value{Field: v.Field, Value: m.Into}); v.Value != m.Into && v.asksFor(m) && !slices.Contains(either, Node(other)) {
				either = append(either, other)
			}
		}
		if len(either) == 1 {
			return leaf
		}
		return either
	})
}

// asksFor tells whether a value names a client by its id or its name.
func (v Value) asksFor(m relais.MergedClient) bool {
	return v.Folded() == Fold(m.ID) || m.Name != "" && NameHolds(m.Name, v.Value)
}
