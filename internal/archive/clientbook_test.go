package archive

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// countedRegister counts how often clients are read, and may fail.
type countedRegister struct {
	register
	mu    sync.Mutex
	reads int
	fails bool
}

func (c *countedRegister) Clients(ctx context.Context) ([]relais.Client, []relais.Contact, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reads++; c.fails {
		return nil, nil, errors.New("away")
	}
	return c.register.Clients(ctx)
}

// TestClientsAreReadOnce: clients are read once a change, whoever made it; what failed is
// not kept.
func TestClientsAreReadOnce(t *testing.T) {
	t.Parallel()
	db := openedState(t)
	from, book := &countedRegister{register: db, fails: true}, &clientBook{}
	if _, _, err := book.list(t.Context(), from); err == nil {
		t.Error("a failure became a list")
	}
	from.fails, from.reads = false, 0
	for change := range 3 {
		name := fmt.Sprintf("Acme %d", change)
		if _, err := db.PutClients(t.Context(), []relais.Client{{ID: "acme", Name: name}}, []relais.Contact{{ClientID: "acme", Name: name}}); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			clients, contacts, err := book.list(t.Context(), from)
			if err != nil || len(clients) != 1 || clients[0].Name != name || len(contacts) != 1 || contacts[0].Name != name {
				t.Fatalf("%+v %+v %v, want %s", clients, contacts, err, name)
			}
		}
		if from.reads != change+1 {
			t.Errorf("%d readings after %d changes", from.reads, change+1)
		}
	}
}

// TestClientBookShared: many that ask at once, while clients change, get none older than
// what had been written when they asked.
func TestClientBookShared(t *testing.T) {
	t.Parallel()
	db := openedState(t)
	book := &clientBook{}
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 50 {
				before, _, err := db.Clients(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				got, _, err := book.list(t.Context(), db)
				if err != nil || len(got) < len(before) {
					t.Errorf("%d clients of %d, %v", len(got), len(before), err)
				}
			}
		})
	}
	for i := range 40 {
		if _, err := db.PutClients(t.Context(), []relais.Client{{ID: fmt.Sprintf("c%02d", i), Name: "x"}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	asking.Wait()
}

func openedState(t testing.TB) *state.DB {
	t.Helper()
	db, err := state.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// BenchmarkClients compares what each page read of 30,000 clients with what it reads now.
func BenchmarkClients(b *testing.B) {
	db := openedState(b)
	var clients []relais.Client
	var contacts []relais.Contact
	for i := range 30_000 {
		id := fmt.Sprintf("c%05d", i)
		clients = append(clients, relais.Client{ID: id, Name: "Client " + id, Domains: []string{id + ".example"}})
		contacts = append(contacts, relais.Contact{ClientID: id, Name: "Ann " + id, Email: "ann@" + id + ".example"})
	}
	if _, err := db.PutClients(b.Context(), clients, contacts); err != nil {
		b.Fatal(err)
	}
	for name, list := range map[string]func() ([]relais.Client, []relais.Contact, error){
		"read": func() ([]relais.Client, []relais.Contact, error) { return db.Clients(b.Context()) },
		"held": func() func() ([]relais.Client, []relais.Contact, error) {
			book := &clientBook{}
			return func() ([]relais.Client, []relais.Contact, error) { return book.list(b.Context(), db) }
		}(),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got, _, err := list(); err != nil || len(got) != len(clients) {
					b.Fatal(len(got), err)
				}
			}
		})
	}
}
