package answer

import (
	"context"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// reading is a question that was read.
type reading struct {
	Question
	written search.Node    // as it was asked: cases by name
	request search.Request // as the engine is asked: cases by id
}

// read reads a question.
func (a *Answerer) read(ctx context.Context, q Question) (reading, error) {
	r := reading{Question: q}
	node, err := a.parse(q.Text, q.Lang)
	if err != nil {
		return r, err
	}
	r.written = node
	if r.request.Query, err = a.named(ctx, node, q.Scope); err != nil {
		return r, err
	}
	r.request.Scope, r.request.Order, r.request.Limit, r.request.Cursor = q.Scope, q.Order, q.Limit, q.Cursor
	r.request.Facets, r.request.FacetSize, r.request.Histogram = q.Facets, q.FacetSize, q.Histogram
	return r, nil
}

func (a *Answerer) parse(query, lang string) (search.Node, error) {
	return search.Parse(query, search.ParseOptions{Now: a.deps.Now(), Location: a.deps.Location, Lang: lang, Topics: a.deps.Topics})
}

// named looks the names of cases up: documents know their case's id alone, for a case
// may be renamed. Without a case in the query, none is listed.
func (a *Answerer) named(ctx context.Context, node search.Node, scope relais.Scope) (search.Node, error) {
	if !namesCase(node) {
		return node, nil
	}
	return a.resolveCases(ctx, node, scope)
}

func namesCase(node search.Node) bool {
	found := false
	search.Rewrite(node, func(n search.Node) search.Node {
		v, ok := n.(search.Value)
		found = found || ok && v.Field == search.ByCase
		return n
	})
	return found
}

// resolveCases puts ids in the place of cases' names. A case that cannot be seen has
// no name: whether one exists must not show in how a query is answered.
func (a *Answerer) resolveCases(ctx context.Context, node search.Node, scope relais.Scope) (search.Node, error) {
	cases, err := a.deps.Cases.List(ctx)
	if err != nil {
		return nil, err
	}
	cases = slices.DeleteFunc(cases, func(k relais.Case) bool { return !scope.ShowsCase(k.ID) })
	return search.Rewrite(node, func(n search.Node) search.Node {
		if v, ok := n.(search.Value); ok && v.Field == search.ByCase {
			return caseNamed(cases, v.Value)
		}
		return n
	}), nil
}

func caseNamed(cases []relais.Case, name string) search.Node {
	var any search.Or
	for _, k := range cases {
		if string(k.ID) == name || search.NameHolds(k.Name, name) {
			any = append(any, search.Value{Field: search.ByCase, Value: string(k.ID)})
		}
	}
	return any
}

// Every lists all documents that a question finds, by id: what an export holds. Order,
// limit and cursor of the question do not matter.
func (a *Answerer) Every(ctx context.Context, q Question) ([]relais.DocumentID, error) {
	r, err := a.read(ctx, Question{Text: q.Text, Lang: q.Lang, Scope: q.Scope})
	if err != nil {
		return nil, err
	}
	var ids []relais.DocumentID
	err = a.deps.Lister.List(ctx, q.Scope, r.request.Query, func(some []relais.DocumentID) error {
		ids = append(ids, some...)
		return nil
	})
	slices.Sort(ids)
	return ids, err
}
