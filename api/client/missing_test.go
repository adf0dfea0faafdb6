package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestIncompleteExport: all there is comes, then the error that names what is missing; a
// header that cannot be read is no whole answer either.
func TestIncompleteExport(t *testing.T) {
	for header, want := range map[string]struct {
		kind relais.Kind
		text string
	}{
		"": {}, "1 a": {relais.KindDamaged, "export: 1 document is missing: a"}, "3 a b": {relais.KindDamaged, "export: 3 documents are missing: a, b, …"},
		"x": {relais.KindInternal, ""},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set(relais.HeaderMissing, header)
			}
			_, _ = io.WriteString(w, "bytes")
		}))
		body, err := New(srv.URL, srv.Client(), "").Open(t.Context(), "/api/v1/export", url.Values{"all": {"1"}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		if string(b) != "bytes" || relais.KindOf(err) != want.kind || want.text != "" && err.Error() != want.text {
			t.Errorf("%q: %q, %v", header, b, err)
		}
		var lack *Incomplete
		if errors.As(err, &lack) && !slices.Contains(lack.IDs, "a") {
			t.Errorf("%q: %+v", header, lack)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
		srv.Close()
	}
}
