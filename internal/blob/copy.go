package blob

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/relais-archive/relais/internal/relais"
)

// copiers is how many packs CopyPacks moves at once: enough to hide a server's
// answering time, few enough for its memory.
const copiers = 4

// Copied counts what CopyPacks has done so far.
type Copied struct {
	Packs   int64 `json:"packs"`   // to be there in the end
	Present int64 `json:"present"` // there already, with the same size
	Moved   int64 `json:"moved"`   // copied by this run
	Bytes   int64 `json:"bytes"`   // copied by this run
}

// CopyPacks copies every pack of one backend to another. It can be stopped and done again:
// a pack that is already there with the same size is skipped, since packs are put whole or
// not at all and a pack's name vouches for its bytes. At the end the target is listed once
// more; a pack that is missing, or of another size, is an error of relais.KindDamaged.
// progress is called after each pack, by one goroutine at a time; it may be nil. Packs
// that only the target has stay.
func CopyPacks(ctx context.Context, from, to Backend, progress func(Copied)) (Copied, error) {
	if progress == nil {
		progress = func(Copied) {}
	}
	wanted, err := sizes(ctx, from)
	if err != nil {
		return Copied{}, err
	}
	there, err := sizes(ctx, to)
	if err != nil {
		return Copied{}, err
	}
	c := &copying{from: from, to: to, progress: progress}
	missing := c.plan(wanted, there)
	if err := c.run(ctx, missing); err != nil {
		return c.count, err
	}
	return c.count, verifyCopy(ctx, to, wanted)
}

// sizes lists a backend.
func sizes(ctx context.Context, b Backend) (map[string]int64, error) {
	found := make(map[string]int64)
	err := b.List(ctx, func(name string, size int64) error {
		found[name] = size
		return nil
	})
	return found, err
}

// copying is one run of CopyPacks.
type copying struct {
	from, to Backend
	mu       sync.Mutex // guards what follows
	progress func(Copied)
	count    Copied
}

// plan counts what is there, and gives what has to be copied.
func (c *copying) plan(wanted, there map[string]int64) map[string]int64 {
	missing := make(map[string]int64)
	for name, size := range wanted {
		if has, ok := there[name]; !ok || has != size {
			missing[name] = size
		}
	}
	c.count.Packs = int64(len(wanted))
	c.count.Present = int64(len(wanted) - len(missing))
	c.progress(c.count)
	return missing
}

// run copies packs side by side; the first failure ends them all.
func (c *copying) run(ctx context.Context, missing map[string]int64) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(copiers)
	for name, size := range missing {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return c.one(ctx, name, size)
		})
	}
	return group.Wait()
}

// one copies a pack.
func (c *copying) one(ctx context.Context, name string, size int64) error {
	r, err := c.from.Get(ctx, name, 0, size)
	if err != nil {
		return err
	}
	err = c.to.Put(ctx, name, r, size)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count.Moved++
	c.count.Bytes += size
	c.progress(c.count)
	return nil
}

// verifyCopy lists the copy again: what a server acknowledged, it must also have.
func verifyCopy(ctx context.Context, to Backend, wanted map[string]int64) error {
	there, err := sizes(ctx, to)
	if err != nil {
		return err
	}
	for name, size := range wanted {
		if has, ok := there[name]; !ok || has != size {
			return relais.Errorf(relais.KindDamaged, "copy packs", "pack %s has %d bytes there, %d here", name, has, size)
		}
	}
	return nil
}
