package state

import (
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// maxPlaces bounds the places of blobs kept in memory: about 5 MB.
const maxPlaces = 1 << 15

// places remembers where the blobs put lately rest: each is opened soon after it was
// put, by the next stage. Only what was written is remembered, never what was read,
// so that a slow reader cannot bring an old place back. Two generations: when the
// young one is full the old one goes.
type places struct {
	limit      int        // 0 where other processes write too: nothing is remembered
	writing    sync.Mutex // held from a transaction to its places: they follow the order of commits
	mu         sync.Mutex
	young, old map[relais.Digest]relais.Location
}

// get gives a blob's place, when it is remembered.
func (p *places) get(d relais.Digest) (relais.Location, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, ok := p.young[d]; ok {
		return l, true
	}
	l, ok := p.old[d]
	return l, ok
}

func (p *places) put(d relais.Digest, l relais.Location) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit == 0 {
		return
	}
	if p.young == nil || len(p.young) >= p.limit/2 {
		p.old, p.young = p.young, make(map[relais.Digest]relais.Location)
	}
	p.young[d] = l
}

func (p *places) drop(digests []relais.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range digests {
		delete(p.young, d)
		delete(p.old, d)
	}
}

// clear forgets all.
func (p *places) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.young, p.old = nil, nil
}
