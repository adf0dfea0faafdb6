package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
	"github.com/relais-archive/relais/internal/relais"
)

// counting counts the reads that reach a backend, and may hold them back.
type counting struct {
	blob.Backend
	gets atomic.Int64
	gate chan struct{} // when set, a read waits until it is closed
	fail atomic.Bool
}

func (c *counting) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	c.gets.Add(1)
	if c.gate != nil {
		<-c.gate
	}
	if c.fail.Load() {
		return nil, relais.E(relais.KindUnavailable, "read pack", errors.New("no answer"))
	}
	return c.Backend.Get(ctx, name, offset, length)
}

// pattern gives n bytes, each place told from its neighbours.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i*7)
	}
	return b
}

// behindCache puts a pack into a backend, then a cache before it.
func behindCache(t *testing.T, size int64, data []byte) (*counting, blob.Backend) {
	t.Helper()
	c := &counting{Backend: blobtest.NewBackend()}
	store(t, c.Backend, "ab/pack", data)
	return c, blob.WithCache(c, size, 64<<10)
}

func store(t *testing.T, b blob.Backend, name string, data []byte) {
	t.Helper()
	if err := b.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
}

func wantRange(t *testing.T, b blob.Backend, data []byte, offset, length int) {
	t.Helper()
	r, err := b.Get(t.Context(), "ab/pack", int64(offset), int64(length))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	end := min(offset+length, len(data))
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[min(offset, end):end]) {
		t.Fatalf("range %d+%d: %d bytes, or wrong ones (%v)", offset, length, len(got), err)
	}
}

func TestCachedBackend(t *testing.T) {
	blobtest.TestBackend(t, func(*testing.T) blob.Backend { return blob.WithCache(named{blobtest.NewBackend()}, 1<<20, 64<<10) })
}

// named refuses the names that a backend on disk or in a bucket refuses.
type named struct{ *blobtest.Backend }

func (n named) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	if err := blob.CheckName(name); err != nil {
		return err
	}
	return n.Backend.Put(ctx, name, r, size)
}

func (n named) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if err := blob.CheckName(name); err != nil {
		return nil, err
	}
	return n.Backend.Get(ctx, name, offset, length)
}

func (n named) Delete(ctx context.Context, name string) error {
	if err := blob.CheckName(name); err != nil {
		return err
	}
	return n.Backend.Delete(ctx, name)
}

func TestCachedStore(t *testing.T) {
	blobtest.TestStore(t, func(*testing.T) blobtest.Parts {
		return blobtest.Parts{Backend: blob.WithCache(blobtest.NewBackend(), 1<<20, 64<<10), Keys: blobtest.NewKeys(), Index: blobtest.NewIndex()}
	})
}

// Texts that lie side by side cost one read, and the second time none.
func TestCacheReadsNeighboursOnce(t *testing.T) {
	data := pattern(300_000)
	c, cached := behindCache(t, 1<<20, data)
	for range 2 {
		for at := 0; at < 60_000; at += 1500 {
			wantRange(t, cached, data, at, 1500)
		}
	}
	if n := c.gets.Load(); n != 1 {
		t.Errorf("%d reads for neighbours in one block", n)
	}
	wantRange(t, cached, data, 299_990, 100) // over the end
	wantRange(t, cached, data, 300_000, 100) // after it
	wantRange(t, cached, data, 70_000, 1000)
	wantRange(t, cached, data, 299_990, 10)
	if n := c.gets.Load(); n != 3 {
		t.Errorf("%d reads, want 3: the first block, the second and the last", n)
	}
	before := c.gets.Load()
	wantRange(t, cached, data, 0, 200_000)
	wantRange(t, cached, data, 0, 200_000)
	if n := c.gets.Load() - before; n != 2 {
		t.Errorf("a long range was read %d times of 2", n)
	}
}

// What is held stays under the bound, and the block used last stays.
func TestCacheIsBounded(t *testing.T) {
	data := pattern(1 << 20)
	c, cached := behindCache(t, 256<<10, data) // four blocks
	for i := 15; i > 1; i-- {
		wantRange(t, cached, data, i<<16, 100)
		wantRange(t, cached, data, 0, 100)
	}
	if n := c.gets.Load(); n != 15 {
		t.Errorf("%d reads, want each block once and the first never again", n)
	}
	wantRange(t, cached, data, 15<<16, 100)
	if n := c.gets.Load(); n != 16 {
		t.Errorf("%d reads: a block that had to leave is still there", n)
	}
}

// A sequential reader finds the next block on its way, and no more than that.
func TestCacheReadsAhead(t *testing.T) {
	data := pattern(10 << 16)
	c, cached := behindCache(t, 1<<20, data)
	wantRange(t, cached, data, 1<<16-50, 100) // over the border of two blocks
	for c.gets.Load() < 3 {
		runtime.Gosched()
	}
	for at := 1 << 16; at < 3<<16-1500; at += 1500 {
		wantRange(t, cached, data, at, 1500)
	}
	for c.gets.Load() < 4 { // since the third was entered
		runtime.Gosched()
	}
	wantRange(t, cached, data, 3<<16, 1500)
	wantRange(t, cached, data, 0, 1500)
	if n := c.gets.Load(); n > 5 {
		t.Errorf("%d reads of five blocks", n)
	}
}

// Readers of one block share one read; one that gives up disturbs no other.
func TestCacheSharesReads(t *testing.T) {
	data := pattern(10_000)
	c, cached := behindCache(t, 1<<20, data)
	c.gate = make(chan struct{})
	gone, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := cached.Get(gone, "ab/pack", 0, 100)
		first <- err
	}()
	for c.gets.Load() == 0 { // until the first reader's request is on its way
		runtime.Gosched()
	}
	cancel()
	if err := <-first; relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("a reader that gave up got %v", err)
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() { wantRange(t, cached, data, i*100, 100) })
	}
	close(c.gate)
	group.Wait()
	if n := c.gets.Load(); n != 1 {
		t.Errorf("%d reads of one block at once", n)
	}
}

// A failure is given to the readers that wait, and is not remembered.
func TestCacheKeepsNoFailure(t *testing.T) {
	data := pattern(10_000)
	c, cached := behindCache(t, 1<<20, data)
	c.fail.Store(true)
	if _, err := cached.Get(t.Context(), "ab/pack", 0, 100); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("a failed read gave %v", err)
	}
	c.fail.Store(false)
	wantRange(t, cached, data, 0, 100)
}

// A pack put by this process is read without asking, until it is deleted.
func TestCacheKeepsWhatIsPut(t *testing.T) {
	data := pattern(100_000)
	c := &counting{Backend: blobtest.NewBackend()}
	cached := blob.WithCache(c, 1<<20, 64<<10)
	r := bytes.NewReader(append([]byte("header"), data...))
	_, _ = r.Seek(6, io.SeekStart) // what is put begins where the reader stands
	if err := cached.Put(t.Context(), "ab/pack", r, int64(len(data))); err != nil {
		t.Fatal(err)
	}
	wantRange(t, cached, data, 5000, 1000)
	wantRange(t, cached, data, 60_000, 10_000)
	if n := c.gets.Load(); n != 0 {
		t.Errorf("%d reads of what was just put", n)
	}
	if err := cached.Delete(t.Context(), "ab/pack"); err != nil {
		t.Fatal(err)
	}
	if _, err := cached.Get(t.Context(), "ab/pack", 5000, 1000); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("a deleted pack gave %v", err)
	}
}

// Verify must not be content with what the cache remembers.
func TestVerifyLooksBehindTheCache(t *testing.T) {
	backend := blobtest.NewBackend()
	s := blob.New(blob.WithCache(backend, 1<<20, 64<<10), blobtest.NewKeys(), blobtest.NewIndex(), blob.Options{})
	if err := s.Put(t.Context(), "c1", []blob.Blob{blobtest.Of([]byte("une offre de prix"))}); err != nil {
		t.Fatal(err)
	}
	var name string
	_ = backend.List(t.Context(), func(n string, _ int64) error { name = n; return nil })
	store(t, backend, name, []byte("cut short"))
	var codes []string
	if _, err := s.Verify(t.Context(), false, func(f blob.Fault) { codes = append(codes, f.Code) }); err != nil {
		t.Fatal(err)
	}
	if len(codes) != 1 || codes[0] != "bad_toc" {
		t.Errorf("faults %v of a pack that was cut behind the cache", codes)
	}
}
