package seal

import (
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// cacheKeys bounds the keys held unwrapped in memory: about 10 MB.
const cacheKeys = 1 << 16

type cacheEntry struct {
	c relais.CaseID
	d relais.Digest
}

// cache remembers unwrapped keys in two generations: a hit moves to the young one,
// and when that is full the old one is dropped. It keeps what was used lately as a
// list would, at a third of the memory.
type cache struct {
	mu         sync.Mutex
	limit      int
	young, old map[cacheEntry]relais.SealKey
	// version is the store's as last seen: it rises when any process forgets keys, and
	// what was remembered before is then remembered no more.
	version uint64
	// epoch counts drops. A key read from the file before a drop must not be
	// remembered after it: it may be one of those forgotten.
	epoch uint64
}

func newCache(limit int) *cache {
	return &cache{limit: limit / 2, young: make(map[cacheEntry]relais.SealKey)}
}

// get fills keys with those known at this version of the store, or a later one, and
// returns the places of the others, with the epoch to give back to put.
func (c *cache) get(version uint64, id relais.CaseID, digests []relais.Digest, keys []relais.SealKey) (missing []int, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version > c.version {
		c.version, c.young, c.old = version, make(map[cacheEntry]relais.SealKey), nil
		c.epoch++
	}
	for i, d := range digests {
		e := cacheEntry{id, d}
		key, ok := c.young[e]
		if !ok {
			if key, ok = c.old[e]; ok {
				c.add(e, key)
			}
		}
		if !ok {
			missing = append(missing, i)
			continue
		}
		keys[i] = key
	}
	return missing, c.epoch
}

// put remembers keys read since epoch; none when something was dropped meanwhile.
func (c *cache) put(epoch uint64, id relais.CaseID, digests []relais.Digest, keys []relais.SealKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch {
		return
	}
	for i, d := range digests {
		c.add(cacheEntry{id, d}, keys[i])
	}
}

func (c *cache) add(e cacheEntry, key relais.SealKey) {
	if len(c.young) >= c.limit {
		c.old, c.young = c.young, make(map[cacheEntry]relais.SealKey)
	}
	c.young[e] = key
}

// drop forgets keys of a case.
func (c *cache) drop(id relais.CaseID, digests []relais.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for _, d := range digests {
		delete(c.young, cacheEntry{id, d})
		delete(c.old, cacheEntry{id, d})
	}
}
