package api

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// hostile is text that tries to be more than text, wherever it stands.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onmouseover='alert(1)` + "\u202eexe\x1b[2J{{.}}javascript:alert(1)"

func hostileRooms() *rooms {
	r := newRooms()
	h := hostile
	address := relais.Address{Name: h, Address: h}
	tag := []relais.Tag{{ID: h, Name: h, Confidence: 900, Evidence: []relais.Evidence{{Signal: h, Detail: h, Weight: 1}, {Signal: "thread", Detail: h, Weight: 1}}}}
	for _, id := range []relais.DocumentID{"d1", "d2"} {
		*r.document(id) = relais.Document{
			ID: id, Case: h, Kind: relais.KindMessage, Thread: "t1", Subject: h, From: &address, To: []relais.Address{address}, Cc: []relais.Address{address},
			Bcc: []relais.Address{address}, Text: h + " prix", Name: h, MediaType: h, Clients: tag, Topics: tag, Parent: relais.DocumentID(h),
			Attachments: []relais.Attachment{{ID: relais.DocumentID(h), Name: h, MediaType: h}}, Warnings: []relais.Warning{{Code: h, Detail: h}},
			Privacy:     relais.Privacy{Class: relais.PrivacyDoubtful, Evidence: []relais.Evidence{{Signal: h, Detail: h}}},
			Occurrences: []relais.Occurrence{{Owner: h, Source: h, Folder: h}},
		}
	}
	values := []relais.FacetValue{{Value: h, Count: 1}, {Value: "x", Label: h, Count: 1}}
	r.result.Facets = map[search.Field][]relais.FacetValue{}
	for _, f := range search.Facets() {
		r.result.Facets[f] = values
	}
	r.result.Notes = []relais.Note{{Code: h, Detail: h}}
	r.result.Histogram = []relais.FacetValue{{Value: h, Count: 1}, {Value: "2024-01", Count: 1}, {Value: "2024-02", Count: 9}}
	return r
}

// What strangers wrote is text on every page: no element, no attribute, no address
// and no direction of theirs comes through.
func TestStrangersTextStaysText(t *testing.T) {
	q := url.QueryEscape(hostile)
	for _, target := range []string{
		"/?q=prix", "/documents/d1", "/threads/t1", "/clients", "/?q=" + q, "/?q=prix&sort=" + q, "/?q=prix&cursor=" + q, "/documents/" + url.PathEscape(hostile),
		"/login?next=" + q, "/login?token=" + q, "/nowhere/" + url.PathEscape(hostile),
	} {
		w := hostileRooms().ask(t, complianceToken, target, "Accept: text/html")
		body := w.Body.String()
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %s", target, w.Header().Get("Content-Type"))
		}
		if strings.ContainsAny(body, "\u202e\x1b") {
			t.Errorf("%s: a control came through", target)
		}
		inspect(t, target, body)
	}
}

// inspect parses a page as browsers do and looks for what we never write.
func inspect(t *testing.T, target, page string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "img", "iframe", "object", "embed", "style", "base":
			t.Errorf("%s: an element %s", target, n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("%s: an attribute %s of %s", target, a.Key, n.Data)
			}
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") || strings.HasPrefix(a.Val, "//") {
				t.Errorf("%s: %s leads to %q", target, n.Data, a.Val)
			}
		}
	}
}

// Each page stands on its own for who cannot see it: one main part and one first
// heading, labels for fields, no id twice, a language, and a name for each link.
func TestPagesAreAccessible(t *testing.T) {
	for _, target := range []string{"/?q=prix", "/?q=frm:x", "/?q=prix&sort=relevance", "/documents/d1", "/threads/t1", "/clients", "/privacy", "/login", "/documents/nothing"} {
		for _, lang := range []string{"en", "fr"} {
			r := newRooms()
			r.result.Histogram = []relais.FacetValue{{Value: "2024-01", Count: 3}, {Value: "2024-03", Count: 1}}
			r.result.Facets = map[search.Field][]relais.FacetValue{search.FacetTopic: {{Value: "prix", Count: 1}}}
			w := r.ask(t, complianceToken, target, "Accept-Language: "+lang)
			doc, err := html.Parse(strings.NewReader(w.Body.String()))
			if err != nil {
				t.Fatal(err)
			}
			checkPage(t, lang+" "+target, doc)
		}
	}
}

func checkPage(t *testing.T, page string, doc *html.Node) {
	t.Helper()
	count, ids, labels := map[string]int{}, map[string]int{}, map[string]bool{}
	var fields []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
		}
		if at["id"] != "" {
			ids[at["id"]]++
		}
		switch {
		case n.Data == "label":
			labels[at["for"]] = true
		case n.Data == "input" && at["type"] != "hidden":
			fields = append(fields, at["id"])
		case (n.Data == "a" || n.Data == "button" || n.Data == "summary") && strings.TrimSpace(textOf(n)) == "":
			t.Errorf("%s: a %s without a name", page, n.Data)
		}
	}
	if count["main"] != 1 || count["h1"] != 1 || count["title"] == 0 {
		t.Errorf("%s: %v", page, count)
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: id %s stands %d times", page, id, n)
		}
	}
	for _, f := range fields {
		if !labels[f] {
			t.Errorf("%s: field %q has no label", page, f)
		}
	}
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
