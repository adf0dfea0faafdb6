package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// stub is a server that answers as it is told. Its bulk calls end well where nothing
// says otherwise.
type stub struct {
	*httptest.Server
	mu    sync.Mutex
	calls [][]string // ids of each bulk call
	// whole answers a bulk call as a whole; false goes on to its items.
	whole func(call int, ids []string, w http.ResponseWriter) bool
	// item gives the answer to one item, "" for a good one.
	item func(call int, id, action string) string
	held map[string]string // answers of _mget
}

func newStub(t *testing.T) (*stub, *Index) {
	t.Helper()
	s := &stub{held: map[string]string{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	x, err := connect(Options{URLs: []string{s.URL}, Number: 1, Senders: 1})
	if err != nil {
		t.Fatal(err)
	}
	x.first, x.longest = time.Microsecond, time.Millisecond
	t.Cleanup(func() { _ = x.Close() })
	return s, x
}

// made gives the calls so far. One that was cut off may still be in its handler.
func (s *stub) made() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// ServeHTTP answers _bulk and _mget.
func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.HasSuffix(r.URL.Path, "_mget") {
		s.mget(w, body)
		return
	}
	ids, actions := actionsOf(body)
	call := len(s.calls)
	s.calls = append(s.calls, ids)
	if s.whole != nil && s.whole(call, ids, w) {
		return
	}
	var items []string
	for i, id := range ids {
		answer := ""
		if s.item != nil {
			answer = s.item(call, id, actions[i])
		}
		if answer == "" {
			answer = `{"_id":"` + id + `","status":201,"_version":1000}`
		}
		items = append(items, `{"index":`+answer+`}`)
	}
	fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(items, ","))
}

func (s *stub) mget(w io.Writer, body []byte) {
	var asked struct{ IDs []string }
	_ = json.Unmarshal(body, &asked)
	var docs []string
	for _, id := range asked.IDs {
		doc := s.held[id]
		if doc == "" {
			doc = `{"_id":"` + id + `","found":false}`
		}
		docs = append(docs, doc)
	}
	fmt.Fprintf(w, `{"docs":[%s]}`, strings.Join(docs, ","))
}

// actionsOf reads the actions of a bulk call.
func actionsOf(body []byte) (ids, actions []string) {
	for line := range bytes.Lines(body) {
		var a map[string]json.RawMessage
		if json.Unmarshal(line, &a) != nil || len(a) != 1 {
			continue
		}
		for verb, raw := range a {
			var at struct {
				ID string `json:"_id"`
			}
			_ = json.Unmarshal(raw, &at)
			ids, actions = append(ids, at.ID), append(actions, verb+string(raw))
		}
	}
	return ids, actions
}

func doc(id string, revision int64) search.Entry {
	return search.Entry{Text: "secret words of " + id, Envelope: relais.Envelope{Format: 1, CaseID: "c1", Revision: revision, Document: relais.Document{ID: relais.DocumentID(id), Kind: relais.KindMessage}}}
}

func failing(id string, status int, class string) string {
	return fmt.Sprintf(`{"_id":"%s","status":%d,"error":{"type":"%s","reason":"quotes secret words"}}`, id, status, class)
}

// TestItems: each way in which one item of a bulk call can go.
func TestItems(t *testing.T) {
	for name, tc := range map[string]struct {
		item    func(call int, id, action string) string
		calls   int
		refused string
		kind    relais.Kind
	}{
		"good": {nil, 1, "", ""},
		"busy once": {func(n int, id, _ string) string {
			return when(n == 0, failing(id, 429, "es_rejected_execution_exception"))
		}, 2, "", ""},
		"busy always": {func(_ int, id, _ string) string { return failing(id, 429, "circuit_breaking_exception") }, itemTries, "", relais.KindUnavailable},
		"down once": {func(n int, id, _ string) string {
			return when(n == 0, failing(id, 503, "unavailable_shards_exception"))
		}, 2, "", ""},
		"fault once": {func(n int, id, _ string) string { return when(n == 0, failing(id, 500, "null_pointer_exception")) }, 2, "", ""},
		"disk full":  {func(n int, id, _ string) string { return when(n == 0, failing(id, 403, "cluster_block_exception")) }, 2, "", ""},
		"bad":        {func(_ int, id, _ string) string { return failing(id, 400, "document_parsing_exception") }, 1, "engine_document_parsing_exception", ""},
		"bad index":  {func(_ int, id, _ string) string { return failing(id, 400, "strict_dynamic_mapping_exception") }, 1, "", relais.KindUnavailable},
		"closed":     {func(_ int, id, _ string) string { return failing(id, 400, "index_closed_exception") }, 1, "", relais.KindUnavailable},
		"gone":       {func(_ int, id, _ string) string { return failing(id, 404, "index_not_found_exception") }, 1, "", relais.KindDamaged},
		"forbidden":  {func(_ int, id, _ string) string { return failing(id, 403, "security_exception") }, 1, "", relais.KindAuth},
		"odd":        {func(_ int, id, _ string) string { return failing(id, 302, "who_knows") }, 1, "", relais.KindUnavailable},
		"another id": {func(int, string, string) string { return `{"_id":"z","status":201}` }, 1, "", relais.KindUnavailable},
		"no status":  {func(_ int, id, _ string) string { return `{"_id":"` + id + `"}` }, 1, "", relais.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, x := newStub(t)
			s.item = func(call int, id, action string) string {
				if id != "b" || tc.item == nil {
					return ""
				}
				return tc.item(call, id, action)
			}
			refused, err := x.Apply(t.Context(), []search.Entry{doc("a", 1), doc("b", 1), doc("c", 1)})
			if relais.KindOf(err) != tc.kind || err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want one of kind %q", err, tc.kind)
			}
			if len(s.made()) != tc.calls {
				t.Errorf("%d calls, want %d", len(s.made()), tc.calls)
			}
			if tc.calls > 1 && !slices.Equal(s.made()[1], []string{"b"}) {
				t.Errorf("sent again: %v", s.made()[1])
			}
			if got := fmt.Sprint(refused); tc.refused == "" && len(refused) > 0 || !strings.Contains(got, tc.refused) || strings.Contains(got, "secret") {
				t.Errorf("refused %s, want %q", got, tc.refused)
			}
		})
	}
}

func when(is bool, s string) string {
	if is {
		return s
	}
	return ""
}

// TestWhole: each way in which a bulk call can fail as a whole.
func TestWhole(t *testing.T) {
	status := func(code int, body string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"items":[`)
		panic(http.ErrAbortHandler)
	}
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter)
		times  int // that it is given
		calls  int
		kind   relais.Kind
	}{
		"429 once":     {status(429, `{"error":{"type":"circuit_breaking_exception"}}`), 1, 2, ""},
		"502 twice":    {status(502, `<html>`), 2, 3, ""},
		"503 always":   {status(503, ``), 99, tries, relais.KindUnavailable},
		"504 always":   {status(504, ``), 99, tries, relais.KindUnavailable},
		"cut once":     {cut, 1, 2, ""},
		"cut always":   {cut, 99, tries, relais.KindUnavailable},
		"401":          {status(401, `{"error":{"type":"security_exception"}}`), 1, 1, relais.KindAuth},
		"403":          {status(403, `{"error":{"type":"security_exception"}}`), 1, 1, relais.KindAuth},
		"blocked once": {status(403, `{"error":{"type":"cluster_block_exception"}}`), 1, 2, ""},
		"404":          {status(404, `{"error":{"type":"index_not_found_exception"}}`), 1, 1, relais.KindDamaged},
		"400":          {status(400, `{"error":"no"}`), 1, 1, relais.KindUnavailable},
		"no items":     {status(200, `{}`), 1, 1, relais.KindUnavailable},
		"no JSON":      {status(200, `<html>welcome</html>`), 1, 1, relais.KindUnavailable},
		"another product": {func(w http.ResponseWriter) {
			w.Header().Set("X-Elastic-Product", "Other")
			fmt.Fprint(w, `{"items":[]}`)
		}, 99, tries, relais.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, x := newStub(t)
			s.whole = func(call int, _ []string, w http.ResponseWriter) bool {
				if call < tc.times {
					tc.answer(w)
				}
				return call < tc.times
			}
			refused, err := x.Apply(t.Context(), []search.Entry{doc("a", 1), doc("b", 1)})
			if relais.KindOf(err) != tc.kind || len(refused) > 0 {
				t.Errorf("error %v, refused %v, want an error of kind %q", err, refused, tc.kind)
			}
			if len(s.made()) != tc.calls {
				t.Errorf("%d calls, want %d", len(s.made()), tc.calls)
			}
		})
	}
}

// TestTooLarge: a call that is too large is parted until what is left is the document
// that is too large alone.
func TestTooLarge(t *testing.T) {
	s, x := newStub(t)
	s.whole = func(_ int, ids []string, w http.ResponseWriter) bool {
		if len(ids) > 3 || slices.Contains(ids, "e7") {
			w.WriteHeader(413)
			return true
		}
		return false
	}
	var entries []search.Entry
	for i := range 10 {
		entries = append(entries, doc(fmt.Sprint("e", i), 1))
	}
	refused, err := x.Apply(t.Context(), entries)
	if err != nil || len(refused) != 1 || refused[0].ID != "e7" || refused[0].Code != "too_large" {
		t.Errorf("refused %v, error %v", refused, err)
	}
	taken := map[string]bool{}
	for _, ids := range s.made() {
		for _, id := range ids {
			if len(ids) <= 3 && !slices.Contains(ids, "e7") {
				taken[id] = true
			}
		}
	}
	if len(taken) != 9 {
		t.Errorf("taken: %v", taken)
	}
}

// TestBytes: calls are parted by bytes before the server complains.
func TestBytes(t *testing.T) {
	s, x := newStub(t)
	x.bulkBytes = 1
	if _, err := x.Apply(t.Context(), []search.Entry{doc("a", 1), doc("b", 1), doc("c", 1)}); err != nil || len(s.made()) != 3 {
		t.Errorf("%d calls, %v", len(s.made()), err)
	}
}

// TestConflicts: what is in the way is looked at, and what follows from it is done.
func TestConflicts(t *testing.T) {
	for name, tc := range map[string]struct {
		held string   // what _mget tells
		want []string // beginnings of the actions sent after the first
	}{
		"newer there":      {`{"_id":"a","found":true,"_seq_no":5,"_primary_term":2,"_source":{"revision":9}}`, nil},
		"same there":       {`{"_id":"a","found":true,"_seq_no":5,"_primary_term":2,"_source":{"revision":3}}`, []string{`index{"_id":"a","if_seq_no":5,"if_primary_term":2}`}},
		"older there":      {`{"_id":"a","found":true,"_seq_no":0,"_primary_term":2,"_source":{"revision":1}}`, []string{`index{"_id":"a","if_seq_no":0,"if_primary_term":2}`}},
		"a removal there":  {`{"_id":"a","found":false}`, []string{`create{"_id":"a"}`}},
		"cannot be looked": {`{"_id":"a","error":{"type":"x"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, x := newStub(t)
			s.held["a"] = tc.held
			var after []string
			s.item = func(call int, id, action string) string {
				if call == 0 {
					return failing(id, 409, "version_conflict_engine_exception")
				}
				after = append(after, action)
				return ""
			}
			_, err := x.Apply(t.Context(), []search.Entry{doc("a", 3)})
			if wrong := strings.Contains(tc.held, "error"); wrong != (err != nil) {
				t.Errorf("error %v", err)
			}
			if !slices.Equal(after, tc.want) {
				t.Errorf("sent %v, want %v", after, tc.want)
			}
		})
	}
}

// TestForgotten: where the server has forgotten a removal meanwhile, its version counts
// from one: the document is written again under its revision.
func TestForgotten(t *testing.T) {
	s, x := newStub(t)
	var actions []string
	s.item = func(call int, id, action string) string {
		actions = append(actions, action)
		switch call {
		case 0:
			return failing(id, 409, "version_conflict_engine_exception")
		case 1:
			return `{"_id":"a","status":201,"_version":1}`
		}
		return ""
	}
	if _, err := x.Apply(t.Context(), []search.Entry{doc("a", 3)}); err != nil {
		t.Fatal(err)
	}
	if want := `index{"_id":"a","version":3,"version_type":"external_gte"}`; len(actions) != 3 || actions[2] != want {
		t.Errorf("%v", actions)
	}
}

// TestCanceled: a caller who gives up while the server is busy is not kept.
func TestCanceled(t *testing.T) {
	s, x := newStub(t)
	x.first, x.longest = time.Hour, time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	s.item = func(_ int, id, _ string) string {
		cancel()
		return failing(id, 429, "es_rejected_execution_exception")
	}
	if _, err := x.Apply(ctx, []search.Entry{doc("a", 1)}); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("%v", err)
	}
}

// TestAddresses: secrets do not travel in addresses, nor in clear.
func TestAddresses(t *testing.T) {
	for url, want := range map[string]relais.Kind{
		"https://es.example:9200": "", "http://127.0.0.1:9200": "", "http://localhost:9200": "",
		"https://u:p@es.example": relais.KindInvalid, "http://es.example": relais.KindInvalid, "es.example": relais.KindInvalid, "": relais.KindInvalid,
	} {
		_, err := connect(Options{URLs: []string{url}, APIKey: "k"})
		if relais.KindOf(err) != want || err != nil && strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, opt := range []Options{{}, {URLs: []string{"http://localhost"}, Namespace: "No"}, {URLs: []string{"http://localhost"}, CA: []byte("x")}} {
		if _, err := connect(opt); relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%v: %v", opt.Namespace, err)
		}
	}
}
