package s3

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

func all(t *testing.T, b *Bucket, name string) []byte {
	t.Helper()
	data, err := get(t, b, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func get(t *testing.T, b *Bucket, name string) ([]byte, error) {
	t.Helper()
	r, err := b.Get(t.Context(), name, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// scripted is a server that keeps objects, and misbehaves as often as it is told.
type scripted struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte
	faults  []http.HandlerFunc // one for each request, before it behaves
	served  int
}

// short is for servers that hang, and patient for those that only have a slow
// machine.
const (
	short   = 300 * time.Millisecond
	patient = 30 * time.Second
)

// anyCredentials sets what a scripted server takes.
func anyCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

func newScripted(t *testing.T, silence time.Duration) (*scripted, *Bucket) {
	t.Helper()
	s := &scripted{objects: make(map[string][]byte)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	b, err := Open(t.Context(), Options{URL: "s3://bucket?endpoint=" + s.URL, Silence: silence})
	if err != nil {
		t.Fatal(err)
	}
	return s, b
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.served++
	var fault http.HandlerFunc
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	if fault != nil {
		fault(w, r)
		return
	}
	s.behave(w, r)
}

func (s *scripted) behave(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	data, known := s.objects[r.URL.Path]
	if r.Method == http.MethodPut && err == nil {
		s.objects[r.URL.Path] = body
		w.Header().Set("ETag", `"1"`)
	}
	s.mu.Unlock()
	switch {
	case r.Method == http.MethodPut:
	case r.URL.Query().Has("list-type"):
		xmlAnswer(w, 200, `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated></ListBucketResult>`)
	case !known:
		refusal(404, "NoSuchKey")(w, r)
	default:
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Now(), bytes.NewReader(data))
	}
}

func xmlAnswer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func refusal(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		xmlAnswer(w, status, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
	}
}

// page is what a proxy or a portal says in the server's place.
func page(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html>welcome</html>")
	}
}

func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection is not seen
	<-r.Context().Done()
}

func slam(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusTemporaryRedirect)
}

// stamp gives the headers without which minio-go reads no further.
func stamp(w http.ResponseWriter) {
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
}

// answers gives a range that may be another than was asked for, cut after so many
// bytes.
func answers(data []byte, first, last, sent int, then func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		stamp(w)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last-1, len(data)))
		w.Header().Set("Content-Length", fmt.Sprint(last-first))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(data[first : first+sent])
		w.(http.Flusher).Flush()
		then()
		panic(http.ErrAbortHandler)
	}
}

func (s *scripted) next(faults ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.served = faults, 0
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served
}

func often(h http.HandlerFunc) (list []http.HandlerFunc) {
	for range 100 {
		list = append(list, h)
	}
	return list
}

// Whatever a server does for a moment is bridged, whatever it goes on doing is told
// by the right kind, after a bounded number of requests.
func TestServerMisbehaves(t *testing.T) {
	anyCredentials(t)
	data := []byte(strings.Repeat("0123456789", 1000))
	for name, c := range map[string]struct {
		fault http.HandlerFunc
		kind  relais.Kind
		tries int
	}{
		"500": {refusal(500, "InternalError"), relais.KindUnavailable, attempts}, "503": {refusal(503, "SlowDown"), relais.KindUnavailable, attempts},
		"500 page": {page(500), relais.KindUnavailable, attempts}, "bad digest": {refusal(400, "BadDigest"), relais.KindUnavailable, attempts},
		"hang": {hang, relais.KindUnavailable, attempts}, "closed": {slam, relais.KindUnavailable, attempts},
		"403": {refusal(403, "AccessDenied"), relais.KindForbidden, 1}, "403 page": {page(403), relais.KindForbidden, 1},
		"401 page": {page(401), relais.KindAuth, 1}, "signature": {refusal(403, "SignatureDoesNotMatch"), relais.KindAuth, 1},
		"clock": {refusal(403, "RequestTimeTooSkewed"), relais.KindAuth, 1}, "no bucket": {refusal(404, "NoSuchBucket"), relais.KindUnavailable, 1},
		"redirect": {redirect, relais.KindUnavailable, 1}, "region": {refusal(301, "PermanentRedirect"), relais.KindUnavailable, 1},
		"404 page": {page(404), relais.KindUnavailable, attempts},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silence, extra := patient, 0
			if name == "hang" {
				silence = short
			}
			s, b := newScripted(t, silence)
			if name == "closed" {
				extra = 1 // net/http itself asks again when a connection it had kept is closed
			}
			for op, do := range map[string]func() error{
				"put":    func() error { return b.Put(t.Context(), "ab/pack", bytes.NewReader(data), int64(len(data))) },
				"get":    func() error { _, err := get(t, b, "ab/pack"); return err },
				"list":   func() error { return b.List(t.Context(), func(string, int64) error { return nil }) },
				"delete": func() error { return b.Delete(t.Context(), "ab/pack") },
			} {
				s.next()
				if err := b.Put(t.Context(), "ab/pack", bytes.NewReader(data), int64(len(data))); err != nil {
					t.Fatal(err)
				}
				s.next(often(c.fault)...)
				if err := do(); relais.KindOf(err) != c.kind || s.count() < c.tries || s.count() > c.tries+extra {
					t.Errorf("%s: %v after %d requests, want %s after %d", op, err, s.count(), c.kind, c.tries)
				}
				if c.tries > 1 {
					s.next(c.fault)
					if err := do(); err != nil && op != "delete" {
						t.Errorf("%s: one fault was not bridged: %v", op, err)
					}
				}
			}
		})
	}
}

// A listing or a confirmation that no S3 server gave is not believed.
func TestPortalIsNotBelieved(t *testing.T) {
	anyCredentials(t)
	s, b := newScripted(t, patient)
	s.next(often(page(200))...)
	if err := b.List(t.Context(), func(string, int64) error { return nil }); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("a portal's page passed for an empty bucket: %v", err)
	}
	s.next(often(page(200))...)
	if err := b.Put(t.Context(), "ab/pack", strings.NewReader("x"), 1); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("a portal's page passed for a pack stored: %v", err)
	}
	s.next(often(page(200))...)
	if data, err := get(t, b, "ab/pack"); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("a portal's page passed for a pack: %q, %v", data, err)
	}
}

// Bodies that are cut or stall are gone on with; nothing partial, shifted or short
// passes for the range.
func TestBodiesThatEndTooEarly(t *testing.T) {
	anyCredentials(t)
	s, b := newScripted(t, short)
	data := make([]byte, 100_000)
	for i := range data {
		data[i] = byte(i>>8) ^ byte(i*7) // no shift of it looks like it
	}
	if err := b.Put(t.Context(), "ab/pack", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	n, at := len(data), func() {}
	stall := func() { time.Sleep(2 * b.opt.Silence) }
	for name, faults := range map[string][]http.HandlerFunc{
		"cut": {answers(data, 0, n, 70_000, at)}, "cut twice": {answers(data, 0, n, 70_000, at), answers(data, 70_000, n, 10_000, at)},
		"stalled": {answers(data, 0, n, 70_000, stall)}, "shifted": {answers(data, 10, n, 100, at)}, "short": {answers(data, 0, 50, 50, at)},
		"cut, then refused": {answers(data, 0, n, 70_000, at), refusal(503, "SlowDown")},
	} {
		s.next(faults...)
		if got, err := get(t, b, "ab/pack"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes of %d, or wrong ones: %v", name, len(got), n, err)
		}
	}
	drops := func(w http.ResponseWriter, r *http.Request) {
		var from int
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		answers(data, from, n, 100, at)(w, r)
	}
	unreadable := func(w http.ResponseWriter, _ *http.Request) {
		stamp(w)
		w.Header().Set("Content-Range", "bytes some")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(data)
	}
	for name, fault := range map[string]http.HandlerFunc{
		"cut": drops, "cut and shifted": answers(data, 0, n, 100, at), "shifted": answers(data, 10, n, 100, at), "unreadable": unreadable,
	} {
		s.next(often(fault)...)
		if got, err := get(t, b, "ab/pack"); relais.KindOf(err) != relais.KindUnavailable || !bytes.HasPrefix(data, got) {
			t.Errorf("%s for ever: %d bytes, %v", name, len(got), err)
		}
	}
}

// A range beyond what the pack holds is empty or short; a range of nothing still
// asks whether the pack is there.
func TestRangesOverTheEnd(t *testing.T) {
	anyCredentials(t)
	_, b := newScripted(t, patient)
	if err := b.Put(t.Context(), "ab/pack", strings.NewReader("0123456789"), 10); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{8, 5, "89"}, {10, 5, ""}, {99, -1, ""}, {3, 0, ""}, {0, 3, "012"}} {
		r, err := b.Get(t.Context(), "ab/pack", c.offset, c.length)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != c.want {
			t.Errorf("range %d, %d: %q, %v", c.offset, c.length, got, err)
		}
		_ = r.Close()
	}
	if _, err := b.Get(t.Context(), "ab/none", 0, 0); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("nothing of a missing pack: %v", err)
	}
}

// A server that stops taking the bytes of a large pack is given up after its
// silence, not after what a slow line would be granted.
func TestServerStopsTaking(t *testing.T) {
	anyCredentials(t)
	s, b := newScripted(t, short)
	over := make(chan struct{})
	defer close(over)
	s.next(often(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
		<-over
	})...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	data := make([]byte, 31<<20)
	err := b.Put(ctx, "ab/large", bytes.NewReader(data), int64(len(data)))
	if relais.KindOf(err) != relais.KindUnavailable || s.count() != attempts {
		t.Errorf("%v after %d requests", err, s.count())
	}
}

// A caller that gives up is answered at once, and told so.
func TestCallerGivesUp(t *testing.T) {
	anyCredentials(t)
	s, b := newScripted(t, patient)
	for name, do := range map[string]func(context.Context) error{
		"put":    func(ctx context.Context) error { return b.Put(ctx, "ab/pack", strings.NewReader("x"), 1) },
		"get":    func(ctx context.Context) error { _, err := b.Get(ctx, "ab/pack", 0, -1); return err },
		"list":   func(ctx context.Context) error { return b.List(ctx, func(string, int64) error { return nil }) },
		"delete": func(ctx context.Context) error { return b.Delete(ctx, "ab/pack") },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		s.next(often(func(w http.ResponseWriter, r *http.Request) { cancel(); hang(w, r) })...)
		if err := do(ctx); relais.KindOf(err) != relais.KindCanceled || s.count() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, s.count())
		}
	}
}

// What is put is signed with its own sum, and no bytes leave before all are known.
func TestPutIsWholeAndSigned(t *testing.T) {
	anyCredentials(t)
	s, b := newScripted(t, patient)
	sums := []string{}
	faults := func(w http.ResponseWriter, r *http.Request) {
		sums = append(sums, r.Header.Get("X-Amz-Content-Sha256"), r.Header.Get("Content-Encoding"), r.Header.Get("X-Amz-Trailer"))
		s.behave(w, r)
	}
	s.next(faults)
	if err := b.Put(t.Context(), "ab/pack", strings.NewReader("abc"), 3); err != nil {
		t.Fatal(err)
	}
	const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if len(sums) != 3 || sums[0] != sum || sums[1]+sums[2] != "" {
		t.Errorf("signed %q", sums)
	}
	s.next()
	for name, r := range map[string]io.Reader{
		"short": strings.NewReader("ab"), "long": strings.NewReader("abcd"),
		"broken": io.MultiReader(strings.NewReader("ab"), broken{}),
	} {
		if err := b.Put(t.Context(), "ab/bad", r, 3); err == nil || s.count() != 0 {
			t.Errorf("%s: %v after %d requests", name, err, s.count())
		}
	}
	if err := b.Put(t.Context(), "ab/bad", broken{}, maxPut+1); relais.KindOf(err) != relais.KindTooLarge {
		t.Errorf("too large: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("I/O error") }

func TestURLs(t *testing.T) {
	for text, want := range map[string]location{
		"s3://bucket":               {bucket: "bucket", prefix: "relais/packs/", host: "s3.amazonaws.com", region: "eu-west-3", secure: true},
		"s3://bucket/a/b/?region=x": {bucket: "bucket", prefix: "a/b/relais/packs/", host: "s3.amazonaws.com", region: "x", secure: true},
		"s3://bucket?endpoint=https://minio.example:9000":     {bucket: "bucket", prefix: "relais/packs/", host: "minio.example:9000", region: "eu-west-3", secure: true, lookup: 2},
		"s3://bucket?endpoint=http://[::1]:9000&region=earth": {bucket: "bucket", prefix: "relais/packs/", host: "[::1]:9000", region: "earth", lookup: 2},
	} {
		if got, err := parseURL(Options{URL: text, Region: "eu-west-3"}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	const secret = "hunter2"
	for _, text := range []string{
		"", "bucket", "https://bucket", "s3://", "s3:bucket", "s3://BUCKET", "s3://bucket#x", "s3://bucket/../x", "s3://bucket:80",
		"s3://id:" + secret + "@bucket", "s3://" + secret + "@bucket", "s3://bucket?secret_key=" + secret, "s3://bucket?password=" + secret,
		"s3://bucket?endpoint=https://id:" + secret + "@host", "s3://bucket?endpoint=http://192.0.2.1:9000", "s3://bucket?endpoint=http://minio.example",
		"s3://bucket?endpoint=ftp://host", "s3://bucket?endpoint=host:9000", "s3://bucket?endpoint=https://host/path", "s3://bucket?endpoint=",
		"s3://bucket?region=a&region=b", "s3://bucket?colour=" + secret, "s3://bucket?%zz" + secret, "s3://buc\x00ket" + secret,
	} {
		_, err := parseURL(Options{URL: text})
		if relais.KindOf(err) != relais.KindInvalid || strings.Contains(err.Error()+relais.HintOf(err), secret) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestMissingCredentialsAreTold(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/none") // or the machine's own role may answer
	_, err := Open(t.Context(), Options{URL: "s3://bucket?endpoint=http://127.0.0.1:1"})
	if relais.KindOf(err) != relais.KindAuth || relais.HintOf(err) == "" {
		t.Errorf("without credentials: %v", err)
	}
}

// A server of one's own authority is believed when its certificate is named, and
// only then.
func TestOwnAuthority(t *testing.T) {
	anyCredentials(t)
	s, _ := newScripted(t, patient)
	secure := httptest.NewUnstartedServer(s)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	opt := Options{URL: "s3://bucket?endpoint=" + secure.URL}
	if _, err := Open(t.Context(), opt); relais.KindOf(err) != relais.KindUnavailable || !strings.Contains(relais.HintOf(err), "AWS_CA_BUNDLE") {
		t.Errorf("a stranger's certificate: %v", err)
	}
	opt.CABundle = file
	if _, err := Open(t.Context(), opt); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{filepath.Join(t.TempDir(), "none"), os.Args[0]} {
		opt.CABundle = bad
		if _, err := Open(t.Context(), opt); relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("certificates of %s: %v", bad, err)
		}
	}
}
