package sqlite

import (
	"strings"

	"github.com/relais-archive/relais/search"
)

// expression gives what FTS5 is asked for a tree of words, ok false where there is
// something else in it. It is empty when nothing can be found.
//
// A negation has no expression of its own: FTS5 knows only "this but not that".
func (q *query) expression(n search.Node) (e string, ok bool) {
	switch n := n.(type) {
	case search.Text:
		return q.words(n), true
	case search.Or:
		return q.join(n, " OR ")
	case search.And:
		return q.but(n)
	}
	return "", false
}

// join writes "(a) OR (b)" or "(a) AND (b)".
func (q *query) join(nodes []search.Node, operator string) (string, bool) {
	var parts []string
	for _, c := range nodes {
		e, ok := q.expression(c)
		if !ok {
			return "", false
		}
		switch {
		case e != "":
			parts = append(parts, "("+e+")")
		case operator == " AND ":
			return "", true
		}
	}
	return strings.Join(parts, operator), true
}

// but writes "((a) AND (b)) NOT ((c) OR (d))".
func (q *query) but(n search.And) (string, bool) {
	var wanted, unwanted []search.Node
	for _, c := range n {
		if not, ok := c.(search.Not); ok {
			unwanted = append(unwanted, not.Of)
		} else {
			wanted = append(wanted, c)
		}
	}
	if len(wanted) == 0 {
		return "", false
	}
	e, ok := q.join(wanted, " AND ")
	if !ok {
		return "", false
	}
	not, ok := q.join(unwanted, " OR ")
	if e != "" && not != "" {
		e = "(" + e + ") NOT (" + not + ")"
	}
	return e, ok
}

// words writes a clause: all of its phrases, in the columns of its field.
func (q *query) words(t search.Text) string {
	c := t.Clause(q.analyzer)
	var parts []string
	for _, p := range c.Phrases {
		if s := phrase(p); s != "" {
			parts = append(parts, columnFilter(c.In)+s)
		}
	}
	return strings.Join(parts, " AND ")
}

// phrase writes a phrase. Its last word, where only a beginning is known, is looked
// for among terms and, where it stands alone, among the surfaces that differ from
// their terms.
func phrase(p search.Phrase) string {
	terms := p.Terms
	if p.Prefix != "" {
		terms = append(terms[:len(terms):len(terms)], p.Prefix)
	}
	if len(terms) == 0 {
		return ""
	}
	s := quote(strings.Join(terms, " "))
	switch {
	case p.Prefix == "":
		return s
	case len(terms) == 1:
		return "(" + s + " * OR " + quote(search.Mark+p.Prefix) + " *)"
	}
	return s + " *"
}

// quote writes a string of FTS5.
func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// columnFilter restricts what follows to the columns of a field.
func columnFilter(f search.TextField) string {
	if f == search.InAll {
		return "" // recipients in copy are recipients already
	}
	var names []string
	for _, c := range f.Columns() {
		names = append(names, c.String())
	}
	return "{" + strings.Join(names, " ") + "} : "
}
