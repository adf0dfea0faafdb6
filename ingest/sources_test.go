package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// tree makes files in a folder of the given name and captures it.
func captured(t *testing.T, name string, files map[string]string) (*archive, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	testkit.WriteTree(t, dir, files)
	a := newArchive()
	a.run(t, job(open(t, dir)))
	return a, dir
}

func TestMaildir(t *testing.T) {
	a, _ := captured(t, "Maildir", map[string]string{
		"cur/1600000001.M1P1.host:2,S":               testkit.Message(1),
		"cur/1600000002.M2P1.host:2,FRS":             testkit.Message(2),
		"cur/1600000003.M3P1.host!2,T":               testkit.Message(3),
		"new/1600000004.M4P1.host":                   testkit.Message(4),
		"new/empty":                                  "",
		"tmp/1600000009.M9P1.host":                   "half a message",
		"dovecot-uidlist":                            "3 V1",
		".Sent/cur/1600000005.M5P1.host:2,S":         testkit.Message(5),
		".Sent/maildirfolder":                        "",
		".Clients.&AMk-t&AOk-/cur/1.host:2,":         testkit.Message(6),
		".Clients.&AMk-t&AOk-/new/":                  "",
		".bad&name/cur/2.host:2,":                    testkit.Message(7),
		"archives/2019/cur/1600000008.M8P1.host:2,S": testkit.Message(8),
	})
	want := []string{
		"captured Clients/Été 1.host", "captured INBOX 1600000001.M1P1.host", "captured INBOX 1600000002.M2P1.host",
		"captured INBOX 1600000003.M3P1.host", "captured INBOX 1600000004.M4P1.host", "captured INBOX empty",
		"captured Sent 1600000005.M5P1.host", "captured archives/2019 1600000008.M8P1.host", "captured bad&name 2.host",
		"control_file INBOX dovecot-uidlist", "control_file Sent maildirfolder",
	}
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
	it := a.item(t, "INBOX", "1600000002.M2P1.host")
	if diff := cmp.Diff([]string{"answered", "flagged", "seen"}, it.Occurrence.Flags); diff != "" {
		t.Error(diff)
	}
	if it.Kind != relais.KindMessage || it.Name != "" || it.Received.IsZero() {
		t.Errorf("item %+v", it)
	}
	if got := a.item(t, "INBOX", "empty").Kind; got != relais.KindMessage {
		t.Errorf("an empty message is a %s", got)
	}
}

func TestFolderOfAnything(t *testing.T) {
	a, dir := captured(t, "files", map[string]string{
		"inbox/1_":            testkit.Message(1),
		"inbox/2_":            testkit.Message(2),
		"inbox/sub/3_":        testkit.Message(3),
		"offers/Pump (2).pdf": "%PDF-1.4\n",
		"offers/empty.eml":    "",
		"offers/empty.txt":    "",
		"offers/.DS_Store":    "x",
		"notes.txt":           "From Paris with love\nit rains\n",
		"old/2019.mbox":       mboxOf(0, 3),
		"Apple.mbox/mbox":     mboxOf(3, 5),
		"mail.pst":            "!BDN" + strings.Repeat("\x00", 600),
		"one.eml":             testkit.Message(9),
		"spam/deep/nothing/":  "",
	})
	want := []string{
		"captured  mail.pst", "captured  notes.txt", "captured  one.eml",
		"captured Apple 000000000000", "captured Apple " + second(3), "captured inbox 1_", "captured inbox 2_", "captured inbox/sub 3_",
		"captured offers Pump (2).pdf", "captured offers empty.eml", "captured offers empty.txt",
		"captured old/2019.mbox 000000000000", "captured old/2019.mbox " + second(0), "captured old/2019.mbox " + third(0),
		"system_file offers .DS_Store",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
	for at, kind := range map[[2]string]relais.DocKind{
		{"inbox", "1_"}: relais.KindMessage, {"", "one.eml"}: relais.KindMessage, {"", "notes.txt"}: relais.KindFile,
		{"", "mail.pst"}: relais.KindFile, {"offers", "empty.eml"}: relais.KindMessage, {"offers", "empty.txt"}: relais.KindFile,
	} {
		if got := a.item(t, at[0], at[1]).Kind; got != kind {
			t.Errorf("%v is a %s, want %s", at, got, kind)
		}
	}
	for _, it := range a.items {
		if it.Occurrence.Source != "files" || strings.Contains(fmt.Sprint(it), dir) {
			t.Errorf("an item tells a path: %+v", it)
		}
	}
}

// mboxOf makes an mboxrd file of messages from to before until.
func mboxOf(from, until int) string {
	var b strings.Builder
	for i := from; i < until; i++ {
		b.WriteString(mboxPart(i))
	}
	return b.String()
}

func mboxPart(n int) string {
	return "From rep@acme.example Mon Jan  2 09:30:00 2023\n" + strings.ReplaceAll(testkit.Message(n), "\r\n", "\n") + "\n"
}

func second(first int) string { return fmt.Sprintf("%012d", len(mboxPart(first))) }

func third(first int) string {
	return fmt.Sprintf("%012d", len(mboxPart(first))+len(mboxPart(first+1)))
}

func TestSingleFiles(t *testing.T) {
	dir := t.TempDir()
	testkit.WriteTree(t, dir, map[string]string{
		"a.eml": testkit.Message(1), "all.mbox": mboxOf(0, 3), "offer.pdf": "%PDF-1.4\n", "empty": "",
	})
	if err := os.Symlink("a.eml", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"a.eml":     {"captured  a.eml"},
		"link":      {"captured  a.eml"},
		"all.mbox":  {"captured  000000000000", "captured  " + second(0), "captured  " + third(0)},
		"offer.pdf": {"captured  offer.pdf"},
		"empty":     {"captured  empty"},
	} {
		a, s := newArchive(), open(t, filepath.Join(dir, name))
		a.run(t, job(s))
		slices.Sort(want)
		if diff := cmp.Diff(want, a.list()); diff != "" || s.Label() != name {
			t.Errorf("%s, labelled %q: %s", name, s.Label(), diff)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	password := func(context.Context) (string, error) { return "x", nil }
	for name, tc := range map[string]struct {
		spec Spec
		want relais.Kind
	}{
		"missing":         {Spec{Location: filepath.Join(dir, "secret-name")}, relais.KindNotFound},
		"pipe":            {Spec{Location: pipe}, relais.KindInvalid},
		"password in URL": {Spec{Location: "imaps://rep:hunter2@mail.example/"}, relais.KindInvalid},
		"bad URL":         {Spec{Location: "imaps://rep:hunter2@%zz"}, relais.KindInvalid},
		"no user":         {Spec{Location: "imaps://mail.example", Password: password}, relais.KindInvalid},
		"no host":         {Spec{Location: "imaps:///inbox", User: "rep", Password: password}, relais.KindInvalid},
	} {
		_, err := Open(t.Context(), tc.spec)
		if relais.KindOf(err) != tc.want {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret-name")) {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
}

// TestHostileTree is row M19: each thing that is not a file is refused by name, and
// nothing waits or leaves the folder.
func TestHostileTree(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteTree(t, dir, map[string]string{"cur/1.host:2,S": testkit.Message(1), "files/a\nb": "x", "new/": ""})
	must := func(err error) {
		if err != nil {
			t.Skip(err)
		}
	}
	must(syscall.Mkfifo(filepath.Join(dir, "cur", "2.host:2,"), 0o600))
	must(syscall.Mkfifo(filepath.Join(dir, "files", "pipe"), 0o600))
	must(os.Symlink(outside, filepath.Join(dir, "cur", "3.host:2,")))
	must(os.Symlink(outside, filepath.Join(dir, "files", "link")))
	must(os.Symlink("..", filepath.Join(dir, "files", "loop")))
	a := newArchive()
	sum := a.run(t, job(open(t, dir)))
	want := []string{
		"captured INBOX 1.host", `captured files a\x0ab`, "not_regular INBOX 2.host", "not_regular INBOX 3.host",
		"not_regular files link", "not_regular files loop", "not_regular files pipe",
	}
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
	if sum.Refused != 5 || sum.Captured != 2 {
		t.Errorf("%+v", sum.Counts)
	}
}

// TestVanishingFile is the rest of row M19: a file that goes between list and read
// is refused; a message that a mail program moves is found again.
func TestVanishingFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteTree(t, dir, map[string]string{
		"cur/1.host:2,": testkit.Message(1), "cur/2.host:2,": testkit.Message(2), "new/3.host": testkit.Message(3), "files/x": "x",
	})
	s := open(t, dir)
	folders, err := s.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"cur/1.host:2,": "cur/1.host:2,S", "new/3.host": "cur/3.host:2,RS"} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"cur/2.host:2,", "files/x"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	a := newArchive()
	a.run(t, job(&listedBefore{s, folders}))
	want := []string{"captured INBOX 1.host", "captured INBOX 3.host", "vanished INBOX 2.host", "vanished files x"}
	if diff := cmp.Diff(want, a.list()); diff != "" {
		t.Error(diff)
	}
}

// listedBefore is a source whose folders were listed a while ago.
type listedBefore struct {
	Source
	folders []Folder
}

func (l *listedBefore) Folders(context.Context) ([]Folder, error) { return l.folders, nil }

func TestFoldersTooDeepAreRefusedByName(t *testing.T) {
	deep := strings.Repeat("d/", maxDepth+3) + "x"
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteTree(t, dir, map[string]string{deep: "x", "y": "y"})
	a := newArchive()
	sum, err := NewCapture(a.deps(t)).Run(t.Context(), job(open(t, dir)), nil)
	if err == nil || len(sum.Failed) != 1 || a.count("captured") != 1 || a.count(ReasonFolder) != 1 {
		t.Errorf("error %v, account:\n%s", err, strings.Join(a.list(), "\n"))
	}
}

func TestUnreadableFolderIsOnRecord(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteTree(t, dir, map[string]string{"a/1": "x", "b/2": "y"})
	if err := os.Chmod(filepath.Join(dir, "a"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "a"), 0o700) })
	a := newArchive()
	if _, err := NewCapture(a.deps(t)).Run(t.Context(), job(open(t, dir)), nil); err == nil {
		t.Error("no error")
	}
	if a.count("captured") != 1 || a.count(ReasonFolder) != 1 {
		t.Errorf("account:\n%s", strings.Join(a.list(), "\n"))
	}
}

// TestRescans: what is captured is not read again; what is new or has changed is.
func TestRescans(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteMaildir(t, dir, 100)
	testkit.WriteTree(t, dir, map[string]string{"files/a.txt": "one", "files/b.txt": "two", "old.mbox": mboxOf(0, 5)})
	a := newArchive()
	again := func() int {
		s := &spied{Source: open(t, dir)}
		a.run(t, job(s))
		return s.reads
	}
	if n := again(); n != 107 {
		t.Fatalf("read %d at first", n)
	}
	if n := again(); n != 0 {
		t.Fatalf("read %d again", n)
	}
	testkit.WriteTree(t, dir, map[string]string{"files/a.txt": "one more", "files/c.txt": "three", "cur/new.host:2,": testkit.Message(200)})
	appendTo(t, filepath.Join(dir, "old.mbox"), mboxPart(5))
	if n := again(); n != 4 {
		t.Errorf("read %d of what was new", n)
	}
	if n := a.count("captured"); n != 111 {
		t.Errorf("captured %d", n)
	}
	if err := os.Rename(filepath.Join(dir, "new", "1600000095.M95P1.host"), filepath.Join(dir, "cur", "1600000095.M95P1.host:2,RS")); err != nil {
		t.Fatal(err)
	}
	if n := again(); n != 0 {
		t.Errorf("read %d again after a message was opened", n)
	}
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTwoPlacesOfOneName: folders that share a label hide nothing of each other.
func TestTwoPlacesOfOneName(t *testing.T) {
	root := t.TempDir()
	testkit.WriteTree(t, root, map[string]string{
		"2019/docs/report.txt": "nineteen", "2020/docs/report.txt": "twenty",
		"2019/docs/all.mbox": mboxOf(0, 3), "2020/docs/all.mbox": mboxOf(3, 6),
		"2019/docs/m/cur/1:2,S": testkit.Message(1), "2020/docs/m/cur/1:2,S": testkit.Message(2),
	})
	a := newArchive()
	for range 2 {
		for _, year := range []string{"2019", "2020"} {
			a.run(t, job(open(t, filepath.Join(root, year, "docs"))))
		}
	}
	if n := a.count("captured"); n != 10 {
		t.Errorf("captured %d of 10:\n%s", n, strings.Join(a.list(), "\n"))
	}
}

// TestMboxResumes stops within an mbox file at each message and goes on, whatever stands
// before the first message and ends the lines.
func TestMboxResumes(t *testing.T) {
	for what, text := range map[string]string{
		"LF": mboxOf(0, 20), "CRLF": crlf(mboxOf(0, 20)), "CR": strings.ReplaceAll(mboxOf(0, 20), "\n", "\r"),
		"a byte order mark": "\xef\xbb\xbf\n" + mboxOf(0, 20), "bare separators": parted("From \n", 0, 20),
	} {
		t.Run(what, func(t *testing.T) { mboxResumes(t, text) })
	}
}

// stoppedArchive is an archive in which the capture of a source, in batches of so many
// items, was stopped by an error after some batches, and which takes the rest.
func stoppedArchive(t *testing.T, name string, batches, items int, why error) *archive {
	t.Helper()
	a := newArchive()
	deps := a.deps(t)
	deps.Batch.Items = items
	a.fail = func(step string) error {
		if step == "record" && a.commits == batches {
			return why
		}
		return nil
	}
	if _, err := NewCapture(deps).Run(t.Context(), job(open(t, name)), nil); err == nil {
		t.Fatal("not stopped")
	}
	a.fail = func(string) error { return nil }
	return a
}

func mboxResumes(t *testing.T, text string) {
	name := filepath.Join(t.TempDir(), "all.mbox")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for stop := 0; stop < 20; stop += 3 {
		a := stoppedArchive(t, name, stop, 1, context.Canceled)
		s := &spied{Source: open(t, name)}
		a.run(t, job(s))
		if a.count("captured") != 20 || s.reads != 20-stop {
			t.Errorf("stopped after %d: captured %d, read %d", stop, a.count("captured"), s.reads)
		}
		if a.counts[[2]string{"all.mbox", ""}] != 20 {
			t.Errorf("announced %v", a.counts)
		}
	}
}

// TestMboxThatChanged: a cursor that is no more of the file starts again.
func TestMboxThatChanged(t *testing.T) {
	name := filepath.Join(t.TempDir(), "all.mbox")
	for _, tc := range []struct {
		what, now string
		want      int // captured in all
	}{
		{"a message taken out", mboxOf(1, 5), 5 + 4},
		{"cut short", mboxOf(0, 3), 5},
		{"emptied", "", 5},
		{"another file", mboxOf(5, 10), 10},
		{"the last message grown", mboxOf(0, 5) + "and a postscript\n", 6},
	} {
		a := newArchive()
		for _, text := range []string{mboxOf(0, 5), tc.now} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			a.run(t, job(open(t, name)))
		}
		if got := a.count("captured"); got != tc.want {
			t.Errorf("%s: captured %d, want %d\n%s", tc.what, got, tc.want, strings.Join(a.list(), "\n"))
		}
	}
}

// TestMboxBodies are rows M17 and M18.
func TestMboxBodies(t *testing.T) {
	const head = "From a@b.example Mon Jan  2 09:30:00 2023\nFrom: a@b.example\nSubject: x\n\n"
	for _, tc := range []struct {
		name, text string
		want       []string // bodies' last lines
		ambiguous  bool
	}{
		{"memory", head + "Hello,\n\nFrom memory, it was blue.\n\n", []string{"From memory, it was blue."}, false},
		{"quoted", head + "Hello,\n\n>From the start.\n\n" + head + "two\n", []string{"From the start.", "two"}, false},
		{"bare", head + "Hello,\nFrom \nthe top\n\n" + head + "two\n", []string{"the top", "two"}, false},
		{"a length behind the end", strings.Replace(head, "Subject", "Content-Length: 999999\nSubject", 1) + "one\n\n" + head + "two\n", []string{"one", "two"}, false},
		{"forged", head + "See:\nFrom ceo@acme.example Mon Jan  2 09:31:00 2023\nFrom: ceo@acme.example\nSubject: y\n\nfired\n", nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, _ := captured(t, "m", map[string]string{"a.mbox": tc.text})
			var got []string
			ambiguous := false
			for _, it := range a.items {
				lines := strings.Split(strings.TrimSpace(string(a.blobs[it.Occurrence.SHA256])), "\n")
				got = append(got, lines[len(lines)-1])
				ambiguous = ambiguous || slices.Contains(it.Warnings, "split_ambiguous")
			}
			if tc.want != nil {
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
			}
			if ambiguous != tc.ambiguous {
				t.Errorf("ambiguous: %v, want %v; bodies %q", ambiguous, tc.ambiguous, got)
			}
		})
	}
}

// TestOversizeIsCountedEverywhere is row M21: a message over the limit is refused,
// and what follows it is captured.
func TestOversizeIsCountedEverywhere(t *testing.T) {
	big := "From: a@b.example\n\n" + strings.Repeat("0123456789abcdef\n", 4000)
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteTree(t, dir, map[string]string{
		"cur/1.host:2,": big, "cur/2.host:2,": testkit.Message(2), "b.eml": big,
		"a.mbox": "From a Mon Jan  2 09:30:00 2023\n" + big + "\n" + mboxOf(0, 1),
	})
	a := newArchive()
	deps := a.deps(t)
	deps.Limits.ItemBytes = 10_000
	for range 2 {
		if _, err := NewCapture(deps).Run(t.Context(), job(open(t, dir)), nil); err != nil {
			t.Fatal(err)
		}
		if a.count("captured") != 2 || a.count(ReasonTooLarge) != 3 {
			t.Fatalf("account:\n%s", strings.Join(a.list(), "\n"))
		}
	}
}

func TestDryRunOfTrees(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteMaildir(t, dir, 50)
	testkit.WriteTree(t, dir, map[string]string{"old.mbox": mboxOf(0, 10), "files/a.txt": "x"})
	for _, since := range []time.Time{{}, testkit.Date(5)} {
		dry, wet := job(open(t, dir)), job(open(t, dir))
		dry.DryRun, dry.Since, wet.Since = true, since, since
		a := newArchive()
		first := a.run(t, dry)
		if second := a.run(t, wet); second.Seen != first.Seen || second.Captured != first.Captured || second.Excluded != first.Excluded {
			t.Errorf("dry %+v, wet %+v", first.Counts, second.Counts)
		}
	}
}

// TestRescanIsFast holds a rescan to what 20,000 messages may take, half a second
// on a quiet machine: here fewer, and with room for the neighbours.
func TestRescanIsFast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteMaildir(t, dir, 4000)
	a := newArchive()
	a.light = true
	a.run(t, job(open(t, dir)))
	s := &spied{Source: open(t, dir)}
	a.run(t, job(s))
	if s.reads != 0 {
		t.Errorf("read %d again", s.reads)
	}
}

// TestCorpusMail captures the corpus whole and compares with what is on the disk.
func TestCorpusMail(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 4,000 files")
	}
	root := testkit.Corpus(t, "mail")
	for _, part := range []string{"enron-maildir/dean-c", "maildir-mu", "lists", "french", "broken/stalwart", "enron-mbox"} {
		a := newArchive()
		sum := a.run(t, job(open(t, filepath.Join(root, part))))
		if a.count("captured") == 0 || sum.Refused != 0 {
			t.Errorf("%s: %+v", part, sum.Counts)
		}
		if want := map[string]int64{"enron-maildir/dean-c": 2418, "maildir-mu": 53, "lists": 0, "enron-mbox": 1211}[part]; want > 0 && sum.Captured != want {
			t.Errorf("%s: captured %d, want %d", part, sum.Captured, want)
		}
		for _, it := range a.items {
			if part == "enron-maildir/dean-c" && it.Kind != relais.KindMessage {
				t.Errorf("%s %s is a %s", it.Occurrence.Folder, it.Occurrence.Position, it.Kind)
			}
		}
		t.Logf("%s: %+v", part, sum.Counts)
	}
}

func FuzzMboxCursor(f *testing.F) {
	text := mboxOf(0, 4)
	f.Add("m1:0:0:")
	f.Add("m1:300:1:0123456789abcdef")
	f.Fuzz(func(t *testing.T, cursor string) {
		at := resume(Cursor(cursor), strings.NewReader(text))
		if at.offset < 0 || at.offset > int64(len(text)) {
			t.Errorf("resumes at %d", at.offset)
		}
	})
}

func FuzzMarks(f *testing.F) {
	f.Add("f1:AAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		m := parseMarks(Cursor(cursor))
		for k := range m.done {
			m.keep(k)
		}
		if again := parseMarks(m.cursor()); len(again.done) != len(m.done) {
			t.Errorf("%d marks became %d", len(m.done), len(again.done))
		}
	})
}
