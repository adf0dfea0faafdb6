package sqlite

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// facets counts the values of fields among the hits. A document counts once for each
// of its values; a value is labelled with the name most of the hits know it by.
func (s *snapshot) facets(hits *roaring.Bitmap, wanted []search.Field, size int) map[search.Field][]relais.FacetValue {
	if len(wanted) == 0 {
		return nil
	}
	out := make(map[search.Field][]relais.FacetValue, len(wanted))
	for _, w := range wanted {
		if w == search.FacetYear {
			out[w] = frequent(s.years(hits), size)
			continue
		}
		f, _ := facetField(w)
		out[w] = s.top(f, s.count(hits, f), size)
	}
	return out
}

// facetField gives the column that a facet counts.
func facetField(f search.Field) (field, bool) {
	switch f {
	case search.FacetClient:
		return fieldClient, true
	case search.FacetTopic:
		return fieldTopic, true
	case search.FacetCase:
		return fieldCase, true
	case search.FacetKind:
		return fieldKind, true
	case search.FacetType:
		return fieldType, true
	case search.FacetLanguage:
		return fieldLanguage, true
	case search.FacetFrom:
		return fieldSender, true
	}
	return 0, false
}

// count counts the codes of a field among hits.
func (s *snapshot) count(hits *roaring.Bitmap, f field) []int {
	counts := make([]int, len(s.lists[f]))
	var buf [512]uint32
	it := hits.ManyIterator()
	for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
		for _, row := range buf[:n] {
			counts[s.blocks[row/blockRows].codes[f][row%blockRows]]++
		}
	}
	return counts
}

// top gives the most frequent values, of counts of lists. A media type, told from a
// family by its slash, is for filters only.
func (s *snapshot) top(f field, counts []int, size int) []relais.FacetValue {
	named, total := make(map[value]int), make(map[string]int)
	for c, n := range counts {
		if n == 0 {
			continue
		}
		for i, v := range s.lists[f][c] {
			if f == fieldType && strings.Contains(v.ID, "/") {
				continue
			}
			named[v] += n
			if i == 0 || s.lists[f][c][i-1].ID != v.ID {
				total[v.ID] += n
			}
		}
	}
	out := frequent(total, size)
	label(out, named)
	return out
}

// frequent gives the values with the highest counts, then by value.
func frequent(counts map[string]int, size int) []relais.FacetValue {
	first := best[relais.FacetValue]{most: size, compare: func(a, b relais.FacetValue) int {
		if c := cmp.Compare(b.Count, a.Count); c != 0 {
			return c
		}
		return cmp.Compare(a.Value, b.Value)
	}}
	for v, n := range counts {
		first.offer(relais.FacetValue{Value: v, Count: n})
	}
	return first.sorted()
}

// label gives each value the name that most hits know it by, the first in the
// alphabet of several.
func label(values []relais.FacetValue, named map[value]int) {
	place := make(map[string]int, len(values))
	for i, v := range values {
		place[v.Value] = i
	}
	most := make([]int, len(values))
	for v, n := range named {
		i, ok := place[v.ID]
		if ok && (n > most[i] || n == most[i] && v.Name < values[i].Label) {
			most[i], values[i].Label = n, v.Name
		}
	}
}

// byMonth counts the hits by month, the undated under noMonth. One month often
// follows itself.
func (s *snapshot) byMonth(hits *roaring.Bitmap) map[int32]int {
	counts := make(map[int32]int)
	last, n := int32(noMonth), 0
	for it := hits.Iterator(); it.HasNext(); n++ {
		row := it.Next()
		if m := s.blocks[row/blockRows].months[row%blockRows]; m != last {
			counts[last] += n
			last, n = m, 0
		}
	}
	counts[last] += n
	return counts
}

// years counts the hits by year, the undated under a value of their own.
func (s *snapshot) years(hits *roaring.Bitmap) map[string]int {
	counts := make(map[string]int)
	for m, n := range s.byMonth(hits) {
		switch {
		case n == 0:
		case m == noMonth:
			counts[search.NoDate] += n
		default:
			counts[fmt.Sprintf("%04d", m/12)] += n
		}
	}
	return counts
}

// histogram counts the dated hits by month, ascending.
func (s *snapshot) histogram(hits *roaring.Bitmap) []relais.FacetValue {
	counts := s.byMonth(hits)
	delete(counts, noMonth)
	months := make([]int32, 0, len(counts))
	for m := range counts {
		months = append(months, m)
	}
	slices.Sort(months)
	out := make([]relais.FacetValue, len(months))
	for i, m := range months {
		out[i] = relais.FacetValue{Value: fmt.Sprintf("%04d-%02d", m/12, m%12+1), Count: counts[m]}
	}
	return out
}
