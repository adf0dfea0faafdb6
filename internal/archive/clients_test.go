package archive

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/relais-archive/relais/internal/relais"
)

// TestImportClients: documents already there are tagged anew, what cannot be read of the
// files is told line by line, and the same import once more does nothing.
func TestImportClients(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 4))
	generation, err := b.on.State.Generation(t.Context())
	b.must(err)
	if n := b.found(`client:"Brasserie Acme"`); n != 0 {
		t.Fatalf("%d tagged before", n)
	}
	const clients = "account_id,name,domains\nacme,Brasserie Acme,acme.example\n,Nobody,\nbeta,Béta,not a domain\n"
	const contacts = "account_id,name,email\nacme,Bob,x@acme.example\n,Lost,lost@acme.example\n"
	run := func() *told {
		t.Helper()
		var e told
		b.must(b.ImportClients(t.Context(), strings.NewReader(clients), strings.NewReader(contacts), e.emit))
		return &e
	}
	e := run()
	refused := e.of("refused")
	if len(refused) != 2 || refused[0].Refusal.Position != "line 3" || refused[0].Refusal.Stage != "import" || refused[1].Source != "contacts" {
		t.Errorf("refused: %+v", refused)
	}
	if !e.says("note", "clients, line 4") {
		t.Errorf("what was passed over is not told: %q", e.details("note"))
	}
	got := e.of("imported")[0].Result.(map[string]int)
	if got["clients"] != 2 || got["contacts"] != 1 || got["changed"] == 0 || got["refused"] != 2 {
		t.Errorf("imported: %v", got)
	}
	if n := b.found(`client:"Brasserie Acme"`); n == 0 {
		t.Error("nothing was tagged anew")
	}
	list, people, err := b.Clients(t.Context())
	if err != nil || len(list) != 2 || len(people) != 1 {
		t.Errorf("clients: %+v %+v %v", list, people, err)
	}
	risen, err := b.on.State.Generation(t.Context())
	b.must(err)
	if risen == generation {
		t.Error("the generation did not rise")
	}
	if e := run(); e.of("imported")[0].Result.(map[string]int)["changed"] != 0 || len(e.of("progress")) > 0 {
		t.Errorf("an import that changes nothing: %+v", e.list)
	}
	if still, err := b.on.State.Generation(t.Context()); err != nil || still != risen {
		t.Errorf("generation %d, then %d (%v)", risen, still, err)
	}
}

// TestImportOfNoTable: a file that is no table of clients changes nothing.
func TestImportOfNoTable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const good = "account_id,name\nacme,Acme\n"
	cut := errors.New("the disk is gone")
	for name, err := range map[string]error{
		"no clients":  b.ImportClients(t.Context(), strings.NewReader("nothing of ours\n1\n"), nil, new(told).emit),
		"no contacts": b.ImportClients(t.Context(), strings.NewReader(good), strings.NewReader("nothing of ours\n1\n"), new(told).emit),
	} {
		if relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.ImportClients(t.Context(), iotest.ErrReader(cut), nil, new(told).emit); !errors.Is(err, cut) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	if list, _, err := b.Clients(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
