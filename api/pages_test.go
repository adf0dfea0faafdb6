package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/answer"
)

func TestLanguageOfPages(t *testing.T) {
	for _, tt := range []struct {
		header []string
		want   string
	}{
		{nil, "en"},
		{[]string{"Accept-Language: fr-CA,en;q=0.8"}, "fr"},
		{[]string{"Accept-Language: de, en;q=0.5, fr;q=0.7"}, "fr"},
		{[]string{"Accept-Language: fr;q=0, en"}, "en"},
		{[]string{"Accept-Language: ;;,=,q=,fr;q=x"}, "en"},
		{[]string{"Accept-Language: en", "Cookie: relais_lang=fr"}, "fr"},
		{[]string{"Accept-Language: fr", "Cookie: relais_lang=xx"}, "fr"},
	} {
		w := newRooms().ask(t, complianceToken, "/documents/d1", tt.header...)
		want := map[string]string{"en": "1 March 2024, 12:00", "fr": "1er mars 2024 à 12:00"}[tt.want]
		if body := w.Body.String(); !strings.Contains(body, `<html lang="`+tt.want+`"`) || !strings.Contains(body, want) || w.Header().Get("Content-Language") != tt.want {
			t.Errorf("%v: %.200s", tt.header, body)
		}
	}
}

func TestAChoiceOfLanguageIsKept(t *testing.T) {
	w := newRooms().ask(t, complianceToken, "/?q=prix&lang=fr&sort=oldest")
	c := cookie(w, languageCookie)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/?q=prix&sort=oldest" || c == nil || c.Value != "fr" || c.MaxAge != cookieYear {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestSearchPage(t *testing.T) {
	r := newRooms()
	r.result.Facets = map[search.Field][]relais.FacetValue{
		search.FacetClient: {{Value: "acme", Count: 1}, {Value: `with "quotes"`, Count: 1}},
		search.FacetTopic:  {{Value: "prix", Count: 1}},
		search.FacetYear:   {{Value: "2024", Count: 2}}, // all hits: narrows nothing
	}
	body := r.ask(t, complianceToken, "/?q=prix+client:acme+-topic:technique&sort=oldest&cursor=0").Body.String()
	for _, want := range []string{
		"<mark>prix</mark>", "2 documents", "Brasserie Acme", "Prices and quotes", `href="/documents/d1"`, `href="/threads/t1"`,
		"client &#34;Brasserie Acme&#34;", "not topic &#34;Technical support&#34;", `name="sort" value="oldest"`, "First page",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(body, "date%3A2024\"") {
		t.Error("a facet that narrows nothing is offered")
	}
	checkLinks(t, body)
}

// checkLinks follows each link to a search: all of them parse.
func checkLinks(t *testing.T, body string) {
	t.Helper()
	links := regexp.MustCompile(`href="(/\?[^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(links) < 5 {
		t.Errorf("%d links", len(links))
	}
	for _, l := range links {
		if w := newRooms().ask(t, complianceToken, strings.ReplaceAll(html.UnescapeString(l[1]), "+", "%20")); w.Code >= 400 {
			t.Errorf("%s: %d", l[1], w.Code)
		}
	}
}

// The name of a client that cannot be seen is not told by its id.
func TestCriteriaNameNobodyUnseen(t *testing.T) {
	for token, told := range map[string]bool{complianceToken: true, managerToken: false} {
		body := newRooms().ask(t, token, "/?q=prix+client:beta+case:c2").Body.String()
		if strings.Contains(body, "Béta") != told || strings.Contains(body, "Bob/2") != told {
			t.Errorf("%s: told %t", token, !told)
		}
	}
}

func TestFacetLinksNarrow(t *testing.T) {
	for f, value := range map[search.Field]string{
		search.FacetClient: `A "B" C`, search.FacetTopic: "prix", search.FacetFrom: "ann@pumps.example", search.FacetYear: "2024",
		search.FacetKind: "message", search.FacetType: "pdf", search.FacetLanguage: "fr", search.FacetCase: "c1",
	} {
		clause := answer.Clause(f, relais.FacetValue{Value: value})
		for _, query := range []string{clause, "prix OR devis " + clause, "-" + clause} {
			if _, err := search.Parse(query, search.ParseOptions{Now: noon(1)}); err != nil {
				t.Errorf("%s: %s: %v", f, query, err)
			}
		}
	}
}

func TestFaultPage(t *testing.T) {
	w := newRooms().ask(t, complianceToken, "/?q=prix+frm:ann+<b>")
	body := w.Body.String()
	for _, want := range []string{`prix <mark>frm:</mark>ann &lt;b&gt;`, `role="alert"`, `aria-invalid="true"`, "from:ann"} {
		if w.Code != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%d: no %s in %s", w.Code, want, body)
		}
	}
}

func TestEmptyPageSaysWhatToTry(t *testing.T) {
	r := newRooms()
	r.order = nil
	if body := r.ask(t, complianceToken, "/?q=zzz+client:acme").Body.String(); !strings.Contains(body, "Take a criterion away") || !strings.Contains(body, "Brasserie Acme") {
		t.Error(body)
	}
	if body := r.ask(t, complianceToken, "/").Body.String(); !strings.Contains(body, "relais ingest") {
		t.Error(body)
	}
}

func TestDocumentPage(t *testing.T) {
	body := newRooms().ask(t, complianceToken, "/documents/d1").Body.String()
	for _, want := range []string{
		"Prix des pompes", "<summary>Quoted text", "&gt; ancien prix", `href="/documents/a1"`, `href="/api/v1/documents/a1/raw"`, "2 kB", "99%",
		"An address at the client’s domain", "acme.example", "the date could not be read", "INBOX", `aria-current="page"`, `href="/documents/d2"`,
	} {
		if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(body, "\u00a0", " "), "&#39;", "’"), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestThreadPageLeavesTheRestOut(t *testing.T) {
	r := newRooms()
	for i := range maxMessages + 5 {
		r.add(inCase, relais.Document{ID: relais.DocumentID(fmt.Sprint("x", i)), Kind: relais.KindMessage, Thread: "tt", Subject: "long"})
	}
	r.add(inCase, relais.Document{ID: "att", Kind: relais.KindAttachment, Thread: "tt"})
	body := r.ask(t, complianceToken, "/threads/tt").Body.String()
	if n := strings.Count(body, "<article"); n != maxMessages || !strings.Contains(body, "5 more not shown") || len(r.entries[0].Objects) != maxMessages {
		t.Errorf("%d messages", n)
	}
}

func TestAssets(t *testing.T) {
	for _, page := range []string{"/login"} {
		body := newRooms().ask(t, "", page).Body.String()
		for _, ref := range regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(body, -1) {
			w := newRooms().ask(t, "", ref[1])
			if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() == 0 {
				t.Errorf("%s: %d %v", ref[1], w.Code, w.Header())
			}
		}
	}
	if w := newRooms().ask(t, "", "/assets/ui.go"); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
}

func TestUnknownPageIsAPage(t *testing.T) {
	w := newRooms().ask(t, "", "/nowhere", "Accept: text/html,*/*")
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "<h1>Nothing here</h1>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestBars(t *testing.T) {
	found, err := newRooms().server().answers.Ask(t.Context(), answer.Question{})
	if err != nil {
		t.Fatal(err)
	}
	n := narrower{found: found, now: noon(20)}
	months := n.bars([]relais.FacetValue{{Value: "2023-11", Count: 1}, {Value: "2024-02", Count: 3}, {Value: "1970-01", Count: 5}, {Value: "2999-01", Count: 1}, {Value: "bad", Count: 1}})
	if len(months) != 4 || months[1].Period != "2023-12" || months[1].Count != 0 || months[3].Count != 3 {
		t.Errorf("%+v", months)
	}
	years := n.bars([]relais.FacetValue{{Value: "2001-01", Count: 1}, {Value: "2024-02", Count: 3}, {Value: "2024-03", Count: 4}})
	if len(years) != 24 || years[23].Period != "2024" || years[23].Count != 7 {
		t.Errorf("%+v", years)
	}
	if n.bars(nil) != nil {
		t.Error("bars of nothing")
	}
}
