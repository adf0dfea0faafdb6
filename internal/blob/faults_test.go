package blob_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/relais"
)

// nth fails one call of all that a store makes to its three places: the one after so
// many others.
type nth struct{ left int }

func (n *nth) call() error {
	n.left--
	if n.left == -1 {
		return relais.E(relais.KindUnavailable, "store", errors.New("no answer"))
	}
	return nil
}

type (
	failingBackend struct {
		blob.Backend
		n *nth
	}
	failingKeys struct {
		blob.Keys
		n *nth
	}
	failingIndex struct {
		blob.Index
		n *nth
	}
)

func (f failingBackend) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if err := f.n.call(); err != nil {
		return nil, err
	}
	return f.Backend.Get(ctx, name, offset, length)
}

func (f failingBackend) List(ctx context.Context, fn func(string, int64) error) error {
	if err := f.n.call(); err != nil {
		return err
	}
	return f.Backend.List(ctx, fn)
}

func (f failingKeys) Open(ctx context.Context, c relais.CaseID, d []relais.Digest) ([]relais.SealKey, error) {
	if err := f.n.call(); err != nil {
		return nil, err
	}
	return f.Keys.Open(ctx, c, d)
}

func (f failingKeys) Held(ctx context.Context, c relais.CaseID, d []relais.Digest) (here, anywhere []bool, err error) {
	if err := f.n.call(); err != nil {
		return nil, nil, err
	}
	return f.Keys.Held(ctx, c, d)
}

func (f failingIndex) Blobs(ctx context.Context, d []relais.Digest) (map[relais.Digest]relais.Location, error) {
	if err := f.n.call(); err != nil {
		return nil, err
	}
	return f.Index.Blobs(ctx, d)
}

func (f failingIndex) EachBlob(ctx context.Context, fn func(relais.Digest, relais.Location) error) error {
	if err := f.n.call(); err != nil {
		return err
	}
	return f.Index.EachBlob(ctx, fn)
}

// faultyStore holds a large blob, one of another case, each in a pack, and a pack that
// no index speaks of.
func faultyStore(t *testing.T, n *nth, big []byte) (s *blob.Packs, large, lost relais.Digest) {
	t.Helper()
	backend, keys, index := blobtest.NewBackend(), blobtest.NewKeys(), blobtest.NewIndex()
	plain := blob.New(backend, keys, index, blob.Options{})
	gone := mail(2, 1000)
	if err := plain.Put(t.Context(), "c1", []blob.Blob{blobtest.Of(big)}); err != nil {
		t.Fatal(err)
	}
	if err := plain.Put(t.Context(), "c2", []blob.Blob{blobtest.Of(gone)}); err != nil {
		t.Fatal(err)
	}
	orphans := blob.New(backend, blobtest.NewKeys(), blobtest.NewIndex(), blob.Options{})
	if err := orphans.Put(t.Context(), "c1", []blob.Blob{blobtest.Of(mail(3, 1000))}); err != nil {
		t.Fatal(err)
	}
	s = blob.New(failingBackend{backend, n}, failingKeys{keys, n}, failingIndex{index, n}, blob.Options{})
	return s, relais.DigestOf(big), relais.DigestOf(gone)
}

// TestEachFaultOfAPlaceIsTold: whichever call to backend, keys or index fails, who asked
// is told, and not that all is well.
func TestEachFaultOfAPlaceIsTold(t *testing.T) {
	big := mail(1, 1<<20+70_000)
	for name, do := range map[string]func(*blob.Packs, relais.Digest, relais.Digest) error{
		"verify": func(s *blob.Packs, _, _ relais.Digest) error {
			var codes []string
			checked, err := s.Verify(t.Context(), true, func(f blob.Fault) { codes = append(codes, f.Code) })
			if err == nil && (checked.Packs != 3 || checked.Blobs != 2 || len(codes) != 1 || codes[0] != "orphan_pack") {
				t.Errorf("checked %+v, faults %q", checked, codes)
			}
			return err
		},
		"find": func(s *blob.Packs, large, lost relais.Digest) error {
			_, err := s.Find(t.Context(), "c1", []relais.Digest{large, lost})
			return err
		},
		"read": func(s *blob.Packs, large, _ relais.Digest) error {
			r, err := s.Open(t.Context(), "c1", large)
			if err != nil {
				return err
			}
			defer r.Close()
			n, err := io.Copy(io.Discard, r)
			if n != 0 && err != nil {
				t.Errorf("%d bytes before the error", n)
			}
			return err
		},
	} {
		for left := 0; ; left++ {
			n := &nth{left: left}
			s, large, lost := faultyStore(t, n, big)
			err := do(s, large, lost)
			if n.left >= 0 { // there were no more calls
				if err != nil || left == 0 {
					t.Errorf("%s without a fault: %v, after %d calls", name, err, left)
				}
				break
			}
			if relais.KindOf(err) != relais.KindUnavailable {
				t.Errorf("%s, call %d fails: %v", name, left+1, err)
			}
		}
	}
}

// TestAReadThatFailedIsTriedAgain by ReadAt, from the start; Read keeps to its error.
func TestAReadThatFailedIsTriedAgain(t *testing.T) {
	n := &nth{left: 1000}
	want := mail(1, 3<<20)
	s, large, _ := faultyStore(t, n, want)
	r, err := s.Open(t.Context(), "c1", large)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	read := func(off int64) error {
		b := make([]byte, 100)
		k, err := r.ReadAt(b, off)
		if err == nil && string(b) != string(want[off:off+100]) || err != nil && k != 0 {
			t.Errorf("at %d: %d bytes, or wrong ones, and %v", off, k, err)
		}
		return err
	}
	for _, off := range []int64{2 << 20, 100, 1 << 20, 0} {
		if err := read(off); err != nil {
			t.Errorf("at %d: %v", off, err)
		}
	}
	n.left = 0
	if err := read(2 << 20); err != nil { // of the stream that is open
		t.Error(err)
	}
	if err := read(5); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("the next stream: %v", err)
	}
	if err := read(5); err != nil {
		t.Errorf("tried again: %v", err)
	}
	n.left = 0
	for range 2 {
		if k, err := r.Read(make([]byte, 10)); k != 0 || relais.KindOf(err) != relais.KindUnavailable {
			t.Errorf("Read gives %d bytes and %v", k, err)
		}
	}
}
