package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// ask sends a GET to the network's handler. header is "Name: value" lines.
func (r *rooms) ask(t *testing.T, token, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return r.do(t, r.network(), request(t, http.MethodGet, token, target, nil, header...))
}

func (r *rooms) network() http.Handler {
	if r.handler == nil {
		r.handler = r.server().Handler()
	}
	return r.handler
}

// operator sends a request to the local socket's handler.
func (r *rooms) operator(t *testing.T, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return r.do(t, r.server().Local(), request(t, method, "", target, strings.NewReader(body), header...))
}

func request(t *testing.T, method, token, target string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, body)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	return req
}

func (r *rooms) do(t *testing.T, h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %.200q", err, w.Body)
	}
	return v
}

// problem wants an answer that is a problem document of a status and a code.
func problem(t *testing.T, w *httptest.ResponseRecorder, status int, code relais.Kind) relais.Problem {
	t.Helper()
	if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("status %d, %q: %.300s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	p := decode[relais.Problem](t, w)
	if p.Code != string(code) || p.Status != status || p.Type == "" || p.Title == "" {
		t.Errorf("problem %+v", p)
	}
	return p
}

func actions(entries []audit.Entry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, e.Action)
	}
	return slices.Clip(list)
}
