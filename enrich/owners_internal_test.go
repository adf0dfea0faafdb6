package enrich

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// TestOwnerBook: an owner has its aliases, one that nobody recorded has none, and a state
// that cannot tell is an error: mail read without the aliases would be tagged otherwise.
func TestOwnerBook(t *testing.T) {
	db, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	ann := relais.Owner{Address: "ann@pumps.example", Aliases: []string{"a@old.example"}}
	k, err := db.CreateCase(t.Context(), relais.Case{Name: "Ann"})
	if err == nil {
		err = db.AddOwner(t.Context(), k.ID, ann)
	}
	if err != nil {
		t.Fatal(err)
	}
	book := newOwnerBook(db)
	ended, end := context.WithCancel(t.Context())
	end()
	if o, err := book.owner(ended, k.ID, ann.Address); err == nil {
		t.Errorf("state was not asked, and %+v is told", o)
	}
	for address, aliases := range map[string]int{ann.Address: 1, "bob@pumps.example": 0} {
		o, err := book.owner(t.Context(), k.ID, address)
		if err != nil || o.Address != address || len(o.Aliases) != aliases {
			t.Errorf("%s: %+v, %v", address, o, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if o, err := book.owner(t.Context(), k.ID, "eve@pumps.example"); relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("with state closed: %+v, %v", o, err)
	}
}
