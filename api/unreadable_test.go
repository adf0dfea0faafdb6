package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// TestUnreadable: the list asks for the state and the case, tells sizes and reasons, and is
// of the scope; hits and pages tell the same in both languages.
func TestUnreadable(t *testing.T) {
	r := newRooms()
	r.add(inCase, relais.Document{ID: "f1", Kind: relais.KindFile, Case: "Departure of Ann", Name: "coffre.zip", Size: 7,
		Extraction: relais.ExtractionFailed, Unread: relais.UnreadLocked})
	r.add(outCase, relais.Document{ID: "f2", Kind: relais.KindFile, Name: "Secret.zip", Extraction: relais.ExtractionFailed, Unread: relais.UnreadLocked})
	r.order = []relais.DocumentID{"f1", "f2"}
	var page relais.UnreadPage
	w := r.ask(t, managerToken, "/api/v1/unreadable?partial=1&case=c1")
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK || strings.Contains(w.Body.String(), "Secret") {
		t.Errorf("%d: %s (%v)", w.Code, w.Body, err)
	}
	want := search.And{search.Value{Field: search.ByState, Value: "partial"}, search.Value{Field: search.ByCase, Value: "c1"}}
	if diff := cmp.Diff(search.Node(want), r.asked[0].Query); diff != "" {
		t.Error(diff)
	}
	w = r.ask(t, complianceToken, "/api/v1/unreadable")
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(relais.UnreadDocument{ID: "f1", Kind: relais.KindFile, Case: "Departure of Ann", Name: "coffre.zip", Size: 7,
		State: relais.Unreadable, Reason: "locked"}, page.Documents[0]); diff != "" {
		t.Error(diff)
	}
	for _, tc := range []struct{ target, lang, says string }{
		{"/", "en", "text could not be read: locked"}, {"/", "fr", "texte illisible : verrouillé"},
		{"/documents/f1", "en", "text could not be read: locked"}, {"/documents/f1", "fr", "texte illisible : verrouillé"},
		{"/api/v1/search", "en", `"unread":"locked"`},
	} {
		body := r.ask(t, complianceToken, tc.target, "Accept-Language: "+tc.lang).Body.String()
		if body = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(body); !strings.Contains(body, tc.says) {
			t.Errorf("%s does not say %q", tc.target, tc.says)
		}
	}
}
