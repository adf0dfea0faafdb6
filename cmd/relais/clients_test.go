package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRowsThatAreNotRead: they are listed, and the exit code tells of them; the rest is
// imported all the same.
func TestRowsThatAreNotRead(t *testing.T) {
	p := newProgram(t)
	file := func(name, text string) string {
		path := filepath.Join(p.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.csv", "account_id,name,domains\nC1,Acme,acme.example;gmail.com\n")
	bad := file("bad.csv", "account_id,name\nC2,Beta\n,Gamma\n")
	people := file("people.csv", "account_id,name,email\nC1,Zoe,zoe@acme.example\n,Nina,nina@acme.example\n")
	p.script([]step{
		do(exitOK, "1 client and 0 contacts read", "client", "import", good),
		do(exitRefused, "refused: clients, line 3: no id", "client", "import", bad),
		do(exitRefused, `"position":"line 3"`, "client", "import", good, "--contacts", people, "--json"),
		do(exitOK, "zoe@acme.example", "client", "show", "Acme"),
	})
	if r := p.run("client", "list"); strings.Count(r.out, "\n") != 2 {
		t.Errorf("clients: %s", r.out)
	}
}

// TestPrintedCommandsCanBePasted: what the demo prints begins with how the program is
// started and names the demo's archive.
func TestPrintedCommandsCanBePasted(t *testing.T) {
	for in, want := range map[string]string{"/a/b-c.d_e": "/a/b-c.d_e", "": "''", "it's": `'it'\''s'`, "/a b": "'/a b'", "#x": "'#x'"} {
		if got := shellQuoted(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}
