package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestWhatIsNotReadIsAccountedFor: balance, list, search and total tell one figure, with
// reasons, and so they do after what was not read is read again.
func TestWhatIsNotReadIsAccountedFor(t *testing.T) { modes(t, testWhatIsNotRead) }

func testWhatIsNotRead(t *testing.T, fresh func() *program) {
	in := t.TempDir()
	for name, text := range map[string]string{
		"memo.mp3": "ID3\x03\x00\x00\x00\x00\x00\x00" + strings.Repeat("\xff\xfb\x90\x00", 20), "coupe.pdf": "%PDF-1.4\nno more",
		"plan.png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "vide.txt": "", "clair.txt": "des mots",
	} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := fresh()
	p.must(ingestArgs(in)...)
	check := func() {
		t.Helper()
		var b relais.Balance
		line, _, _ := strings.Cut(p.must("balance", "--json"), "\n")
		if err := json.Unmarshal([]byte(line), &b); err != nil {
			t.Fatal(err)
		}
		if b.Unreadable != 3 || b.Partial != 0 || b.Sources[0].Unreadable != 3 || b.Seen != 5 || fmt.Sprint(b.UnreadableReasons) != "[{damaged 1} {picture 1} {sound 1}]" {
			t.Errorf("the balance: %s", line)
		}
		list := p.must("unreadable", "list", "--case", "Ann", "--json")
		if strings.Count(list, "\n") != 3 || !strings.Contains(list, `"name":"plan.png"`) || !strings.Contains(list, `"reason":"sound"`) {
			t.Errorf("the list: %s", list)
		}
	}
	check()
	p.script([]step{
		do(exitOK, "3 found", "search", "est:illisible"),
		do(exitOK, "text could not be read: picture", "search", "plan"),
		do(exitOK, "Nothing found", "search", "is:partial vide"),
		do(exitOK, "", "unreadable", "list", "--partial"),
		do(exitOK, "3 documents without a text that could be read", "balance"),
		do(exitError, "no case named", "unreadable", "list", "--case", "Nobody"),
		do(exitOK, "3 documents could not be read, 3 still cannot", "unreadable", "retry"),
	})
	check()
}
