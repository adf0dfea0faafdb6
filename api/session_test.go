package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// post sends a form to the network's handler.
func (r *rooms) post(t *testing.T, target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	header = append(header, "Content-Type: application/x-www-form-urlencoded")
	return r.do(t, r.network(), request(t, http.MethodPost, "", target, strings.NewReader(form.Encode()), header...))
}

func session(token string) string { return "Cookie: " + sessionCookie + "=" + token }

func cookie(w *httptest.ResponseRecorder, name string) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func TestPagesAskToSignIn(t *testing.T) {
	for _, target := range pagesRead() {
		for _, header := range []string{"Accept: text/html", session("wrong")} {
			r := newRooms()
			w := r.ask(t, "", target, header)
			to, err := url.Parse(w.Header().Get("Location"))
			if w.Code != http.StatusSeeOther || err != nil || to.Path != "/login" || to.Query().Get("next") != target {
				t.Errorf("%s: %d %s", target, w.Code, w.Header().Get("Location"))
			}
			if len(r.asked)+len(r.entries) > 0 {
				t.Errorf("%s: something was read", target)
			}
		}
	}
}

func TestSignIn(t *testing.T) {
	for _, proxied := range []bool{false, true} {
		r := newRooms()
		header := []string{"Sec-Fetch-Site: same-origin"}
		if proxied {
			header = append(header, "X-Forwarded-Proto: https")
		}
		w := r.post(t, "/login", url.Values{"token": {complianceToken}, "next": {"/clients"}}, header...)
		c := cookie(w, sessionCookie)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/clients" || c == nil {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		if c.Value != complianceToken || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure != proxied || c.Path != "/" || c.MaxAge != 0 {
			t.Errorf("cookie %+v", c)
		}
		if got := actions(r.entries); len(got) != 1 || got[0] != actionSessionBegin {
			t.Errorf("%v", r.entries)
		}
		if page := r.ask(t, "", "/clients", session(c.Value)); page.Code != http.StatusOK {
			t.Errorf("the session opens nothing: %d", page.Code)
		}
	}
}

// The link that the command line prints signs in, and leaves the token nowhere.
func TestSignInByLink(t *testing.T) {
	w := newRooms().ask(t, "", "/login?token="+complianceToken)
	if c := cookie(w, sessionCookie); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || c == nil || c.Value != complianceToken {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, target := range []string{"/login?token=wrong-token", "/login?token=wrong-token&lang=fr"} {
		r := newRooms()
		w := r.ask(t, "", target)
		if strings.Contains(w.Body.String(), "wrong-token") || strings.Contains(r.log.String(), "wrong-token") || cookie(w, sessionCookie) != nil {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

func TestSignInWithAWrongToken(t *testing.T) {
	r := newRooms()
	w := r.post(t, "/login", url.Values{"token": {"wrong"}, "next": {"/clients"}})
	if w.Code != http.StatusUnauthorized || cookie(w, sessionCookie) != nil || !strings.Contains(w.Body.String(), `value="/clients"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOtherSitesCannotSignInOrOut(t *testing.T) {
	form := url.Values{"token": {complianceToken}}
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example", "Origin: null", "Origin: http://example.com.evil.example"} {
		r := newRooms()
		for name, w := range map[string]*httptest.ResponseRecorder{
			"login": r.post(t, "/login", form, header), "logout": r.post(t, "/logout", nil, header, session(complianceToken)),
			"link": r.ask(t, "", "/login?token="+complianceToken, header),
		} {
			if w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
				t.Errorf("%s with %s: %d %v", name, header, w.Code, w.Result().Cookies())
			}
		}
	}
	for _, header := range []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none", "Origin: http://example.com", "Accept: */*"} {
		if w := newRooms().post(t, "/login", form, header); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", header, w.Code)
		}
	}
}

func TestSignOut(t *testing.T) {
	r := newRooms()
	w := r.post(t, "/logout", nil, session(complianceToken))
	if c := cookie(w, sessionCookie); w.Code != http.StatusSeeOther || c == nil || c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("%d %+v", w.Code, c)
	}
	if got := actions(r.entries); len(got) != 1 || got[0] != actionSessionEnd {
		t.Errorf("%v", got)
	}
	if !slices.Equal(r.revoked, []string{complianceToken}) {
		t.Errorf("revoked: %v", r.revoked)
	}
	if w := newRooms().ask(t, complianceToken, "/logout"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}

func TestRedirectsStayHere(t *testing.T) {
	for next, want := range map[string]string{
		"/clients?x=1": "/clients?x=1", "": "/", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "evil": "/", "/\t/evil.example": "/",
		"javascript:alert(1)": "/",
	} {
		w := newRooms().post(t, "/login", url.Values{"token": {complianceToken}, "next": {next}})
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("%q: %q", next, got)
		}
	}
}

func TestLargeFormsAreRefused(t *testing.T) {
	if w := newRooms().post(t, "/login", url.Values{"token": {strings.Repeat("x", maxForm)}}); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
}

// TestSignOutThatFails: a token that cannot be looked up may still be good, and whoever
// signs out is not told that it ended.
func TestSignOutThatFails(t *testing.T) {
	r := newRooms()
	r.failures.tokens = relais.Errorf(relais.KindUnavailable, "look up token", "no answer")
	w := r.post(t, "/logout", nil, session(complianceToken))
	if w.Code != http.StatusServiceUnavailable || len(r.revoked) > 0 {
		t.Errorf("%d %s, revoked %v", w.Code, w.Header().Get("Location"), r.revoked)
	}
}
