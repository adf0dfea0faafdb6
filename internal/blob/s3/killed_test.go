package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/relais"
)

// server is a versitygw of the test's own, over a folder that outlives it.
type server struct {
	t       *testing.T
	binary  string
	folder  string
	address string
	cmd     *exec.Cmd
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, binary: os.Getenv("RELAIS_TEST_VERSITYGW"), folder: t.TempDir()}
	if s.binary == "" {
		t.Skip("RELAIS_TEST_VERSITYGW names no program")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	_ = l.Close()
	if err := os.Mkdir(filepath.Join(s.folder, "bucket"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "relais")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "relais-test")
	t.Cleanup(s.kill)
	return s
}

func (s *server) start() {
	s.cmd = exec.Command(s.binary, "--port", s.address, "posix", s.folder) // #nosec G204 -- named by whoever runs the test
	s.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY=relais", "ROOT_SECRET_KEY=relais-test")
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// open waits for the server to answer.
func (s *server) open() *Bucket {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		b, err := Open(ctx, Options{URL: "s3://bucket?endpoint=http://" + s.address})
		if err == nil {
			return b
		}
		if relais.KindOf(err) != relais.KindUnavailable {
			s.t.Fatal(err)
		}
	}
}

// trickle calls then when half of the pack has been read for the last time: while
// it is on its way.
type trickle struct {
	*bytes.Reader
	mu   sync.Mutex
	seen int
	then func()
}

func (r *trickle) ReadAt(p []byte, at int64) (int, error) {
	if len(p) > 1<<16 {
		p = p[:1<<16]
	}
	n, err := r.Reader.ReadAt(p, at)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen += n; r.seen > int(r.Size()/2) && r.then != nil {
		r.then()
		r.then = nil
	}
	return n, err
}

// A server killed while a pack is on its way has the whole of it afterwards, or
// nothing, and takes it when it is put again.
func TestServerKilledInMidPut(t *testing.T) {
	s := newServer(t)
	s.start()
	b := s.open()
	for i := range 5 {
		data := bytes.Repeat([]byte(fmt.Sprintf("pack %d ", i)), 4<<20/7)
		name := fmt.Sprintf("ab/%d", i)
		r := &trickle{Reader: bytes.NewReader(data), then: s.kill}
		err := b.Put(t.Context(), name, r, int64(len(data)))
		if relais.KindOf(err) != relais.KindUnavailable {
			t.Fatalf("put to a server that died: %v", err)
		}
		s.start()
		s.open()
		err = b.List(t.Context(), func(listed string, size int64) error {
			if listed == name && size != int64(len(data)) {
				t.Errorf("%d bytes of %d are left", size, len(data))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		if got := all(t, b, name); !bytes.Equal(got, data) {
			t.Errorf("%d bytes of %d came back, or wrong ones", len(got), len(data))
		}
	}
}

// A server that comes back soon is waited for by its caller, and a reader that it left in
// the middle goes on.
func TestServerComesBackDuringARead(t *testing.T) {
	s := newServer(t)
	s.start()
	b := s.open()
	data := bytes.Repeat([]byte("0123456789abcdef"), 2<<20)
	if err := b.Put(t.Context(), "ab/large", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	r, err := b.Get(t.Context(), "ab/large", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	head := make([]byte, 100_000)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	s.kill()
	s.start()
	s.open()
	rest, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(append(head, rest...), data) {
		t.Errorf("%d bytes of %d came back, or wrong ones: %v", len(head)+len(rest), len(data), err)
	}
}

// An outage in the middle of a batch loses nothing: the batch put again is there.
func TestStoreOverAnOutage(t *testing.T) {
	s := newServer(t)
	s.start()
	store := blob.New(s.open(), blobtest.NewKeys(), blobtest.NewIndex(), blob.Options{})
	batch := []blob.Blob{blobtest.Of(bytes.Repeat([]byte("un devis "), 9000)), blobtest.Of([]byte("une commande"))}
	s.kill()
	if err := store.Put(t.Context(), "c1", batch); relais.KindOf(err) != relais.KindUnavailable {
		t.Fatalf("put during an outage: %v", err)
	}
	s.start()
	s.open()
	if err := store.Put(t.Context(), "c1", batch); err != nil {
		t.Fatal(err)
	}
	checked, err := store.Verify(t.Context(), true, func(f blob.Fault) { t.Errorf("fault %+v", f) })
	if err != nil || checked.Blobs != 2 || checked.Packs != 1 {
		t.Errorf("%+v, %v", checked, err)
	}
}
