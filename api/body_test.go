package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TestBodiesThatNeverCome: whatever is asked for, known or not, a body that is announced
// and does not come ends the request with an answer.
func TestBodiesThatNeverCome(t *testing.T) {
	r := newRooms()
	s := r.server()
	h := s.engine(s.authenticate, s.bodyInTime(time.Millisecond))
	s.pages(h)
	srv := httptest.NewServer(h)
	defer srv.Close()
	for _, line := range []string{"POST /login", "POST /logout", "GET /login", "GET /api/v1/search", "POST /nowhere", "POST /api/v1/privacy/d7", "PUT /login"} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 40\r\n\r\ntoken=", line)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if res.StatusCode != http.StatusRequestTimeout || !res.Close {
			t.Errorf("%s: %s, closed: %t", line, res.Status, res.Close)
		}
		_ = res.Body.Close()
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: the connection stays open: %v", line, err)
		}
		_ = conn.Close()
	}
}

// TestBodiesThatCome: what was read in time is there for its handler, and the connection
// goes on with what comes after, which has no deadline.
func TestBodiesThatCome(t *testing.T) {
	r := newRooms()
	s := r.server()
	h := s.engine(s.authenticate, s.bodyInTime(bodyTime))
	s.pages(h)
	srv := httptest.NewServer(h)
	defer srv.Close()
	hc := srv.Client()
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for range 2 {
		res, err := hc.PostForm(srv.URL+"/login", url.Values{"token": {complianceToken}, "next": {"/clients"}})
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/clients" {
			t.Errorf("%s %v", res.Status, res.Header)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

func TestBodiesTooLarge(t *testing.T) {
	r := newRooms()
	w := r.post(t, "/login", url.Values{"token": {strings.Repeat("x", maxBody)}})
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", w.Code)
	}
	w = r.do(t, r.network(), request(t, http.MethodPost, complianceToken, "/api/v1/privacy/d7", strings.NewReader(strings.Repeat("x", maxBody+1))))
	problem(t, w, http.StatusRequestEntityTooLarge, relais.KindTooLarge)
}
