package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// maxNear is how many names are offered in the place of one that nothing has.
const maxNear = 3

// findAsked runs the search that a request asks for, and notes the names it has that
// nothing has.
func (s *Server) findAsked(c *gin.Context, req search.Request) (relais.Page, error) {
	page, err := s.find(c.Request.Context(), req)
	if err != nil || req.Cursor != "" { // the first page has said it
		return page, err
	}
	asked, err := s.parse(c, c.Query("q")) // as written: req names cases by id
	if err != nil {
		return page, err
	}
	notes, err := s.unknownNames(c.Request.Context(), asked, req.Scope, language(c))
	page.Notes = append(page.Notes, notes...)
	if err != nil {
		return page, err
	}
	unsure, err := s.uncertain(c.Request.Context(), req, language(c))
	page.Notes = append(page.Notes, unsure...)
	return page, err
}

// uncertain notes how many more documents may be about the client that a query names,
// less surely than is shown: nobody should take what is found for all that there is.
func (s *Server) uncertain(ctx context.Context, req search.Request, lang ui.Lang) ([]relais.Note, error) {
	if !search.NamesClient(req.Query) {
		return nil, nil
	}
	query := search.And{search.Value{Field: search.ByState, Value: search.StateUncertain}}
	if and, ok := req.Query.(search.And); ok {
		query = append(query, and...)
	} else {
		query = append(query, req.Query)
	}
	res, err := s.deps.Searcher.Search(ctx, search.Request{Query: query, Scope: req.Scope, Limit: 1})
	if err != nil || res.Total == 0 {
		return nil, err
	}
	return []relais.Note{{Code: noteUncertain, Detail: uncertainDetail(res.Total, lang)}}, nil
}

// noteUncertain is the code of a note on documents that are not shown as the client's.
const noteUncertain = "uncertain"

func uncertainDetail(n int, lang ui.Lang) string {
	switch {
	case lang == ui.French && n == 1:
		return "1 autre document concerne peut-être ce client : ajoutez is:uncertain pour le voir"
	case lang == ui.French:
		return fmt.Sprintf("%d autres documents concernent peut-être ce client : ajoutez is:uncertain pour les voir", n)
	case n == 1:
		return "1 more document may be about this client: add is:uncertain to see it"
	}
	return fmt.Sprintf("%d more documents may be about this client: add is:uncertain to see them", n)
}

// unknownNames notes each client, owner and case of a query that nothing in the scope
// has: such a search finds nothing, and its reader would take that for an answer. The
// names it offers are of what the scope holds, so that a note on a name out of scope
// is the same as on one that never was.
func (s *Server) unknownNames(ctx context.Context, query search.Node, scope relais.Scope, lang ui.Lang) ([]relais.Note, error) {
	var notes []relais.Note
	var fault error
	search.Rewrite(query, func(n search.Node) search.Node {
		v, ok := n.(search.Value)
		if !ok || fault != nil {
			return n
		}
		switch v.Field {
		case search.ByClient, search.ByOwner, search.ByCase:
			var note relais.Note
			if note, fault = s.unknownName(ctx, v, scope, lang); note.Code != "" {
				notes = append(notes, note)
			}
		}
		return n
	})
	return notes, fault
}

// unknownName gives the note on one name, or none.
func (s *Server) unknownName(ctx context.Context, v search.Value, scope relais.Scope, lang ui.Lang) (relais.Note, error) {
	known, err := s.known(ctx, v, scope)
	if known || err != nil {
		return relais.Note{}, err
	}
	names, err := s.namesInScope(ctx, v.Field, scope)
	if err != nil {
		return relais.Note{}, err
	}
	detail, perhaps := "nothing here has "+string(v.Field)+":"+v.Value, "; perhaps "
	if lang == ui.French {
		detail, perhaps = "rien ici n'a "+string(v.Field)+":"+v.Value, " ; peut-être "
	}
	if near := search.Near(v.Value, names, maxNear); len(near) > 0 {
		detail += perhaps + strings.Join(near, ", ")
	}
	return relais.Note{Code: "unknown_" + string(v.Field), Detail: detail}, nil
}

// known tells whether something in the scope has a name; a case is known by itself.
func (s *Server) known(ctx context.Context, v search.Value, scope relais.Scope) (bool, error) {
	if v.Field == search.ByCase {
		node, err := s.resolveCases(ctx, v, scope)
		or, _ := node.(search.Or)
		return len(or) > 0, err
	}
	res, err := s.deps.Searcher.Search(ctx, search.Request{Query: v, Scope: scope, Limit: 1})
	return res.Total > 0, err
}

// namesInScope gives the names that documents of the scope have in a field.
func (s *Server) namesInScope(ctx context.Context, field search.ValueField, scope relais.Scope) ([]string, error) {
	var names []string
	if field == search.ByClient {
		res, err := s.deps.Searcher.Search(ctx, search.Request{Scope: scope, Limit: 1, Facets: []search.Field{search.FacetClient}, FacetSize: maxPage})
		if err != nil {
			return nil, err
		}
		facets, err := s.labelled(ctx, res.Facets)
		for _, v := range facets[string(search.FacetClient)] {
			if v.Label == "" {
				v.Label = v.Value
			}
			names = append(names, v.Label)
		}
		return names, err
	}
	cases, err := s.deps.Cases.List(ctx)
	for _, k := range cases {
		switch {
		case !visible(scope, k.ID):
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
