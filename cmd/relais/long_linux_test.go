package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestLongTextsTakeNoMemory: a page of hits, each with a long text, and an export of them
// take no more memory than a few texts do.
func TestLongTextsTakeNoMemory(t *testing.T) {
	t.Parallel()
	const files, size = 40, 4 << 20
	mail := t.TempDir()
	line := "le chantier de la pompe\n"
	text := strings.Repeat(line, size/len(line))
	for i := range files {
		if err := os.WriteFile(filepath.Join(mail, fmt.Sprintf("note%02d.txt", i)), []byte(fmt.Sprintf("repere%02d\n", i)+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := newProgram(t)
	p.must(ingestArgs(mail)...)
	find := p.command("search", "--json", "--limit", "200", "chantier")
	var out strings.Builder
	find.Stdout = &out
	if kib := peak(t, find); kib == 0 || kib > 200<<10 {
		t.Errorf("a page took %d MiB of memory", kib>>10)
	}
	var page relais.Page
	if err := json.Unmarshal([]byte(out.String()), &page); err != nil || len(page.Hits) != files {
		t.Fatalf("%d hits, %v", len(page.Hits), err)
	}
	for _, h := range page.Hits {
		if !strings.Contains(h.Snippet, relais.HighlightStart) || len(h.Warnings) != 1 || h.Warnings[0].Code != relais.WarnTextLong {
			t.Errorf("%+v", h)
		}
	}
	export := p.command("export", "--all", "--format", "jsonl")
	count := &lineCounter{}
	export.Stdout = count
	if kib := peak(t, export); kib == 0 || kib > 200<<10 {
		t.Errorf("an export took %d MiB of memory", kib>>10)
	}
	if count.lines != files || count.bytes < files*(size-len(line)) {
		t.Errorf("%d lines, %d bytes", count.lines, count.bytes)
	}
}

// lineCounter counts what it is written.
type lineCounter struct{ lines, bytes int }

var _ io.Writer = (*lineCounter)(nil)

func (c *lineCounter) Write(p []byte) (int, error) {
	c.lines += strings.Count(string(p), "\n")
	c.bytes += len(p)
	return len(p), nil
}
