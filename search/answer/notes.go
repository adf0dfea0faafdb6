package answer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// maxNear is how many names are offered in the place of one that nothing has.
const maxNear = 3

// NoteUncertain is the code of a note on documents that are not shown as the client's.
const NoteUncertain = "uncertain"

// note notes the names that the query has and nothing else, and what is uncertain.
func (ans *Answer) note(ctx context.Context) error {
	notes, err := ans.unknownNames(ctx)
	ans.Notes = append(ans.Notes, notes...)
	if err != nil {
		return err
	}
	unsure, err := ans.uncertain(ctx)
	ans.Notes = append(ans.Notes, unsure...)
	return err
}

// say chooses between the wordings of the two languages.
func (q Question) say(english, french string) string {
	if q.Lang == "fr" {
		return french
	}
	return english
}

// uncertain notes how many more documents may be about the client that a query names,
// less surely than is shown: nobody should take what is found for all that there is.
func (ans *Answer) uncertain(ctx context.Context) ([]relais.Note, error) {
	if !search.NamesClient(ans.request.Query) {
		return nil, nil
	}
	query := search.And{search.Value{Field: search.ByState, Value: search.StateUncertain}}
	query = append(query, conjuncts(ans.request.Query)...)
	n, err := ans.by.total(ctx, query, ans.Scope)
	if err != nil || n == 0 {
		return nil, err
	}
	return []relais.Note{{Code: NoteUncertain, Detail: ans.uncertainDetail(n)}}, nil
}

func (q Question) uncertainDetail(n int) string {
	if n == 1 {
		return q.say("1 more document may be about this client: add is:uncertain to see it",
			"1 autre document concerne peut-être ce client : ajoutez is:uncertain pour le voir")
	}
	return fmt.Sprintf(q.say("%d more documents may be about this client: add is:uncertain to see them",
		"%d autres documents concernent peut-être ce client : ajoutez is:uncertain pour les voir"), n)
}

// conjuncts gives the parts of a query that are all wanted.
func conjuncts(n search.Node) search.And {
	switch n := n.(type) {
	case nil:
		return nil
	case search.And:
		return slices.Clone(n)
	}
	return search.And{n}
}

// total counts the documents of a scope that a query finds.
func (a *Answerer) total(ctx context.Context, query search.Node, scope relais.Scope) (int, error) {
	res, err := a.deps.Searcher.Search(ctx, search.Request{Query: query, Scope: scope, Limit: 1})
	return res.Total, err
}

// unknownNames notes each client, owner and case of a query that nothing in the scope
// has: such a search finds nothing, and its reader would take that for an answer. The
// names it offers are of what the scope holds, so that a note on a name out of scope
// is the same as on one that never was.
func (ans *Answer) unknownNames(ctx context.Context) ([]relais.Note, error) {
	var notes []relais.Note
	var fault error
	search.Rewrite(ans.written, func(n search.Node) search.Node {
		v, ok := n.(search.Value)
		if !ok || fault != nil {
			return n
		}
		switch v.Field {
		case search.ByClient, search.ByOwner, search.ByCase:
			var note relais.Note
			if note, fault = ans.unknownName(ctx, v); note.Code != "" {
				notes = append(notes, note)
			}
		}
		return n
	})
	return notes, fault
}

// unknownName gives the note on one name, or none.
func (ans *Answer) unknownName(ctx context.Context, v search.Value) (relais.Note, error) {
	known, err := ans.known(ctx, v)
	if known || err != nil {
		return relais.Note{}, err
	}
	names, err := ans.by.namesInScope(ctx, v.Field, ans.Scope)
	if err != nil {
		return relais.Note{}, err
	}
	detail := ans.say("nothing here has ", "rien ici n'a ") + string(v.Field) + ":" + v.Value
	if near := search.Near(v.Value, names, maxNear); len(near) > 0 {
		detail += ans.say("; perhaps ", " ; peut-être ") + strings.Join(near, ", ")
	}
	return relais.Note{Code: "unknown_" + string(v.Field), Detail: detail}, nil
}

// known tells whether something in the scope has a name: whatever was found has a name
// that all of it must have, so that only the others are looked for. A case is known by
// itself.
func (ans *Answer) known(ctx context.Context, v search.Value) (bool, error) {
	if v.Field == search.ByCase {
		node, err := ans.by.resolveCases(ctx, v, ans.Scope)
		or, _ := node.(search.Or)
		return len(or) > 0, err
	}
	if ans.Total > 0 && slices.Contains(conjuncts(ans.written), search.Node(v)) && !asksUncertain(ans.written) {
		return true, nil
	}
	n, err := ans.by.total(ctx, v, ans.Scope)
	return n > 0, err
}

// asksUncertain tells a query in which client: means those that are uncertain.
func asksUncertain(n search.Node) bool {
	return slices.Contains(conjuncts(n), search.Node(search.Value{Field: search.ByState, Value: search.StateUncertain}))
}

// namesInScope gives the names that documents of the scope have in a field.
func (a *Answerer) namesInScope(ctx context.Context, field search.ValueField, scope relais.Scope) ([]string, error) {
	if field == search.ByClient {
		return a.clientNames(ctx, scope)
	}
	var names []string
	cases, err := a.deps.Cases.List(ctx)
	for _, k := range cases {
		switch {
		case !scope.ShowsCase(k.ID):
		case field == search.ByCase:
			names = append(names, k.Name)
		default:
			for _, o := range k.Owners {
				names = append(names, o.Address)
			}
		}
	}
	return names, err
}

// clientNames gives the names of the clients that documents of the scope have.
func (a *Answerer) clientNames(ctx context.Context, scope relais.Scope) ([]string, error) {
	res, err := a.deps.Searcher.Search(ctx, search.Request{Scope: scope, Limit: 1, Facets: []search.Field{search.FacetClient}, FacetSize: mostClients})
	if err != nil {
		return nil, err
	}
	facets, err := a.labelled(ctx, res.Facets)
	var names []string
	for _, v := range facets[string(search.FacetClient)] {
		if v.Label == "" {
			v.Label = v.Value
		}
		names = append(names, v.Label)
	}
	return names, err
}
