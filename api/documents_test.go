package api

import (
	"errors"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/relais"
)

func TestDocumentsHaveATag(t *testing.T) {
	r := newRooms()
	first := r.ask(t, complianceToken, "/api/v1/documents/d1")
	etag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || len(etag) < 10 {
		t.Fatalf("%d, %q", first.Code, etag)
	}
	for _, match := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		w := r.ask(t, complianceToken, "/api/v1/documents/d1", "If-None-Match: "+match)
		if w.Code != http.StatusNotModified || w.Body.Len() > 0 || w.Header().Get("ETag") != etag {
			t.Errorf("%s: %d %q", match, w.Code, w.Body)
		}
	}
	r.docs[0].Subject = "changed"
	if w := r.ask(t, complianceToken, "/api/v1/documents/d1", "If-None-Match: "+etag); w.Code != http.StatusOK || w.Header().Get("ETag") == etag {
		t.Errorf("%d %s", w.Code, w.Header().Get("ETag"))
	}
}

// Whether an answer is 304 or 200, the document was disclosed.
func TestANotModifiedDocumentIsRecorded(t *testing.T) {
	r := newRooms()
	r.ask(t, complianceToken, "/api/v1/documents/d1", "If-None-Match: *")
	if len(r.entries) != 1 {
		t.Errorf("%d entries", len(r.entries))
	}
}

func TestRawIsADownload(t *testing.T) {
	r := newRooms()
	r.raw["d1"] = Raw{Name: "page.html", MediaType: "text/html"}
	w := r.ask(t, complianceToken, "/api/v1/documents/d1/raw")
	h := w.Header()
	if w.Code != http.StatusOK || w.Body.String() != "eml" || h.Get("Content-Type") != "application/octet-stream" ||
		h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", w.Code, h)
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil || kind != "attachment" || params["filename"] != "page.html" {
		t.Errorf("%q: %v", h.Get("Content-Disposition"), err)
	}
}

func TestHostileFileNames(t *testing.T) {
	for name, want := range map[string]string{
		"":                                "d1",
		"offre été.pdf":                   "offre été.pdf",
		"../../etc/passwd":                "passwd",
		`C:\temp\x.doc`:                   "x.doc",
		"..":                              "d1",
		".bashrc":                         "bashrc",
		"a\"; filename=\"evil.exe":        "a_; filename=_evil.exe",
		"a\r\nSet-Cookie: x=1":            "a__Set-Cookie_ x=1",
		"invoice\u202efdp.exe":            "invoice_fdp.exe",
		"zero\u200bwidth\ufeff.txt":       "zero_width_.txt",
		"nul\x00.txt":                     "nul_.txt",
		"dots... ":                        "dots",
		"CON.txt":                         "_CON.txt",
		"lpt1":                            "_lpt1",
		"\xff\xfe.bin":                    "__.bin",
		strings.Repeat("é", 400) + ".pdf": "",
	} {
		got := fileName(name, "d1")
		if want != "" && got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
		if len(got) > maxFileName || !utf8.ValidString(got) || want == "" && !strings.HasSuffix(got, ".pdf") {
			t.Errorf("%q: %q", name, got)
		}
		r := newRooms()
		r.raw["d1"] = Raw{Name: name}
		h := r.ask(t, complianceToken, "/api/v1/documents/d1/raw").Header()
		kind, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != got || len(h.Values("Set-Cookie")) > 0 {
			t.Errorf("%q: header %q, %v", name, h.Get("Content-Disposition"), err)
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("offre.pdf")
	f.Add("../\u202e\x00")
	f.Fuzz(func(t *testing.T, name string) {
		got := fileName(name, "d1")
		if got == "" || len(got) > maxFileName || strings.ContainsAny(got, "/\\\r\n\x00\"") || strings.HasPrefix(got, ".") || !utf8.ValidString(got) {
			t.Errorf("%q: %q", name, got)
		}
	})
}

// Bytes that cannot be read to their end never look whole.
func TestACutDownloadBreaksItsConnection(t *testing.T) {
	r := newRooms()
	r.raw["d1"] = Raw{Name: "x", Body: &broken{first: strings.Repeat("x", 1<<16)}}
	srv := httptest.NewServer(r.server().Handler())
	defer srv.Close()
	if err := fetch(t, srv, "/api/v1/documents/d1/raw"); err == nil {
		t.Error("the cut answer looks whole")
	}
}

func TestADamagedDownloadIsAProblem(t *testing.T) {
	r := newRooms()
	r.raw["d1"] = Raw{Name: "x", Body: &broken{}}
	w := r.ask(t, complianceToken, "/api/v1/documents/d1/raw")
	problem(t, w, http.StatusInternalServerError, relais.KindDamaged)
	if w.Header().Get("Content-Disposition") != "" {
		t.Error("the problem is a download")
	}
}

// fetch reads an answer to its end.
func fetch(t *testing.T, srv *httptest.Server, target string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+complianceToken)
	res, err := srv.Client().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	buf := make([]byte, 4096)
	for {
		if _, err := res.Body.Read(buf); err != nil {
			if err.Error() == "EOF" {
				return nil
			}
			return err
		}
	}
}
