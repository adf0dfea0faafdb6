// Package backoff answers one question: how long does one wait before trying again?
// Longer each time, and never quite alike, so that many who failed at one moment do not
// come back at one moment. How often to try, and what is worth trying again, the caller
// knows.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pause is the wait between tries: First, then twice as long each time until it is
// Last, each shortened by up to half at random. Every run of tries has one of its own.
type Pause struct {
	First time.Duration
	Last  time.Duration // no bound when zero

	next   time.Duration
	waited time.Duration
}

// Wait waits for the next pause. The error is that of a context that ends first.
func (p *Pause) Wait(ctx context.Context) error {
	wait := p.draw()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		p.waited += wait
		return nil
	}
}

// Waited is how long all pauses together have lasted.
func (p *Pause) Waited() time.Duration { return p.waited }

// draw gives the length of the next pause.
func (p *Pause) draw() time.Duration {
	p.next = max(p.next, p.First)
	if p.Last > 0 {
		p.next = min(p.next, p.Last)
	}
	whole := p.next
	p.next *= 2
	return whole/2 + rand.N(whole/2+1) // #nosec G404 -- no secret
}
