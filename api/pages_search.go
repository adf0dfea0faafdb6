package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/api/ui"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/answer"
)

// facetValues is how many values of each facet a page offers.
const facetValues = 15

// searchPage answers GET /.
func (s *Server) searchPage(c *gin.Context) {
	q, err := s.question(c)
	if err != nil {
		s.searchFault(c, err)
		return
	}
	q.Facets, q.FacetSize, q.Histogram = search.Facets(), facetValues, true
	found, err := s.answers.Ask(c.Request.Context(), q)
	if err != nil {
		s.searchFault(c, err)
		return
	}
	if s.discloseSearch(c, found.Page) {
		s.show(c, http.StatusOK, s.searchView(c, found))
	}
}

// searchFault shows what is wrong with a search, and where.
func (s *Server) searchFault(c *gin.Context, err error) {
	if relais.KindOf(err) != relais.KindInvalid {
		s.fail(c, err)
		return
	}
	p := problemOf(err)
	view := ui.Search{Frame: s.frame(c), Sort: c.Query("sort"), Problem: p.Detail}
	var syntax *search.SyntaxError
	if errors.As(err, &syntax) {
		view.Fault = faultOf(c.Query("q"), syntax)
	}
	s.show(c, p.Status, view)
}

// faultOf cuts a query around what is wrong with it.
func faultOf(query string, e *search.SyntaxError) *ui.Fault {
	r := []rune(query)
	start := min(max(e.Pos, 0), len(r))
	end := min(start+max(e.Len, 0), len(r))
	f := &ui.Fault{Detail: e.Detail, Before: string(r[:start]), Wrong: string(r[start:end]), Rest: string(r[end:])}
	if e.Suggestion != "" {
		f.Try = f.Before + e.Suggestion + f.Rest
		f.TryLink = searchLink(f.Try, "")
	}
	return f
}

// searchLink is the address of a search; sort "" is the usual order.
func searchLink(query, sort string) string {
	v := url.Values{}
	if query != "" {
		v.Set("q", query)
	}
	if sort != "" && sort != string(search.Newest) {
		v.Set("sort", sort)
	}
	if len(v) == 0 {
		return "/"
	}
	return "/?" + v.Encode()
}

func (s *Server) searchView(c *gin.Context, found *answer.Answer) ui.Search {
	query, sort, page := found.Text, string(found.Order), found.Page
	narrow := narrower{found: found, sort: sort, now: s.deps.Now()}
	view := ui.Search{Frame: s.frame(c), Page: page, Sort: sort, Active: narrow.active(c.Request.Context()), Facets: narrow.facets()}
	view.Timeline = ui.NewTimeline(narrow.bars(page.Histogram))
	for _, o := range []search.Order{search.Newest, search.Oldest, search.Relevance} {
		choice := ui.Choice{Value: string(o), Link: searchLink(query, string(o))}
		if string(o) == sort {
			choice.Link = "" // this one
		}
		view.Sorts = append(view.Sorts, choice)
	}
	view.Page.Notes = slices.DeleteFunc(slices.Clone(page.Notes), func(n relais.Note) bool {
		if n.Code == answer.NoteNothing {
			view.Nothing = n.Detail
		}
		return n.Code == answer.NoteNothing
	})
	for _, o := range page.Offers {
		view.Offers = append(view.Offers, ui.Choice{Value: o.Query, Label: o.Label, Count: o.Count, Link: searchLink(o.Query, sort)})
	}
	if slices.ContainsFunc(page.Notes, func(n relais.Note) bool { return n.Code == answer.NoteUncertain }) {
		view.Unsure = searchLink(query+" is:"+search.StateUncertain, sort)
	}
	if page.Next != "" {
		to := searchLink(query, sort)
		sep := map[bool]string{true: "&", false: "?"}[strings.Contains(to, "?")]
		view.Next = to + sep + "cursor=" + url.QueryEscape(page.Next)
	}
	if c.Query("cursor") != "" {
		view.First = searchLink(query, sort)
	}
	return view
}
