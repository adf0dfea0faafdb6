package enrich

import (
	"context"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// ownerBook knows the owners of cases. It looks again when it meets one it does not
// know: a case may gain an owner while the stage runs.
type ownerBook struct {
	state *state.DB
	mu    sync.Mutex
	known map[relais.CaseID][]relais.Owner
}

func newOwnerBook(db *state.DB) *ownerBook {
	return &ownerBook{state: db, known: map[relais.CaseID][]relais.Owner{}}
}

// owner gives an owner with aliases; one that is not recorded has none. A state that does
// not answer is an error: mail read without the aliases would be tagged otherwise.
func (b *ownerBook) owner(ctx context.Context, c relais.CaseID, address string) (relais.Owner, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.find(c, address); ok {
		return o, nil
	}
	cases, err := owners(ctx, b.state)
	if err != nil {
		return relais.Owner{}, err
	}
	b.known = cases
	if o, ok := b.find(c, address); ok {
		return o, nil
	}
	return relais.Owner{Address: address}, nil
}

func (b *ownerBook) find(c relais.CaseID, address string) (relais.Owner, bool) {
	for _, o := range b.known[c] {
		if o.Address == address {
			return o, true
		}
	}
	return relais.Owner{}, false
}

func owners(ctx context.Context, db *state.DB) (map[relais.CaseID][]relais.Owner, error) {
	cases, err := db.Cases(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[relais.CaseID][]relais.Owner, len(cases))
	for _, c := range cases {
		found[c.ID] = c.Owners
	}
	return found, nil
}
