package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFrench wants the exact truth of the made-up French mails: every charset,
// transfer encoding and header style.
func TestFrench(t *testing.T) {
	dir := corpusDir(t)
	f, err := os.Open(filepath.Join(dir, "expected", "french-synthetic.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
		var want struct {
			ID          string               `json:"id"`
			Subject     string               `json:"subject"`
			From        expectedAddress      `json:"from"`
			To          expectedAddress      `json:"to"`
			Date        time.Time            `json:"date"`
			Attachments []expectedAttachment `json:"attachments"`
			Text        string               `json:"text"`
		}
		if err := json.Unmarshal(s.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		m, err := ReadMail(bytes.NewReader(readFile(t, filepath.Join(dir, want.ID))), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		check := func(field, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s:\n got %q\nwant %q", field, got, want)
			}
		}
		check(want.ID+" subject", m.Subject, want.Subject)
		check(want.ID+" from", m.From[0].String(), want.From.Name+" <"+want.From.Addr+">")
		check(want.ID+" to", m.To[0].String(), want.To.Name+" <"+want.To.Addr+">")
		check(want.ID+" date", m.Date.String(), want.Date.UTC().String())
		check(want.ID+" text", strings.TrimRight(m.Text, "\n"), strings.TrimRight(want.Text, "\n"))
		if len(m.Attachments) != len(want.Attachments) {
			t.Errorf("%s: %d attachments, want %d", want.ID, len(m.Attachments), len(want.Attachments))
			continue
		}
		for i, a := range want.Attachments {
			check(want.ID+" name", m.Attachments[i].Name, a.Name)
			check(want.ID+" digest", m.Attachments[i].SHA256.String(), a.SHA256)
		}
	}
	if n == 0 {
		t.Error("no French mail")
	}
}
