package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// reads are the routes that disclose something.
func reads() []string {
	return []string{
		"/api/v1/search?q=prix", "/api/v1/documents/d1", "/api/v1/documents/d1/raw", "/api/v1/threads/t1", "/api/v1/clients", "/api/v1/cases",
		"/api/v1/cases/c1", "/api/v1/cases/c1/balance", "/api/v1/refused", "/api/v1/export?all=1",
	}
}

// pagesRead are the pages that disclose something.
func pagesRead() []string {
	return []string{"/?q=prix", "/documents/d1", "/threads/t1", "/clients"}
}

func TestNothingWithoutAToken(t *testing.T) {
	for _, target := range append(reads(), "/metrics") {
		for _, token := range []string{"", "wrong"} {
			r := newRooms()
			w := r.ask(t, token, target)
			p := problem(t, w, http.StatusUnauthorized, relais.KindAuth)
			if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") || p.Detail == "" {
				t.Errorf("%s: %v, %+v", target, w.Header(), p)
			}
			if len(r.asked) > 0 || len(r.entries) > 0 {
				t.Errorf("%s: something was read", target)
			}
		}
	}
}

func TestOpenRoutes(t *testing.T) {
	r := newRooms()
	for target, want := range map[string]string{"/livez": "ok\n", "/readyz": `{"ready":true}`} {
		if w := r.ask(t, "", target); w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if w := r.ask(t, complianceToken, "/metrics"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "relais_refused 1") {
		t.Errorf("metrics: %d %s", w.Code, w.Body)
	}
}

// TestNotReady: the parts that are missing are named, as a problem that programs read.
func TestNotReady(t *testing.T) {
	r := newRooms()
	r.missing = []string{"state", "audit"}
	w := r.ask(t, "", "/readyz")
	told := decode[struct {
		relais.Problem
		Ready   bool     `json:"ready"`
		Missing []string `json:"missing"`
	}](t, w)
	if w.Code != http.StatusServiceUnavailable || told.Ready || !slices.Equal(told.Missing, r.missing) || told.Code != string(relais.KindUnavailable) ||
		told.Detail != "not ready: state, audit cannot be read, or not be written" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := document(t).Components.Schemas["NotReady"].Value.VisitJSON(decode[map[string]any](t, w)); err != nil {
		t.Error(err)
	}
}

func TestSafeHeaders(t *testing.T) {
	for _, target := range append(append(reads(), pagesRead()...), "/login", "/nowhere", "/api/v1/nowhere") {
		h := newRooms().ask(t, complianceToken, target).Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
			!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(h.Get("Content-Security-Policy"), "script-src") {
			t.Errorf("%s: %v", target, h)
		}
	}
}

// What a scope does not show answers as what does not exist: same status, same body.
func TestOutOfScopeIsUnknown(t *testing.T) {
	for _, route := range []string{"/api/v1/documents/%", "/api/v1/documents/%/raw", "/documents/%"} {
		r := newRooms()
		hidden := r.ask(t, managerToken, strings.Replace(route, "%", "d9", 1))
		unknown := r.ask(t, managerToken, strings.Replace(route, "%", "d8", 1))
		if hidden.Code != http.StatusNotFound || hidden.Code != unknown.Code || strings.ReplaceAll(hidden.Body.String(), "d9", "d8") != unknown.Body.String() {
			t.Errorf("%s:\n%s\n%s", route, hidden.Body, unknown.Body)
		}
		if len(r.entries) > 0 {
			t.Errorf("%s: recorded as disclosed", route)
		}
	}
	for _, pair := range [][2]string{{"/api/v1/threads/t9", "/api/v1/threads/t8"}, {"/api/v1/cases/Bob%2F2", "/api/v1/cases/Bob%2F3"}, {"/api/v1/cases/c2", "/api/v1/cases/c8"}} {
		r := newRooms()
		hidden, unknown := r.ask(t, managerToken, pair[0]), r.ask(t, managerToken, pair[1])
		fold := strings.NewReplacer("Bob/2", "x", "Bob/3", "x", "c2", "x", "c8", "x")
		if hidden.Code != http.StatusNotFound || fold.Replace(hidden.Body.String()) != fold.Replace(unknown.Body.String()) {
			t.Errorf("%v:\n%s\n%s", pair, hidden.Body, unknown.Body)
		}
	}
}

func TestACaseWithASlashInItsName(t *testing.T) {
	w := newRooms().ask(t, complianceToken, "/api/v1/cases/Bob%2F2")
	if k := decode[relais.Case](t, w); w.Code != http.StatusOK || k.ID != outCase {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestCasesOfTheScope(t *testing.T) {
	for token, want := range map[string]int{complianceToken: 2, managerToken: 1} {
		w := newRooms().ask(t, token, "/api/v1/cases")
		got := decode[struct{ Cases []relais.Case }](t, w)
		if len(got.Cases) != want {
			t.Errorf("%s: %d cases", token, len(got.Cases))
		}
	}
}

// When what is read cannot be recorded, nothing of it is sent.
func TestAuditBeforeDisclosure(t *testing.T) {
	for _, target := range append(reads(), pagesRead()...) {
		r := newRooms()
		r.failures.audit = errors.New("disk full at /var/secret")
		w := r.ask(t, complianceToken, target)
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d", target, w.Code)
		}
		for _, content := range []string{"pompes", "100 EUR", "Acme", "Ann Pump", "eml", "Departure of", "/var/secret"} {
			if strings.Contains(w.Body.String(), content) {
				t.Errorf("%s: %q was sent: %s", target, content, w.Body)
			}
		}
	}
}

func TestAuditSaysWhatAndNothingElse(t *testing.T) {
	want := map[string][]string{
		"/api/v1/search?q=prix": {actionSearch}, "/api/v1/documents/d1": {actionDocumentOpen}, "/api/v1/documents/d1/raw": {actionDocumentRaw},
		"/api/v1/threads/t1": {actionThreadOpen}, "/api/v1/clients": {actionClientList}, "/api/v1/cases": {actionCaseList}, "/api/v1/cases/c1": {actionCaseOpen},
		"/api/v1/cases/c1/balance": {actionCaseBalance}, "/api/v1/refused": {actionRefusedList}, "/api/v1/export?all=1": {actionExport},
		"/?q=prix": {actionSearch}, "/documents/d1": {actionDocumentOpen, actionThreadList}, "/threads/t1": {actionThreadOpen}, "/clients": {actionClientList},
	}
	for _, target := range append(reads(), pagesRead()...) {
		r := newRooms()
		r.ask(t, complianceToken, target)
		if diff := cmp.Diff(want[target], actions(r.entries)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
		for _, e := range r.entries {
			if e.Actor != "token:compliance" || e.Outcome != audit.Allowed {
				t.Errorf("%s: %+v", target, e)
			}
			for _, text := range append([]string{e.QueryHash, e.Reason, e.Session, string(e.Case)}, e.Objects...) {
				if strings.Contains(text, "prix") || strings.Contains(text, "@") || strings.Contains(text, "Ann") {
					t.Errorf("%s: the entry holds %q", target, text)
				}
			}
		}
		if log := r.log.String(); strings.Contains(log, "prix") || strings.Contains(log, "@") {
			t.Errorf("%s: the log holds %s", target, log)
		}
	}
}

func TestComplianceAlone(t *testing.T) {
	for _, target := range []string{"/api/v1/cases/c1/balance", "/api/v1/refused"} {
		r := newRooms()
		problem(t, r.ask(t, managerToken, target), http.StatusForbidden, relais.KindForbidden)
		if len(r.entries) != 1 || r.entries[0].Outcome != audit.Denied {
			t.Errorf("%s: %+v", target, r.entries)
		}
	}
}

// TestADamagedAuditIsDamage: it is told apart from a full disk.
func TestADamagedAuditIsDamage(t *testing.T) {
	r := newRooms()
	r.failures.audit = relais.Errorf(relais.KindDamaged, "append audit", "the end of the log is gone")
	if p := problem(t, r.ask(t, complianceToken, "/api/v1/search?q=prix"), http.StatusInternalServerError, relais.KindDamaged); strings.Contains(p.Hint, "disk") {
		t.Errorf("%+v", p)
	}
}

// TestARoomThatGaveUp: a bound that a room sets itself is no end of the request.
func TestARoomThatGaveUp(t *testing.T) {
	r := newRooms()
	r.failures.search = fmt.Errorf("search: %w", context.DeadlineExceeded)
	problem(t, r.ask(t, complianceToken, "/api/v1/search?q=prix"), http.StatusServiceUnavailable, relais.KindUnavailable)
}

// TestAClockThatFails: who may see what cannot be told without the time. That is an
// answer of its own, by every door: nothing found, unknown or forbidden would be a lie.
func TestAClockThatFails(t *testing.T) {
	for _, target := range slices.Concat(reads(), pagesRead(), []string{"/api/v1/unreadable", "/api/v1/privacy", "/api/v1/decisions", "/privacy",
		"/api/v1/unreadable?case=c1", "/api/v1/export?all=1&format=mbox", "/api/v1/export?all=1&format=eml"}) {
		r := newRooms()
		r.failures.clock = errors.New("state is gone at /var/secret")
		w := r.ask(t, complianceToken, target)
		if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "/var/secret") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		if len(r.asked)+len(r.entries) > 0 {
			t.Errorf("%s: something was read, or recorded", target)
		}
	}
	r := newRooms()
	r.failures.clock = relais.Errorf(relais.KindDamaged, "read the clock", "malformed")
	problem(t, r.ask(t, complianceToken, "/api/v1/search"), http.StatusInternalServerError, relais.KindDamaged)
}

// TestAClockThatFailsMeanwhile: what was sent of an export must not pass for all of it.
func TestAClockThatFailsMeanwhile(t *testing.T) {
	for _, format := range []string{"jsonl", "mbox"} {
		r := newRooms()
		r.order = nil
		for i := range 250 {
			d := relais.Document{ID: relais.DocumentID(fmt.Sprintf("e%03d", i)), Kind: relais.KindMessage, Text: strings.Repeat("x", 2000)}
			r.add(inCase, d)
			r.order = append(r.order, d.ID)
		}
		asked, deps := 0, r.deps()
		deps.Clock = func(context.Context) (time.Time, error) {
			if asked++; asked > 3 {
				return time.Time{}, errors.New("state is gone")
			}
			return noon(20), nil
		}
		srv := httptest.NewServer(New(deps).Local())
		res, err := srv.Client().Get(srv.URL + "/api/v1/export?all=1&format=" + format)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		if asked <= 3 || err == nil && res.StatusCode == http.StatusOK {
			t.Errorf("%s: it ends as if it were whole, the time asked for %d times", format, asked)
		}
		srv.Close()
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	for kind, want := range map[relais.Kind]int{
		relais.KindInvalid: 400, relais.KindRefused: 400, relais.KindAuth: 401, relais.KindForbidden: 403, relais.KindNotFound: 404, relais.KindForgotten: 404,
		relais.KindConflict: 409, relais.KindTooLarge: 413, relais.KindUnavailable: 503, relais.KindLocked: 503, relais.KindInternal: 500, relais.KindDamaged: 500,
	} {
		r := newRooms()
		r.failures.search = relais.WithHint(relais.Errorf(kind, "search", "at /srv/data"), "do that")
		code := kind
		if kind == relais.KindForgotten {
			code = relais.KindNotFound
		}
		p := problem(t, r.ask(t, complianceToken, "/api/v1/search"), want, code)
		if p.Hint != "do that" {
			t.Errorf("%s: hint %q", kind, p.Hint)
		}
		if told := strings.Contains(p.Detail, "/srv/data"); told == (want >= 500) {
			t.Errorf("%s: detail %q", kind, p.Detail)
		}
	}
}

func TestTheLocalOperatorIsToldEverything(t *testing.T) {
	r := newRooms()
	r.failures.search = errors.New("index-3.db is gone")
	p := problem(t, r.operator(t, http.MethodGet, "/api/v1/search", ""), http.StatusInternalServerError, relais.KindInternal)
	if !strings.Contains(p.Detail, "index-3.db") {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	r := newRooms()
	problem(t, r.ask(t, complianceToken, "/api/v1/nowhere"), http.StatusNotFound, relais.KindNotFound)
	w := r.do(t, r.server().Handler(), request(t, http.MethodDelete, complianceToken, "/api/v1/search", nil))
	problem(t, w, http.StatusMethodNotAllowed, relais.KindInvalid)
}

// The network's handler has none of the verbs that change the archive.
func TestOperatorRoutesAreLocal(t *testing.T) {
	r := newRooms()
	for _, target := range []string{"/cases", "/tokens", "/ingests", "/clients/import", "/reindex", "/verify", "/refused/retry", "/unreadable/retry", "/evaluate", "/wait"} {
		w := r.do(t, r.server().Handler(), request(t, http.MethodPost, complianceToken, "/api/v1"+target, strings.NewReader("{}")))
		if w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: status %d", target, w.Code)
		}
	}
	if len(r.entries) > 0 {
		t.Errorf("something was done: %v", r.entries)
	}
}

func TestPanicsBecomeProblems(t *testing.T) {
	r := newRooms()
	d := r.deps()
	d.Searcher = nil
	w := r.do(t, New(d).Handler(), request(t, http.MethodGet, complianceToken, "/api/v1/search", nil))
	problem(t, w, http.StatusInternalServerError, relais.KindInternal)
	if !strings.Contains(r.log.String(), "handler panicked") {
		t.Errorf("log: %s", r.log.String())
	}
}

func TestActionsAreOneWordEach(t *testing.T) {
	words := []string{
		actionSearch, actionDocumentOpen, actionDocumentRaw, actionThreadOpen, actionThreadList, actionClientList, actionClientImport, actionCaseList,
		actionCaseOpen, actionCaseCreate, actionCaseChange, actionCaseBalance, actionRefusedList, actionRefusedRetry, actionExport, actionIngest,
		actionReindex, actionVerify, actionBackup, actionEvaluate, actionWait, actionTokenCreate, actionSessionBegin, actionSessionEnd,
	}
	slices.Sort(words)
	if len(slices.Compact(slices.Clone(words))) != len(words) {
		t.Errorf("a word stands for two actions: %v", words)
	}
}
