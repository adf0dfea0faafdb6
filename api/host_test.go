package api

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestHosts: a page is shown to whoever asks by one of our names; a stranger's name that
// points here gets nothing, neither the form to sign in nor anything by a session's cookie.
func TestHosts(t *testing.T) {
	const proxy = "https://relais.example"
	for _, tt := range []struct {
		base, host string
		tls, known bool
	}{
		{"", "localhost:8080", false, true},
		{"", "127.0.0.1:8080", false, true},
		{"", "[::1]:8080", false, true},
		{"", "::1", false, true},
		{"", "10.2.3.4", false, true},
		{"", "relais.localhost:8080", false, true},
		{"", "LOCALHOST.:8080", false, true},
		{"", "evil.example:8080", false, false},
		{"", "127.0.0.1.evil.example", false, false},
		{"", "localhost.evil.example", false, false},
		{"", "evillocalhost", false, false},
		{"", "relais.example:8443", true, true},
		{proxy, "relais.example", false, true},
		{proxy, "Relais.Example:443", false, true},
		{proxy, "127.0.0.1:8080", false, true},
		{proxy, "relais.example:444", false, false},
		{proxy, "evil.example", false, false},
		{proxy, "evil.example", true, false},
		{proxy + ":8443", "relais.example:8443", false, true},
		{proxy + ":8443", "relais.example", false, false},
	} {
		r := newRooms()
		deps := r.deps()
		deps.BaseURL = nil
		if tt.base != "" {
			var err error
			if deps.BaseURL, err = url.Parse(tt.base); err != nil {
				t.Fatal(err)
			}
		}
		h := New(deps).Handler()
		for _, target := range []string{"/login", "/", "/api/v1/search", "/?lang=fr"} {
			req := request(t, http.MethodGet, "", target, nil, session(complianceToken))
			if req.Host = tt.host; tt.tls {
				req.TLS = &tls.ConnectionState{}
			}
			w := r.do(t, h, req)
			if known := w.Code != http.StatusMisdirectedRequest; known != tt.known {
				t.Errorf("%q asked for %s as %q: %d", tt.base, target, tt.host, w.Code)
			}
		}
		if !tt.known && len(r.asked)+len(r.entries) > 0 {
			t.Errorf("%s: something was read", tt.host)
		}
	}
}

// TestProgramsUseAnyName: a bearer token is sent by programs, which know whom they ask.
func TestProgramsUseAnyName(t *testing.T) {
	r := newRooms()
	req := request(t, http.MethodGet, complianceToken, "/api/v1/search", nil)
	req.Host = "relais.cluster.local"
	if w := r.do(t, r.network(), req); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	req = request(t, http.MethodGet, "", "/api/v1/search", nil, session(complianceToken))
	req.Host = "relais.cluster.local"
	problem(t, r.do(t, r.network(), req), http.StatusMisdirectedRequest, relais.KindForbidden)
}
