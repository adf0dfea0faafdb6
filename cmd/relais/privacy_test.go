package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// council writes a maildir in which some may be marked personal: a folder whose name may
// be a mark, of one message a copy beside it; and a subject.
func council(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "council")
	write := func(folder, name, text string) {
		for _, sub := range []string{"cur", "new", "tmp"} {
			if err := os.MkdirAll(filepath.Join(dir, folder, sub), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, folder, "cur", name+":2,S"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	letter := func(n int, from, subject, more string) string {
		return eml(fmt.Sprintf("c%d@%s", n, strings.SplitN(from, "@", 2)[1]), from, ann, subject, fmt.Sprintf("Mon, %d Mar 2025 09:00:00 +0000", 3+n), more, fmt.Sprintf("Zircon %d.", n))
	}
	shared := letter(1, "lea@beta.example", "Restauration", "")
	write("", "1", shared)
	write(".Clients.CSE", "1", shared)
	write(".Clients.CSE", "2", letter(2, "lea@beta.example", "Cantine", ""))
	write("", "3", letter(3, "bob@acme.example", "Un sujet personnel", ""))
	write("", "4", letter(4, "lea@free.example", "Suite", "In-Reply-To: <c3@acme.example>\r\n"))
	write(".Personnel", "5", letter(5, "mum@free.example", "Dimanche", ""))
	return dir
}

func (p *program) balance() relais.Balance {
	p.t.Helper()
	var b relais.Balance
	if err := json.Unmarshal([]byte(p.must("balance", "--json", "Ann")), &b); err != nil {
		p.t.Fatal(err)
	}
	return b
}

// doubtful lists what waits to be settled by a rule.
func (p *program) doubtful(rule string) (list []relais.Doubtful) {
	p.t.Helper()
	for line := range strings.Lines(p.must("privacy", "list", "--rule", rule, "--json")) {
		var d relais.Doubtful
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			p.t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// TestSettled goes through what somebody does who settles: lists, asks, decides, undoes.
func TestSettled(t *testing.T) { modes(t, testSettled) }

func testSettled(t *testing.T, fresh func() *program) {
	p := fresh()
	p.importClients()
	p.must(ingestArgs(council(t))...)
	before := p.export()
	if b := p.balance(); b.Doubtful != 4 || b.Quarantined != 1 || b.Stored != 1 || !b.Balanced {
		t.Fatalf("%+v", b)
	}
	for _, args := range [][]string{{"privacy", "list"}, {"privacy", "list", "--json"}} {
		if out := p.must(args...); strings.Contains(out, "CSE") || strings.Contains(out, "ersonnel") || strings.Contains(out, "Restauration") {
			t.Errorf("%v tells too much:\n%s", args, out)
		}
	}
	paged, cursor := map[string]int{}, ""
	for range 3 {
		out := p.must("privacy", "list", "--limit", "1", "--cursor", cursor)
		for line := range strings.Lines(out) {
			if strings.Contains(line, "  2025-03-") {
				paged[strings.Fields(line)[0]]++
			}
		}
		_, cursor, _ = strings.Cut(strings.TrimSpace(out), "More: --cursor ")
	}
	if len(paged) != 3 || cursor != "" {
		t.Errorf("a document at a time: %v, then %q", paged, cursor)
	}
	list := p.doubtful("subject")
	if len(list) != 1 || list[0].Size == 0 || list[0].Date.IsZero() || list[0].Marks[0].Folder != "INBOX" {
		t.Fatalf("%+v", list)
	}
	id := string(list[0].ID)
	folder := p.doubtful("protected_folder")[0].Marks[0].FolderID
	p.script([]step{
		do(exitError, "not_found", "show", "--json", id),
		do(exitOK, "INBOX", "privacy", "list"),
		do(exitUsage, "reason", "privacy", "show", id),
		do(exitOK, "Un sujet personnel", "privacy", "show", id, "--reason", "asked by the council"),
		do(exitOK, "asked by the council", "privacy", "show", id, "--reason", "again"),
		do(exitError, "nothing doubtful", "privacy", "show", "d0", "--reason", "x"),
		do(exitUsage, "reason", "privacy", "settle", id, "--as", "professional"),
		do(exitUsage, "at a time", "privacy", "settle", id, "d0", "--as", "professional", "--reason", "x"),
		do(exitUsage, "as professional or as personal", "privacy", "settle", id, "--as", "secret", "--reason", "x"),
		do(exitUsage, "say what is settled", "privacy", "settle", "--as", "personal"),
		do(exitError, "no document", "privacy", "settle", "d0", "--as", "personal"),
		do(exitError, "no doubtful mark", "privacy", "settle", "--folder", "f-0000000000", "--as", "personal"),
		do(exitOK, "1 document shown now", "privacy", "settle", id, "--as", "professional", "--reason", "about the works"),
		do(exitOK, "Un sujet personnel", "search", "zircon"),
		do(exitOK, `"class":"none"`, "show", "--json", id),
		do(exitOK, "about the works", "privacy", "list", "--settled"),
		do(exitOK, "2 documents shown now", "privacy", "settle", "--folder", folder, "--as", "professional", "--reason", "a client"),
		do(exitOK, "Nothing waits", "privacy", "list"),
	})
	whole := p.export()
	if b := p.balance(); b.Doubtful != 0 || b.Quarantined != 1 || b.Stored != 4 || b.Duplicate != 1 || !b.Balanced {
		t.Errorf("%+v", b)
	}
	for _, from := range []string{"enriched", "raw"} {
		p.must("reindex", "--from", from)
		if got := p.export(); got != whole {
			t.Errorf("after reindex --from %s: %s", from, firstDifference(whole, got))
		}
	}
	p.script([]step{
		do(exitOK, "1 document quarantined now", "privacy", "settle", id, "--as", "personal"),
		do(exitOK, "1 document shown now", "privacy", "undo", id),
		do(exitOK, "1 document withheld", "privacy", "undo", id),
		do(exitError, "no decision", "privacy", "undo", id),
		do(exitOK, "1 document quarantined now", "privacy", "settle", "--rule", "subject", "--as", "personal"),
		do(exitOK, `"faults":0`, "verify", "--json"),
	})
	var folders []string
	for line := range strings.Lines(p.must("privacy", "list", "--settled", "--json")) {
		var d relais.Decision
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		if d.About != relais.AboutDocument && d.Undone == nil {
			folders = append(folders, d.ID)
		}
	}
	for _, d := range folders {
		p.must("privacy", "undo", d)
	}
	if got := p.export(); got != before {
		t.Errorf("after all was undone: %s", firstDifference(before, got))
	}
}

// TestSettledBefore: what was decided before the mail came covers it.
func TestSettledBefore(t *testing.T) { modes(t, testSettledBefore) }

func testSettledBefore(t *testing.T, fresh func() *program) {
	mail := council(t)
	settle := [][]string{
		{"privacy", "settle", "--case", "ann", "--folder", "Clients/CSE", "--as", "professional", "--reason", "a client"},
		{"privacy", "settle", "--case", "Ann", "--rule", "subject", "--as", "professional", "--reason", "looked at"},
	}
	after, first := fresh(), fresh()
	after.must(ingestArgs(mail)...)
	for _, args := range settle {
		after.must(args...)
	}
	first.must("case", "create", "Ann")
	slices.Reverse(settle)
	for _, args := range settle {
		if out := first.must(args...); !strings.Contains(out, "No document changes now") {
			t.Errorf("%s", out)
		}
	}
	first.must(ingestArgs(mail)...)
	if want, got := after.export(), first.export(); want != got || strings.Count(want, "\n") != 4 {
		t.Errorf("%s\n%s", firstDifference(want, got), want)
	}
}
