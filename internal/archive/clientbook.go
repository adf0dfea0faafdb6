package archive

import (
	"context"
	"sync"

	"github.com/relais-archive/relais/internal/relais"
)

// register is where clients are kept. Its generation rises whenever they change.
type register interface {
	Generation(ctx context.Context) (int64, error)
	Clients(ctx context.Context) ([]relais.Client, []relais.Contact, error)
}

// clientBook holds the clients as they were last read: a page names them, and there may be
// tens of thousands. It is safe for concurrent use.
type clientBook struct {
	mu       sync.Mutex
	read     bool
	as       int64 // the generation they are of
	clients  []relais.Client
	contacts []relais.Contact
}

// list gives the clients and contacts, which nobody may change. They are read anew once the
// generation has risen, in whichever process. It is asked for first: what is read after it
// may be newer, and is then read once more, but never older.
func (b *clientBook) list(ctx context.Context, from register) ([]relais.Client, []relais.Contact, error) {
	now, err := from.Generation(ctx)
	if err != nil {
		return nil, nil, err
	}
	if clients, contacts, ok := b.held(now); ok {
		return clients, contacts, nil
	}
	clients, contacts, err := from.Clients(ctx)
	if err != nil {
		return nil, nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.read || now > b.as {
		b.read, b.as, b.clients, b.contacts = true, now, clients, contacts
	}
	return clients, contacts, nil
}

func (b *clientBook) held(as int64) ([]relais.Client, []relais.Contact, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clients, b.contacts, b.read && b.as == as
}
