package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/answer"
)

func TestSearchAnswers(t *testing.T) {
	r := newRooms()
	w := r.ask(t, complianceToken, "/api/v1/search?q=prix")
	page := decode[relais.Page](t, w)
	if w.Code != http.StatusOK || page.Total != 2 || len(page.Hits) != 2 || page.Hits[1].ID != "d1" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(page.Hits[1].Snippet, relais.HighlightStart+"prix"+relais.HighlightEnd) {
		t.Errorf("snippet %q", page.Hits[1].Snippet)
	}
	if len(page.Hits[1].Clients) != 1 || page.Hits[1].Clients[0].Evidence != nil {
		t.Errorf("clients %+v", page.Hits[1].Clients)
	}
}

func TestParametersOfSearch(t *testing.T) {
	r := newRooms()
	w := r.ask(t, complianceToken, "/api/v1/search?limit=20&q=prix&sort=date:asc&facet=from&facet=client,topic&facet=from&facet_size=7&histogram=true&cursor=0")
	if w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	req := r.asked[0]
	req.Query, req.Scope = nil, relais.Scope{}
	want := search.Request{Order: search.Oldest, Limit: 20, FacetSize: 7, Histogram: true, Cursor: "0", Facets: []search.Field{search.FacetFrom, search.FacetClient, search.FacetTopic}}
	if diff := cmp.Diff(want, req); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	r.ask(t, complianceToken, "/api/v1/search?facets=1")
	if diff := cmp.Diff(search.Facets(), r.asked[1].Facets); diff != "" {
		t.Errorf("all facets (-want +got):\n%s", diff)
	}
}

func TestParametersAreChecked(t *testing.T) {
	for _, query := range []string{
		"limit=1e9", "limit=0", "limit=-1", "limit=1001", "limit=many", "facet_size=99999", "facet=password", "facet=client,", "facet=client;topic", "q=100%", "q=a%zz",
		"facets=perhaps", "histogram=2", "sort=random", "cursor=of-another", "q=" + url.QueryEscape(`"open`), "q=" + url.QueryEscape("from:"), "q=after%3A2023-99",
		"q=" + strings.Repeat("a+", 3000),
	} {
		r := newRooms()
		w := r.ask(t, complianceToken, "/api/v1/search?"+query)
		problem(t, w, http.StatusBadRequest, relais.KindInvalid)
		if len(r.entries) > 0 {
			t.Errorf("%s: recorded as answered", query)
		}
	}
}

func TestAQueryThatDoesNotParseSaysWhere(t *testing.T) {
	p := problem(t, newRooms().ask(t, complianceToken, "/api/v1/search?q=prix+frm:ann"), http.StatusBadRequest, relais.KindInvalid)
	if p.Position == nil || *p.Position != 5 || p.Length == 0 || p.Suggestion != "from:" || p.Detail == "" {
		t.Errorf("%+v", p)
	}
	french := problem(t, newRooms().ask(t, complianceToken, "/api/v1/search?q=prix+frm:ann", "Accept-Language: fr-FR"), http.StatusBadRequest, relais.KindInvalid)
	if french.Detail == p.Detail {
		t.Errorf("not in French: %q", french.Detail)
	}
}

// Pages by cursor hold every hit once.
func TestCursors(t *testing.T) {
	r := newRooms()
	var seen []relais.DocumentID
	cursor := ""
	for range 5 {
		page := decode[relais.Page](t, r.ask(t, complianceToken, "/api/v1/search?limit=1&cursor="+cursor))
		for _, h := range page.Hits {
			seen = append(seen, h.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(r.order, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestScopeGoesWithEverySearch(t *testing.T) {
	r := newRooms()
	r.order = append(r.order, "d9")
	if page := decode[relais.Page](t, r.ask(t, managerToken, "/api/v1/search")); page.Total != 2 {
		t.Errorf("%d hits", page.Total)
	}
	want := relais.Scope{Grants: []relais.Grant{{Cases: []relais.CaseID{inCase}, Clients: []string{"acme"}}}}
	if diff := cmp.Diff(want, r.asked[0].Scope); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
}

func TestFacetsHaveNames(t *testing.T) {
	r := newRooms()
	r.result.Facets = map[search.Field][]relais.FacetValue{
		search.FacetClient: {{Value: "acme", Count: 2}}, search.FacetCase: {{Value: "c1", Count: 2}}, search.FacetYear: {{Value: "2024", Count: 2}},
	}
	page := decode[relais.Page](t, r.ask(t, complianceToken, "/api/v1/search?facets=1"))
	want := map[string][]relais.FacetValue{
		"client": {{Value: "acme", Label: "Brasserie Acme", Count: 2}}, "case": {{Value: "c1", Label: "Departure of Ann", Count: 2}}, "year": {{Value: "2024", Count: 2}},
	}
	if diff := cmp.Diff(want, page.Facets); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Cases are listed only for a query that names one, and a name that the scope does
// not show finds nothing, like a name that is nobody's.
func TestCasesByName(t *testing.T) {
	for _, tt := range []struct {
		token, query, want string
		listed             bool
	}{
		{complianceToken, "prix", "prix", false},
		{complianceToken, `case:Departure`, "case:c1", true},
		{complianceToken, `case:c2`, "case:c2", true},
		{complianceToken, `prix -case:"departure of ann"`, "prix -(case:c1)", true},
		{managerToken, `case:c2`, "()", true},
		{managerToken, `case:nobody`, "()", true},
	} {
		r := newRooms()
		r.ask(t, tt.token, "/api/v1/search?q="+url.QueryEscape(tt.query))
		if len(r.asked) != 1 {
			t.Fatalf("%s: %d searches", tt.query, len(r.asked))
		}
		if got := search.Format(r.asked[0].Query); got != tt.want && got != "("+tt.want+")" || (r.listed > 0) != tt.listed {
			t.Errorf("%s: %q, listed %d times", tt.query, got, r.listed)
		}
	}
}

func TestClientsOfTheScope(t *testing.T) {
	for token, want := range map[string]string{complianceToken: "[acme:2 beta:0]", managerToken: "[acme:2]"} {
		r := newRooms()
		r.result.Facets = map[search.Field][]relais.FacetValue{search.FacetClient: {{Value: "acme", Count: 2}}}
		got := decode[struct{ Clients []answer.Client }](t, r.ask(t, token, "/api/v1/clients"))
		var list []string
		for _, k := range got.Clients {
			list = append(list, fmt.Sprintf("%s:%d", k.ID, k.Documents))
		}
		if fmt.Sprint(list) != want {
			t.Errorf("%s: %v", token, list)
		}
	}
}

// TestUncertainClients: an answer on a client tells how many documents it leaves out
// since they are of that client less surely, and how to see them.
func TestUncertainClients(t *testing.T) {
	for _, tt := range []struct {
		query  string
		unsure int
		want   string
	}{
		{"client:acme", 3, "3 more documents may be about this client: add is:uncertain to see them"},
		{"prix client:acme", 1, "1 more document may be about this client: add is:uncertain to see it"},
		{"client:acme OR client:beta", 2, "2 more"},
		{"client:acme", 0, ""}, {"prix", 3, ""}, {"-client:acme", 3, ""}, {"client:acme is:uncertain", 3, ""},
	} {
		r := newRooms()
		r.unsure = tt.unsure
		w := r.ask(t, complianceToken, "/api/v1/search?q="+url.QueryEscape(tt.query))
		var page relais.Page
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, n := range page.Notes {
			if n.Code == "uncertain" {
				said = n.Detail
			}
		}
		if tt.want == "" && said != "" || !strings.HasPrefix(said, tt.want) {
			t.Errorf("%s: %q, want %q", tt.query, said, tt.want)
		}
	}
	r := newRooms()
	r.unsure = 2
	if w := r.ask(t, complianceToken, "/?q=client:acme"); !strings.Contains(w.Body.String(), `href="/?q=client%3Aacme&#43;is%3Auncertain"`) {
		t.Errorf("no link to what is uncertain: %s", w.Body)
	}
}

// TestNamesThatNothingHas: a note says so, offers what the scope has, and is the same
// for what is out of scope and for what never was.
func TestNamesThatNothingHas(t *testing.T) {
	for _, tt := range []struct{ token, query, code, says, hides string }{
		{complianceToken, "client:acme", "", "", ""},
		{complianceToken, "prix client:acmee", "unknown_client", "Brasserie Acme", ""},
		{complianceToken, "client:gamma,acme", "unknown_client", "client:gamma", "perhaps"},
		{complianceToken, "case:bbo", "unknown_case", "Bob/2", ""},
		{managerToken, "case:bbo", "unknown_case", "case:bbo", "Bob"},
		{managerToken, "case:bob", "unknown_case", "case:bob", "perhaps"},
		{managerToken, "client:beta", "unknown_client", "client:beta", "B\u00e9ta"},
		{managerToken, "client:betta", "unknown_client", "client:betta", "B\u00e9ta"},
	} {
		r := newRooms()
		r.result.Facets = map[search.Field][]relais.FacetValue{search.FacetClient: {{Value: "acme", Count: 2}}}
		w := r.ask(t, tt.token, "/api/v1/search?q="+url.QueryEscape(tt.query))
		var page relais.Page
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		var note relais.Note
		if len(page.Notes) > 0 {
			note = page.Notes[0]
		}
		if note.Code != tt.code || !strings.Contains(note.Detail, tt.says) || tt.hides != "" && strings.Contains(note.Detail, tt.hides) {
			t.Errorf("%s: %+v", tt.query, page.Notes)
		}
		for _, q := range r.asked {
			if len(q.Scope.Grants) == 0 {
				t.Errorf("%s: asked without a scope", tt.query)
			}
		}
	}
}
