package ingest

import (
	"path"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestControlNames: files of programs, each by a name that is wholly theirs; one letter more
// or less is a user's own file.
func TestControlNames(t *testing.T) {
	nothing := around{beside: func(string) bool { return false }, head: func() []byte { return []byte("text") }}
	for rule, names := range map[string]string{
		ruleSystem: ".DS_Store Thumbs.db ehthumbs.db desktop.ini .localized .directory",
		ruleControl: ".mbsyncstate .isyncuidmap.db .uidvalidity .mh_sequences .xmhcache .overview .nov .marks .agentview table_of_contents " +
			".externalupdates.storedata panacea.dat popstate.dat msgFilterRules.dat virtualFolders.dat filterlog.html junklog.html " +
			"global-messages-db.sqlite folderTree.json folderCache.json .sylpheed_cache .sylpheed_mark .sylpheed_folderitem .claws_cache " +
			".claws_mark .claws_tags flintlock iamglass iamchert cyrus.header cyrus.index cyrus.cache cyrus.squat cyrus.annotations cyrus.seen " +
			"cyrus.expunge descmap.pce lmos.dat courierimapsubscribed courierimapuiddb courierimapacl courierpop3dsizelist " +
			"dovecot-uidlist dovecot-uidvalidity dovecot-keywords dovecot-acl dovecot-acl-list dovecot-quota dovecot-shared dovecot.subscriptions " +
			"dovecot.svbin dovecot.mailbox.log dovecot.mailbox.log.2 .dovecot.lda-dupes dovecot.map.index dovecot.list.index.log dovecot.index " +
			"dovecot.index.log dovecot.index.log.2 dovecot.index.cache dovecot.index.thread dovecot.index.search dovecot.index.pvt " +
			"dovecot-uidvalidity.5f1e2d3c dovecot-uidlist.lock dovecot.index.tmp panacea.dat.new global-messages-db.sqlite-wal " +
			"global-messages-db.sqlite-shm global-messages-db.sqlite-journal .mbsyncstate.journal",
		"": "notes.txt dovecot-recipe.txt dovecot dovecot-uidvalidity.5f1e2d3 dovecot-uidvalidity.5f1e2d3g dovecot-uidvalidity.5f1e2d3cc mydovecot-acl " +
			"maildirfolder subscriptions a.msf a.toc a.cmeta a.index a.data a.ids a.lock folders.db a.glass info.plist offers.tmp",
	} {
		for name := range strings.FieldsSeq(names) {
			for _, file := range []string{name, "a/b/" + name, strings.ToUpper(name)} {
				if got := leftOut(file, nothing); got != rule {
					t.Errorf("%s: %q, want %q", file, got, rule)
				}
			}
			if got := leftOut(name+"x", nothing); got != "" {
				t.Errorf("%sx: %q", name, got)
			}
		}
	}
	for file, want := range map[string]string{
		"Envelope Index": ruleControl, "Icon\r": ruleSystem, "a/.notmuch/x": ruleControl, ".nnmaildir/x/y": ruleControl, "courierimapkeywords/x": ruleControl,
		"courierimaphieracl/x": ruleControl, ".mutt_header_cache/x": ruleControl, ".notmuch": "", "Offers.mbox/Info.plist": ruleControl, "INBOX.imapmbox/Info.plist": ruleControl,
		"a/Info.plist": "",
	} {
		if got := leftOut(file, nothing); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// TestControlBeside: a name that anybody may give is a program's only where a neighbour or
// the content confirms it.
func TestControlBeside(t *testing.T) {
	for _, c := range []struct {
		file, beside, head string
		maildir            bool
		want               string
	}{
		{"maildirfolder", "", "", true, ruleControl}, {"maildirsize", "", "", true, ruleControl}, {"subscriptions", "", "", true, ruleControl},
		{".noindex", "", "", true, ruleControl}, {".noupdate", "", "", true, ruleControl}, {".customflags", "", "", true, ruleControl},
		{"shared-maildirs", "", "", true, ruleControl}, {"shared-folders", "", "", true, ruleControl}, {"subscriptions", "", "", false, ""},
		{"Inbox.msf", "Inbox", "x", false, ruleControl}, {"Inbox.msf", "Inbox.sbd", "x", false, ruleControl}, {"Inbox.msf", "", "x", false, ""},
		{"Inbox.msf", "", magicMork + " v=1", false, ruleControl}, {"Inbox.msf", "", "", false, ruleControl}, {"Inbox.MSF", "Inbox", "x", false, ruleControl},
		{"In.toc", "In.mbx", "x", false, ruleControl}, {"In.toc", "In.MBX", "x", false, ruleControl}, {"In.toc", "In", "x", false, ""},
		{"Inbox.cmeta", "Inbox", "x", false, ruleControl}, {"Inbox.ev-summary", "Inbox.sbd", "x", false, ruleControl}, {"Inbox.ev-summary-meta", "Inbox.mbox", "x", false, ruleControl},
		{"Inbox.cmeta", "Outbox", "x", false, ""},
		{"Inbox.ibex.index", "Inbox", "x", false, ruleControl}, {"Inbox.index", "Inbox", "x", false, ""}, {".Inbox.index", "Inbox", "x", false, ruleControl},
		{"Inbox.ibex.index", "", "x", false, ""}, {".Inbox.index", "", "x", false, ""},
		{"Inbox.ibex.index.data", "Inbox", "x", false, ruleControl}, {"Inbox.data", "Inbox", "x", false, ""}, {"Inbox.ibex.index.data", "", "x", false, ""},
		{".Inbox.index.ids", "Inbox", "x", false, ruleControl}, {".Inbox.index.sorted", "Inbox", "x", false, ruleControl}, {"Inbox.index.ids", "Inbox", "x", false, ""},
		{".Inbox.ids", "Inbox", "x", false, ""}, {".Inbox.index.ids", "", "x", false, ""},
		{"a.glass", "", magicXapian, false, ruleControl}, {"a.glass", "", "x", false, ""},
		{"folders.db", "", magicSQLite, false, ruleControl}, {"Folders.DB", "", magicSQLite, false, ruleControl}, {"folders.db", "", "x", false, ""}, {"others.db", "", magicSQLite, false, ""},
		{"Inbox.lock", "Inbox", "12345", false, ruleControl}, {"Inbox.lock", "", "12345", false, ""}, {"Inbox.lock", "Inbox", strings.Repeat("x", 64), false, ""},
		{"Inbox.lock", "Inbox", strings.Repeat("x", 63), false, ruleControl},
		{"._a.txt", "", magicAppleDouble + "rest", false, ruleSystem}, {"._a.txt", "", "text", false, ""}, {"a.txt", "", magicAppleDouble, false, ""},
		{"Inbox.txt", "Inbox", "x", false, ""},
	} {
		got := leftOut("dir/"+c.file, around{
			maildir: c.maildir, beside: func(name string) bool { return name == c.beside && name != "" }, head: func() []byte { return []byte(c.head) },
		})
		if got != c.want {
			t.Errorf("%s beside %q, beginning %.20q: %q, want %q", c.file, c.beside, c.head, got, c.want)
		}
	}
}

// TestMailboxHints: what stands around a file suggests that it is a mailbox.
func TestMailboxHints(t *testing.T) {
	for _, c := range []struct {
		file, beside string
		mailboxes    bool
		want         hint
	}{
		{"a/Inbox", "Inbox.msf", false, hintIndex}, {"a/Inbox", "Inbox.sbd", false, hintIndex}, {"a/Inbox", ".Inbox.directory", false, hintIndex},
		{"a/Inbox", ".Inbox.index", false, hintIndex}, {"a/Inbox", "Outbox.msf", false, hintNone}, {"a/Inbox", "", true, hintLevel},
		{"a/Inbox.sbd/Offers", "", false, hintLevel}, {"a/Inbox.SBD/Offers", "", false, hintLevel}, {"a/Inbox.fol/Offers", "", false, hintNone},
		{"a/saved.eml", "", true, hintNone}, {"a/saved.MSG", "", true, hintNone}, {"a/saved.eml", "saved.eml.msf", true, hintIndex},
	} {
		got := hintOf(c.file, around{mailboxes: c.mailboxes, beside: func(name string) bool { return name == c.beside && name != "" }})
		if got != c.want {
			t.Errorf("%s beside %q: %v, want %v", c.file, c.beside, got, c.want)
		}
	}
	for name, want := range map[string]bool{"Inbox.msf": true, "Inbox.sbd": true, ".msf": false, ".sbd": false, "Inbox.mbx": false, "Inbox": false} {
		if got := tellsMailboxes(name); got != want {
			t.Errorf("%s tells of mailboxes: %t", name, got)
		}
	}
}

// TestFolderNames names folders as the program that made them shows them.
func TestFolderNames(t *testing.T) {
	for dir, want := range map[string]naming{
		"Mail":                        {loose: "Mail", under: "Mail", plain: "Mail"},
		"Mail/Inbox.sbd":              {loose: "Mail/Inbox.sbd", under: "Mail/Inbox"},
		"Mail/Inbox.SBD":              {loose: "Mail/Inbox.SBD", under: "Mail/Inbox"},
		"Mail/Inbox.fol":              {loose: "Mail/Inbox.fol", under: "Mail/Inbox"},
		"Offers.mbox":                 {loose: "Offers.mbox", under: "Offers", box: "Offers"},
		"INBOX.imapmbox":              {loose: "INBOX.imapmbox", under: "INBOX", box: "INBOX"},
		"Offers.mbox/Messages":        {loose: "Offers", under: "Offers", box: "Offers", plain: "Messages"},
		"Offers.mbox/Data/1/Messages": {loose: "Offers", under: "Offers", box: "Offers", plain: "Data/1/Messages"},
		"Offers.mbox/0A1B-2c/Data":    {loose: "Offers", under: "Offers", box: "Offers", plain: "0A1B-2c/Data"},
		"Offers.mbox/Other":           {loose: "Offers/Other", under: "Offers/Other", plain: "Other"},
		"Messages":                    {loose: "Messages", under: "Messages", plain: "Messages"},
		".Inbox.directory":            {loose: ".Inbox.directory", under: "Inbox"},
		"Inbox.directory":             {loose: "Inbox.directory", under: "Inbox.directory", plain: "Inbox.directory"},
		".sbd":                        {loose: ".sbd", under: ".sbd", plain: ".sbd"},
		"a.b":                         {loose: "a.b", under: "a.b", plain: "a.b"},
		"Inbox.sbd/Clients.sbd":       {loose: "Inbox/Clients.sbd", under: "Inbox/Clients"},
		"E\u0301te\u0301":             {loose: "Été", under: "Été", plain: "Été"},
	} {
		var n naming
		for level := range strings.SplitSeq(dir, "/") {
			n = n.below(level, false)
		}
		if n.loose != want.loose || n.under != want.under || n.box != want.box || want.plain != "" && n.plain != want.plain {
			t.Errorf("%s: %+v, want %+v", dir, n, want)
		}
	}
	if n := (naming{}).below(".INBOX.&AMk-t&AOk-", true); n.loose != "INBOX/Été" {
		t.Errorf("of a maildir: %+v", n)
	}
	for file, want := range map[string]string{"mbox": "Offers", "mbox.x": "Offers", "other": "Offers/other"} {
		if got := (naming{box: "Offers", under: "Offers"}).mailbox(file); got != want {
			t.Errorf("%s within Apple Mail's: %q, want %q", file, got, want)
		}
		if got, want := (naming{under: "Mail"}).mailbox(file), path.Join("Mail", file); got != want {
			t.Errorf("%s elsewhere: %q, want %q", file, got, want)
		}
	}
}

// TestAppleFiles tells the files that lie beside a message by their paths.
func TestAppleFiles(t *testing.T) {
	for file, want := range map[string]appleFile{
		"a/Attachments/103/2/offer.pdf":   {message: "a/Messages/103", part: "2", name: "offer.pdf"},
		"Attachments/103/2.1/offer.pdf":   {message: "Messages/103", part: "2.1", name: "offer.pdf"},
		"a/Messages/103.2.emlxpart":       {message: "a/Messages/103", part: "2", name: "103.2.emlxpart", encoded: true},
		"a/Messages/103.2.1.emlxpart":     {message: "a/Messages/103", part: "2.1", name: "103.2.1.emlxpart", encoded: true},
		"a/Messages/103.emlxpart":         {},
		"a/Attachments/x/2/offer.pdf":     {},
		"a/Attachments/103/x/offer.pdf":   {},
		"a/Attachments/103/offer.pdf":     {},
		"a/Others/103/2/offer.pdf":        {},
		"a/Attachments/103/2/.DS_Store":   {},
		"a/Attachments/103/2/._offer.pdf": {},
		"a/Attachments//2/offer.pdf":      {},
		"offer.pdf":                       {},
	} {
		got, ok := appleFileOf(file)
		if ok != (want.message != "") || ok && got != want {
			t.Errorf("%s: %+v, %t, want %+v", file, got, ok, want)
		}
	}
	for file, want := range map[string]string{"a/Messages/103.emlx": "a/Messages/103", "103.partial.emlx": "103", "a/x.emlx": "", "a/103.eml": ""} {
		got, ok := appleMessage(file)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %t", file, got, ok)
		}
	}
}

// TestLabelsStayTwo: what may not stand in a label is written otherwise, so that two names
// stay two, and a long one is cut without a broken character.
func TestLabelsStayTwo(t *testing.T) {
	for name, want := range map[string]string{
		"Été": "Été", "a\nb": `a\x0ab`, `a\b`: `a\\b`, `a\x0ab`: `a\\x0ab`, "a\xffb": `a\xffb`, "a\u2028b": `a\xe2\x80\xa8b`, "a\u2029b": `a\xe2\x80\xa9b`, "\u0085": `\xc2\x85`,
		"\ufffd": "\ufffd", "a\x7f": `a\x7f`, "": "",
	} {
		if got := label(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	whole := strings.Repeat("n", maxLabel)
	if label(whole) != whole {
		t.Error("a name as long as may be is cut")
	}
	for i := range 4 {
		long := strings.Repeat("x", i) + strings.Repeat("é", maxLabel)
		got := label(long)
		if len(got) > maxLabel || len(got) < maxLabel-40 || !utf8.ValidString(got) || !strings.HasPrefix(long, strings.Split(got, "…")[0]) || got == label(long+"x") {
			t.Errorf("%d bytes: %q", len(got), got[len(got)-40:])
		}
	}
}

// TestRuleKeys: a cursor is of the rules it was made with, each of them.
func TestRuleKeys(t *testing.T) {
	day := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	one := rules{since: day, until: day.AddDate(1, 0, 0), limit: 10}
	keys := map[string]string{"as they are": one.key(false), "left out": one.key(true)}
	for name, change := range map[string]func(*rules){
		"since": func(r *rules) { r.since = r.since.Add(1) }, "until": func(r *rules) { r.until = r.until.Add(1) },
		"names": func(r *rules) { r.names = true }, "limit": func(r *rules) { r.limit++ },
	} {
		other := one
		change(&other)
		keys[name] = other.key(false)
	}
	seen := map[string]bool{}
	for name, key := range keys {
		if len(key) != 12 || seen[key] {
			t.Errorf("%s: %q", name, key)
		}
		seen[key] = true
	}
	for at, want := range map[time.Time]string{
		{}: "", day: "", day.Add(-1): ruleSince, day.AddDate(1, 0, 0): ruleUntil, day.AddDate(1, 0, 0).Add(-1): "", day.AddDate(5, 0, 0): ruleUntil,
	} {
		if got := one.date(at); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
	if (rules{}).dated() || !(rules{since: day}).dated() || !(rules{until: day}).dated() {
		t.Error("which rules look at dates")
	}
}
