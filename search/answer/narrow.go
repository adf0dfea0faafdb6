package answer

import (
	"context"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// With gives the question with one more clause, or "" when the clause cannot be said: a
// stranger's address may hold anything.
func (ans *Answer) With(clause string) string {
	query := strings.TrimSpace(ans.Text + " " + clause)
	if _, err := ans.by.parse(query, ans.Lang); err != nil {
		return ""
	}
	return query
}

// Telling gives the values of a facet, unless all hits have them in common.
func (ans *Answer) Telling(f search.Field) []relais.FacetValue {
	values := ans.Page.Facets[string(f)]
	if len(values) == 1 && values[0].Count == ans.Total {
		return nil
	}
	return values
}

// Clause says a facet's value in the query language.
func Clause(f search.Field, v relais.FacetValue) string {
	switch f {
	case search.FacetYear:
		return "date:" + v.Value
	case search.FacetFrom:
		return search.Format(search.Text{In: search.InFrom, Words: v.Value})
	case search.FacetCase:
		return search.Format(search.Value{Field: search.ByCase, Value: v.Value})
	case search.FacetLanguage:
		return search.Format(search.Value{Field: search.ByLanguage, Value: v.Value})
	}
	return search.Format(search.Value{Field: search.ValueField(f), Value: v.Value})
}

// Criterion is one thing that narrows a question, in words, and the question without it.
type Criterion struct{ Label, Rest string }

// Criteria lists what narrows the question beside the words looked for.
func (ans *Answer) Criteria(ctx context.Context) []Criterion {
	all, several := ans.written.(search.And)
	if !several {
		all = search.And{ans.written}
	}
	var list []Criterion
	for i, clause := range all {
		if !narrows(clause) {
			continue
		}
		rest := append(append(search.And{}, all[:i]...), all[i+1:]...)
		list = append(list, Criterion{Label: ans.describe(ctx, clause), Rest: search.Format(rest)})
	}
	return list
}

// narrows tells a criterion from words that are looked for.
func narrows(node search.Node) bool {
	switch v := node.(type) {
	case search.Value, search.Days, search.Undated, search.Bytes:
		return true
	case search.Text:
		return v.In != search.InAll
	case search.Not:
		return narrows(v.Of)
	}
	return false
}

// describe says a criterion, with names in the place of ids.
func (ans *Answer) describe(ctx context.Context, node search.Node) string {
	named := search.Rewrite(node, func(leaf search.Node) search.Node {
		v, ok := leaf.(search.Value)
		if !ok {
			return leaf
		}
		if label := ans.label(ctx, v); label != "" {
			v.Value = label
		}
		return v
	})
	return search.Describe(named, ans.Lang)
}

// label gives the name of a value. The facets know those of what was found; other
// names are told only to who sees everything, for a name is something to see too.
func (ans *Answer) label(ctx context.Context, v search.Value) string {
	switch v.Field {
	case search.ByTopic, search.ByKind, search.ByType:
		return ans.by.deps.Name(ans.Lang, string(v.Field), v.Value)
	case search.ByLanguage:
		return ans.by.deps.Name(ans.Lang, string(search.FacetLanguage), v.Value)
	}
	if label := labelIn(ans.Page.Facets[string(v.Field)], v.Value); label != "" {
		return label
	}
	if !ans.Scope.SeesAll() {
		return ""
	}
	names, err := ans.by.names(ctx, search.Field(v.Field), map[string]bool{v.Value: true})
	if err != nil {
		return "" // the id will do
	}
	return names[v.Value]
}

func labelIn(values []relais.FacetValue, value string) string {
	for _, v := range values {
		if strings.EqualFold(v.Value, value) {
			return v.Label
		}
	}
	return ""
}
