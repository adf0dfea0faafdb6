package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// send sends a body to the network's interface.
func (r *rooms) send(t *testing.T, token, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.server().Handler().ServeHTTP(w, req)
	return w
}

func TestDoubtfulIsForCompliance(t *testing.T) {
	r := newRooms()
	w := r.ask(t, complianceToken, "/api/v1/privacy?case=c1&folder=INBOX&rule=subject&limit=5&cursor=x")
	want := relais.DoubtfulQuery{Case: inCase, Folder: "INBOX", Rule: "subject", Limit: 5, Cursor: "x"}
	if w.Code != http.StatusOK || r.query != want || r.entries[0].Action != actionPrivacyList {
		t.Errorf("%d, asked %+v, recorded %+v", w.Code, r.query, r.entries)
	}
	for _, try := range []func(*rooms) *httptest.ResponseRecorder{
		func(r *rooms) *httptest.ResponseRecorder { return r.ask(t, managerToken, "/api/v1/privacy") },
		func(r *rooms) *httptest.ResponseRecorder {
			return r.send(t, managerToken, "/api/v1/privacy/d7", `{"reason":"x"}`)
		},
	} {
		r := newRooms()
		problem(t, try(r), http.StatusForbidden, relais.KindForbidden)
		if len(r.entries) != 1 || r.entries[0].Outcome != audit.Denied || !r.act.At.IsZero() {
			t.Errorf("recorded %+v", r.entries)
		}
	}
}

// TestPrivacyPage: a person sees the same list, in both languages; others no link to it.
func TestPrivacyPage(t *testing.T) {
	for lang, want := range map[string]string{"en": "1 document is withheld", "fr": "1 document est retenu"} {
		r := newRooms()
		w := r.ask(t, complianceToken, "/privacy?rule=subject", "Accept-Language: "+lang)
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, want) || !strings.Contains(body, "d7") || !strings.Contains(body, "cursor=n") || r.query.Rule != "subject" {
			t.Errorf("%s: %d %s", lang, w.Code, body)
		}
		if len(r.entries) != 1 || r.entries[0].Action != actionPrivacyList {
			t.Errorf("recorded %+v", r.entries)
		}
	}
	if w := newRooms().ask(t, managerToken, "/privacy"); w.Code != http.StatusForbidden {
		t.Errorf("a manager sees it: %d", w.Code)
	}
	for token, want := range map[string]bool{complianceToken: true, managerToken: false} {
		if body := newRooms().ask(t, token, "/clients").Body.String(); strings.Contains(body, `href="/privacy"`) != want {
			t.Errorf("linked to for %s: %v", token, !want)
		}
	}
}

// TestDisclosedWithAReason: nothing is told before it is on record, and nothing of the
// reason's text is in the audit log.
func TestDisclosedWithAReason(t *testing.T) {
	r, doc := newRooms(), document(t)
	w := r.send(t, complianceToken, "/api/v1/privacy/d7", `{"reason":" asked by the council "}`)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Dîner") || r.act.Reason != "asked by the council" || r.act.Actor != "token:compliance" {
		t.Errorf("%d %s, by %+v", w.Code, w.Body, r.act)
	}
	conforms(t, doc, "/api/v1/privacy/{id}", w)
	e := r.entries[0]
	if len(r.entries) != 1 || e.Action != actionPrivacyShow || !slices.Equal(e.Objects, []string{"d7"}) || e.QueryHash != "hash20" || e.Reason != "" {
		t.Errorf("recorded %+v", r.entries)
	}
	r = newRooms()
	w = r.send(t, complianceToken, "/api/v1/privacy/d1", `{"reason":"x"}`)
	problem(t, w, http.StatusNotFound, relais.KindNotFound)
	conforms(t, doc, "/api/v1/privacy/{id}", w)
	for body, kind := range map[string]relais.Kind{`{}`: relais.KindInvalid, `{"reason":" "}`: relais.KindInvalid,
		`{"reason":"` + strings.Repeat("x", maxReason+1) + `"}`: relais.KindInvalid} {
		r = newRooms()
		problem(t, r.send(t, complianceToken, "/api/v1/privacy/d7", body), http.StatusBadRequest, kind)
		if !r.act.At.IsZero() || len(r.entries) > 0 {
			t.Errorf("%.20s was told", body)
		}
	}
	r = newRooms()
	problem(t, r.send(t, complianceToken, "/api/v1/privacy/d7", `{"reason":"x"}`, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, relais.KindForbidden)
	r.failures.audit = errors.New("disk full")
	problem(t, r.send(t, complianceToken, "/api/v1/privacy/d7", `{"reason":"x"}`), http.StatusServiceUnavailable, relais.KindUnavailable)
	if !r.act.At.IsZero() {
		t.Error("told without a record")
	}
}

// TestSettling: towards professional one thing at a time, with a reason; by the local
// operator alone; recorded first, without the names of folders.
func TestSettling(t *testing.T) {
	for body, want := range map[string]int{
		`{"documents":["d7"],"as":"professional","reason":"r"}`:                         http.StatusOK,
		`{"folders":["Clients/CSE"],"as":"professional","reason":"r"}`:                  http.StatusOK,
		`{"documents":["d7","d8"],"folders":["x"],"rules":["subject"],"as":"personal"}`: http.StatusOK,
		`{"documents":["d7","d8"],"as":"professional","reason":"r"}`:                    http.StatusBadRequest,
		`{"folders":["x"],"rules":["y"],"as":"professional","reason":"r"}`:              http.StatusBadRequest,
		`{"documents":["d7"],"as":"professional"}`:                                      http.StatusBadRequest,
		`{"documents":["d7"],"as":"perhaps","reason":"r"}`:                              http.StatusBadRequest,
		`{"as":"personal","reason":"r"}`:                                                http.StatusBadRequest,
	} {
		r := newRooms()
		r.events = []relais.Event{{Type: "settled"}}
		w := r.operator(t, http.MethodPost, "/api/v1/privacy/settle", body)
		if w.Code != want || (len(r.entries) == 1) != (want == http.StatusOK) || (r.act.Actor == "local") != (want == http.StatusOK) {
			t.Errorf("%s: %d, recorded %+v, by %+v", body, w.Code, r.entries, r.act)
		}
		for _, e := range r.entries {
			if e.Action != actionPrivacySettle || slices.Contains(e.Objects, "Clients/CSE") {
				t.Errorf("%s: recorded %+v", body, e)
			}
		}
		if w := r.send(t, complianceToken, "/api/v1/privacy/settle", body); w.Code == http.StatusOK {
			t.Errorf("%s: settled over the network", body)
		}
	}
	r := newRooms()
	if w := r.operator(t, http.MethodPost, "/api/v1/privacy/undo", `{"id":"p-1"}`); w.Code != http.StatusOK || r.entries[0].Action != actionPrivacyUndo || r.act.Actor != "local" {
		t.Errorf("undo: %d, %+v", w.Code, r.entries)
	}
	problem(t, newRooms().operator(t, http.MethodPost, "/api/v1/privacy/undo", `{}`), http.StatusBadRequest, relais.KindInvalid)
}
