package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TestReindexHidesNothing: while the index is made again, the old one answers until the
// new one holds all and can be searched, in whichever process: no search and no export is
// short.
func TestReindexHidesNothing(t *testing.T) { modes(t, testReindexHidesNothing) }

func testReindexHidesNothing(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 60)
	p := fresh()
	p.must(ingestArgs(mail)...)
	want := p.export()
	token := strings.TrimSpace(p.must("token", "create", "--name", "reader"))
	ask := asker(t, "http://"+p.serving(), token)
	var page relais.Page
	body, status := ask("/api/v1/search?limit=1")
	if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK || page.Total == 0 {
		t.Fatalf("%d %s", status, body)
	}
	total := page.Total
	var over atomic.Bool
	var all sync.WaitGroup
	searches, exports := 0, 0
	all.Go(func() {
		for !over.Load() {
			var got relais.Page
			body, status := ask("/api/v1/search?limit=1")
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK || got.Total != total {
				t.Errorf("search %d: %d, %d found of %d, %v", searches, status, got.Total, total, err)
			}
			searches++
		}
	})
	all.Go(func() {
		for !over.Load() {
			if body, status := ask("/api/v1/export?all=1"); status != http.StatusOK || body != want {
				t.Errorf("export %d: %d, %s", exports, status, firstDifference(want, body))
			}
			exports++
			time.Sleep(50 * time.Millisecond) // the machine has other work
		}
	})
	for range 3 {
		p.must("reindex")
	}
	over.Store(true)
	all.Wait()
	t.Logf("%d searches and %d exports during 3 reindexes", searches, exports)
}

// asker asks a server under a token, and gives the body and the status of its answers; one
// that is cut has status 0.
func asker(t *testing.T, site, token string) func(target string) (string, int) {
	return func(target string) (string, int) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+target, nil)
		if err != nil {
			t.Error(err)
			return "", 0
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err.Error(), 0
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			return err.Error(), 0
		}
		return string(b), res.StatusCode
	}
}

// serving keeps a server running, and gives its address once it answers.
func (p *program) serving() (site string) {
	p.t.Helper()
	site = freeAddress(p.t)
	s := p.supervise("serve", "--listen", site)
	waitFor(p.t, "the server to listen", func() bool {
		_, status := get("http://" + site + "/livez")
		return status == http.StatusOK
	})
	p.t.Cleanup(func() { p.t.Log(s.said()) })
	return site
}
