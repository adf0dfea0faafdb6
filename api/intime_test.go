package api

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/access"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// hung is a room that does not answer: it ends with the context, or, deaf, never.
type hung struct {
	*rooms
	deaf chan struct{}
}

func (h hung) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return relais.E(relais.KindCanceled, "ask", ctx.Err())
	case <-h.deaf:
		return nil
	}
}

func (h hung) Search(ctx context.Context, _ search.Request) (search.Result, error) {
	return search.Result{}, h.wait(ctx)
}

func (h hung) Append(context.Context, audit.Entry) error {
	<-h.deaf
	return nil
}

// hungLister lists nothing in time.
type hungLister struct{ hung }

// List waits.
func (h hungLister) List(ctx context.Context, _ relais.Scope, _ search.Node, _ func([]relais.DocumentID) error) error {
	return h.wait(ctx)
}

// hungTokens knows nobody in time.
type hungTokens struct {
	tokens
	hung hung
}

// Lookup waits.
func (h hungTokens) Lookup(ctx context.Context, _ string) (p access.Principal, err error) {
	return p, h.hung.wait(ctx)
}

// TestAServerThatHangs: whoever asks is answered in time, with the reason, whichever room
// it is that does not answer.
func TestAServerThatHangs(t *testing.T) {
	deaf := make(chan struct{})
	defer close(deaf)
	for name, tc := range map[string]struct {
		hang    func(*Deps, hung)
		targets []string
	}{
		"index": {func(d *Deps, h hung) { d.Searcher, d.Lister = h, hungLister{h} }, []string{"/api/v1/search?q=prix", "/api/v1/clients", "/?q=prix", "/clients", "/documents/d1", "/api/v1/export?all=1",
			"/api/v1/export?all=1&format=eml", "/api/v1/unreadable"}},
		"audit":  {func(d *Deps, h hung) { d.Audit = h }, append(reads(), pagesRead()...)},
		"tokens": {func(d *Deps, h hung) { d.Tokens = hungTokens{tokens{h.rooms}, h} }, append(reads(), pagesRead()...)},
		"clock": {func(d *Deps, h hung) {
			d.Clock = func(ctx context.Context) (time.Time, error) { return time.Time{}, h.wait(ctx) }
		}, append(reads(), pagesRead()...)},
	} {
		for _, target := range tc.targets {
			r := newRooms()
			deps := r.deps()
			tc.hang(&deps, hung{r, deaf})
			s := New(deps)
			s.answerTime = 20 * time.Millisecond
			w := r.do(t, s.Handler(), request(t, http.MethodGet, complianceToken, target, nil))
			reason := "does not answer"
			if !strings.HasPrefix(target, "/api/") {
				reason = "503 unavailable"
			}
			if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), reason) {
				t.Errorf("%s, %s: %d %.300s", name, target, w.Code, w.Body)
			}
		}
	}
}

// TestLongAnswersHaveTheirTime: what goes on is not cut, however long it takes in all:
// verbs that tell their progress, and exports to who reads slowly.
func TestLongAnswersHaveTheirTime(t *testing.T) {
	r := newRooms()
	deps := r.deps()
	deps.Upkeep = slowUpkeep{r}
	s := New(deps)
	s.answerTime = 30 * time.Millisecond
	srv := httptest.NewServer(s.Local())
	defer srv.Close()
	res, err := srv.Client().Post(srv.URL+"/api/v1/verify", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if text := string(b); err != nil || strings.Count(text, `"progress"`) != 2 || !strings.HasSuffix(strings.TrimSpace(text), `{"type":"done"}`) {
		t.Errorf("%v: %s", err, text)
	}
}

// slowUpkeep takes longer over each step than an answer may.
type slowUpkeep struct{ Upkeep }

// Verify ends by itself, or, with an error, as soon as it is made to.
func (slowUpkeep) Verify(ctx context.Context, _, _ bool, emit func(relais.Event)) error {
	for range 2 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
			emit(relais.Event{Type: "progress"})
		}
	}
	return nil
}
