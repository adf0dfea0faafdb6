package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// earlier gives a program on the archive that the program of rules 3 made of the folder
// "in" beside it, whose times are those it had then.
func earlier(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	packed, err := os.Open(filepath.Join("testdata", "archive-of-rules-3.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err == nil {
			err = unpack(filepath.Join(p.dir, filepath.FromSlash(h.Name)), h, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func unpack(at string, h *tar.Header, body io.Reader) error {
	if h.Typeflag == tar.TypeDir {
		return os.MkdirAll(at, 0o700)
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Close(), os.Chtimes(at, h.ModTime, h.ModTime))
}

// TestEarlierArchiveIsReadAnew: an archive that earlier rules have read is read anew when
// it is opened, and holds what a new one holds of the same mail: nothing more, nothing else.
func TestEarlierArchiveIsReadAnew(t *testing.T) {
	old := earlier(t)
	in := filepath.Join(old.dir, "in")
	fresh := newProgram(t)
	fresh.must("client", "import", filepath.Join(in, "clients.csv"))
	fresh.must("ingest", "--case", "Ann", "--owner", ann, filepath.Join(in, "mail"), filepath.Join(in, "takeout.mbox"), filepath.Join(in, "files"))
	old.must("reindex")
	for _, args := range [][]string{
		{"export", "--format", "jsonl", "case:Ann"}, {"balance", "--json", "Ann"},
	} {
		want, got := fresh.must(args...), old.must(args...)
		if want != got {
			t.Errorf("%v: %s", args, firstDifference(want, got))
		}
	}
	old.must("verify", "--read-data")
}

// TestEarlierFilesAreToldAgain: what an earlier program took for one document, and is now
// told for a mailbox or for no document at all, is not both once it is ingested again.
func TestEarlierFilesAreToldAgain(t *testing.T) {
	old := earlier(t)
	in := filepath.Join(old.dir, "in")
	fresh := newProgram(t)
	fresh.must("client", "import", filepath.Join(in, "clients.csv"))
	ingest := []string{"ingest", "--case", "Bob", "--owner", ann, filepath.Join(in, "thunderbird")}
	fresh.must(ingest...)
	old.must("reindex") // an index of an earlier format is made again
	for range 2 {       // the second time nothing changes
		old.must(ingest...)
		old.must("verify", "--read-data")
		want, got := fresh.export(), withoutZip(old.must("export", "--format", "jsonl", "case:Bob"))
		if want != got {
			t.Errorf("the export: %s", firstDifference(want, got))
		}
		if want, got := foldersOf(t, fresh), foldersOf(t, old); want != got {
			t.Errorf("the balance: %s\n%s", want, got)
		}
	}
}

// withoutZip gives the lines of an export that are not of the zip file, which is not ingested again.
func withoutZip(export string) string {
	lines := strings.SplitAfter(export, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, `"source":"profile.zip"`) }), "")
}

// foldersOf gives what the balance of case Bob says of the folders of one source.
func foldersOf(t *testing.T, p *program) string {
	t.Helper()
	var b relais.Balance
	if err := json.Unmarshal([]byte(p.must("balance", "--json", "Bob")), &b); err != nil {
		t.Fatal(err)
	}
	b.Sources = slices.DeleteFunc(b.Sources, func(s relais.SourceBalance) bool { return s.Source != "thunderbird" })
	j, err := json.Marshal(b.Sources)
	if err != nil {
		t.Fatal(err)
	}
	return string(j)
}
