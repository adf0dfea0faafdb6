package archive

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
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
		{blob.Fault{Code: "item_forgotten"}, remedyState, "--repair"},
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

// A personal mail leaves no document, envelope or entry of the index: that its row is gone
// is told by the stream alone.
func TestForgottenItem(t *testing.T) {
	b := newBench(t)
	mail := mailbox(t, 4)
	write(t, filepath.Join(mail, "cur", "p:2,S"), "From: a@free.example\r\nTo: ann@pumps.example\r\nSubject: PERSONNEL - dentiste\r\n\r\nViens.\r\n")
	b.ingest(mail)
	b = b.again(nil)
	b.sound()
	f, err := sqlitefile.Open(filepath.Join(b.at.dir, "state.db"), sqlitefile.Options{Readers: 1})
	b.must(err)
	_, err = f.Write.ExecContext(t.Context(), `DELETE FROM documents WHERE personal <> ''`)
	b.must(err)
	done, err := f.Write.ExecContext(t.Context(), `DELETE FROM occurrences WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = occurrences.document)`)
	b.must(errors.Join(err, f.Close()))
	if n, err := done.RowsAffected(); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	e, damaged := b.verify()
	if !damaged || !e.says("fault", "item_forgotten") {
		t.Errorf("%v", e.list)
	}
	b.must(b.Verify(t.Context(), true, true, new(told).emit))
	b.sound()
}
