package pipeline

import (
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// noRoomFor is how long a full disk is waited for by who must be told.
const noRoomFor = 30 * time.Second

// fullDisk is how long the stages have been failing for want of room. They go on
// trying, for a server outlives a full disk; who waits for them gives up and says so.
type fullDisk struct {
	first, last time.Time // of the faults since something moved
	err         error
}

// over gives the fault once nothing has moved for long enough.
func (f *fullDisk) over() error {
	if f.last.Sub(f.first) < noRoomFor {
		return nil
	}
	return f.err
}

// starved notes a fault for want of room, and tells whether this one is.
func (p *Pipeline) starved(err error) bool {
	if !relais.NoRoom(err) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full.last, p.full.err = time.Now(), err
	if p.full.first.IsZero() {
		p.full.first = p.full.last
	}
	return true
}

// progressed notes that a stage has come further, which it does not on a full disk.
func (p *Pipeline) progressed() {
	p.mu.Lock()
	p.full = fullDisk{}
	p.mu.Unlock()
}

// FullDisk says of an error for want of room what to do about it, for no retry of ours
// mends it, and gives other errors as they are.
func FullDisk(err error) error {
	if !relais.NoRoom(err) || relais.HintOf(err) != "" {
		return err
	}
	return relais.WithHint(relais.Errorf(relais.KindUnavailable, "", "the disk is full: %w", err),
		"make room, then run the same command again: it goes on where it stopped, and nothing that was captured is lost")
}
