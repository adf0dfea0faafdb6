package blob

import (
	"bytes"
	"container/list"
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/singleflight"
)

// WithCache puts a cache of at most size bytes in front of a backend whose reads are
// expensive. It holds sealed bytes only, so that what is forgotten is unreadable in it
// too. Packs are fetched and kept in aligned blocks of block bytes, of which the least
// recently used is dropped first: what was written together is read together, and one
// request brings many texts for little more than the price of one. Readers of one block
// share one request, and a sequential reader finds the next block on its way. A range
// longer than two blocks is fetched as it is, and not kept. What this process puts is kept
// as well. Verify bypasses the cache, so that it proves what is really stored.
func WithCache(backend Backend, size, block int64) Backend {
	return &cache{Backend: backend, size: size, unit: block, blocks: make(map[blockID]*list.Element), order: list.New()}
}

// blockID is one aligned block of a pack.
type blockID struct {
	pack  string
	index int64
}

// block is what a pack holds there; a short one is the pack's last.
type block struct {
	id   blockID
	data []byte
}

type cache struct {
	Backend
	size    int64
	unit    int64 // the size of a block
	flights singleflight.Group

	mu     sync.Mutex // guards what follows
	blocks map[blockID]*list.Element
	order  *list.List // of block, the most recently used first
	held   int64
	last   blockID // read from
}

// behind gives the backend that a cache hides.
func behind(b Backend) Backend {
	if c, ok := b.(*cache); ok {
		return c.Backend
	}
	return b
}

// Get reads a short range from the blocks that hold it, and a long one from the
// backend: see Backend.
func (c *cache) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length <= 0 || length > 2*c.unit {
		return c.Backend.Get(ctx, name, offset, length)
	}
	first, last := offset/c.unit, (offset+length-1)/c.unit
	waits := make([]<-chan singleflight.Result, 0, 3)
	for i := first; i <= last; i++ {
		waits = append(waits, c.block(ctx, blockID{name, i}))
	}
	data := make([]byte, 0, length)
	for i, wait := range waits {
		b, err := await(ctx, wait)
		if err != nil {
			return nil, err
		}
		id := blockID{name, first + int64(i)}
		start := id.index * c.unit
		data = append(data, within(b, offset-start, offset+length-start)...)
		if c.crosses(id) && int64(len(b)) == c.unit {
			c.block(ctx, blockID{name, id.index + 1}) // fetched ahead while this one is used
		}
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// within cuts a range out of a block, as far as the block has it.
func within(b []byte, from, to int64) []byte {
	n := int64(len(b))
	return b[min(max(from, 0), n):min(to, n)]
}

// block gives a block from memory, or fetches it once for all readers that ask. The
// request outlives the reader that asked first, since others may wait for it: the backend
// bounds it in time.
func (c *cache) block(ctx context.Context, id blockID) <-chan singleflight.Result {
	if data, ok := c.lookup(id); ok {
		held := make(chan singleflight.Result, 1)
		held <- singleflight.Result{Val: data}
		return held
	}
	ctx = context.WithoutCancel(ctx)
	return c.flights.DoChan(fmt.Sprintf("%s@%d", id.pack, id.index), func() (any, error) {
		if data, ok := c.lookup(id); ok { // fetched by another flight since
			return data, nil
		}
		return c.fetch(ctx, id)
	})
}

// fetch reads a block and keeps it.
func (c *cache) fetch(ctx context.Context, id blockID) ([]byte, error) {
	r, err := c.Backend.Get(ctx, id.pack, id.index*c.unit, c.unit)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	data = bytes.Clone(data) // without the room that reading left
	c.keep(block{id, data})
	return data, nil
}

func await(ctx context.Context, wait <-chan singleflight.Result) ([]byte, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-wait:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.([]byte), nil
	}
}

// Put stores a pack, and keeps it where it is small and can be read twice: its
// texts are about to be indexed. A pack put again replaces what was kept.
func (c *cache) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	c.drop(name)
	again, err := rewindable(r, size)
	if err == nil {
		err = c.Backend.Put(ctx, name, r, size)
	}
	if err != nil || again == nil || size > c.size/8 {
		return err
	}
	for i := int64(0); i*c.unit < size; i++ {
		data := make([]byte, min(c.unit, size-i*c.unit))
		if n, _ := again.ReadAt(data, i*c.unit); n < len(data) {
			return nil // durable all the same: it is only not kept
		}
		c.keep(block{blockID{name, i}, data})
	}
	return nil
}

// rewindable gives the bytes that r has still to give, to be read twice; nil when
// its kind cannot.
func rewindable(r io.Reader, size int64) (io.ReaderAt, error) {
	again, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, nil
	}
	at, err := again.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, readError(err)
	}
	return io.NewSectionReader(again, at, size), nil
}

// Delete removes a pack, from the cache too.
func (c *cache) Delete(ctx context.Context, name string) error {
	err := c.Backend.Delete(ctx, name)
	c.drop(name)
	return err
}

// crosses tells whether a reader has just come to this block from the one before: a reader
// of all texts does, one that opens a page of hits does not.
func (c *cache) crosses(id blockID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.last
	c.last = id
	return before.pack == id.pack && before.index == id.index-1
}

func (c *cache) lookup(id blockID) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.blocks[id]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(block).data, true
}

// keep makes room for a block and adds it.
func (c *cache) keep(b block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.blocks[b.id]; ok {
		c.remove(e)
	}
	for c.held+int64(len(b.data)) > c.size && c.order.Len() > 0 {
		c.remove(c.order.Back())
	}
	if int64(len(b.data)) <= c.size {
		c.blocks[b.id] = c.order.PushFront(b)
		c.held += int64(len(b.data))
	}
}

// drop forgets the blocks of a pack.
func (c *cache) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, e := range c.blocks {
		if id.pack == name {
			c.remove(e)
		}
	}
}

// remove takes a block out; the caller holds mu.
func (c *cache) remove(e *list.Element) {
	b := c.order.Remove(e).(block)
	delete(c.blocks, b.id)
	c.held -= int64(len(b.data))
}
