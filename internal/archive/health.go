package archive

import (
	"context"
	"sync"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

const (
	// checkTime is how long a part has to answer before it counts as missing.
	checkTime = 3 * time.Second
	// checkedFor is how long what was found is told again: anybody may ask, as often as
	// they like, and the checks write.
	checkedFor = time.Second
)

// health is what was found when the parts were last looked at.
type health struct {
	mu      sync.Mutex // held while they are looked at, so that who asks meanwhile shares the answer
	at      time.Time
	missing []string
}

// Missing names the parts that keep the archive from serving, in their order: they are
// tried side by side.
func (ar *Archive) Missing(ctx context.Context) []string {
	h := &ar.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < checkedFor {
		return h.missing
	}
	faults := make([]error, len(ar.on.Parts))
	var all sync.WaitGroup
	for i, p := range ar.on.Parts {
		all.Go(func() { faults[i] = p.tried(context.WithoutCancel(ctx)) }) // others share what is found
	}
	all.Wait()
	h.missing = nil
	for i, p := range ar.on.Parts {
		if err := faults[i]; err != nil {
			ar.logger.Warn("not ready", "part", p.Name, "code", string(relais.KindOf(err)), "error", err)
			h.missing = append(h.missing, p.Name)
		}
	}
	h.at = time.Now()
	return h.missing
}

// tried tries the part, for so long as it may take: one whose check does not end is left
// behind.
func (p Part) tried(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	found := make(chan error, 1)
	go func() {
		defer cancel()
		found <- p.Check(ctx)
	}()
	select {
	case err := <-found:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-found: // its end is what ended the wait
		return err
	default:
		return relais.Errorf(relais.KindUnavailable, "check "+p.Name, "no answer within %s", checkTime)
	}
}
