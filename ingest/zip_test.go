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
		"archive_path  escape", "captured  one.eml", "captured Maildir 1.host", "captured Maildir/Sent/Old 2.host",
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
		a := newArchive()
		deps := a.deps(t)
		deps.Batch.Items = 4
		a.fail = func(step string) error {
			if step == "record" && a.commits == stop {
				return io.ErrClosedPipe
			}
			return nil
		}
		if _, err := NewCapture(deps).Run(t.Context(), job(open(t, name)), nil); err == nil {
			t.Fatal("not stopped")
		}
		before := a.count("captured")
		a.fail = func(string) error { return nil }
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
