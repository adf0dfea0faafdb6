package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestRightsEndWhenTheyEnd: whatever takes long to send stops within a batch of the end of
// its token, and does not pass for the whole.
func TestRightsEndWhenTheyEnd(t *testing.T) {
	const documents = 1000
	for _, target := range []string{"/api/v1/export?all=1", "/api/v1/export?all=1&format=mbox", "/api/v1/export?all=1&format=mbox&parts=1", "/api/v1/export?all=1&format=eml"} {
		r := manyDocuments(documents)
		r.lives = 3 // at the request, and two batches
		sent, err := download(t, r, target)
		if err == nil {
			t.Errorf("%s: it ends as if it were whole", target)
		}
		if n := bytes.Count(sent, []byte("canary")); n == 0 || n > documents/2 {
			t.Errorf("%s: %d documents were sent after the end of the token", target, n)
		}
		r = manyDocuments(documents)
		if sent, err := download(t, r, target); err != nil || bytes.Count(sent, []byte("canary")) != documents {
			t.Errorf("%s: with its token alive: %d documents, %v", target, bytes.Count(sent, []byte("canary")), err)
		}
	}
}

// manyDocuments gives rooms with many messages, each as long as makes them leave the
// server's buffers.
func manyDocuments(n int) *rooms {
	r := newRooms()
	r.order = nil
	for i := range n {
		id := relais.DocumentID(fmt.Sprintf("e%04d", i))
		r.add(inCase, relais.Document{ID: id, Kind: relais.KindMessage, Text: "canary" + strings.Repeat("x", 2000)})
		r.raw[id] = Raw{Body: body("canary" + strings.Repeat("x", 2000))}
		r.order = append(r.order, id)
	}
	return r
}

// download gives what comes of an answer, and how it ended.
func download(t *testing.T, r *rooms, target string) ([]byte, error) {
	t.Helper()
	srv := httptest.NewServer(r.network())
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+complianceToken)
	res, err := srv.Client().Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(res.Body)
}

// TestOneLongDocument: of one document too no more is sent than was on its way.
func TestOneLongDocument(t *testing.T) {
	r := newRooms()
	r.raw["d1"] = Raw{Body: io.NopCloser(io.LimitReader(endless{}, 64<<20))}
	r.lives = 2
	sent, err := download(t, r, "/api/v1/documents/d1/raw")
	if err == nil || len(sent) > 3*rightsEvery {
		t.Errorf("%d bytes, %v", len(sent), err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestSignedOutNextPage: a cursor is good for whoever is signed in still.
func TestSignedOutNextPage(t *testing.T) {
	r := newRooms()
	r.lives = 1
	if w := r.ask(t, complianceToken, "/api/v1/search?limit=1"); w.Code != http.StatusOK {
		t.Fatalf("%d", w.Code)
	}
	problem(t, r.ask(t, complianceToken, "/api/v1/search?limit=1&cursor=1"), http.StatusUnauthorized, relais.KindAuth)
}
