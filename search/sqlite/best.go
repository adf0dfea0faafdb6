package sqlite

import (
	"container/heap"
	"slices"
)

// best keeps the first of many values in some order, without sorting the others: a heap
// with the last of the kept values on top.
type best[T any] struct {
	kept    []T
	most    int
	compare func(a, b T) int
}

// offer keeps a value if it is among the best so far.
func (b *best[T]) offer(v T) {
	switch {
	case len(b.kept) < b.most:
		heap.Push(b, v)
	case b.most > 0 && b.compare(v, b.kept[0]) < 0:
		b.kept[0] = v
		heap.Fix(b, 0)
	}
}

// sorted gives the values kept, in order.
func (b *best[T]) sorted() []T {
	slices.SortFunc(b.kept, b.compare)
	return b.kept
}

// Len, Less, Swap, Push and Pop are for package heap.
func (b *best[T]) Len() int           { return len(b.kept) }
func (b *best[T]) Less(i, j int) bool { return b.compare(b.kept[i], b.kept[j]) > 0 }
func (b *best[T]) Swap(i, j int)      { b.kept[i], b.kept[j] = b.kept[j], b.kept[i] }
func (b *best[T]) Push(v any)         { b.kept = append(b.kept, v.(T)) }

// Pop is never called: what is worse than the best is replaced.
func (b *best[T]) Pop() any {
	last := b.kept[len(b.kept)-1]
	b.kept = b.kept[:len(b.kept)-1]
	return last
}
