package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// crashFile names, in the child's environment, the index that it fills until killed.
const crashFile = "RELAIS_TEST_CRASH_INDEX"

// TestCrashChild is the child of TestCrash: it tells of each batch once it is durable.
func TestCrashChild(t *testing.T) {
	path := os.Getenv(crashFile)
	if path == "" {
		t.Skip("run by TestCrash")
	}
	x := opened(t, path)
	for n := len(found(t, x, nil)) / 10; ; n++ {
		var batch []search.Entry
		for i := range 10 {
			batch = append(batch, entry(fmt.Sprintf("d%d", 10*n+i), fmt.Sprintf("batch%d", n), 1))
		}
		if _, err := x.Apply(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("durable %d\n", n)
	}
}

// TestCrash: killed at any moment, an index holds every batch it has acknowledged,
// each one whole, in postings and columns alike.
func TestCrash(t *testing.T) {
	path := file(t)
	for round := range 4 {
		last := killed(t, path, 5+17*round)
		x := opened(t, path)
		ids := found(t, x, nil)
		if len(ids)%10 != 0 || len(ids) < 10*min(last+1, 100) {
			t.Fatalf("%d documents after batch %d", len(ids), last)
		}
		for n := range last + 1 {
			if got := found(t, x, word(fmt.Sprintf("batch%d", n))); len(got) != 10 {
				t.Fatalf("%d documents of batch %d", len(got), n)
			}
		}
		err := x.Each(context.Background(), func(id relais.DocumentID, revision int64) error { return nil })
		if err != nil || x.Close() != nil {
			t.Fatal(err)
		}
	}
}

// killed runs the child until it has written some batches, kills it, and gives the
// last batch that it said was durable.
func killed(t *testing.T, path string, batches int) int {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.v")
	child.Env = append(os.Environ(), crashFile+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	last := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, err := fmt.Sscanf(strings.TrimSpace(lines.Text()), "durable %d", &last); n != 1 || err != nil {
			continue
		}
		if batches--; batches == 0 {
			_ = child.Process.Kill()
		}
	}
	_ = child.Wait() // killed
	return last
}
