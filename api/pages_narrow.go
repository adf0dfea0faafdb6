package api

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// narrower makes the links that narrow a search and widen it again. They are
// searches like any other: what a link does stands in the box, in the words of the
// query language.
type narrower struct {
	server *Server
	c      *gin.Context
	query  string
	sort   string
}

// with gives the way to the search with one more clause, or "" when the clause
// cannot be said: a stranger's address may hold anything.
func (n narrower) with(clause string) string {
	query := strings.TrimSpace(n.query + " " + clause)
	if _, err := n.server.parse(n.c, query); err != nil {
		return ""
	}
	return searchLink(query, n.sort)
}

// facets offers the values that do more than all hits have in common.
func (n narrower) facets(p relais.Page) []ui.Facet {
	var list []ui.Facet
	for _, f := range search.Facets() {
		values := p.Facets[string(f)]
		if len(values) == 0 || len(values) == 1 && values[0].Count == p.Total {
			continue
		}
		facet := ui.Facet{Field: string(f)}
		for _, v := range values {
			clause := clauseOf(f, v)
			facet.Values = append(facet.Values, ui.Choice{
				Value: v.Value, Label: v.Label, Count: v.Count, Link: n.with(clause), Exclude: n.with("-" + clause),
			})
		}
		list = append(list, facet)
	}
	return list
}

// clauseOf says a facet's value in the query language.
func clauseOf(f search.Field, v relais.FacetValue) string {
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

// active lists what narrows the search, each with the way to the search without it.
func (n narrower) active(p relais.Page) []ui.Choice {
	node, err := n.server.parse(n.c, n.query)
	if err != nil {
		return nil
	}
	all, several := node.(search.And)
	if !several {
		all = search.And{node}
	}
	var list []ui.Choice
	for i, clause := range all {
		if !narrows(clause) {
			continue
		}
		rest := append(append(search.And{}, all[:i]...), all[i+1:]...)
		list = append(list, ui.Choice{Label: n.describe(clause, p), Link: searchLink(search.Format(rest), n.sort)})
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
func (n narrower) describe(node search.Node, p relais.Page) string {
	named := search.Rewrite(node, func(leaf search.Node) search.Node {
		v, ok := leaf.(search.Value)
		if !ok {
			return leaf
		}
		if label := n.label(p, v); label != "" {
			v.Value = label
		}
		return v
	})
	return search.Describe(named, string(language(n.c)))
}

// label gives the name of a value. The facets know those of what was found; other
// names are told only to who sees everything, for a name is something to see too.
func (n narrower) label(p relais.Page, v search.Value) string {
	switch v.Field {
	case search.ByTopic, search.ByKind, search.ByType:
		return n.server.looks.Name(language(n.c), string(v.Field), v.Value)
	case search.ByLanguage:
		return n.server.looks.Name(language(n.c), string(search.FacetLanguage), v.Value)
	}
	if label := labelIn(p.Facets[string(v.Field)], v.Value); label != "" {
		return label
	}
	if !seesAll(n.server.scopeOf(n.c)) {
		return ""
	}
	names, err := n.server.names(n.c.Request.Context(), search.Field(v.Field))
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

// maxMonths is how many months are drawn one by one; more are drawn as years.
const maxMonths = 120

// bars lays the histogram out without gaps. Years outside of what mail can be dated
// are left to the facet: one false date must not flatten all others.
func (n narrower) bars(months []relais.FacetValue) []ui.Bar {
	counts := map[int]int{}
	for _, m := range months {
		if year, month, ok := yearMonth(m.Value); ok && year >= 1990 && year <= n.server.deps.Now().Year()+1 {
			counts[year*12+month-1] += m.Count
		}
	}
	if len(counts) == 0 {
		return nil
	}
	first, last := span(counts)
	if last-first < maxMonths {
		return n.each(first, last, counts, func(i int) string { return fmt.Sprintf("%04d-%02d", i/12, i%12+1) })
	}
	years := map[int]int{}
	for i, count := range counts {
		years[i/12] += count
	}
	return n.each(first/12, last/12, years, strconv.Itoa)
}

func (n narrower) each(first, last int, counts map[int]int, name func(int) string) []ui.Bar {
	var list []ui.Bar
	for i := first; i <= last; i++ {
		list = append(list, ui.Bar{Period: name(i), Count: counts[i], Link: n.with("date:" + name(i))})
	}
	return list
}

func span(counts map[int]int) (first, last int) {
	first = int(^uint(0) >> 1)
	for i := range counts {
		first, last = min(first, i), max(last, i)
	}
	return first, last
}

func yearMonth(s string) (year, month int, ok bool) {
	y, m, found := strings.Cut(s, "-")
	year, err := strconv.Atoi(y)
	if !found || err != nil {
		return 0, 0, false
	}
	month, err = strconv.Atoi(m)
	return year, month, err == nil && month >= 1 && month <= 12
}
