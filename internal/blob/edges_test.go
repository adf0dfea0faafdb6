package blob_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
)

// ranged notes the ranges that reach a backend.
type ranged struct {
	blob.Backend
	mu   sync.Mutex
	asks []string
	more chan struct{} // one for each
}

func (r *ranged) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	r.mu.Lock()
	r.asks = append(r.asks, fmt.Sprintf("%07d+%d", offset, length))
	r.mu.Unlock()
	r.more <- struct{}{}
	return r.Backend.Get(ctx, name, offset, length)
}

// asked waits for n requests, and gives all those made since the last call, sorted.
func (r *ranged) asked(n int) []string {
	for range n {
		<-r.more
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.asks
	slices.Sort(list)
	r.asks = nil
	return list
}

// TestWhichRangesAreAsked: blocks for short ranges, one byte or two blocks long; the next
// block ahead of who reads on; the range itself when it is long.
func TestWhichRangesAreAsked(t *testing.T) {
	const unit = 64 << 10
	for name, tt := range map[string]struct {
		reads [][2]int // offset and length
		want  []string
	}{
		"one byte, twice":  {[][2]int{{7, 1}, {8, 1}}, []string{"0000000+65536"}},
		"last of a block":  {[][2]int{{unit - 1, 1}, {unit, 1}}, []string{"0000000+65536", "0065536+65536", "0131072+65536"}},
		"reads on":         {[][2]int{{unit - 50, 100}}, []string{"0000000+65536", "0065536+65536", "0131072+65536"}},
		"jumps":            {[][2]int{{0, 10}, {2 * unit, 10}, {unit, 10}}, []string{"0000000+65536", "0065536+65536", "0131072+65536"}},
		"two blocks long":  {[][2]int{{5 * unit, 2 * unit}, {5 * unit, 2 * unit}}, []string{"0327680+65536", "0393216+65536", "0458752+65536"}},
		"longer than that": {[][2]int{{0, 2*unit + 1}, {0, 2*unit + 1}}, []string{"0000000+131073", "0000000+131073"}},
	} {
		t.Run(name, func(t *testing.T) {
			data := pattern(10 * unit)
			r := &ranged{Backend: blobtest.NewBackend(), more: make(chan struct{}, 100)}
			store(t, r.Backend, "ab/pack", data)
			cached := blob.WithCache(r, 4<<20, unit)
			for _, read := range tt.reads {
				wantRange(t, cached, data, read[0], read[1])
			}
			if diff := cmp.Diff(tt.want, r.asked(len(tt.want))); diff != "" {
				t.Errorf("ranges asked for (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAPackThatCannotBeReadTwiceIsStored, and read from where it rests.
func TestAPackThatCannotBeReadTwiceIsStored(t *testing.T) {
	data := pattern(1000)
	r := &ranged{Backend: blobtest.NewBackend(), more: make(chan struct{}, 100)}
	cached := blob.WithCache(r, 1<<20, 64<<10)
	if err := cached.Put(t.Context(), "ab/pack", struct{ io.Reader }{bytes.NewReader(data)}, int64(len(data))); err != nil {
		t.Fatal(err)
	}
	wantRange(t, cached, data, 10, 100)
	if got := r.asked(1); len(got) != 1 {
		t.Errorf("asked for %q", got)
	}
}

// TestSmallPacksNeedNoFile, by default.
func TestSmallPacksNeedNoFile(t *testing.T) {
	s := blob.New(blobtest.NewBackend(), blobtest.NewKeys(), blobtest.NewIndex(), blob.Options{TempDir: filepath.Join(t.TempDir(), "absent")})
	if err := s.Put(t.Context(), "c1", []blob.Blob{blobtest.Of(mail(1, 1<<20))}); err != nil {
		t.Error(err)
	}
}
