package elastic

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// TestCountsAsked: each query is a filter of its own, all within the scope and in one
// call; counts come back in order, one of each.
func TestCountsAsked(t *testing.T) {
	var calls []int
	dropped := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Query json.RawMessage
			Aggs  map[string]struct {
				Filters struct{ Filters []json.RawMessage }
			}
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &asked) != nil {
			t.Errorf("not to be read: %s", body)
		}
		if !strings.Contains(string(asked.Query), `"client":["acme"]`) {
			t.Errorf("the scope is not asked for: %s", asked.Query)
		}
		filters := asked.Aggs[wanted].Filters.Filters
		var buckets []string
		for _, f := range filters[dropped:] {
			n := 0
			if strings.Contains(string(f), `"devi"`) {
				n = 3
			}
			buckets = append(buckets, fmt.Sprintf(`{"doc_count":%d}`, n))
		}
		calls = append(calls, len(filters))
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"timed_out":false,"_shards":{"failed":0},"aggregations":{%q:{"buckets":[%s]}}}`, wanted, strings.Join(buckets, ","))
	}))
	defer server.Close()
	x, err := connect(Options{URLs: []string{server.URL}, Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	scope := relais.Scope{Grants: []relais.Grant{{AllCases: true, Clients: []string{"acme"}, Unattributed: true}}}
	queries := slices.Repeat([]search.Node{search.Text{Words: "devis"}, search.Text{Words: "prix"}, nil}, 100)
	got, err := x.Counts(t.Context(), scope, queries)
	if want := slices.Repeat([]int{3, 0, 0}, 100); err != nil || !slices.Equal(got, want) || !slices.Equal(calls, []int{300}) {
		t.Errorf("%v, calls of %v: %v", got, calls, err)
	}
	dropped = 1
	if _, err := x.Counts(t.Context(), scope, queries[:2]); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("an answer with a count too few: %v", err)
	}
}
