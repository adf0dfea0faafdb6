package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// TestExportOfAllIsAll: an export of everything that lacks documents names them and ends
// with 13, in every form; what there is comes all the same.
func TestExportOfAllIsAll(t *testing.T) { modes(t, testExportOfAllIsAll) }

func testExportOfAllIsAll(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	p := fresh()
	p.must(ingestArgs(mail)...)
	want := p.export()
	var whole []string
	for line := range strings.Lines(want) {
		if strings.Contains(line, `"kind":"message"`) && !strings.Contains(line, `"attachments"`) {
			whole = append(whole, line)
		}
	}
	unlisted, keyless := documentID(whole[0]), documentID(whole[1])
	held := p.hold()
	removal := search.Entry{Removed: true}
	removal.Envelope.Document.ID = unlisted
	_, err := held.Contracts.Index.Apply(t.Context(), []search.Entry{removal})
	if err == nil {
		var c relais.Case
		c, err = held.Cases.Case(t.Context(), "Ann")
		if err == nil {
			sealed, fault := held.Contracts.State.SealedBy(t.Context(), []relais.DocumentID{keyless})
			_, err = held.Contracts.Keys.Forget(t.Context(), c.ID, []relais.Digest{sealed[keyless].Blob})
			if fault != nil {
				err = fault
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	rest := strings.Replace(strings.Replace(want, whole[0], "", 1), whole[1], "", 1)
	out := t.TempDir()
	for form, path := range map[string]string{"jsonl": "all.jsonl", "mbox": "all.mbox", "eml": "all"} {
		r := p.run("export", "--all", "--format", form, "--output", filepath.Join(out, path))
		if r.code != exitDamaged || !strings.Contains(r.err, string(unlisted)) || !strings.Contains(r.err, string(keyless)) || strings.Contains(r.err, "…") {
			t.Errorf("%s: exit %d, %s", form, r.code, r.err)
		}
		if _, err := os.Stat(filepath.Join(out, path)); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(out, "all.jsonl")); err != nil || string(b) != rest {
		t.Errorf("%v, what is written differs from the rest: %s", err, firstDifference(rest, string(b)))
	}
	if r := p.run("export", "--all"); r.code != exitDamaged || r.out != rest {
		t.Errorf("exit %d: %s", r.code, firstDifference(rest, r.out))
	}
	if r := p.run("export", "pompe"); r.code != exitOK {
		t.Errorf("of a query: exit %d, %s", r.code, r.err)
	}
}

// documentID gives the id on a line of an export.
func documentID(line string) relais.DocumentID {
	_, after, _ := strings.Cut(line, `,"id":"`)
	id, _, _ := strings.Cut(after, `"`)
	return relais.DocumentID(id)
}
