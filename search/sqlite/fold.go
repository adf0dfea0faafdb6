package sqlite

import (
	"slices"

	"github.com/relais-archive/relais/search/analysis"
)

// words gives the words of a name or of a value, as they are compared.
func words(a *analysis.Analyzer, s string) []string {
	var w []string
	for t := range a.All(s) {
		w = append(w, t.Surface)
	}
	return w
}

// holds tells whether some words stand in a name, next to each other.
func holds(name, wanted []string) bool {
	if len(wanted) == 0 {
		return false
	}
	for ; len(name) >= len(wanted); name = name[1:] {
		if slices.Equal(name[:len(wanted)], wanted) {
			return true
		}
	}
	return false
}
