package archive

import (
	"os"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// What a fault wants is known of each kind that verify tells, and a kind that is not known
// is never taken for one that can be made again.
func TestRemedies(t *testing.T) {
	for _, tc := range []struct {
		fault blob.Fault
		want  remedy
		hint  string
	}{
		{blob.Fault{Code: "index_differs"}, remedyIndex, "--repair"},
		{blob.Fault{Code: "file_damaged", Pack: IndexFile}, remedyIndex, "--repair"},
		{blob.Fault{Code: "file_damaged", Pack: StateFile}, remedyState, "--repair"},
		{blob.Fault{Code: "envelopes_differ"}, remedyState, "--repair"},
		{blob.Fault{Code: "file_damaged", Pack: "keys.db"}, remedyBackup, "backup"},
		{blob.Fault{Code: "file_damaged", Pack: "log.db"}, remedyBackup, "backup"},
		{blob.Fault{Code: "missing_pack"}, remedyBackup, "backup"},
		{blob.Fault{Code: "records_missing"}, remedyBackup, "backup"},
		{blob.Fault{Code: "something new"}, remedyBackup, "backup"},
		{blob.Fault{Code: "audit_chain"}, remedyAudit, "changed it"},
	} {
		got := remedyOf(tc.fault)
		if hint := (remedies{got: true}).hint(); got != tc.want || !strings.Contains(hint, tc.hint) {
			t.Errorf("%+v: remedy %d, %q", tc.fault, got, hint)
		}
	}
}

// Repair makes the index and the rows of state again; where a pack is gone too, it leaves
// all as it is.
func TestRepair(t *testing.T) {
	b := newBench(t)
	b.ingest(mailbox(t, 4))
	b = b.again(nil)
	d, _ := b.one()
	b.must(b.withdraw(d))
	if _, damaged := b.verify(); !damaged {
		t.Fatal("a lost envelope is not found")
	}
	e := new(told)
	b.must(b.Verify(t.Context(), true, true, e.emit))
	b.sound()
	d, _ = b.one()
	b.must(b.withdraw(d))
	b.must(os.Remove(b.packs()[0]))
	before := b.found("")
	e = new(told)
	if err := b.Verify(t.Context(), true, true, e.emit); relais.KindOf(err) != relais.KindDamaged || !e.says("note", "not_repaired") {
		t.Errorf("with a pack gone: %v, %v", err, e.list)
	}
	if after := b.found(""); after != before {
		t.Errorf("%d were found, and are %d", before, after)
	}
}
