package elastic

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/searchtest"
	"github.com/relais-archive/relais/search/sqlite"
)

var (
	questions = flag.Int("versus", 300, "questions that TestVersus asks of each set of documents")
	seed      = flag.Uint64("seed", 1, "of TestVersus")
)

// TestVersus asks this engine and the embedded one the same at random: of the demo's
// documents and, where RELAIS_CORPUS names it, of real mail, both made by the program
// itself.
//
//	go test ./search/elastic -run Versus -args -versus 10000
func TestVersus(t *testing.T) {
	address(t)
	run := program(t)
	t.Run("demo", func(t *testing.T) {
		dir := t.TempDir()
		run("demo", "--no-serve", "--data", dir)
		versus(t, exported(t, run, filepath.Join(dir, "archive"), filepath.Join(dir, "master.key")))
	})
	t.Run("mail", func(t *testing.T) { versus(t, realMail(t, run)) })
}

// realMail gives the documents of the corpus, as the program makes them.
func realMail(t testing.TB, run func(args ...string) []byte) []search.Entry {
	corpus := os.Getenv("RELAIS_CORPUS")
	if corpus == "" {
		t.Skip("RELAIS_CORPUS names no corpus")
	}
	dir := t.TempDir()
	key := filepath.Join(dir, "master.key")
	run("ingest", "--data", filepath.Join(dir, "archive"), "--key-file", key, "--case", "Ann", "--owner", "ann@example.com", filepath.Join(corpus, "mail"))
	return exported(t, run, filepath.Join(dir, "archive"), key)
}

// versus compares the engines, this one over three shards.
func versus(t *testing.T, docs []search.Entry) {
	embedded, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "index-1.db"), sqlite.Options{Zone: searchtest.Zone()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = embedded.Close() }()
	searchtest.Compare(t, embedded, newPlace(t, 3).open(t, "versus"), docs, *questions, *seed)
}

// program builds the program, and gives what runs it. Items that are refused, as
// broken mail is, are no fault here.
func program(t testing.TB) func(args ...string) []byte {
	bin := filepath.Join(t.TempDir(), "relais")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nomsgpack", "-o", bin, "../../cmd/relais")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return func(args ...string) []byte {
		var out, told bytes.Buffer
		run := exec.CommandContext(t.Context(), bin, args...)
		run.Stdout, run.Stderr = &out, &told
		if err := run.Run(); err != nil && run.ProcessState.ExitCode() != 3 {
			t.Fatalf("%v: %v: %s", args, err, told.String())
		}
		return out.Bytes()
	}
}

// exported gives an archive's documents as entries.
func exported(t testing.TB, run func(...string) []byte, data, key string) []search.Entry {
	t.Helper()
	out := run("export", "--format", "jsonl", "--all", "--data", data, "--key-file", key)
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 64<<20)
	var docs []search.Entry
	for lines.Scan() {
		var d relais.Document
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		e := search.Entry{Text: d.Text, Envelope: relais.Envelope{Format: relais.EnvelopeFormat, CaseID: relais.CaseID(d.Case), Revision: 1}}
		d.Text, d.NewText = "", ""
		e.Envelope.Document = d
		docs = append(docs, e)
	}
	if lines.Err() != nil || len(docs) == 0 {
		t.Fatalf("%d documents exported, %v", len(docs), lines.Err())
	}
	return docs
}
