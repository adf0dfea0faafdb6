package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/answer"
)

// narrower makes the links that narrow a search and widen it again. They are
// searches like any other: what a link does stands in the box, in the words of the
// query language.
type narrower struct {
	found *answer.Answer
	sort  string
	now   time.Time
}

// with gives the way to the search with one more clause, or "" when it cannot be said.
func (n narrower) with(clause string) string {
	query := n.found.With(clause)
	if query == "" {
		return ""
	}
	return searchLink(query, n.sort)
}

// facets offers the values that do more than all hits have in common.
func (n narrower) facets() []ui.Facet {
	var list []ui.Facet
	for _, f := range search.Facets() {
		values := n.found.Telling(f)
		if len(values) == 0 {
			continue
		}
		facet := ui.Facet{Field: string(f)}
		for _, v := range values {
			clause := answer.Clause(f, v)
			facet.Values = append(facet.Values, ui.Choice{
				Value: v.Value, Label: v.Label, Count: v.Count, Link: n.with(clause), Exclude: n.with("-" + clause),
			})
		}
		list = append(list, facet)
	}
	return list
}

// active lists what narrows the search, each with the way to the search without it.
func (n narrower) active(ctx context.Context) []ui.Choice {
	var list []ui.Choice
	for _, k := range n.found.Criteria(ctx) {
		list = append(list, ui.Choice{Label: k.Label, Link: searchLink(k.Rest, n.sort)})
	}
	return list
}

// maxMonths is how many months are drawn one by one; more are drawn as years.
const maxMonths = 120

// bars lays the histogram out without gaps. Years outside of what mail can be dated
// are left to the facet: one false date must not flatten all others.
func (n narrower) bars(months []relais.FacetValue) []ui.Bar {
	counts := map[int]int{}
	for _, m := range months {
		if year, month, ok := yearMonth(m.Value); ok && year >= 1990 && year <= n.now.Year()+1 {
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
