package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

func (r *rooms) AllDecisions(_ context.Context, c relais.CaseID) ([]relais.Decision, error) {
	by := relais.Act{Actor: "local", At: noon(1), Reason: "r"}
	return []relais.Decision{
		{ID: "c-1", Kind: relais.DecideClient, Seq: 1, About: relais.AboutAddress, Target: "bob@acme.example", Value: "acme", Verdict: relais.Is, Since: 3, Until: 9, Act: by, Undone: &by},
		{ID: "p-1", Kind: relais.DecidePrivacy, Case: inCase, CaseName: "Departure of Ann", Seq: 1, About: relais.AboutFolder, Target: "Divorce", Verdict: relais.Personal, Act: by},
	}, r.failures.documents
}

func (r *rooms) Decide(_ context.Context, req relais.DecideRequest, by relais.Act, emit func(relais.Event)) error {
	r.deciding, r.act = req, by
	return r.verb(emit)
}

func (r *rooms) UndoDecided(_ context.Context, _ relais.UndoRequest, by relais.Act, emit func(relais.Event)) error {
	r.act = by
	return r.verb(emit)
}

func (r *rooms) ImportDecisions(_ context.Context, lines io.Reader, emit func(relais.Event)) error {
	b, err := io.ReadAll(lines)
	if err != nil {
		return err
	}
	r.uploads = append(r.uploads, string(b))
	return r.verb(emit)
}

// TestDecisionsAreForCompliance: the list is recorded before it is told, and names no
// folder; others are refused.
func TestDecisionsAreForCompliance(t *testing.T) {
	r, doc := newRooms(), document(t)
	w := r.ask(t, complianceToken, "/api/v1/decisions?case=c1")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "bob@acme.example") || strings.Contains(w.Body.String(), "Divorce") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	conforms(t, doc, "/api/v1/decisions", w)
	if len(r.entries) != 1 || r.entries[0].Action != actionDecisionList || r.entries[0].Case != inCase || r.entries[0].Count != 2 {
		t.Errorf("recorded %+v", r.entries)
	}
	r = newRooms()
	problem(t, r.ask(t, managerToken, "/api/v1/decisions"), http.StatusForbidden, relais.KindForbidden)
	if len(r.entries) != 1 || r.entries[0].Outcome != audit.Denied {
		t.Errorf("recorded %+v", r.entries)
	}
	problem(t, newRooms().ask(t, complianceToken, "/api/v1/decisions?case=nobody"), http.StatusNotFound, relais.KindNotFound)
	r = newRooms()
	r.failures.audit = errors.New("disk full")
	if w := r.ask(t, complianceToken, "/api/v1/decisions"); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "bob@") {
		t.Errorf("told without a record: %d %s", w.Code, w.Body)
	}
}

// TestDeciding: by the local operator alone; recorded first, without any address.
func TestDeciding(t *testing.T) {
	for body, want := range map[string]int{
		`{"kind":"client","value":"acme","documents":["d1"]}`:                                    http.StatusOK,
		`{"kind":"topic","value":"prix","not":true,"addresses":["Bob@acme.example"]}`:            http.StatusOK,
		`{"kind":"merge","value":"acme","clients":["beta"],"reason":" one house "}`:              http.StatusOK,
		`{"kind":"merge","value":"acme","clients":["beta"],"domains":["x.example"]}`:             http.StatusBadRequest,
		`{"kind":"merge","value":"acme","clients":["beta"],"not":true}`:                          http.StatusBadRequest,
		`{"kind":"client","value":" ","documents":["d1"]}`:                                       http.StatusBadRequest,
		`{"kind":"client","value":"acme"}`:                                                       http.StatusBadRequest,
		`{"kind":"privacy","value":"personal","documents":["d1"]}`:                               http.StatusBadRequest,
		`{"kind":"client","value":"a","documents":["d1"],"reason":"` + strings.Repeat("x", 1001): http.StatusBadRequest,
	} {
		r := newRooms()
		r.events = []relais.Event{{Type: "decided"}}
		w := r.operator(t, http.MethodPost, "/api/v1/decisions", body)
		if w.Code != want || (len(r.entries) == 1) != (want == http.StatusOK) || (r.act.Actor == "local") != (want == http.StatusOK) {
			t.Errorf("%.60s: %d, recorded %+v, by %+v", body, w.Code, r.entries, r.act)
		}
		for _, e := range r.entries {
			if e.Action != actionDecisionMake || slices.ContainsFunc(e.Objects, func(o string) bool { return strings.Contains(o, "@") }) || len(e.Objects) != 1 {
				t.Errorf("%s: recorded %+v", body, e)
			}
		}
		if w := r.send(t, complianceToken, "/api/v1/decisions", body); w.Code == http.StatusOK {
			t.Errorf("%s: decided over the network", body)
		}
	}
	r := newRooms()
	r.failures.audit = errors.New("disk full")
	problem(t, r.operator(t, http.MethodPost, "/api/v1/decisions", `{"kind":"client","value":"acme","documents":["d1"]}`), http.StatusServiceUnavailable, relais.KindUnavailable)
	if r.deciding.Value != "" {
		t.Error("decided without a record")
	}
	r = newRooms()
	if w := r.operator(t, http.MethodPost, "/api/v1/decisions/undo", `{"id":"c-1"}`); w.Code != http.StatusOK || r.entries[0].Action != actionDecisionUndo || r.act.Actor != "local" {
		t.Errorf("undo: %d, %+v", w.Code, r.entries)
	}
	problem(t, newRooms().operator(t, http.MethodPost, "/api/v1/decisions/undo", `{}`), http.StatusBadRequest, relais.KindInvalid)
}

// TestDecisionsExportedAndImported: by the local operator alone, whole, recorded first.
func TestDecisionsExportedAndImported(t *testing.T) {
	r := newRooms()
	w := r.operator(t, http.MethodGet, "/api/v1/decisions/export", "")
	if lines := strings.Count(w.Body.String(), "\n"); w.Code != http.StatusOK || lines != 2 || !strings.Contains(w.Body.String(), "Divorce") || r.entries[0].Action != actionDecisionExport {
		t.Errorf("%d %s, recorded %+v", w.Code, w.Body, r.entries)
	}
	lines := w.Body.String()
	if w := r.ask(t, complianceToken, "/api/v1/decisions/export"); w.Code != http.StatusNotFound {
		t.Errorf("exported over the network: %d", w.Code)
	}
	r = newRooms()
	if w := r.operator(t, http.MethodPost, "/api/v1/decisions/import", lines); w.Code != http.StatusOK || r.uploads[0] != lines || r.entries[0].Action != actionDecisionImport {
		t.Errorf("%d, %+v", w.Code, r.entries)
	}
	r = newRooms()
	r.failures.audit = errors.New("disk full")
	problem(t, r.operator(t, http.MethodGet, "/api/v1/decisions/export", ""), http.StatusServiceUnavailable, relais.KindUnavailable)
}
