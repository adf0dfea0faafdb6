package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// serve answers every request with a status and a body, and keeps the last one.
func serve(t *testing.T, status int, body string) (*Client, *http.Request) {
	t.Helper()
	last := &http.Request{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*last = *r.Clone(t.Context())
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return New(srv.URL+"/", srv.Client(), "rls_x"), last
}

func TestRequestsCarryTheToken(t *testing.T) {
	c, last := serve(t, 200, `{"total":3,"hits":[]}`)
	page, err := c.Search(t.Context(), url.Values{"q": {`client:"A & B"`}, "limit": {"5"}})
	if err != nil || page.Total != 3 {
		t.Fatalf("%+v, %v", page, err)
	}
	if last.Header.Get("Authorization") != "Bearer rls_x" || last.URL.Path != "/api/v1/search" || last.URL.Query().Get("q") != `client:"A & B"` {
		t.Errorf("%s %v", last.URL, last.Header)
	}
}

func TestNamesAreEscaped(t *testing.T) {
	c, last := serve(t, 200, `{}`)
	if _, err := c.Balance(t.Context(), "a/b ?"); err != nil || last.URL.EscapedPath() != "/api/v1/cases/a%2Fb%20%3F/balance" {
		t.Errorf("%s, %v", last.URL.EscapedPath(), err)
	}
}

func TestProblemsBecomeErrors(t *testing.T) {
	c, _ := serve(t, 400, `{"code":"invalid","title":"Bad Request","status":400,"detail":"no such operator","suggestion":"from:","hint":"try: from:x"}`)
	_, err := c.Document(t.Context(), "d1")
	if relais.KindOf(err) != relais.KindInvalid || relais.HintOf(err) != "try: from:x" || !strings.Contains(err.Error(), "from:") {
		t.Errorf("%v", err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for body, status := range map[string]int{"<html>": 502, "": 500, `{"status":404}`: 404} {
		c, _ := serve(t, status, body)
		if _, err := c.Cases(t.Context()); relais.KindOf(err) != relais.KindInternal {
			t.Errorf("%d %q: %v", status, body, err)
		}
	}
	c, _ := serve(t, 200, "<html>")
	if _, err := c.Cases(t.Context()); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("%v", err)
	}
	gone := New("http://127.0.0.1:1", http.DefaultClient, "")
	if _, err := gone.Cases(t.Context()); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("%v", err)
	}
}

func TestWatch(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		kind relais.Kind // of the error, "" for none
		seen int
	}{
		"done":             {`{"type":"progress"}` + "\n" + `{"type":"done"}` + "\n", "", 1},
		"a problem":        {`{"type":"progress"}` + "\n" + `{"type":"error","problem":{"code":"damaged","title":"x"}}`, relais.KindDamaged, 1},
		"cut":              {`{"type":"progress"}` + "\n", relais.KindUnavailable, 1},
		"cut in a line":    {`{"type":"pro`, relais.KindUnavailable, 0},
		"nothing":          {"", relais.KindUnavailable, 0},
		"what comes after": {`{"type":"done"}` + "\n" + `{"type":"progress"}`, "", 0},
	} {
		c, _ := serve(t, 200, tt.body)
		seen := 0
		err := c.Watch(t.Context(), "/api/v1/wait", nil, nil, "", func(relais.Event) { seen++ })
		if relais.KindOf(err) != tt.kind || seen != tt.seen {
			t.Errorf("%s: %v, %d events", name, err, seen)
		}
	}
}

func TestOpenGivesTheBody(t *testing.T) {
	c, _ := serve(t, 200, "bytes")
	body, err := c.Open(t.Context(), "/api/v1/export", url.Values{"all": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(body)
	if diff := cmp.Diff("bytes", string(b)); diff != "" || errors.Join(err, body.Close()) != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestSendNeedsNoAnswer(t *testing.T) {
	c, last := serve(t, 200, "ignored")
	if err := c.Send(t.Context(), http.MethodPatch, "/api/v1/cases/x", map[string]string{"name": "y"}, nil); err != nil || last.Method != http.MethodPatch || last.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v, %s %v", err, last.Method, last.Header)
	}
	if err := c.Send(t.Context(), http.MethodPost, "/x", make(chan int), nil); relais.KindOf(err) != relais.KindInternal {
		t.Errorf("%v", err)
	}
}
