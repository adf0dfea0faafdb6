package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// counting is an engine that finds nothing, and counts 7 documents with pumps.
type counting struct{ *rooms }

func (counting) Counts(_ context.Context, _ relais.Scope, queries []search.Node) ([]int, error) {
	counts := make([]int, len(queries))
	for i, q := range queries {
		if search.Format(q) == "pompes" {
			counts[i] = 7
		}
	}
	return counts, nil
}

func forgiving() (*rooms, http.Handler) {
	r := newRooms()
	r.order = nil
	d := r.deps()
	d.Searcher = counting{r}
	return r, New(d).Handler()
}

func TestOffersInJSON(t *testing.T) {
	r, h := forgiving()
	page := decode[relais.Page](t, r.do(t, h, request(t, http.MethodGet, complianceToken, "/api/v1/search?q=pompes+zzz", nil, "Accept-Language: fr")))
	want := []relais.Offer{{Code: "fewer_words", Query: "pompes", Label: "sans zzz", Count: 7}}
	if diff := cmp.Diff(want, page.Offers); diff != "" || page.Total != 0 {
		t.Errorf("%d found (-want +got):\n%s", page.Total, diff)
	}
	if len(r.entries) != 1 || r.entries[0].Count != 0 {
		t.Errorf("recorded: %+v", r.entries)
	}
	conforms(t, document(t), "/api/v1/search", r.do(t, h, request(t, http.MethodGet, complianceToken, "/api/v1/search?q=pompes+zzz", nil)))
}

// A page that found nothing shows why, and offers as links in the order that was chosen.
func TestOffersOnPages(t *testing.T) {
	for lang, wants := range map[string][]string{
		"en": {"no document that you may see has “zzz”.", "Perhaps you meant", `<a href="/?q=pompes&amp;sort=oldest"><bdi>pompes</bdi></a>`, "7 documents · <bdi>without zzz</bdi>"},
		"fr": {"aucun document que vous puissiez voir n&#39;a «\u00a0zzz\u00a0».", "Vous cherchiez peut-être", "7 documents · <bdi>sans zzz</bdi>"},
	} {
		r, h := forgiving()
		body := r.do(t, h, request(t, http.MethodGet, complianceToken, "/?q=pompes+zzz&sort=oldest", nil, "Accept-Language: "+lang)).Body.String()
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s in %s", lang, want, body)
			}
		}
		if strings.Contains(body, `class="note"`) {
			t.Errorf("%s: the same is said twice", lang)
		}
	}
}
