package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// TestBackend holds a backend to blob.Backend. open gives an empty one.
func TestBackend(t *testing.T, open func(t *testing.T) blob.Backend) {
	t.Run("ranges", func(t *testing.T) { backendRanges(t, open(t)) })
	t.Run("missing", func(t *testing.T) { backendMissing(t, open(t)) })
	t.Run("put again", func(t *testing.T) { backendPutAgain(t, open(t)) })
	t.Run("list and delete", func(t *testing.T) { backendList(t, open(t)) })
	t.Run("failed put", func(t *testing.T) { backendFailedPut(t, open(t)) })
	t.Run("concurrent", func(t *testing.T) { backendConcurrent(t, open(t)) })
	t.Run("names", func(t *testing.T) { backendNames(t, open(t)) })
}

func putBytes(t *testing.T, b blob.Backend, name string, data []byte) {
	t.Helper()
	if err := b.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
}

func getBytes(t *testing.T, b blob.Backend, name string, offset, length int64) []byte {
	t.Helper()
	r, err := b.Get(t.Context(), name, offset, length)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if cerr := r.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	return data
}

func backendRanges(t *testing.T, b blob.Backend) {
	data := noise(1, 100_000)
	putBytes(t, b, "ab/pack-1", data)
	for _, r := range []struct{ offset, length, want int64 }{
		{0, -1, 100_000}, {0, 0, 0}, {0, 1, 1}, {99_999, 1, 1}, {50_000, 1000, 1000},
		{70_000, -1, 30_000}, {99_990, 50, 10}, {100_000, -1, 0},
	} {
		got := getBytes(t, b, "ab/pack-1", r.offset, r.length)
		if !bytes.Equal(got, data[r.offset:r.offset+r.want]) {
			t.Errorf("range %d, %d: %d bytes, or wrong ones", r.offset, r.length, len(got))
		}
	}
	if _, err := b.Get(t.Context(), "ab/pack-1", -1, 3); err == nil {
		t.Error("a negative offset was taken")
	}
}

func backendMissing(t *testing.T, b blob.Backend) {
	_, err := b.Get(t.Context(), "ab/none", 0, -1)
	wantKind(t, err, relais.KindNotFound)
	if err := b.Delete(t.Context(), "ab/none"); err != nil {
		t.Errorf("to delete what is missing: %v", err)
	}
}

func backendPutAgain(t *testing.T, b blob.Backend) {
	data := noise(2, 5000)
	putBytes(t, b, "one", data)
	putBytes(t, b, "one", data)
	if !bytes.Equal(getBytes(t, b, "one", 0, -1), data) {
		t.Error("changed by the second put")
	}
	putBytes(t, b, "empty", nil)
	if got := getBytes(t, b, "empty", 0, -1); len(got) != 0 {
		t.Errorf("%d bytes of an empty pack", len(got))
	}
}

func listed(t *testing.T, b blob.Backend) map[string]int64 {
	t.Helper()
	found := make(map[string]int64)
	err := b.List(t.Context(), func(name string, size int64) error {
		found[name] = size
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func backendList(t *testing.T, b blob.Backend) {
	if found := listed(t, b); len(found) != 0 {
		t.Fatalf("a new backend holds %v", found)
	}
	putBytes(t, b, "aa/1", noise(1, 10))
	putBytes(t, b, "ab/2", noise(2, 20))
	putBytes(t, b, "ab/c/3", noise(3, 30))
	found := listed(t, b)
	if len(found) != 3 || found["aa/1"] != 10 || found["ab/2"] != 20 || found["ab/c/3"] != 30 {
		t.Errorf("listed %v", found)
	}
	stop := errors.New("enough")
	if err := b.List(t.Context(), func(string, int64) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("List went on after %v: %v", stop, err)
	}
	if err := b.Delete(t.Context(), "ab/2"); err != nil {
		t.Fatal(err)
	}
	if found := listed(t, b); len(found) != 2 {
		t.Errorf("after a deletion %v", found)
	}
	_, err := b.Get(t.Context(), "ab/2", 0, -1)
	wantKind(t, err, relais.KindNotFound)
}

// A put that fails leaves nothing behind, whichever side failed.
func backendFailedPut(t *testing.T, b blob.Backend) {
	broken := io.MultiReader(bytes.NewReader(noise(1, 1000)), errReader{errors.New("broken pipe")})
	if err := b.Put(t.Context(), "aa/1", broken, 2000); err == nil {
		t.Error("a broken source was stored")
	}
	if err := b.Put(t.Context(), "aa/2", bytes.NewReader(noise(1, 1000)), 2000); err == nil {
		t.Error("half a pack was stored")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, b.Put(ctx, "aa/3", bytes.NewReader(noise(1, 1000)), 1000), relais.KindCanceled)
	if found := listed(t, b); len(found) != 0 {
		t.Errorf("failed puts left %v", found)
	}
}

func backendConcurrent(t *testing.T, b blob.Backend) {
	data := noise(7, 50_000)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := b.Put(t.Context(), "aa/same", bytes.NewReader(data), int64(len(data))); err != nil {
				t.Error(err)
			}
			r, err := b.Get(t.Context(), "aa/same", 0, -1)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close() //nolint:errcheck // a test
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	group.Wait()
}

// Names may only be those that every backend can hold. A backend in memory has
// nothing to fear from others.
func backendNames(t *testing.T, b blob.Backend) {
	if _, ok := b.(*Backend); ok {
		t.Skip("in memory")
	}
	for _, name := range []string{"", ".", "..", "../x", "/etc/passwd", "a//b", "a/", "A", "a.b", "é", "a\\b", "a/../../b"} {
		if err := b.Put(t.Context(), name, strings.NewReader("x"), 1); err == nil {
			t.Errorf("name %q was taken", name)
		}
		if _, err := b.Get(t.Context(), name, 0, 1); err == nil {
			t.Errorf("name %q was read", name)
		}
		if err := b.Delete(t.Context(), name); err == nil {
			t.Errorf("name %q was deleted", name)
		}
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func wantKind(t *testing.T, err error, kind relais.Kind) {
	t.Helper()
	if relais.KindOf(err) != kind {
		t.Errorf("error %v is of kind %q, want %q", err, relais.KindOf(err), kind)
	}
}
