package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// How many values a shard counts for a facet. One shard alone counts all there are,
// whatever this says; of several, each gives its most frequent ones, and the answer
// says whether others may have been left out: then it is asked again for all that the
// server may give (search.max_buckets).
const (
	firstShardSize = 2_000
	mostBuckets    = 65_000
	labelsOfValue  = 50 // names of one value that are looked at
)

// months names the count of documents by month, of which years are made as well.
const months = "month"

// noMonth is the month under which the undated are counted.
const noMonth = -1

// counting gives what is to be counted for a request.
func counting(req search.Request, shardSize int) object {
	aggs := object{}
	if req.Histogram || slices.Contains(req.Facets, search.FacetYear) {
		aggs[months] = object{"terms": object{"field": "month", "size": mostBuckets, "missing": noMonth}}
	}
	for _, f := range req.Facets {
		if f == search.FacetYear {
			continue
		}
		count := object{"terms": object{"field": string(f), "size": req.FacetSize, "shard_size": max(shardSize, req.FacetSize), "show_term_doc_count_error": true}}
		if labelled(f) {
			count["aggs"] = object{"label": object{"terms": object{"field": string(f) + "_label", "size": labelsOfValue}}}
		}
		aggs[string(f)] = count
	}
	return aggs
}

// labelled tells the facets whose values have names.
func labelled(f search.Field) bool {
	return f == search.FacetClient || f == search.FacetTopic || f == search.FacetCase
}

// counts is the answer to one count.
type counts struct {
	Missed  int      `json:"doc_count_error_upper_bound"` // what a value left out may have at most
	Buckets []bucket `json:"buckets"`
}

// bucket is a value with its count.
type bucket struct {
	Key    json.RawMessage `json:"key"` // a string, or the number of a month
	Count  int             `json:"doc_count"`
	Missed int             `json:"doc_count_error_upper_bound"`
	Label  counts          `json:"label"`
}

// sure tells whether a count is exact: no shard has left out any of its values, and
// what shards have left out has less than the last one here.
func (c counts) sure(size int) bool {
	for _, b := range c.Buckets {
		if b.Missed != 0 {
			return false
		}
	}
	return c.Missed == 0 || len(c.Buckets) == size && c.Buckets[size-1].Count > c.Missed
}

// recount has counts that may not be exact made again in full. What even that cannot
// make sure of is noted.
func (x *Index) recount(ctx context.Context, req search.Request, body object, a *answer) ([]relais.Note, error) {
	unsure := req
	unsure.Histogram, unsure.Facets = false, a.unsure(req)
	if len(unsure.Facets) == 0 {
		return nil, nil
	}
	again := object{"query": body["query"], "size": 0, "track_total_hits": false, "timeout": searchTime, "aggs": counting(unsure, mostBuckets)}
	full, err := x.ask(ctx, req, again)
	if err != nil {
		return nil, err
	}
	for name, c := range full.Aggregations {
		a.Aggregations[name] = c
	}
	var notes []relais.Note
	for _, f := range full.unsure(unsure) {
		notes = append(notes, relais.Note{Code: "facet_approximate", Detail: string(f)})
	}
	return notes, nil
}

// unsure gives the facets whose counts may not be exact.
func (a *answer) unsure(req search.Request) []search.Field {
	var list []search.Field
	for _, f := range req.Facets {
		if f != search.FacetYear && !a.Aggregations[string(f)].sure(req.FacetSize) {
			list = append(list, f)
		}
	}
	return list
}

// facets gives the values of each facet, most frequent first, then by value, as the
// server has them.
func facets(req search.Request, counted map[string]counts) map[search.Field][]relais.FacetValue {
	if len(req.Facets) == 0 {
		return nil
	}
	out := make(map[search.Field][]relais.FacetValue, len(req.Facets))
	for _, f := range req.Facets {
		if f == search.FacetYear {
			out[f] = years(counted[months], req.FacetSize)
			continue
		}
		var list []relais.FacetValue
		for _, b := range counted[string(f)].Buckets {
			id := b.text()
			list = append(list, relais.FacetValue{Value: id, Label: b.Label.name(id), Count: b.Count})
		}
		out[f] = list
	}
	return out
}

// text gives a value's text.
func (b bucket) text() string {
	var s string
	if json.Unmarshal(b.Key, &s) != nil {
		return string(b.Key)
	}
	return s
}

// name gives the name that most documents know a value by, the first in the alphabet
// of several.
func (c counts) name(id string) string {
	name, most := "", 0
	for _, b := range c.Buckets {
		if n := unlabel(b.text()); n.ID == id && (b.Count > most || b.Count == most && n.Name < name) {
			name, most = n.Name, b.Count
		}
	}
	return name
}

// years adds months up and gives the most frequent years, the undated among them.
func years(c counts, size int) []relais.FacetValue {
	var list []relais.FacetValue
	for _, m := range histogram(c) {
		year := m.Value[:len(m.Value)-len("-01")]
		if n := len(list); n > 0 && list[n-1].Value == year {
			list[n-1].Count += m.Count
			continue
		}
		list = append(list, relais.FacetValue{Value: year, Count: m.Count})
	}
	if n := c.undated(); n > 0 {
		list = append(list, relais.FacetValue{Value: search.NoDate, Count: n})
	}
	slices.SortFunc(list, func(a, b relais.FacetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return list[:min(size, len(list))]
}

// undated gives how many have no month.
func (c counts) undated() int {
	for _, b := range c.Buckets {
		if m, ok := b.number(); ok && m == noMonth {
			return b.Count
		}
	}
	return 0
}

// number gives the number of a month.
func (b bucket) number() (m int, ok bool) {
	err := json.Unmarshal(b.Key, &m)
	return m, err == nil
}

// histogram gives months in their order.
func histogram(c counts) []relais.FacetValue {
	type month struct{ number, count int }
	var list []month
	for _, b := range c.Buckets {
		if m, ok := b.number(); ok && m != noMonth {
			list = append(list, month{m, b.Count})
		}
	}
	slices.SortFunc(list, func(a, b month) int { return cmp.Compare(a.number, b.number) })
	out := make([]relais.FacetValue, len(list))
	for i, m := range list {
		out[i] = relais.FacetValue{Value: fmt.Sprintf("%04d-%02d", m.number/12, m.number%12+1), Count: m.count}
	}
	return out
}
