package elastic

import (
	"fmt"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// object is a part of a request.
type object = map[string]any

// compiler turns trees into queries of the server. It writes bool, term, terms, range,
// exists, prefix, match_phrase and intervals, on fields that it names itself: nothing
// of what a user writes is ever read as a query.
type compiler struct{ analyzer *analysis.Analyzer }

// maxNested is how deep the server lets queries be nested, less what stands around
// the tree and in its leaves.
const maxNested = 24

func everything() object { return object{"match_all": object{}} }
func nothing() object    { return object{"match_none": object{}} }

// all wants all of some queries, none of which is asked for a score.
func all(list []object) object {
	switch len(list) {
	case 0:
		return everything()
	case 1:
		return list[0]
	}
	return object{"bool": object{"filter": list}}
}

// some wants one of some queries.
func some(list []object) object {
	switch len(list) {
	case 0:
		return nothing()
	case 1:
		return list[0]
	}
	return object{"bool": object{"should": list, "minimum_should_match": 1}}
}

func not(q object) object { return object{"bool": object{"must_not": []object{q}}} }

func term(field, value string) object { return object{"term": object{field: value}} }

// node compiles a tree, or its negation. Negations are passed down to the leaves and
// groups within groups of their kind are opened, so that trees that people write stay
// within what the server takes.
func (c *compiler) node(n search.Node, negated bool, depth int) (object, error) {
	if depth > maxNested {
		return nil, search.Invalid("the query has too many levels for the engine")
	}
	switch n := n.(type) {
	case search.And:
		return c.group(n, negated, negated, depth)
	case search.Or:
		return c.group(n, negated, !negated, depth)
	case search.Not:
		return c.node(n.Of, !negated, depth)
	}
	q, err := c.leaf(n)
	if err == nil && negated {
		q = not(q)
	}
	return q, err
}

// group compiles children, or their negations, of which all are wanted or any.
func (c *compiler) group(children []search.Node, negated, alternative bool, depth int) (object, error) {
	var list []object
	for _, n := range flat(nil, children, negated, alternative) {
		q, err := c.node(n.of, n.negated, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	if alternative {
		return some(list), nil
	}
	return all(list), nil
}

// child is a node of a group, or its negation.
type child struct {
	of      search.Node
	negated bool
}

// flat gives the children of a group and of the groups within it that mean the same
// there.
func flat(list []child, children []search.Node, negated, alternative bool) []child {
	for _, n := range children {
		neg := negated
		for of, ok := n.(search.Not); ok; of, ok = n.(search.Not) {
			n, neg = of.Of, !neg
		}
		switch inner := n.(type) {
		case search.And:
			if neg == alternative {
				list = flat(list, inner, neg, alternative)
				continue
			}
		case search.Or:
			if neg != alternative {
				list = flat(list, inner, neg, alternative)
				continue
			}
		}
		list = append(list, child{n, neg})
	}
	return list
}

// leaf compiles a node without children.
func (c *compiler) leaf(n search.Node) (object, error) {
	switch n := n.(type) {
	case search.Text:
		return c.text(n), nil
	case search.Value:
		return c.value(n)
	case search.Days:
		return days(n), nil
	case search.Undated:
		return undated(), nil
	case search.Bytes:
		return sizes(n), nil
	case search.Nothing:
		return nothing(), nil
	}
	return nil, search.Invalid("the query holds a part of no known kind")
}

// text wants all phrases of a clause, each in any column of its field.
func (c *compiler) text(t search.Text) object {
	clause := t.Clause(c.analyzer)
	var wanted []object
	for _, p := range clause.Phrases {
		var places []object
		for _, column := range t.In.Columns() {
			places = append(places, phrase(column, p)...)
		}
		wanted = append(wanted, some(places))
	}
	if len(wanted) == 0 {
		return nothing()
	}
	return all(wanted)
}

// phrase wants a phrase in a column, any of what is given. A last word of which only the
// beginning is known is looked for among terms and, where it stands alone, among the
// surfaces that differ from their terms.
func phrase(in search.Column, p search.Phrase) []object {
	field, words := in.String(), strings.Join(p.Terms, " ")
	switch {
	case p.Prefix == "" && len(p.Terms) == 1:
		return []object{{"term": object{field: object{"value": words}}}}
	case p.Prefix == "":
		return []object{{"match_phrase": object{field: object{"query": words}}}}
	case len(p.Terms) == 0:
		return prefix(in, p.Prefix, 1)
	}
	return []object{begun(field, words, p.Prefix)}
}

// prefix wants a word that begins so in a column; boost is what it scores.
func prefix(in search.Column, beginning string, boost float64) []object {
	one := func(field, value string) object {
		return object{"prefix": object{field: object{"value": value, "boost": boost}}}
	}
	return []object{one(in.String(), beginning), one(surfacesOf(in), search.Mark+beginning)}
}

// begun wants a phrase and, next to it, a word that begins so. The server's own phrase
// of a beginning looks at some words alone and does not say so; intervals look at all
// of them, or fail.
func begun(field, words, prefix string) object {
	return object{"intervals": object{field: object{"all_of": object{"ordered": true, "max_gaps": 0, "intervals": []object{
		{"match": object{"query": words, "ordered": true, "max_gaps": 0}},
		{"prefix": object{"prefix": prefix}},
	}}}}}
}

// weightScale multiplies the weights of columns: the server takes none below 1. The
// template's k1 is as many times that of BM25, which undoes it.
const weightScale = 4

// scores gives what an order by relevance adds up. One word is counted over all columns
// of its field together, as if they were one text in which a column's words stand as
// often as they weigh: a word in two columns is then no rarer than it is.
func (c *compiler) scores(n search.Node) []object {
	wanted := search.NewRanking(n, c.analyzer)
	var list []object
	for _, w := range wanted.Words {
		if fields := weighted(w.In); len(fields) > 0 {
			list = append(list, object{"combined_fields": object{"query": w.Term, "fields": fields, "boost": w.Times}})
		}
	}
	for _, p := range wanted.Prefixes {
		for _, column := range p.In.Columns() {
			if w := column.Weight(); w > 0 {
				list = append(list, prefix(column, p.Prefix, w*weightScale)...)
			}
		}
	}
	return list
}

// weighted names the columns of a field that say something, with their weights.
func weighted(in search.TextField) []string {
	var fields []string
	for _, c := range in.Columns() {
		if w := c.Weight(); w > 0 {
			fields = append(fields, fmt.Sprintf("%s^%g", c, w*weightScale))
		}
	}
	return fields
}

// value wants a value of a field; of names, also those that hold it as whole words.
func (c *compiler) value(n search.Value) (object, error) {
	wanted := n.Folded()
	switch n.Field {
	case search.ByThread:
		return some(hashes(nil, n.Field, n.Value)), nil
	case search.ByID:
		return c.identified(n.Value), nil
	case search.ByTopic, search.ByOwner, search.ByKind, search.ByType, search.ByLanguage, search.ByAttachment, search.ByState:
		return term("value", whole(n.Field, wanted)), nil
	case search.ByClient, search.ByUncertain, search.ByCase:
	case search.ByFolder:
		wanted = strings.TrimSuffix(wanted, "/")
	default:
		return nil, search.Invalid("there is no such field")
	}
	var list []object
	if wanted != "" {
		list = append(list, term("value", whole(n.Field, wanted)))
	}
	if w := words(c.analyzer, n.Field, n.Value); w != "" {
		list = append(list, object{"match_phrase": object{"named": w}})
	}
	return some(list), nil
}

// identified wants the documents that an id names: their own, that of their content,
// or a Message-ID, with or without its angle brackets.
func (c *compiler) identified(id string) object {
	list := []object{term("id", search.Fold(id))}
	list = hashes(list, search.ByID, id)
	return some(hashes(list, byMessage, strings.Trim(strings.TrimSpace(id), "<>")))
}

// hashes adds a value that is only ever compared, where there is one.
func hashes(list []object, f search.ValueField, s string) []object {
	if s == "" {
		return list
	}
	return append(list, term("value", hashed(f, s)))
}

// days wants a date within bounds; a document without one is never found.
func days(d search.Days) object {
	bounds := object{}
	if !d.From.IsZero() {
		bounds["gte"] = d.From.UnixMilli()
	}
	if !d.Until.IsZero() {
		bounds["lt"] = d.Until.UnixMilli()
	}
	if len(bounds) == 0 {
		return object{"exists": object{"field": "date"}}
	}
	return object{"range": object{"date": bounds}}
}

// undated wants what has no date.
func undated() object { return not(object{"exists": object{"field": "date"}}) }

func sizes(b search.Bytes) object {
	bounds := object{}
	if b.Over != 0 {
		bounds["gt"] = b.Over
	}
	if b.Under != 0 {
		bounds["lt"] = b.Under
	}
	if len(bounds) == 0 {
		return everything()
	}
	return object{"range": object{"size": bounds}}
}

// scope wants what some grant shows. The rule is that of relais.Scope.Allows.
func scope(s relais.Scope) object {
	var list []object
	for i := range s.Grants {
		list = append(list, granted(&s.Grants[i]))
	}
	return some(list)
}

// granted wants what one grant shows.
func granted(g *relais.Grant) object {
	var wanted []object
	if !g.AllCases {
		wanted = append(wanted, terms("case", g.Cases))
	}
	if !g.After.IsZero() {
		wanted = append(wanted, days(search.Days{From: g.After}))
	}
	if !g.Before.IsZero() {
		wanted = append(wanted, some([]object{undated(), days(search.Days{Until: g.Before})}))
	}
	if g.Unattributed && g.AllClients {
		return all(wanted)
	}
	if g.AllClients {
		wanted = append(wanted, object{"exists": object{"field": "client"}})
	} else {
		wanted = append(wanted, terms("client", g.Clients))
	}
	if !g.Unattributed {
		wanted = append(wanted, object{"term": object{"business": true}})
	}
	return all(wanted)
}

// terms wants one of some values.
func terms[S ~string](field string, values []S) object {
	if len(values) == 0 {
		return nothing()
	}
	return object{"terms": object{field: values}}
}
