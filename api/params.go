package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// maxPage is the most hits on one page, and the most values of one facet.
const maxPage = 1000

// request reads the parameters of a search.
func (s *Server) request(c *gin.Context) (search.Request, error) {
	node, err := s.query(c)
	if err != nil {
		return search.Request{}, err
	}
	req := search.Request{Query: node, Scope: s.scopeOf(c), Cursor: c.Query("cursor")}
	if req.Order, err = orderOf(c.Query("sort")); err != nil {
		return req, err
	}
	if req.Limit, err = intOf(c, "limit", 20); err != nil {
		return req, err
	}
	if req.FacetSize, err = intOf(c, "facet_size", 20); err != nil {
		return req, err
	}
	if req.Histogram, err = boolOf(c, "histogram"); err != nil {
		return req, err
	}
	req.Facets, err = facetsOf(c)
	return req, err
}

// query parses the query and looks the names of cases up: documents know their
// case's id alone, for a case may be renamed.
func (s *Server) query(c *gin.Context) (search.Node, error) {
	node, err := s.parse(c, c.Query("q"))
	if err != nil || !namesCase(node) {
		return node, err
	}
	return s.resolveCases(c.Request.Context(), node, s.scopeOf(c))
}

func (s *Server) parse(c *gin.Context, query string) (search.Node, error) {
	return search.Parse(query, search.ParseOptions{Now: s.deps.Now(), Location: s.deps.Location, Lang: string(language(c)), Topics: s.deps.Topics})
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
func (s *Server) resolveCases(ctx context.Context, node search.Node, scope relais.Scope) (search.Node, error) {
	cases, err := s.deps.Cases.List(ctx)
	if err != nil {
		return nil, err
	}
	cases = slices.DeleteFunc(cases, func(k relais.Case) bool { return !visible(scope, k.ID) })
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

func orderOf(s string) (search.Order, error) {
	switch s {
	case "", "newest", "date:desc":
		return search.Newest, nil
	case "oldest", "date:asc":
		return search.Oldest, nil
	case "relevance":
		return search.Relevance, nil
	}
	return "", relais.WithHint(relais.Errorf(relais.KindInvalid, "read sort", "%q is no order", s), "newest, oldest or relevance")
}

// intOf reads a number from 1 to maxPage.
func intOf(c *gin.Context, name string, def int) (int, error) {
	v := c.Query(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxPage {
		return 0, relais.Errorf(relais.KindInvalid, "read "+name, "%s is a number from 1 to %d", name, maxPage)
	}
	return n, nil
}

func boolOf(c *gin.Context, name string) (bool, error) {
	v := c.Query(name)
	if v == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, relais.Errorf(relais.KindInvalid, "read "+name, "%s is true or false", name)
	}
	return b, nil
}

// facetsOf reads facet=client,topic or facet=client&facet=topic; facets=1 asks for all.
func facetsOf(c *gin.Context) ([]search.Field, error) {
	known := search.Facets()
	if all, err := boolOf(c, "facets"); all || err != nil {
		return known, err
	}
	var list []search.Field
	for _, part := range c.QueryArray("facet") {
		for name := range strings.SplitSeq(part, ",") {
			f := search.Field(strings.TrimSpace(name))
			if !slices.Contains(known, f) {
				return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, "read facet", "no facet %q", name), facetNames())
			}
			if !slices.Contains(list, f) {
				list = append(list, f)
			}
		}
	}
	return list, nil
}

func facetNames() string {
	var names []string
	for _, f := range search.Facets() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}
