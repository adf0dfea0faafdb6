package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestADamagedTextCostsNoOther changes one bit of one pack at a time: searches and exports
// give all the others, and what is lost is named.
func TestADamagedTextCostsNoOther(t *testing.T) {
	t.Parallel()
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	whole := newProgram(t)
	whole.importClients()
	whole.must(ingestArgs(mail)...)
	want := strings.Split(whole.export(), "\n")
	hurt := 0
	for _, pack := range filesUnder(t, filepath.Join(whole.dir, "archive", "packs")) {
		for _, part := range []int{3, 5} { // a place within
			p := whole.beside(t)
			rel, err := filepath.Rel(whole.dir, pack)
			if err != nil {
				t.Fatal(err)
			}
			flipByte(t, filepath.Join(p.dir, rel), part)
			e := p.run("export", "--format", "jsonl", "--all")
			lines := strings.Split(e.out, "\n")
			if len(lines) != len(want) || e.code != exitOK && e.code != exitDamaged {
				t.Fatalf("%s: exit %d, %d lines of %d: %s", rel, e.code, len(lines), len(want), e.err)
			}
			for i, line := range lines {
				if line == want[i] {
					continue
				}
				var d relais.Document
				if err := json.Unmarshal([]byte(line), &d); err != nil {
					t.Fatal(err)
				}
				hurt++
				p.toldDamaged(d, e)
			}
		}
	}
	if hurt == 0 {
		t.Error("no text was hurt at all")
	}
}

// toldDamaged checks that a document without its text says so by every door.
func (p *program) toldDamaged(d relais.Document, e result) {
	p.t.Helper()
	if e.code != exitDamaged || !strings.Contains(e.err, string(d.ID)) || d.Text != "" || !strings.Contains(marshalled(p.t, d.Warnings), relais.WarnTextDamaged) {
		p.t.Errorf("exported: exit %d, %s: %+v", e.code, e.err, d)
	}
	var page relais.Page
	found := p.must("search", "--json", "id:"+string(d.ID))
	if err := json.Unmarshal([]byte(found), &page); err != nil || len(page.Hits) != 1 || !strings.Contains(marshalled(p.t, page.Hits[0].Warnings), relais.WarnTextDamaged) {
		p.t.Errorf("found: %s, %v", found, err)
	}
	if said := p.must("search", "id:"+string(d.ID)); !strings.Contains(said, "cannot be read back") {
		p.t.Errorf("found: %s", said)
	}
	if s := p.run("show", string(d.ID)); s.code != exitDamaged || !strings.Contains(s.out, relais.WarnTextDamaged) {
		p.t.Errorf("shown: exit %d, %s", s.code, s.out)
	}
	if s := p.run("show", "--text", string(d.ID)); s.code != exitDamaged {
		p.t.Errorf("its text: exit %d, %s", s.code, s.out)
	}
	if v := p.run("verify", "--read-data", "--json"); v.code != exitDamaged || !strings.Contains(v.out, string(d.ID)) {
		p.t.Errorf("verified: exit %d, %s", v.code, v.out)
	}
}

func marshalled(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// filesUnder lists the files of a folder and of those in it.
func filesUnder(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// flipByte changes the byte at one part of a file's length.
func flipByte(t *testing.T, path string, part int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		b[len(b)/part] ^= 0xff
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
