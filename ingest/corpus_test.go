package ingest

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// expectedBytes gives the digests of the corpus's messages, by the path of the file
// that holds them, in order.
func expectedBytes(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open(testkit.Corpus(t, "expected", "mail.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var row struct {
			ID  string `json:"id"`
			Raw string `json:"raw_sha256"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		file, _, _ := strings.Cut(row.ID, "#")
		want[file] = append(want[file], row.Raw)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return want
}

// TestCorpusBytes captures the whole corpus of mail as one folder: the bytes of each
// message that two other parsers found must be there as they found them, where a
// message is a file of its own or one of an mbox.
func TestCorpusBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 4,000 files")
	}
	want := expectedBytes(t)
	a := newArchive()
	a.light = true
	sum := a.run(t, job(open(t, testkit.Corpus(t, "mail"))))
	captured := map[string]relais.DocKind{}
	for _, it := range a.items {
		captured[it.Occurrence.SHA256.String()] = it.Kind
	}
	found, missing, files := 0, []string(nil), []string(nil)
	for file, digests := range want {
		for _, d := range digests {
			switch captured[d] {
			case relais.KindMessage:
				found++
			case relais.KindFile:
				files = append(files, file)
			default:
				missing = append(missing, file)
			}
		}
	}
	slices.Sort(files)
	t.Logf("%+v; %d of the expected found; taken for files: %v", sum.Counts, found, files)
	if len(missing) > 0 || len(files) > 20 {
		t.Errorf("bytes of %d messages missing: %v; %d are files", len(missing), missing, len(files))
	}
}

// TestCorpusIsTheSameByZip: a folder, and the zip of it, give the same messages.
func TestCorpusIsTheSameByZip(t *testing.T) {
	root := testkit.Corpus(t, "mail", "maildir-mu")
	var members []string
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(name)
		rel, _ := filepath.Rel(root, name)
		members = append(members, filepath.ToSlash(rel), string(body))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	digests := func(location string) []string {
		a := newArchive()
		a.run(t, job(open(t, location)))
		var list []string
		for _, it := range a.items {
			if it.Kind == relais.KindMessage {
				list = append(list, it.Occurrence.Folder+" "+it.Occurrence.Position+" "+it.Occurrence.SHA256.String()+strings.Join(it.Occurrence.Flags, " "))
			}
		}
		slices.Sort(list)
		return list
	}
	folder, archive := digests(root), digests(zipped(t, members...))
	if len(folder) < 50 || !slices.Equal(folder, archive) {
		t.Errorf("%d by folder, %d by zip", len(folder), len(archive))
	}
}
