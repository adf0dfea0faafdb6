package groupcommit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// written keeps the groups that a queue has written.
type written struct{ groups [][]int }

func (w *written) write(_ context.Context, group []int) error {
	w.groups = append(w.groups, group)
	return nil
}

func one(int) int { return 1 }

// hold keeps everybody from writing until the function it gives is called.
func hold(q *Queue[int]) (release func()) {
	end := make(chan struct{})
	go func() { _ = q.Alone(func() error { <-end; return nil }) }()
	synctest.Wait()
	return func() { close(end) }
}

// TestWaitersShareAWrite: what waits while another writes goes together, in the order
// of its arrival.
func TestWaitersShareAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w written
		q := New(100, one, w.write)
		release := hold(q)
		for i := range 5 {
			go func() {
				if err := q.Do(t.Context(), i); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		if q.Waiting() != 5 || len(w.groups) != 0 {
			t.Errorf("%d wait, %v written", q.Waiting(), w.groups)
		}
		release()
		synctest.Wait()
		if len(w.groups) != 1 || !slices.Equal(w.groups[0], []int{0, 1, 2, 3, 4}) {
			t.Errorf("written %v", w.groups)
		}
	})
}

// TestGroupsAreBounded: what is beyond the bound goes with the next group, and what is
// larger than the bound alone.
func TestGroupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w written
		q := New(10, func(n int) int { return n }, w.write)
		release := hold(q)
		for _, n := range []int{5, 5, 5, 5, 5, 20, 0} {
			go func() { _ = q.Do(t.Context(), n) }()
			synctest.Wait()
		}
		release()
		synctest.Wait()
		want := [][]int{{5, 5}, {5, 5}, {5}, {20}, {0}}
		if !slices.EqualFunc(w.groups, want, slices.Equal) {
			t.Errorf("written %v, want %v", w.groups, want)
		}
	})
}

// TestGivenUp: an item whose caller gives up is withdrawn while it waits; one whose
// write is under way gets that write's end.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, end := make(chan struct{}), make(chan struct{})
		fault := errors.New("the disk")
		q := New(100, one, func(ctx context.Context, group []int) error {
			close(begun)
			<-end
			if ctx.Err() != nil || len(group) != 1 {
				t.Errorf("a write of %v, its context %v", group, ctx.Err())
			}
			return fault
		})
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- q.Do(ctx, 1) }()
		<-begun
		go func() { second <- q.Do(ctx, 2) }()
		synctest.Wait()
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("one that waits: %v", err)
		}
		close(end)
		if err := <-first; !errors.Is(err, fault) {
			t.Errorf("one under way: %v", err)
		}
		if q.Waiting() != 0 {
			t.Errorf("%d wait", q.Waiting())
		}
	})
}

// TestFaultsAreTheGroups: all of a group get its error, the next group none of it.
func TestFaultsAreTheGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault, writes := errors.New("the disk"), 0
		q := New(2, one, func(context.Context, []int) error {
			if writes++; writes == 1 {
				return fault
			}
			return nil
		})
		release := hold(q)
		errs := make([]error, 3)
		for i := range errs {
			go func() { errs[i] = q.Do(t.Context(), i) }()
			synctest.Wait()
		}
		release()
		synctest.Wait()
		if !errors.Is(errs[0], fault) || !errors.Is(errs[1], fault) || errs[2] != nil {
			t.Errorf("%v", errs)
		}
	})
}

// TestClose: it waits for the write under way, and what comes later is refused.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w written
		q := New(100, one, w.write)
		release := hold(q)
		closed := make(chan struct{})
		go func() { q.Close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed while something was written")
		default:
		}
		release()
		<-closed
		q.Close()
		for range 20 {
			if err := q.Do(t.Context(), 1); !errors.Is(err, ErrClosed) || len(w.groups) > 0 {
				t.Errorf("after Close: %v, written %v", err, w.groups)
			}
		}
	})
}

// TestMany: every item of many callers is written once.
func TestMany(t *testing.T) {
	var w written
	q := New(7, one, w.write)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for j := range 50 {
				if err := q.Do(t.Context(), 100*i+j); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	seen := map[int]int{}
	for _, g := range w.groups {
		if len(g) == 0 || len(g) > 7 {
			t.Errorf("a group of %d", len(g))
		}
		for _, n := range g {
			seen[n]++
		}
	}
	if len(seen) != 800 || len(slices.Concat(w.groups...)) != 800 {
		t.Errorf("%d of 800 written, %d in all", len(seen), len(slices.Concat(w.groups...)))
	}
}
