package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/answer"
)

// document reads the OpenAPI document, with every object closed: answers may gain
// fields, but not one that the document does not tell of.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPIDocument)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	no := false
	for _, s := range doc.Components.Schemas {
		if s.Value.Type.Is("object") && s.Value.AdditionalProperties.Schema == nil {
			s.Value.AdditionalProperties.Has = &no
		}
	}
	return doc
}

func TestOpenAPIIsServed(t *testing.T) {
	w := newRooms().ask(t, "", "/api/openapi.json")
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), openAPIDocument) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if doc := document(t); !doc.IsOpenAPI31OrLater() {
		t.Errorf("version %s", doc.OpenAPI)
	}
}

// Every route of the interface is in the document, and the other way round.
func TestOpenAPIHoldsEveryRoute(t *testing.T) {
	var routes, documented []string
	engine, _ := newRooms().server().Handler().(*gin.Engine)
	for _, r := range engine.Routes() {
		if strings.HasPrefix(r.Path, "/api/") || slices.Contains([]string{"/livez", "/readyz", "/metrics"}, r.Path) {
			routes = append(routes, r.Method+" "+r.Path)
		}
	}
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+strings.NewReplacer("{", ":", "}", "").Replace(path))
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if !slices.Equal(routes, documented) {
		t.Errorf("routes\n%v\ndocumented\n%v", routes, documented)
	}
}

// conforms checks an answer against what the document says of its path and status.
func conforms(t *testing.T, doc *openapi3.T, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	operation := doc.Paths.Find(path).Get
	if operation == nil {
		operation = doc.Paths.Find(path).Post
	}
	response := operation.Responses.Status(w.Code)
	if response == nil {
		t.Errorf("%s: status %d is not documented", path, w.Code)
		return
	}
	kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	media := response.Value.Content[kind]
	if media == nil && len(response.Value.Content) == 0 && w.Body.Len() == 0 {
		return
	}
	if media == nil {
		t.Errorf("%s: %d of type %q is not documented", path, w.Code, kind)
		return
	}
	lines := [][]byte{w.Body.Bytes()}
	if kind == "application/x-ndjson" {
		lines = bytes.Split(bytes.TrimSpace(w.Body.Bytes()), []byte("\n"))
	}
	for _, line := range lines {
		var v any
		if media.Schema == nil || !strings.Contains(kind, "json") {
			continue
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := media.Schema.Value.VisitJSON(v, openapi3.MultiErrors()); err != nil {
			t.Errorf("%s: %d: %v", path, w.Code, err)
		}
	}
}

func TestAnswersAreAsDocumented(t *testing.T) {
	doc := document(t)
	for target, path := range map[string]string{
		"/api/v1/search?q=prix&facets=1&histogram=1&limit=1": "/api/v1/search",
		"/api/v1/search?q=frm:x":                             "/api/v1/search",
		"/api/v1/documents/d1":                               "/api/v1/documents/{id}",
		"/api/v1/documents/nothing":                          "/api/v1/documents/{id}",
		"/api/v1/documents/d1/raw":                           "/api/v1/documents/{id}/raw",
		"/api/v1/threads/t1":                                 "/api/v1/threads/{id}",
		"/api/v1/threads/nothing":                            "/api/v1/threads/{id}",
		"/api/v1/clients":                                    "/api/v1/clients",
		"/api/v1/cases":                                      "/api/v1/cases",
		"/api/v1/cases/c1":                                   "/api/v1/cases/{name}",
		"/api/v1/cases/c1/balance":                           "/api/v1/cases/{name}/balance",
		"/api/v1/refused?case=c1":                            "/api/v1/refused",
		"/api/v1/refused?case=nothing":                       "/api/v1/refused",
		"/api/v1/privacy?case=c1":                            "/api/v1/privacy",
		"/api/v1/privacy?limit=0":                            "/api/v1/privacy",
		"/api/v1/privacy?case=nothing":                       "/api/v1/privacy",
		"/api/v1/unreadable?case=c1":                         "/api/v1/unreadable",
		"/api/v1/unreadable?partial=x":                       "/api/v1/unreadable",
		"/api/v1/unreadable?case=nothing":                    "/api/v1/unreadable",
		"/api/v1/export?all=1":                               "/api/v1/export",
		"/api/v1/export?all=1&format=mbox":                   "/api/v1/export",
		"/api/v1/export?all=1&format=eml":                    "/api/v1/export",
		"/api/openapi.json":                                  "/api/openapi.json",
		"/livez":                                             "/livez",
		"/readyz":                                            "/readyz",
		"/metrics":                                           "/metrics",
	} {
		for _, token := range []string{complianceToken, managerToken, ""} {
			r := newRooms()
			r.result.Facets = map[search.Field][]relais.FacetValue{search.FacetClient: {{Value: "acme", Count: 2}}}
			r.result.Histogram = []relais.FacetValue{{Value: "2024-03", Count: 2}}
			r.result.Notes = []relais.Note{{Code: "relevance_sampled", Detail: "20000"}}
			conforms(t, doc, path, r.ask(t, token, target))
		}
		broken := newRooms()
		broken.failures.audit = relais.E(relais.KindUnavailable, "audit", nil)
		conforms(t, doc, path, broken.ask(t, complianceToken, target))
	}
	conforms(t, doc, "/api/v1/documents/{id}", newRooms().ask(t, complianceToken, "/api/v1/documents/d1", "If-None-Match: *"))
}

// The document that is checked against the schema has a value in every field, so that a
// new field that the schema does not tell of is noticed.
func TestFullDocumentIsFull(t *testing.T) {
	d := reflect.ValueOf(fullDocument())
	for i := range d.NumField() {
		if d.Field(i).IsZero() {
			t.Errorf("%s has no value", d.Type().Field(i).Name)
		}
	}
}

// The document knows every field of the types it describes.
func TestOpenAPIKnowsEveryField(t *testing.T) {
	doc := document(t)
	for name, v := range map[string]any{
		"Document": fullDocument(), "Hit": relais.Hit{Kind: relais.KindFile, Snippet: "x", Case: "c", Name: "n", Thread: "t", Subject: "s", Date: noon(1)},
		"Case": relais.Case{ID: "c", Name: "n", Purpose: "p", InformedOn: "2024-01-01", RetainUntil: "2030-01-01", Owners: []relais.Owner{{Address: "a", Aliases: []string{"b"}}}},
		"Refusal": relais.Refusal{Folder: "f", Stage: "ingest", SHA256: relais.DigestOf(nil), At: noon(1),
			Record: &relais.RefusedRecord{Topic: "enriched", Offset: 7, Key: "d1", Generation: -1, Version: 2}},
		"Balance": relais.Balance{Case: "c", Apart: 1, Sources: []relais.SourceBalance{}, Reasons: []relais.ReasonCount{}},
		"Problem": relais.Problem{Type: "urn:x", Code: "invalid", Status: 400, Detail: "d", Hint: "h", Position: new(int), Length: 1, Suggestion: "s"},
		"Client":  answer.Client{Client: relais.Client{Domains: []string{"d"}, Aliases: []string{"a"}, City: "c", Sector: "s", SIREN: "1", Owner: "o", Stage: "s", Discovered: true}},
		"Page": relais.Page{Hits: []relais.Hit{}, Searched: "q", Notes: []relais.Note{{Code: "c", Detail: "d"}},
			Offers: []relais.Offer{{Code: "date", Query: "date:2026-03", Label: "l", Count: 1}}},
		"Contact": relais.Contact{Name: "n", Email: "e", Phone: "p", Title: "t"},
	} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back any
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas[name].Value.VisitJSON(back, openapi3.MultiErrors()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func fullDocument() relais.Document {
	a := []relais.Address{{Name: "n", Address: "a"}}
	d := newRooms().docs[0]
	d.Content, d.Parent, d.MessageID, d.InReplyTo, d.References = "1m", "d0", "x@y", "w@y", []string{"v@y"}
	d.Cc, d.Bcc, d.ReplyTo, d.Name, d.MediaType, d.Size, d.SHA256 = a, a, a, "n", "text/plain", 3, relais.DigestOf(nil)
	d.People = []relais.Person{{Name: "n", Address: "a", Role: "from"}}
	d.Privacy.Evidence = []relais.Evidence{{Signal: "s", Detail: "d"}}
	d.Occurrences[0].Flags = []string{"seen"}
	d.Warnings[0].Detail, d.Unread = "x", relais.UnreadLocked
	return d
}
