package state

import (
	"sync"

	"github.com/relais-archive/relais/internal/cache"
	"github.com/relais-archive/relais/internal/relais"
)

// maxPlaces bounds the places of blobs kept in memory: about 5 MB.
const maxPlaces = 1 << 15

// places remembers where the blobs put lately rest: each is opened soon after it was
// put, by the next stage. Only what was written is remembered, never what was read,
// so that a slow reader cannot bring an old place back. Where other processes write
// too, nothing is remembered.
type places struct {
	writing sync.Mutex // held from a transaction to its places: they follow the order of commits
	mu      sync.Mutex
	recent  cache.Recent[relais.Digest, relais.Location]
}

// get gives a blob's place, when it is remembered.
func (p *places) get(d relais.Digest) (relais.Location, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.recent.Get(d)
}

func (p *places) put(d relais.Digest, l relais.Location) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recent.Put(d, l)
}

func (p *places) drop(digests []relais.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range digests {
		p.recent.Drop(d)
	}
}

// clear forgets all.
func (p *places) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recent.Clear()
}
