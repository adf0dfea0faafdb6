package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/relais"
)

// stopping takes so many packs, then fails; it may also lose one.
type stopping struct {
	blob.Backend
	left atomic.Int64
	lose string
}

var errStopped = errors.New("stopped")

func (s *stopping) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	if s.left.Add(-1) < 0 {
		return errStopped
	}
	if name == s.lose {
		return nil
	}
	return s.Backend.Put(ctx, name, r, size)
}

func filled(t *testing.T, n int) *blobtest.Backend {
	t.Helper()
	b := blobtest.NewBackend()
	for i := range n {
		store(t, b, fmt.Sprintf("ab/%d", i), pattern(1000+i))
	}
	return b
}

func TestCopyPacksGoesOn(t *testing.T) {
	from, to := filled(t, 30), &stopping{Backend: blobtest.NewBackend()}
	store(t, to.Backend, "ab/3", pattern(7)) // of another size: a copy that was not whole
	to.left.Store(11)
	first, err := blob.CopyPacks(t.Context(), from, to, nil)
	// Of those that were on their way when one failed, some may have been cut off.
	if !errors.Is(err, errStopped) || first.Packs != 30 || first.Moved > 11 || first.Moved < 8 {
		t.Fatalf("stopped: %+v, %v", first, err)
	}
	to.left.Store(1000)
	calls, last := 0, blob.Copied{}
	second, err := blob.CopyPacks(t.Context(), from, to, func(c blob.Copied) { calls, last = calls+1, c })
	if err != nil || second.Present+second.Moved != 30 || second.Present < first.Moved || int64(calls) != second.Moved+1 || last != second {
		t.Fatalf("gone on: %+v, %v, %d calls", second, err, calls)
	}
	for i := range 30 {
		name := fmt.Sprintf("ab/%d", i)
		r, err := to.Backend.Get(t.Context(), name, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(r); string(got) != string(pattern(1000+i)) {
			t.Errorf("%s came over changed", name)
		}
	}
}

func TestCopyPacksTellsALostOne(t *testing.T) {
	to := &stopping{Backend: blobtest.NewBackend(), lose: "ab/2"}
	to.left.Store(1000)
	if _, err := blob.CopyPacks(t.Context(), filled(t, 5), to, nil); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("a pack acknowledged and lost: %v", err)
	}
}

func TestCopyPacksEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	to := blobtest.NewBackend()
	_, err := blob.CopyPacks(ctx, filled(t, 40), to, func(c blob.Copied) {
		if c.Moved == 2 {
			cancel()
		}
	})
	if relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("cancelled: %v", err)
	}
	n := 0
	_ = to.List(t.Context(), func(string, int64) error { n++; return nil })
	if n >= 40 {
		t.Error("went on after its end")
	}
}
