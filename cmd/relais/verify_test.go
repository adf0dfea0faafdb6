package main

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// TestFlippedBits changes one bit of one file of tables at a time: verify finds it, or
// the archive does not open, or the bit says nothing: all is exported as before.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	whole := newProgram(t)
	whole.importClients()
	whole.must(ingestArgs(mail)...)
	want := whole.export()
	for i, name := range []string{"log.db", "keys.db", "state.db", "index-1.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, found := rand.New(rand.NewPCG(1, uint64(i))), 0
			for range 20 {
				p := whole.beside(t)
				at, bit := flipAt(t, filepath.Join(p.dir, "archive", name), r)
				if v := p.run("verify", "--read-data"); v.code != 0 {
					found++
					if v.code != exitDamaged && !strings.Contains(v.err, "master key") {
						t.Errorf("bit %d of byte %d: exit %d: %s%s", bit, at, v.code, v.out, v.err)
					}
				} else if e := p.run("export", "--format", "jsonl", "--all"); e.code != 0 || e.out != want {
					t.Errorf("bit %d of byte %d is not found: exit %d, %s", bit, at, e.code, firstDifference(want, e.out))
				}
			}
			if found == 0 {
				t.Error("no bit at all is found")
			}
		})
	}
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
