package api

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/answer"
)

// maxPage is the most hits on one page, and the most values of one facet.
const maxPage = 1000

// question reads the parameters of a search.
func (s *Server) question(c *gin.Context) (answer.Question, error) {
	q := answer.Question{Text: c.Query("q"), Lang: string(language(c)), Cursor: c.Query("cursor")}
	var err error
	if q.Scope, err = s.scopeOf(c); err != nil {
		return q, err
	}
	if q.Order, err = orderOf(c.Query("sort")); err != nil {
		return q, err
	}
	if q.Limit, err = intOf(c, "limit", 20); err != nil {
		return q, err
	}
	if q.FacetSize, err = intOf(c, "facet_size", 20); err != nil {
		return q, err
	}
	if q.Histogram, err = boolOf(c, "histogram"); err != nil {
		return q, err
	}
	q.Facets, err = facetsOf(c)
	return q, err
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
