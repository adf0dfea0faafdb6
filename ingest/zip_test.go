package ingest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// zipped makes an archive of members in order: name, body, name, body.
func zipped(t *testing.T, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		m, err := w.Create(members[i])
		if err == nil {
			_, err = io.WriteString(m, members[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "box.zip")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestZip(t *testing.T) {
	name := zipped(t,
		"one.eml", testkit.Message(1),
		"Maildir/cur/1.host:2,FS", testkit.Message(2), "Maildir/tmp/9.host", "half", "Maildir/dovecot-uidlist", "3", "docs/Thumbs.db", "x",
		"Maildir/.Sent.Old/cur/2.host:2,S", testkit.Message(3),
		"old/all.mbox", mboxOf(4, 6),
		"docs/offer.pdf", "%PDF-1.4\n",
		"../escape", "x",
		"docs/inner.zip", "PK\x03\x04",
	)
	a, s := newArchive(), open(t, name)
	a.run(t, job(s))
	want := []string{
		"captured  escape", "captured  one.eml", "captured Maildir 1.host", "captured Maildir/Sent/Old 2.host",
		"captured docs inner.zip", "captured docs offer.pdf", "captured old/all.mbox 000000000000", "captured old/all.mbox " + second(4),
		"control_file Maildir dovecot-uidlist", "system_file docs Thumbs.db",
	}
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
	if it := a.item(t, "Maildir", "1.host"); it.Kind != relais.KindMessage || len(it.Occurrence.Flags) != 2 {
		t.Errorf("%+v", it)
	}
	again := &spied{Source: open(t, name)}
	a.run(t, job(again))
	if again.reads != 0 {
		t.Errorf("read %d again", again.reads)
	}
}

func TestZipResumes(t *testing.T) {
	var members []string
	for i := range 20 {
		members = append(members, string(rune('a'+i))+".eml", testkit.Message(i))
	}
	name := zipped(t, members...)
	for stop := range 5 {
		a := stoppedArchive(t, name, stop, 4, io.ErrClosedPipe)
		before := a.count("captured")
		s := &spied{Source: open(t, name)}
		a.run(t, job(s))
		if a.count("captured") != 20 || s.reads != 20-before {
			t.Errorf("stopped after %d: read %d, captured %d", before, s.reads, a.count("captured"))
		}
	}
}

// TestZipBomb is row F1 at capture: what grows beyond the limits is refused, and
// what is honest beside it is captured.
func TestZipBomb(t *testing.T) {
	name := zipped(t, "bomb", strings.Repeat("\x00", 20<<20), "a.eml", testkit.Message(1))
	a := newArchive()
	a.light = true
	sum, err := NewCapture(a.deps(t)).Run(t.Context(), job(open(t, name)), nil)
	want := []string{"archive_limit  bomb", "captured  a.eml"}
	if diff := cmp.Diff(want, a.list()); diff != "" || err != nil || sum.Refused != 1 {
		t.Errorf("%+v, %v\n%s", sum.Counts, err, diff)
	}
}

// TestZipOfTooManyMembers: each one over the limit is on record, and no more memory
// or work is spent on it.
func TestZipOfTooManyMembers(t *testing.T) {
	var members []string
	for i := range zipEntries + 30 {
		members = append(members, fmt.Sprintf("%03d.txt", i), fmt.Sprint("note ", i))
	}
	name, lim := zipped(t, members...), format.DefaultLimits()
	lim.ArchiveEntries = 1
	s, err := Open(t.Context(), Spec{Location: name, Limits: lim})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := newArchive()
	sum, err := NewCapture(a.deps(t)).Run(t.Context(), job(s), nil)
	if err != nil || sum.Seen != zipEntries+30 || a.count("captured") != zipEntries || a.count("archive_limit") != 30 {
		t.Errorf("%+v, %v", sum.Counts, err)
	}
}

func TestDamagedZipIsOnRecord(t *testing.T) {
	name := zipped(t, "a.eml", testkit.Message(1), "b.eml", testkit.Message(2))
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	body[60] ^= 0xff
	if err := os.WriteFile(name, body, 0o600); err != nil {
		t.Fatal(err)
	}
	a := newArchive()
	a.run(t, job(open(t, name)))
	want := []string{"archive_damaged  a.eml", "captured  b.eml"}
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(name, body[:len(body)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	a = newArchive()
	if _, err := NewCapture(a.deps(t)).Run(t.Context(), job(open(t, name)), nil); err == nil || a.count(ReasonFolder) != 1 {
		t.Errorf("a cut archive: %v, %v", err, a.list())
	}
}

// TestZipNames: no name is a reason to refuse, none leads anywhere, and two members of
// one name are two.
func TestZipNames(t *testing.T) {
	long := strings.Repeat("n", 5000) + ".txt"
	name := zipped(t,
		"../../etc/passwd", "1", "/abs/x.txt", "2", `C:/x.txt`, "3", "a/../../../b.txt", "4", "..", "5", "", "6", ".", "7",
		"Devis.txt", "8", "devis.txt", "9", "INBOX/1.eml", testkit.Message(1), "Inbox/1.eml", testkit.Message(2),
		"same.txt", "10", "same.txt", "10", "same.txt", "11", `d/A\B finale.txt`, "12", "d/nul\x00\n\u202e.txt", "13", long, "14",
		"box.mbox", mboxOf(3, 5), "box.mbox", mboxOf(3, 5), "d/./e//f.txt", "15", "CON", "16", "d/x.txt ", "17", "d/x.txt", "17",
	)
	a := newArchive()
	sum := a.run(t, job(open(t, name)))
	if sum.Refused != 0 || sum.Captured != 25 || a.count("captured") != 25 {
		t.Errorf("%+v\n%s", sum.Counts, strings.Join(a.list(), "\n"))
	}
	for _, at := range [][2]string{
		{"etc", "passwd"}, {"abs", "x.txt"}, {"C:", "x.txt"}, {"", "b.txt"}, {"", ".."}, {"", "."}, {"", "#6"}, {"", "Devis.txt"}, {"", "devis.txt"},
		{"INBOX", "1.eml"}, {"Inbox", "1.eml"}, {"", "same.txt"}, {"", "same.txt#13"}, {"", "same.txt#14"}, {"d/A", "B finale.txt"}, {"d/e", "f.txt"},
		{"box.mbox", "000000000000"}, {"box.mbox/#19", "000000000000"},
	} {
		a.item(t, at[0], at[1])
	}
}

func TestZipOfWindows(t *testing.T) {
	name := zipped(t, `Mail\INBOX\a.eml`, testkit.Message(1), `Mail\box\cur\1.host!2,S`, testkit.Message(2), `Docs\`, "", `Docs\Devis.txt`, "x")
	a := newArchive()
	a.run(t, job(open(t, name)))
	want := []string{"captured Docs Devis.txt", "captured Mail/INBOX a.eml", "captured Mail/box 1.host"}
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
}

// TestZipMailboxCutShort: what could not be read of a mailbox in an archive is a folder
// not read, until it is.
func TestZipMailboxCutShort(t *testing.T) {
	name := zipped(t, "box.mbox", mboxOf(0, 5), "a.txt", "a")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(whole)
	broken[len("PK\x03\x04")+26+len("box.mbox")+300] ^= 0xff
	if err := os.WriteFile(name, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	a := newArchive()
	a.run(t, job(open(t, name)))
	if a.count(ReasonFolder)+a.count("archive_damaged") != 1 || a.count("captured") < 1 {
		t.Fatalf("account:\n%s", strings.Join(a.list(), "\n"))
	}
	if err := os.WriteFile(name, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	a.run(t, job(open(t, name)))
	if a.count("archive_damaged") != 0 || a.count("captured") < 6 {
		t.Errorf("mended:\n%s", strings.Join(a.list(), "\n"))
	}
}
