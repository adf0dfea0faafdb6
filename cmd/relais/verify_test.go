package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// beside makes a program on a copy of another's archive.
func (p *program) beside(t *testing.T) *program {
	t.Helper()
	q := newProgram(t)
	for _, name := range []string{"archive", "master.key"} {
		if name == "archive" {
			if err := os.CopyFS(filepath.Join(q.dir, name), os.DirFS(filepath.Join(p.dir, name))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		key, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(q.dir, name), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return q
}

// flip changes one bit of a file, a few bytes behind each mark, or in the middle.
func flip(t *testing.T, path, mark string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if mark == "" {
		b[len(b)/2] ^= 1
	} else if !bytes.Contains(b, []byte(mark)) {
		t.Fatalf("no %q in %s", mark, path)
	}
	for at := 0; mark != ""; {
		next := bytes.Index(b[at:], []byte(mark))
		if next < 0 {
			break
		}
		at += next + len(mark) + 3
		b[at] ^= 1
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamageIsFound damages one file of an archive at a time: verify names it, and
// ends with 13.
func TestDamageIsFound(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	whole := newProgram(t)
	whole.must(ingestArgs(mail)...)
	whole.must("verify", "--read-data")
	tests := []struct {
		name, file string
		mark       string // where to flip a bit; "remove" removes the file
		says       string
	}{
		{"a pack", "packs/*/*", "", "bad_"},
		{"a pack is lost", "packs/*/*", "remove", "missing_pack"},
		{"a record", "log.db", "\"}\n", "record_unreadable"}, // where what is sealed begins
		{"the log is lost", "log.db", "remove", "log.db"},
		{"the keys are lost", "keys.db", "remove", "keys.db"},
		{"the state is lost", "state.db", "remove", "state.db"},
		{"the audit log", "audit.log", `"entry":`, "audit"},
		{"the audit log is lost", "audit.log", "remove", "audit.log"},
		{"the index is lost", "index-1.db", "remove", "index_damaged"},
		{"the format", "format", `"for`, "open archive"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := whole.beside(t)
			found, err := filepath.Glob(filepath.Join(p.dir, "archive", test.file))
			if err != nil || len(found) == 0 {
				t.Fatalf("no %s: %v", test.file, err)
			}
			if test.mark != "remove" {
				flip(t, found[0], test.mark)
			} else if err := os.Remove(found[0]); err != nil {
				t.Fatal(err)
			}
			r := p.run("verify", "--read-data")
			if r.code != exitDamaged || !strings.Contains(r.out+r.err, test.says) {
				t.Errorf("exit %d, want %d with %q\n%s%s", r.code, exitDamaged, test.says, r.out, r.err)
			}
		})
	}
}

// TestLostIndexIsMadeAgain loses the index: the archive still opens, searches tell
// of the damage instead of finding nothing, and reindex mends it.
func TestLostIndexIsMadeAgain(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	for _, args := range [][]string{{"reindex"}, {"reindex", "--from", "raw"}} {
		p := newProgram(t)
		p.must(ingestArgs(mail)...)
		want := p.export()
		if err := os.Remove(filepath.Join(p.dir, "archive", "index-1.db")); err != nil {
			t.Fatal(err)
		}
		if r := p.run("search", "prix"); r.code != exitDamaged || !strings.Contains(r.err, "relais reindex") {
			t.Errorf("search: exit %d, %s%s", r.code, r.out, r.err)
		}
		p.must("balance")
		p.must(args...)
		if got := p.export(); !strings.Contains(got, "prix") || args[len(args)-1] != "raw" && got != want {
			t.Errorf("%v: exports differ: %s and %s", args, fingerprint(want), fingerprint(got))
		}
		p.must("verify", "--read-data")
	}
}

// TestHalfMadeArchive stops while an archive is made, before its format is written:
// it is made again.
func TestHalfMadeArchive(t *testing.T) {
	p := newProgram(t)
	p.must("case", "create", "Ann")
	if err := os.Rename(filepath.Join(p.dir, "archive", "format"), filepath.Join(p.dir, "archive", "making")); err != nil {
		t.Fatal(err)
	}
	if r := p.run("case", "list"); r.code != exitNoArchive {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
	p.must("case", "create", "Bob")
	p.must("verify", "--read-data")
}

// TestFormatIsLost loses the file that says what the archive is, alone and with the master
// key: no new archive is made over it, and no new key.
func TestFormatIsLost(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 5)
	whole := newProgram(t)
	whole.must(ingestArgs(mail)...)
	for _, lost := range [][]string{{"archive/format"}, {"archive/format", "master.key"}, {"archive/format", "archive/keys.db", "master.key"}} {
		p := whole.beside(t)
		for _, name := range lost {
			if err := os.Remove(filepath.Join(p.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		before := fileNames(t, p.dir)
		for _, args := range [][]string{ingestArgs(mail), {"search", "prix"}, {"verify"}} {
			if r := p.run(args...); r.code != exitDamaged || !strings.Contains(r.err, "nothing was changed") {
				t.Errorf("without %v, %v: exit %d, %s", lost, args[0], r.code, r.err)
			}
		}
		if after := fileNames(t, p.dir); after != before {
			t.Errorf("without %v there were\n%sand are\n%s", lost, before, after)
		}
	}
}

// TestHalfMadeWithoutItsKey loses the master key of an archive that was being made: what
// its keys file was made with is not replaced.
func TestHalfMadeWithoutItsKey(t *testing.T) {
	p := newProgram(t)
	p.must("case", "create", "Ann")
	if err := os.Rename(filepath.Join(p.dir, "archive", "format"), filepath.Join(p.dir, "archive", "making")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(p.dir, "master.key")); err != nil {
		t.Fatal(err)
	}
	if r := p.run("case", "create", "Bob"); r.code != exitError || !strings.Contains(r.err, "restore the copy of the key") {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "master.key")); err == nil {
		t.Error("a new key was made")
	}
}

// fileNames lists what lies under a directory, but for the lock.
func fileNames(t *testing.T, dir string) (names string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "lock" {
			names += path + "\n"
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestFlippedBits changes one bit of one file at a time: verify finds it, or the archive
// does not open, or the bit says nothing: exports, balances and 500 questions are answered
// as before. What repair calls mended answers as before, too. RELAIS_FLIPS=200 tries more
// than 12 of each file.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	flips := 12
	if n, err := strconv.Atoi(os.Getenv("RELAIS_FLIPS")); err == nil {
		flips = n
	}
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	whole := newProgram(t)
	whole.importClients()
	whole.must(ingestArgs(mail)...)
	want := whole.allAnswers()
	for i, name := range []string{"log.db", "keys.db", "state.db", "index-1.db", "packs/*/*"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(i)))
			var found, mended, silent int
			for range flips {
				p := whole.beside(t)
				files, err := filepath.Glob(filepath.Join(p.dir, "archive", name))
				if err != nil || len(files) == 0 {
					t.Fatal(files, err)
				}
				at, bit := flipAt(t, files[r.IntN(len(files))], r)
				v := p.run("verify", "--read-data")
				if v.code == exitOK {
					silent++
					if got := p.allAnswers(); got != want {
						t.Errorf("bit %d of byte %d is not found: %s", bit, at, firstDifference(want, got))
					}
					continue
				}
				found++
				if v.code != exitDamaged && !strings.Contains(v.err, "master key") {
					t.Errorf("bit %d of byte %d: exit %d: %s%s", bit, at, v.code, v.out, v.err)
				}
				if m := p.run("verify", "--read-data", "--repair"); m.code == exitOK {
					mended++
					if got := p.allAnswers(); got != want {
						t.Errorf("bit %d of byte %d is mended otherwise: %s", bit, at, firstDifference(want, got))
					}
				}
			}
			t.Logf("%d bits: %d found, of which %d mended; %d change no answer", flips, found, mended, silent)
			if found == 0 || mended == 0 && name == "index-1.db" {
				t.Errorf("%d are found, %d mended", found, mended)
			}
		})
	}
}

// allAnswers gives what an archive answers: its export, its balance and 500 questions.
func (p *program) allAnswers() string {
	p.t.Helper()
	all := p.must("balance", "--json") + p.export()
	held := p.hold()
	defer func() {
		if err := held.Close(); err != nil {
			p.t.Error(err)
		}
	}()
	for _, q := range wordsAsked() {
		n, err := search.Parse(q, search.ParseOptions{})
		if err != nil {
			p.t.Fatal(err)
		}
		res, err := held.Contracts.Index.Search(p.t.Context(), search.Request{Query: n, Scope: relais.Everything(), Limit: 100,
			Facets: []search.Field{search.FacetClient, search.FacetTopic, search.FacetYear, search.FacetFrom}, Histogram: true})
		if err != nil {
			return all + q + ": " + err.Error()
		}
		all += fmt.Sprintln(q, res.Total, res.IDs, res.Facets, res.Histogram)
	}
	return all
}

// wordsAsked are 500 of one or two words of the test's mailbox, phrases, and operators.
func wordsAsked() (list []string) {
	words := []string{"bonjour", "prix", "pompe", "eur", "offre", "tarif", "ref", "acme", "beta", "x@acme.example", "p1", "p3",
		"100,50", "107,50", "dimanche", "pom*", "from:acme", "to:ann", "filename:tarif", "subject:offre", "client:acme", "date:2025-01",
		"has:attachment", "type:text"}
	for _, a := range words {
		list = append(list, a)
		for _, b := range words {
			if a != b && len(list) < 500 {
				list = append(list, a+" "+b, a+" OR "+b, a+" -"+b)
			}
		}
	}
	return append(list[:498], `"prix de la pompe"`, `"est de"`)
}

// flipAt changes a bit of a file anywhere, and tells which.
func flipAt(t *testing.T, path string, r *rand.Rand) (at, bit int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at, bit = r.IntN(len(b)), r.IntN(8)
	b[at] ^= 1 << bit
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return at, bit
}
