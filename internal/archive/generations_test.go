package archive

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/search"
)

// otherFormat keeps indexes of another format than this program's.
type otherFormat struct{}

func (otherFormat) Open(context.Context, int, bool) (search.Index, error) {
	return nil, relais.E(relais.KindInvalid, "open index", search.ErrFormat)
}

func (otherFormat) Drop(context.Context, int) error { return nil }

// TestIndexOfAnotherFormat: an archive opens whose index is of another format, and
// says how the index is made again.
func TestIndexOfAnotherFormat(t *testing.T) {
	db, err := state.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	g, err := OpenGenerations(t.Context(), db, otherFormat{}, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Search(t.Context(), search.Request{}); !g.damaged() || !strings.Contains(relais.HintOf(err), "relais reindex") {
		t.Errorf("damaged %v, a search in it: %v", g.damaged(), err)
	}
}
