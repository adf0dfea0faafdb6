package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestExportLeavesNothingOut: what a query finds is delivered in both forms, messages and
// loose files, and listed; a second export into the same place changes nothing.
func TestExportLeavesNothingOut(t *testing.T) { modes(t, testExportLeavesNothingOut) }

func testExportLeavesNothingOut(t *testing.T, fresh func() *program) {
	in := t.TempDir()
	mail := eml("m1", "bob@acme.example", ann, "=HYPERLINK(\"http://x\")", "Mon, 06 Jan 2025 09:00:00 +0000", "", "Bonjour pompe,\r\n>From here\r\nFrom there\r\n")
	loose := map[string]string{"a/tarif.txt": "pompe 1", "b/tarif.txt": "pompe 2", "b/Tarif.txt": "pompe 3", "CON.txt": "pompe 4", "-dash.txt": "pompe 5"}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(in, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("m.eml", mail)
	for name, text := range loose {
		write(name, text)
	}
	p := fresh()
	p.must(ingestArgs(in)...)
	p.must("ingest", "--case", "Other leaves", "--owner", "bob@pumps.example", in) // the same files, other documents

	out := filepath.Join(t.TempDir(), "dossier")
	if err := os.MkdirAll(filepath.Join(out, "files", "-dash.txt"), 0o700); err != nil { // somebody's own
		t.Fatal(err)
	}
	p.must("export", "--format", "eml", "--output", out, "pompe")
	before := filesIn(t, out)
	p.must("export", "--format", "eml", "--output", out, "pompe")
	if after := filesIn(t, out); !slices.Equal(before, after) {
		t.Errorf("again: %q, then %q", before, after)
	}
	checkManifest(t, out, "", append(twice(loose), mail, mail), before)

	box := filepath.Join(t.TempDir(), "box.mbox")
	r := p.run("export", "--format", "mbox", "--output", box, "pompe")
	b, err := os.ReadFile(box)
	if want := strings.NewReplacer(">From here", ">>From here", "From there", ">From there").Replace(mail) + "\n"; err != nil || r.code != exitOK || !strings.HasSuffix(string(b), "\n"+want) && !strings.HasSuffix(string(b), want) {
		t.Errorf("exit %d, %v: %q", r.code, err, b)
	}
	checkManifest(t, filepath.Dir(box), "box.mbox.", twice(loose), filesIn(t, filepath.Dir(box)))
	if !strings.Contains(r.err, "tarif.txt") {
		t.Errorf("files beside the mailbox are not named: %q", r.err)
	}
	r = p.run("export", "--format", "mbox", "pompe")
	if r.code != exitError || strings.Count(r.err, "NOT WRITTEN") != 2*len(loose) || strings.Count(r.out, "From relais@") != 2 {
		t.Errorf("to standard output: exit %d, %q\n%s", r.code, r.out, r.err)
	}
	if r = p.run("export", "--format", "mbox", "pompe kind:message"); r.code != exitOK || r.err != "" {
		t.Errorf("of a message alone: exit %d, %q", r.code, r.err)
	}
}

func twice(m map[string]string) (list []string) {
	for _, v := range m {
		list = append(list, v, v)
	}
	return list
}

// filesIn lists the files of a folder, by path.
func filesIn(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			list = append(list, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// checkManifest wants the lists of an export to tell of files that hold exactly the bytes
// wanted, and of no formula.
func checkManifest(t *testing.T, dir, prefix string, want, files []string) {
	t.Helper()
	table, e1 := os.ReadFile(filepath.Join(dir, prefix+"manifest.csv"))
	lines, e2 := os.ReadFile(filepath.Join(dir, prefix+"manifest.jsonl"))
	rows, e3 := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err := errors.Join(e1, e2, e3); err != nil {
		t.Fatal(err)
	}
	var got, listed []string
	for dec := json.NewDecoder(bytes.NewReader(lines)); ; {
		var e relais.Exported
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, e.Path)
		if prefix != "" && e.Kind == relais.KindMessage {
			continue // within the mailbox
		}
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Path)))
		if sum := sha256.Sum256(b); err != nil || hex.EncodeToString(sum[:]) != e.SHA256.String() || int64(len(b)) != e.Size || e.Case == "" {
			t.Errorf("%+v: %v", e, err)
		}
		got = append(got, string(b))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("delivered %q, want %q", got, want)
	}
	if len(rows) != len(listed)+1 || slices.Compact(slices.Sorted(slices.Values(listed)))[0] == "" {
		t.Errorf("%d rows of %d documents", len(rows), len(listed))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	if extra := len(files) - len(got) - 2; extra != 0 && prefix == "" || prefix != "" && extra != 1 {
		t.Errorf("files that nobody listed: %q", files)
	}
}

// TestNamesLeadNowhere: whatever a member of an archive or an attachment calls itself, it
// is delivered, and below the folder that was asked for.
func TestNamesLeadNowhere(t *testing.T) {
	in, want := t.TempDir(), []string(nil)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, name := range []string{"../../evil.txt", "/etc/evil.txt", `..\..\evil.txt`, `C:\evil.txt`, "..", ".", "files", "a/..", "nul\x00.txt", "evil\n.txt", "CON", ".hidden"} {
		text := fmt.Sprint("pompe ", i)
		m, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(m, text)
		}
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, text)
	}
	mail := strings.Replace(eml("m1", "bob@acme.example", ann, "pompe", "Mon, 06 Jan 2025 09:00:00 +0000", "", "x"), "Subject:", "Content-Disposition: attachment; filename=\"../../../evil.txt\"\r\nSubject:", 1)
	if err := errors.Join(w.Close(), os.WriteFile(filepath.Join(in, "z.zip"), b.Bytes(), 0o600), os.WriteFile(filepath.Join(in, "m.eml"), []byte(mail), 0o600)); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t)
	p.must(ingestArgs(filepath.Join(in, "z.zip"), filepath.Join(in, "m.eml"))...)
	around := t.TempDir()
	out := filepath.Join(around, "a", "b", "out")
	if err := os.MkdirAll(out, 0o700); err != nil {
		t.Fatal(err)
	}
	p.must("export", "--format", "eml", "--output", out, "pompe")
	files := filesIn(t, out)
	checkManifest(t, out, "", append(want, mail), files)
	if all := filesIn(t, around); len(all) != len(files) {
		t.Errorf("outside: %q", all)
	}
}

// TestWhatIsNotWholeIsTakenBack: of a document whose bytes break off nothing stays, in
// either form, and the exit code tells; the others stand.
func TestWhatIsNotWholeIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	folder, e1 := openFolder(filepath.Join(dir, "out"))
	mailbox, e2 := openMailbox(filepath.Join(dir, "box.mbox"))
	if err := errors.Join(e1, e2); err != nil {
		t.Fatal(err)
	}
	for _, h := range []*handOut{folder, mailbox} {
		told := 0
		h.tell = func(relais.Exported, string) { told++ }
		message := func(id string) relais.Exported {
			return relais.Exported{ID: relais.DocumentID(id), Kind: relais.KindMessage}
		}
		whole := func(text string) io.Reader { return strings.NewReader(text) }
		err := errors.Join(h.take(message("d1"), "", whole("one\n")), h.take(message("d2"), "", whole("ha")), h.take(message("d2"), relais.KindDamaged, whole("")),
			h.take(message("d3"), relais.KindNotFound, whole("")), h.take(message("../d4"), "", whole("four\n")))
		if err != nil {
			t.Fatal(err)
		}
		if code := exitCode(t.Context(), h.end(nil)); code != exitDamaged || told != 2 {
			t.Errorf("exit %d, %d told", code, told)
		}
	}
	want := []string{"box.mbox", "box.mbox.manifest.csv", "box.mbox.manifest.jsonl", "out/_.eml", "out/d1.eml", "out/manifest.csv", "out/manifest.jsonl"}
	if got := filesIn(t, dir); !slices.Equal(got, want) {
		t.Errorf("left: %q", got)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "box.mbox")); err != nil || string(b) != "one\nfour\n" {
		t.Errorf("the mailbox is %q, %v", b, err)
	}
	broken, err := openFolder(filepath.Join(dir, "broken"))
	if err != nil {
		t.Fatal(err)
	}
	err = broken.take(relais.Exported{ID: "d1", Kind: relais.KindMessage}, "", strings.NewReader("x"))
	if err != nil || exitCode(t.Context(), broken.end(io.ErrUnexpectedEOF)) != exitError || len(filesIn(t, filepath.Join(dir, "broken"))) != 0 {
		t.Errorf("an export that broke off left %q (%v)", filesIn(t, filepath.Join(dir, "broken")), err)
	}
}
