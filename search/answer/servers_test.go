package answer

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/elastic"
)

// TestBothEnginesOfferTheSame: on a real server as embedded, to who sees everything and to
// who sees a part.
func TestBothEnginesOfferTheSame(t *testing.T) {
	url := os.Getenv("RELAIS_TEST_ELASTICSEARCH")
	if url == "" {
		t.Skip("RELAIS_TEST_ELASTICSEARCH names no server")
	}
	opt := elastic.Options{URLs: []string{url}, Namespace: "relaistest-answer", Number: 1, Fresh: true}
	if err := elastic.Drop(t.Context(), opt); err != nil { // of a run that was killed
		t.Fatal(err)
	}
	x, err := elastic.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	server, embedded := newWorldOn(t, x, nil), newWorld(t, nil)
	for _, scope := range []relais.Scope{relais.Everything(), inHere()} {
		for _, text := range questions() {
			q := Question{Text: text, Lang: "fr", Scope: scope}
			if diff := cmp.Diff(embedded.ask(t, q).Page, server.ask(t, q).Page, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-embedded +server):\n%s", text, diff)
			}
		}
	}
	if err := elastic.Drop(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
}
