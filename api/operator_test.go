package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/api/client"
	"github.com/relais-archive/relais/internal/relais"
)

func events(t *testing.T, w *httptest.ResponseRecorder) []relais.Event {
	t.Helper()
	var list []relais.Event
	for line := range bytes.Lines(w.Body.Bytes()) {
		var e relais.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, e)
	}
	return list
}

func TestLongVerbsSendEvents(t *testing.T) {
	for target, action := range map[string]string{
		"/api/v1/ingests": actionIngest, "/api/v1/reindex?from=raw": actionReindex, "/api/v1/verify?read_data=1": actionVerify,
		"/api/v1/refused/retry?case=c1": actionRefusedRetry, "/api/v1/unreadable/retry": actionUnreadRetry, "/api/v1/evaluate": actionEvaluate, "/api/v1/wait": actionWait,
		"/api/v1/backup?dir=%2Fb&keys=%2Fk": actionBackup,
	} {
		r := newRooms()
		r.events = []relais.Event{{Type: "progress", Stage: "enrich", Done: 1, Total: 2}, {Type: "note", Detail: "é\n"}}
		w := r.operator(t, http.MethodPost, target, "{}")
		want := append(r.events, relais.Event{Type: "done"})
		if diff := cmp.Diff(want, events(t, w)); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-ndjson" || diff != "" {
			t.Errorf("%s: %d (-want +got):\n%s", target, w.Code, diff)
		}
		if got := actions(r.entries); len(got) != 1 || got[0] != action || r.entries[0].Actor != "local" {
			t.Errorf("%s: %+v", target, r.entries)
		}
	}
}

func TestAVerbThatFailsSaysSoLast(t *testing.T) {
	r := newRooms()
	r.events = []relais.Event{{Type: "progress"}}
	r.opErr = relais.WithHint(relais.Errorf(relais.KindDamaged, "verify", "pack 7"), "restore it")
	list := events(t, r.operator(t, http.MethodPost, "/api/v1/verify", ""))
	last := list[len(list)-1]
	if last.Type != "error" || last.Problem == nil || last.Problem.Code != string(relais.KindDamaged) || last.Problem.Hint != "restore it" ||
		!strings.Contains(last.Problem.Detail, "pack 7") {
		t.Errorf("%+v", last.Problem)
	}
}

func TestAVerbThatCannotBeRecordedIsNotDone(t *testing.T) {
	r := newRooms()
	r.failures.audit = errors.New("disk full")
	r.events = []relais.Event{{Type: "progress"}}
	for _, target := range []string{"/api/v1/ingests", "/api/v1/wait", "/api/v1/tokens", "/api/v1/cases"} {
		w := r.operator(t, http.MethodPost, target, `{}`)
		problem(t, w, http.StatusServiceUnavailable, relais.KindUnavailable)
	}
}

func TestRequestsOfVerbsAreChecked(t *testing.T) {
	deep := strings.Repeat(`{"Owner":`, 50_000)
	for _, body := range []string{"", "{", `{"unknown":1}`, `[]`, strings.Repeat(" ", 2<<20) + "{}", deep, strings.Repeat("[", 100_000), `{"Timeout":1e400}`} {
		r := newRooms()
		problem(t, r.operator(t, http.MethodPost, "/api/v1/ingests", body), http.StatusBadRequest, relais.KindInvalid)
		if len(r.entries) > 0 {
			t.Errorf("%.20q was recorded", body)
		}
	}
}

func TestCasesAreMadeAndChanged(t *testing.T) {
	r := newRooms()
	if w := r.operator(t, http.MethodPost, "/api/v1/cases", `{"name":"new"}`); w.Code != http.StatusCreated || decode[relais.Case](t, w).ID != "c3" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	problem(t, r.operator(t, http.MethodPost, "/api/v1/cases", `{}`), http.StatusConflict, relais.KindConflict)
	if w := r.operator(t, http.MethodPatch, "/api/v1/cases/c1", `{"name":"other"}`); w.Code != http.StatusOK || decode[relais.Case](t, w).ID != inCase {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	problem(t, r.operator(t, http.MethodPatch, "/api/v1/cases/c7", `{"name":"other"}`), http.StatusNotFound, relais.KindNotFound)
}

func TestClientsAreImported(t *testing.T) {
	for _, withContacts := range []bool{true, false} {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		part, _ := w.CreateFormFile("clients", "c.csv")
		_, _ = part.Write([]byte("id,name\n"))
		want := []string{"id,name\n", "none"}
		if withContacts {
			part, _ = w.CreateFormFile("contacts", "p.csv")
			_, _ = part.Write([]byte("email\n"))
			want[1] = "email\n"
		}
		_ = w.Close()
		r := newRooms()
		r.operator(t, http.MethodPost, "/api/v1/clients/import", form.String(), "Content-Type: "+w.FormDataContentType())
		if diff := cmp.Diff(want, r.uploads); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	problem(t, newRooms().operator(t, http.MethodPost, "/api/v1/clients/import", "no form"), http.StatusBadRequest, relais.KindInvalid)
}

// The client that programs use understands what the interface says.
func TestTheClientAndTheInterfaceAgree(t *testing.T) {
	r := newRooms()
	srv := httptest.NewServer(r.server().Local())
	defer srv.Close()
	c := client.New(srv.URL, srv.Client(), "")
	ctx := t.Context()

	if d, err := c.Document(ctx, "d1"); err != nil || d.Subject != "Prix des pompes" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := c.Document(ctx, "d7"); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("%v", err)
	}
	if b, err := c.Balance(ctx, "Bob/2"); err != nil || !b.Balanced {
		t.Errorf("%+v, %v", b, err)
	}
	if cases, err := c.Cases(ctx); err != nil || len(cases) != 2 {
		t.Errorf("%v, %v", cases, err)
	}
	if token, err := c.CreateToken(ctx, "x", 1); err != nil || token != "rls_x" {
		t.Errorf("%q, %v", token, err)
	}
	if list, err := c.Tokens(ctx); err != nil || len(list) != 1 || list[0].Name != "x" {
		t.Errorf("%v, %v", list, err)
	}
	if ended, err := c.RevokeToken(ctx, "a b/c"); err != nil || ended.ID != "a b/c" {
		t.Errorf("%v, %v", ended, err)
	}
	r.events = []relais.Event{{Type: "progress", Done: 7}}
	var seen []relais.Event
	watch := func(e relais.Event) { seen = append(seen, e) }
	if err := c.Ingest(ctx, relais.IngestRequest{Case: "x", Sources: []string{"/mail"}}, watch); err != nil || len(seen) != 1 || seen[0].Done != 7 || r.request.Case != "x" {
		t.Errorf("%v, %v, %+v", seen, err, r.request)
	}
	if err := c.ImportClients(ctx, strings.NewReader("a"), strings.NewReader("b"), watch); err != nil || cmp.Diff([]string{"a", "b"}, r.uploads) != "" {
		t.Errorf("%v, %v", r.uploads, err)
	}
	r.opErr = relais.WithHint(relais.Errorf(relais.KindLocked, "ingest", "held"), "wait")
	err := c.Ingest(ctx, relais.IngestRequest{}, watch)
	if relais.KindOf(err) != relais.KindLocked || relais.HintOf(err) != "wait" || !strings.Contains(err.Error(), "held") {
		t.Errorf("%v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Ingest(canceled, relais.IngestRequest{}, watch); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
