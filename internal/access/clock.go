package access

import (
	"context"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// HighWater remembers the highest time ever seen. Package state meets it.
type HighWater interface {
	// HighWater raises the remembered time to now, where now is later, and gives
	// the remembered time.
	HighWater(ctx context.Context, now time.Time) (time.Time, error)
}

// saveEvery is how far the clock may run ahead of what is remembered: what expired less
// than this long before a restart is valid again for as long, if the machine's clock was
// set back meanwhile.
const saveEvery = time.Minute

// Clock tells a time that never goes back, not even over a restart, so that what
// has expired stays expired when the machine's clock is set back. It is safe for
// concurrent use.
type Clock struct {
	store HighWater
	now   func() time.Time

	turn  chan struct{} // of one; held by who looks at what follows, or asks the store
	high  time.Time     // the highest time seen
	saved time.Time     // what the store remembers; zero until it was asked
}

// NewClock makes a clock over the machine's.
func NewClock(store HighWater, now func() time.Time) *Clock {
	return &Clock{store: store, now: now, turn: make(chan struct{}, 1)}
}

// Now gives the highest time seen, in UTC. It fails when the store does: then
// nobody knows what has expired.
func (c *Clock) Now(ctx context.Context) (time.Time, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done(): // who has the turn waits for a store that may not answer
		return time.Time{}, relais.E(relais.KindUnavailable, "read the clock", context.Cause(ctx))
	}
	defer func() { <-c.turn }()
	if now := c.now().UTC(); now.After(c.high) {
		c.high = now
	}
	if c.saved.IsZero() || c.high.Sub(c.saved) >= saveEvery {
		saved, err := c.store.HighWater(ctx, c.high)
		if err != nil {
			return time.Time{}, relais.Errorf(relais.KindOf(err), "read the clock", "%w", err)
		}
		c.saved = saved.UTC()
		if c.saved.After(c.high) {
			c.high = c.saved
		}
	}
	return c.high, nil
}
