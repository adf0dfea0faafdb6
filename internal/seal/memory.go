package seal

import (
	"sync"

	"github.com/relais-archive/relais/internal/cache"
	"github.com/relais-archive/relais/internal/relais"
)

// cacheKeys bounds the keys held unwrapped in memory: about 10 MB.
const cacheKeys = 1 << 16

// place is where a key belongs.
type place struct {
	c relais.CaseID
	d relais.Digest
}

// memory remembers the keys unwrapped lately.
type memory struct {
	mu   sync.Mutex
	keys cache.Recent[place, relais.SealKey]
	// version is the store's as last seen: it rises when any process forgets keys, and
	// everything remembered before is then dropped.
	version uint64
	// epoch counts drops. A key read from the file before a drop must not be
	// remembered after it: it may be one of those forgotten.
	epoch uint64
}

func newMemory(most int) *memory {
	return &memory{keys: cache.Recent[place, relais.SealKey]{Most: most}}
}

// get fills keys with those known at this version of the store, or a later one, and
// returns the places of the others, with the epoch to give back to put.
func (m *memory) get(version uint64, id relais.CaseID, digests []relais.Digest, keys []relais.SealKey) (missing []int, epoch uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version > m.version {
		m.version = version
		m.keys.Clear()
		m.epoch++
	}
	for i, d := range digests {
		key, ok := m.keys.Get(place{id, d})
		if !ok {
			missing = append(missing, i)
			continue
		}
		keys[i] = key
	}
	return missing, m.epoch
}

// put remembers keys read since epoch; none when something was dropped meanwhile.
func (m *memory) put(epoch uint64, id relais.CaseID, digests []relais.Digest, keys []relais.SealKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.epoch {
		return
	}
	for i, d := range digests {
		m.keys.Put(place{id, d}, keys[i])
	}
}

// drop forgets keys of a case.
func (m *memory) drop(id relais.CaseID, digests []relais.Digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	for _, d := range digests {
		m.keys.Drop(place{id, d})
	}
}
