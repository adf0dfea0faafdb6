// Package cache answers one question: which of many values were used lately? It keeps
// them in two generations, at a third of the memory of a list in the order of use.
package cache

// Recent remembers values by their keys: what is put or found moves to the young
// generation, and when that is full the old one is dropped. It is not safe for concurrent
// use: callers that need that have more to guard than the values. Its zero value remembers
// nothing.
type Recent[K comparable, V any] struct {
	// Most is how many values are kept at most; the more recent half of them is certainly
	// kept.
	Most int

	young, old map[K]V
}

// Get gives the value of a key, if it is remembered.
func (r *Recent[K, V]) Get(k K) (v V, ok bool) {
	if v, ok = r.young[k]; ok {
		return v, true
	}
	if v, ok = r.old[k]; ok {
		r.Put(k, v)
	}
	return v, ok
}

// Put remembers a value, in the place of an earlier one.
func (r *Recent[K, V]) Put(k K, v V) {
	half := r.Most / 2
	if half == 0 {
		return
	}
	if r.young == nil || len(r.young) >= half {
		r.old, r.young = r.young, make(map[K]V)
	}
	r.young[k] = v
}

// Drop forgets a key.
func (r *Recent[K, V]) Drop(k K) {
	delete(r.young, k)
	delete(r.old, k)
}

// Clear forgets all.
func (r *Recent[K, V]) Clear() { r.young, r.old = nil, nil }

// Len is how many values are held.
func (r *Recent[K, V]) Len() int { return len(r.young) + len(r.old) }
