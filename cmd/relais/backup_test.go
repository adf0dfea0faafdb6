package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// backUp copies the archive, and tells how many packs there are and how many were written.
func (p *program) backUp(dir string) (packs, written int64) {
	p.t.Helper()
	for line := range strings.Lines(p.must("backup", dir, "--json")) {
		var e relais.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			p.t.Fatal(err)
		}
		if n := counts(e); e.Type == "backed_up" {
			packs, written = n["packs"], n["packs_written"]
		}
	}
	return packs, written
}

// sameKey gives a program on no archive, with the master key of another.
func (p *program) sameKey() *program {
	p.t.Helper()
	q := newProgram(p.t)
	key, err := os.ReadFile(filepath.Join(p.dir, "master.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(q.dir, "master.key"), key, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return q
}

// TestBackupWhileIngesting copies an archive again and again while it is filled. Each copy
// is whole; ingested again from there, it is the archive that nothing befell.
func TestBackupWhileIngesting(t *testing.T) {
	mail, dir := filepath.Join(t.TempDir(), "mail"), filepath.Join(t.TempDir(), "copies")
	mailbox(t, mail, 300)
	reference := newProgram(t)
	reference.importClients()
	reference.must(ingestArgs(mail)...)
	want, balance := reference.export(), reference.must("balance", "--json")

	p := newProgram(t)
	p.importClients()
	done := make(chan result, 1)
	go func() { done <- p.run(ingestArgs(mail)...) }()
	var first result
	for running := true; running; {
		select {
		case first = <-done:
			running = false
		default:
		}
		p.backUp(dir)
	}
	if first.code != exitOK {
		t.Fatalf("the ingest beside it: exit %d, %s", first.code, first.err)
	}
	if packs, written := p.backUp(dir); written != 0 || packs == 0 {
		t.Errorf("%d of %d packs are written again", written, packs)
	}
	sets, err := os.ReadDir(filepath.Join(dir, "sets"))
	if err != nil || len(sets) < 2 || len(sets) > 10 {
		t.Fatalf("%d copies (%v)", len(sets), err)
	}
	for _, set := range sets {
		q := p.sameKey()
		q.must("restore", dir, "--set", set.Name())
		q.must(ingestArgs(mail)...)
		if got := q.export(); got != want {
			t.Errorf("%s: exports differ: %s", set.Name(), firstDifference(want, got))
		}
		if got := q.must("balance", "--json"); got != balance {
			t.Errorf("%s: balances differ:\n%s%s", set.Name(), balance, got)
		}
		q.must("verify", "--read-data")
	}
}

// TestRestoreRefuses tells what is wrong, and changes nothing that is there.
func TestRestoreRefuses(t *testing.T) {
	mail, dir := filepath.Join(t.TempDir(), "mail"), filepath.Join(t.TempDir(), "copies")
	mailbox(t, mail, 10)
	p := newProgram(t)
	p.must(ingestArgs(mail)...)
	p.backUp(dir)
	want := p.export()
	data := filepath.Join(p.dir, "archive")
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a copy in the archive":  {[]string{"backup", filepath.Join(data, "copies")}, exitUsage, "elsewhere"},
		"an archive in the copy": {[]string{"backup", filepath.Dir(data)}, exitUsage, "elsewhere"},
		"keys in the copy":       {[]string{"backup", dir, "--keys", filepath.Join(dir, "keys")}, exitUsage, "apart"},
		"somebody's folder":      {[]string{"backup", mail}, exitUsage, "something else"},
		"over an archive":        {[]string{"restore", dir}, exitError, "empty directory"},
		"from no copy":           {[]string{"restore", mail}, exitError, "relais backup"},
		"of another name":        {[]string{"restore", dir, "--set", "20010101T000000.000Z"}, exitError, "there are"},
	} {
		if r := p.run(tc.args...); r.code != tc.code || !strings.Contains(r.err, tc.says) {
			t.Errorf("%s: exit %d, %s", name, r.code, r.err)
		}
	}
	if got := p.export(); got != want {
		t.Error("the archive has changed")
	}
	other := newProgram(t)
	if r := other.run("restore", dir); r.code != exitError || !strings.Contains(r.err, "copy of the key") {
		t.Errorf("without the master key: exit %d, %s", r.code, r.err)
	}
	packs, err := filepath.Glob(filepath.Join(dir, "packs", "*", "*"))
	if err != nil || len(packs) == 0 {
		t.Fatal(packs, err)
	}
	flip(t, packs[0], "")
	if r := p.sameKey().run("restore", dir); r.code != exitDamaged {
		t.Errorf("of a damaged pack: exit %d, %s", r.code, r.err)
	}
	if err := os.RemoveAll(dir + ".keys"); err != nil {
		t.Fatal(err)
	}
	if r := p.sameKey().run("restore", dir); r.code != exitError || !strings.Contains(r.err, "--keys") {
		t.Errorf("without the keys: exit %d, %s", r.code, r.err)
	}
}
