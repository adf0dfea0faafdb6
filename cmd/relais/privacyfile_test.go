package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrivacyFile: a company's words are rules. They hold for what was read before, and
// fall when they are taken out of the file; a line that cannot be meant is named, and
// nothing is opened without the words that it was to give.
func TestPrivacyFile(t *testing.T) {
	p := newProgram(t)
	mail := filepath.Join(p.dir, "mail")
	if err := os.MkdirAll(mail, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(mail, "1.eml"), eml("1@x.example", "lea@free.example", ann, "Amicale : sortie", "Tue, 4 Mar 2025 09:15:00 +0000", "", "Un texte."))
	write(filepath.Join(mail, "2.eml"), eml("2@x.example", "bob@acme.example", ann, "Devis", "Tue, 4 Mar 2025 09:16:00 +0000", "", "Un autre texte."))
	p.must("ingest", "--case", "Ann", "--owner", ann, mail)
	quarantined := func(want string) {
		t.Helper()
		p.must("ingest", "--case", "Ann", "--owner", ann, mail) // waits until all was read
		if got := p.must("balance", "--json"); !strings.Contains(got, `"quarantined":`+want) {
			t.Errorf("not %s quarantined: %s", want, got)
		}
	}
	quarantined("0")
	words := filepath.Join(p.dir, "words.txt")
	write(words, "personal word amicale\nperso\nprivate folder x\n")
	bad := p.run("--privacy-file", words, "doctor")
	if !strings.Contains(bad.out, "line 2") || !strings.Contains(bad.out, "line 3") || strings.Contains(bad.out, "line 1") {
		t.Errorf("doctor says %s", bad.out)
	}
	if r := p.run("--privacy-file", words, "search", "Devis"); r.code != exitUsage || !strings.Contains(r.err, "line 2") {
		t.Errorf("opened with bad lines: exit %d, %s", r.code, r.err)
	}
	write(words, "# ours\npersonal word amicale\n")
	if r := p.run("--privacy-file", words, "doctor"); !strings.Contains(r.out, "words in 1 lines") {
		t.Errorf("doctor says %s", r.out)
	}
	p.must("--privacy-file", words, "search", "Devis")
	quarantined("1") // the archive keeps them, whatever the next command names
	write(words, "# none any more\n")
	p.must("--privacy-file", words, "search", "Devis")
	quarantined("0")
}
