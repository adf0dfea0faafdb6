package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// plainMessage is a message whose lines end in LF.
func plainMessage(n int) string { return strings.ReplaceAll(testkit.Message(n), "\r\n", "\n") }

// parted is a mailbox of messages from to before until, each after the same line.
func parted(line string, from, until int) string {
	var b strings.Builder
	for i := from; i < until; i++ {
		b.WriteString(line + plainMessage(i) + "\n")
	}
	return b.String()
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	return pack(t, &b, w, text)
}

func zstandard(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	return pack(t, &b, w, text)
}

func pack(t *testing.T, b *bytes.Buffer, w io.WriteCloser, text string) string {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bothWays captures files from a folder and from a zip file of it: the account is the
// same, but for offsets of messages, which positions are not cut from.
func bothWays(t *testing.T, files map[string]string, want []string) (folder, archived *archive) {
	t.Helper()
	slices.Sort(want)
	folder, dir := captured(t, "in", files)
	if diff := cmp.Diff(want, folder.list()); diff != "" {
		t.Errorf("a folder: %s", diff)
	}
	again := &spied{Source: open(t, dir)}
	folder.run(t, job(again))
	if diff := cmp.Diff(want, folder.list()); diff != "" {
		t.Errorf("a folder, again: %s", diff)
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, "/") {
			members = append(members, name, files[name])
		}
	}
	archived = newArchive()
	archived.run(t, job(open(t, zipped(t, members...))))
	if diff := cmp.Diff(want, archived.list()); diff != "" {
		t.Errorf("a zip file: %s", diff)
	}
	return folder, archived
}

// at lists what is captured of a mailbox, whose messages are n bytes long each with
// their separators.
func at(folder string, offsets ...int) []string {
	var list []string
	for _, o := range offsets {
		list = append(list, fmt.Sprintf("captured %s %012d", folder, o))
	}
	return list
}

func TestThunderbird(t *testing.T) {
	const dated = "From - Tue Mar 04 09:15:00 2025\n"
	bare := parted("From \n", 0, 2)
	n := len(parted("From \n", 0, 1))
	bothWays(t, map[string]string{
		"TB/Inbox": crlf(bare), "TB/Inbox.msf": "// <!-- <mdb:mork:z v=\"1.4\"/> -->\n(81=PERSONNEL)",
		"TB/Inbox.sbd/Clients":              parted(dated, 0, 1), // a mailbox of one message
		"TB/Inbox.sbd/Clients.sbd/Été 2024": bare,
		"TB/Sent":                           "", "TB/Sent.msf": "", // empty mailbox
		"TB/Trash": parted("From rep@acme.example Mon Jan  2 09:30:00 2023\n", 0, 1), "TB/Trash.msf": "x",
		"TB/Drafts": parted("From - \n", 0, 1), "TB/msgFilterRules.dat": "name=\"perso\"\n", "TB/popstate.dat": "x",
		"TB/Perso":     parted("From rep@acme.example Mon Jan  2 09:30:00 2023\n", 0, 1), // among others, one that the program has not opened
		"TB/saved.eml": parted("From rep@acme.example Mon Jan  2 09:30:00 2023\n", 0, 1), "other/saved": parted("From rep@acme.example Mon Jan  2 09:30:00 2023\n", 0, 1),
		"TB/notes.msf": "my scores", "TB/filterlog.html": "Moved PERSONNEL",
	}, slices.Concat(at("TB/Inbox", 0, len(crlf(parted("From \n", 0, 1)))), at("TB/Inbox/Clients", 0), at("TB/Inbox/Clients/Été 2024", 0, n), at("TB/Trash", 0), at("TB/Drafts", 0), at("TB/Perso", 0), []string{
		"captured TB saved.eml", "captured other saved", "captured TB notes.msf", "control_file TB Inbox.msf", "control_file TB Sent.msf", "control_file TB Trash.msf",
		"control_file TB filterlog.html", "control_file TB msgFilterRules.dat", "control_file TB popstate.dat",
	}))
}

func TestFoldersOfOtherPrograms(t *testing.T) {
	bothWays(t, map[string]string{
		"KMail/inbox": parted("From rep@acme.example Mon Jan  2 09:30:00 2023\n", 0, 1), "KMail/.inbox.index": "x", "KMail/.inbox.directory/Clients": mboxOf(1, 3),
		"Eudora/In.mbx": mboxOf(3, 4), "Eudora/Clients.fol/Acme.mbx": mboxOf(4, 5), "Plans.directory/a.txt": "plan",
	}, slices.Concat(at("KMail/inbox", 0), at("KMail/inbox/Clients", 0, len(mboxPart(1))), at("Eudora/In.mbx", 0), at("Eudora/Clients/Acme.mbx", 0),
		[]string{"control_file KMail .inbox.index", "captured Plans.directory a.txt"}))
}

func TestMailboxIsToldByWhatFollows(t *testing.T) {
	sep := "From rep@acme.example Mon Jan  2 09:30:00 2023\n"
	two, n := parted(sep, 0, 2), len(parted(sep, 0, 1))
	inCR := strings.ReplaceAll(two, "\n", "\r")
	folder, _ := bothWays(t, map[string]string{
		"bom": "\xef\xbb\xbf" + two, "blank": "\n\r\n" + two, "mac": inCR, "takeout": parted("From 123@xxx\n", 0, 2), "names": parted("From zoe\n", 0, 2),
		"box.eml": two, "one.mbx": parted(sep, 0, 1), "In.mbx": parted("From ???@??? Tue Mar 04 09:15:00 2025\n", 0, 1), "In.toc": "\x2a\x00PERSONNEL",
		"first line lost.mbox": plainMessage(5) + "\n" + two, "memo": "From memory,\nit rains\n", "one.eml": parted("From - Tue Mar 04 09:15:00 2025\n", 0, 1),
	}, slices.Concat(at("bom", 3, 3+n), at("blank", 3, 3+n), at("mac", 0, n), at("takeout", 0, len(parted("From 123@xxx\n", 0, 1))),
		at("names", 0, len(parted("From zoe\n", 0, 1))), at("box.eml", 0, n), at("one.mbx", 0), at("In.mbx", 0),
		at("first line lost.mbox", 0, len(plainMessage(5))+1, len(plainMessage(5))+1+n), []string{"control_file  In.toc", "captured  memo", "captured  one.eml"}))
	first := folder.item(t, "mac", "000000000000")
	if got := string(folder.blobs[first.Occurrence.SHA256]); got != strings.ReplaceAll(plainMessage(0), "\n", "\r")+"\r" {
		t.Errorf("bytes of a message whose lines end in CR: %q", got)
	}
	lost := folder.item(t, "first line lost.mbox", "000000000000")
	if !slices.Contains(lost.Warnings, "separator_missing") {
		t.Errorf("warnings %v", lost.Warnings)
	}
}

func TestAppleMail(t *testing.T) {
	emlx := func(n, flags int) string {
		return fmt.Sprintf("%-10d\n%s<?xml version=\"1.0\"?><plist><dict><key>flags</key><integer>%d</integer></dict></plist>", len(plainMessage(n)), plainMessage(n), flags)
	}
	folder, archived := bothWays(t, map[string]string{
		"V10/INBOX.mbox/5F2A-00/Data/1/Messages/101.emlx":          emlx(1, 1),
		"V10/INBOX.mbox/5F2A-00/Data/2/0/Messages/102.emlx":        emlx(2, 17),
		"V10/INBOX.mbox/5F2A-00/Data/2/0/Messages/notes.txt":       "notes",
		"V10/INBOX.mbox/Info.plist":                                "<plist/>",
		"V10/INBOX.mbox/Clients.mbox/5F2A-00/Data/Messages/1.emlx": emlx(3, 0),
		"V1/Old.mbox/Messages/7.emlx":                              emlx(4, 0),
		"V1/Old.mbox/table_of_contents":                            "PERSONNEL",
		"V1/Sent.mbox/mbox":                                        mboxOf(5, 6),
		"V1/Sent.mbox/Icon\r":                                      "",
		"loose.emlx":                                               emlx(6, 0),
		"Info.plist":                                               "<plist/>",
	}, []string{
		"captured V10/INBOX 101.emlx", "captured V10/INBOX 102.emlx", "captured V10/INBOX notes.txt", "captured V10/INBOX/Clients 1.emlx",
		"captured V1/Old 7.emlx", "captured V1/Sent 000000000000", "captured  loose.emlx", "captured  Info.plist",
		"control_file V10/INBOX.mbox Info.plist", "control_file V1/Old.mbox table_of_contents", `system_file V1/Sent.mbox Icon\x0d`,
	})
	for _, a := range []*archive{folder, archived} {
		it := a.item(t, "V10/INBOX", "102.emlx")
		if got := string(a.blobs[it.Occurrence.SHA256]); got != plainMessage(2) || it.Kind != relais.KindMessage {
			t.Errorf("a %s of %q", it.Kind, got)
		}
		if diff := cmp.Diff([]string{"flagged", "seen"}, it.Occurrence.Flags); diff != "" {
			t.Error(diff)
		}
	}
}

// TestAppleAttachments: files that lie beside a message are read with it, wherever they
// stand in an archive.
func TestAppleAttachments(t *testing.T) {
	message := func(subject string) string {
		text := "From: Luc <luc@client.example>\nSubject: " + subject + "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nvoir\n" +
			"--B\nContent-Type: text/plain; name=tarif.txt\nContent-Disposition: attachment; filename=tarif.txt\nX-Apple-Content-Length: 5\n\n\n--B--\n"
		return fmt.Sprintf("%d\n%s<?xml version=\"1.0\"?><plist/>", len(text), text)
	}
	files := map[string]string{
		"IN.mbox/A-1/Data/Messages/103.partial.emlx": message("one"), "IN.mbox/A-1/Data/Attachments/103/2/tarif.txt": "tarif bubinga",
		"IN.mbox/A-1/Data/Attachments/103/2/.DS_Store": "x", "IN.mbox/A-1/Data/Attachments/999/2/lost.txt": "of no message",
		"copied/Messages/104.emlx": message("two"), "copied/Attachments/104/7/more.txt": "of no part",
		"copied/Messages/105.partial.emlx":       message("three"),
		"old.imapmbox/Messages/106.partial.emlx": message("four"), "old.imapmbox/Messages/106.2.emlxpart": "as it was sent", "old.imapmbox/Info.plist": "<plist/>",
	}
	folder, archived := bothWays(t, files, []string{
		"attachment IN tarif.txt", "captured IN 103.partial.emlx", "captured IN lost.txt", "system_file IN .DS_Store",
		"attachment copied/Attachments/104/7 more.txt", "captured copied/Messages 104.emlx", "captured copied/Messages 105.partial.emlx",
		"captured old 106.partial.emlx", "attachment old 106.2.emlxpart", "control_file old.imapmbox Info.plist",
	})
	for _, a := range []*archive{folder, archived} {
		for at, want := range map[[2]string]string{
			{"IN", "103.partial.emlx"}:      "filename=tarif.txt\nX-Apple-Content-Length: 5\nContent-Transfer-Encoding: base64\n\ndGFyaWYgYnViaW5nYQ==\n--B--\n",
			{"old", "106.partial.emlx"}:     "X-Apple-Content-Length: 5\n\nas it was sent\n--B--\n",
			{"copied/Messages", "104.emlx"}: "filename=more.txt\nContent-Transfer-Encoding: base64\n\nb2Ygbm8gcGFydA==\n--B--\n",
		} {
			if got := string(a.blobs[a.item(t, at[0], at[1]).Occurrence.SHA256]); !strings.HasSuffix(got, want) {
				t.Errorf("%v: %q", at, got)
			}
		}
		if w := a.item(t, "copied/Messages", "105.partial.emlx").Warnings; !slices.Equal(w, []string{warnAttachment}) {
			t.Errorf("warnings %v", w)
		}
		if w := a.item(t, "IN", "103.partial.emlx").Warnings; len(w) > 0 {
			t.Errorf("warnings %v", w)
		}
	}
}

// TestAppleAttachmentThatComesLater: a message is read again when what lies beside it
// has changed.
func TestAppleAttachmentThatComesLater(t *testing.T) {
	a, dir := captured(t, "in", map[string]string{"Messages/1.partial.emlx": "60\n" + plainMessage(1) + "<?xml?>"})
	testkit.WriteTree(t, dir, map[string]string{"Attachments/1/2/offer.txt": "tarif"})
	s := &spied{Source: open(t, dir)}
	a.run(t, job(s))
	if s.reads != 2 || a.count("attachment") != 1 {
		t.Errorf("read %d items\n%s", s.reads, strings.Join(a.list(), "\n"))
	}
}

func TestCompressedMail(t *testing.T) {
	two, n := mboxOf(0, 2), len(mboxPart(0))
	folder, archived := bothWays(t, map[string]string{
		"Maildir/cur/1.host:2,S": gzipped(t, testkit.Message(1)), "Maildir/cur/2.host:2,": zstandard(t, testkit.Message(2)), "Maildir/new/": "",
		"old.mbox.gz": gzipped(t, two), "old.zst": zstandard(t, two), "Inbox.gz": gzipped(t, parted("From \n", 0, 1)),
		"one.eml.gz": gzipped(t, testkit.Message(3)), "table.csv.gz": gzipped(t, "a;b\n"),
	}, slices.Concat(at("old.mbox.gz", 0, n), at("old.zst", 0, n), at("Inbox.gz", 0), []string{
		"captured Maildir 1.host", "captured Maildir 2.host", "captured  one.eml.gz", "captured  table.csv.gz"}))
	for _, a := range []*archive{folder, archived} {
		for at, want := range map[[2]string]string{
			{"Maildir", "1.host"}: testkit.Message(1), {"Maildir", "2.host"}: testkit.Message(2), {"", "one.eml.gz"}: testkit.Message(3),
			{"", "table.csv.gz"}: gzipped(t, "a;b\n"),
		} {
			if got := string(a.blobs[a.item(t, at[0], at[1]).Occurrence.SHA256]); got != want {
				t.Errorf("%v: %q", at, got)
			}
		}
	}
}

// TestCompressedMailThatCannotBeRead is told, never taken for text.
func TestCompressedMailThatCannotBeRead(t *testing.T) {
	whole := gzipped(t, strings.Repeat(testkit.Message(1), 50))
	files := map[string]string{
		"m/cur/cut": whole[:len(whole)/2], "m/cur/xz": "\xfd7zXZ\x00\x00", "m/cur/lz4": "Dovecot-LZ4\x0d\x2a\x9b\xc5\x00", "m/cur/fine": testkit.Message(2),
	}
	folder, _ := captured(t, "in", files)
	if diff := cmp.Diff([]string{"captured m fine", "damaged m cut", "unreadable m lz4", "unreadable m xz"}, folder.list()); diff != "" {
		t.Error(diff)
	}
	archived := newArchive()
	archived.run(t, job(open(t, zipped(t, "m/cur/cut", files["m/cur/cut"], "m/cur/xz", files["m/cur/xz"]))))
	if diff := cmp.Diff([]string{"archive_damaged m cut", "unreadable m xz"}, archived.list()); diff != "" {
		t.Error(diff)
	}
}

// TestCompressedMboxResumes stops within a compressed mbox file at each message.
func TestCompressedMboxResumes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "all.mbox.gz")
	if err := os.WriteFile(name, []byte(gzipped(t, mboxOf(0, 8))), 0o600); err != nil {
		t.Fatal(err)
	}
	for stop := range 8 {
		a := stoppedArchive(t, name, stop, 1, context.Canceled)
		s := &spied{Source: open(t, name)}
		a.run(t, job(s))
		if a.count("captured") != 8 || s.reads != 8-stop || a.counts[[2]string{"all.mbox.gz", ""}] != 8 {
			t.Errorf("stopped after %d: captured %d, read %d, announced %v", stop, a.count("captured"), s.reads, a.counts)
		}
	}
}

func TestControlFiles(t *testing.T) {
	control := []string{
		"MD/.notmuch/xapian/postlist.glass", "MD/.notmuch/config", "mu/xapian/termlist.glass", "MD/INBOX/.isyncuidmap.db", "MD/INBOX/.mh_sequences",
		"MD/INBOX/.mbsyncstate", "MD/INBOX/.mbsyncstate.journal", "MD/INBOX/.uidvalidity", "MD/INBOX/dovecot-uidlist", "MD/INBOX/dovecot.index.log.2",
		"MD/INBOX/dovecot-uidvalidity.5f2a0b1c", "MD/INBOX/dovecot-uidlist.lock", "MD/INBOX/maildirsize", "MD/INBOX/subscriptions", "MD/INBOX/courierimapuiddb",
		"TB/global-messages-db.sqlite", "TB/global-messages-db.sqlite-wal", "Mail/Envelope Index", "Mail/Envelope Index-shm", "Claws/.claws_cache", "MH/.xmhcache",
		"Ev/Inbox.cmeta", "Ev/Inbox.ibex.index", "Ev/Inbox.ibex.index.data", "KMail/.inbox.index", "KMail/.inbox.index.ids", "KMail/inbox.lock", "Cyrus/cyrus.cache",
	}
	own := []string{
		"dovecot tuning notes.txt", "dovecot.conf", "subscriptions", "subscriptions.xlsx", "postlist.glass", "Info.plist", "folders.db", "score.msf",
		"In.toc", "report.index", "cut.lock", "courier list.txt", "mbsyncstate", "Ev.cmeta",
	}
	files := map[string]string{"MD/INBOX/cur/1.a:2,S": testkit.Message(1), "Ev/Inbox": mboxOf(0, 2), "KMail/inbox": mboxOf(0, 2)}
	want := slices.Concat([]string{"captured MD/INBOX 1.a"}, at("Ev/Inbox", 0, len(mboxPart(0))), at("KMail/inbox", 0, len(mboxPart(0))))
	for _, name := range control {
		files[name] = "x"
		want = append(want, fmt.Sprintf("control_file %s %s", filepath.Dir(name), filepath.Base(name)))
	}
	files["MD/.notmuch/xapian/postlist.glass"], files["mu/xapian/termlist.glass"] = "\x0f\rXapian Glass\x04", "\x0f\rXapian Glass\x04"
	for _, name := range own {
		files["own/"+name] = "My own words, " + strings.Repeat("of some length, ", 8)
		want = append(want, "captured own "+name)
	}
	files["own/._notes"], files["own/._mine"] = "\x00\x05\x16\x07\x00\x02", "mine"
	want = append(want, "system_file own ._notes", "captured own ._mine")
	bothWays(t, files, want)
}

// TestControlFileAlone: nobody needs it more for its being named.
func TestControlFileAlone(t *testing.T) {
	name := filepath.Join(t.TempDir(), "Inbox.msf")
	if err := os.WriteFile(name, []byte("// <!-- <mdb:mork:z v=\"1.4\"/> -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newArchive()
	a.run(t, job(open(t, name)))
	if diff := cmp.Diff([]string{"control_file  Inbox.msf"}, a.list()); diff != "" {
		t.Error(diff)
	}
}

// TestMailboxTakenForOneDocument is reported, since that is how mail is lost silently.
func TestMailboxTakenForOneDocument(t *testing.T) {
	lost := plainMessage(0) + "\n" + mboxOf(1, 4)
	var lines strings.Builder
	for n := 0; lines.Len() <= spoolOver; n++ {
		fmt.Fprintln(&lines, relais.DigestOf(fmt.Append(nil, n))) // a zip file of it is no bomb
	}
	large := plainMessage(0) + lines.String() + "\n" + mboxOf(1, 3)
	files := map[string]string{
		"a/first line lost": lost, "a/large": large, "cur/1.host:2,S": mboxOf(0, 2), "one.eml": plainMessage(5), "all.mbox": mboxOf(6, 9), "note.txt": "From memory,\n\nFrom here\n",
	}
	folder, _ := captured(t, "in", files)
	archived := newArchive()
	var members []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		members = append(members, name, files[name])
	}
	archived.run(t, job(open(t, zipped(t, members...))))
	want := []relais.Warned{
		{Folder: "INBOX", Position: "1.host", Code: relais.WarnMailbox, Count: 2},
		{Folder: "a", Position: "first line lost", Code: relais.WarnMailbox, Count: 3},
		{Folder: "a", Position: "large", Code: relais.WarnMailbox, Count: 2},
	}
	for _, a := range []*archive{folder, archived} {
		slices.SortFunc(a.warned, func(x, y relais.Warned) int { return strings.Compare(x.Position, y.Position) })
		if diff := cmp.Diff(want, a.warned); diff != "" {
			t.Error(diff)
		}
		if got := a.item(t, "a", "large").Warnings; !slices.Contains(got, relais.WarnMailbox) {
			t.Errorf("warnings %v", got)
		}
	}
}
