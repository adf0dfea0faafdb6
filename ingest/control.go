package ingest

import (
	"bytes"
	"path"
	"strings"
)

// around is what a name alone does not tell of a file.
type around struct {
	maildir   bool                   // it stands beside a maildir's "cur"
	mailboxes bool                   // it stands beside mailboxes of Thunderbird
	beside    func(name string) bool // whether the folder holds another entry
	head      func() []byte          // the first bytes, asked for where a name leaves doubt
}

// leftOut names the rule by which a file is counted but not captured: files that a desktop
// leaves beside its user's, and those that mail programs keep beside mail. These are not
// mail, and may list the subjects and senders of mail that is marked private. A user's own
// file is kept, however similar its name: names are compared whole, and common ones need a
// neighbour or content that confirms them.
func leftOut(file string, a around) string {
	name := strings.ToLower(path.Base(file))
	switch {
	case isSystemFile(name) || strings.HasPrefix(name, "._") && bytes.HasPrefix(a.head(), []byte(magicAppleDouble)):
		return ruleSystem
	case inControlFolder(file), isControlName(bareName(name)), name == "info.plist" && strings.HasSuffix(path.Dir(file), "mbox"), isServerFile(bareName(name)),
		a.maildir && isMaildirControl(name), isIndexOf(path.Base(file), a):
		return ruleControl
	}
	return ""
}

// isSystemFile knows the files that desktops leave behind; names are in lower case.
func isSystemFile(name string) bool {
	switch name {
	case ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".localized", "icon\r", ".directory":
		return true
	}
	return false
}

// The first bytes of files that are told by them.
const (
	magicAppleDouble = "\x00\x05\x16\x07"
	magicMork        = "// <!-- <mdb:mork"
	magicSQLite      = "SQLite format 3\x00"
	magicXapian      = "\x0f\rXapian Glass"
)

// inControlFolder tells whether a folder of a mail program's own holds a file.
func inControlFolder(file string) bool {
	for dir := range strings.SplitSeq(path.Dir(file), "/") {
		switch dir {
		case ".notmuch", "courierimapkeywords", "courierimaphieracl", ".mutt_header_cache", ".nnmaildir":
			return true
		}
	}
	return false
}

// bareName cuts what is added to the name of a file while it is written, and SQLite's
// names of what belongs to a database.
func bareName(name string) string {
	for _, end := range []string{"-wal", "-shm", "-journal", ".journal", ".lock", ".new", ".tmp"} {
		if bare, ok := strings.CutSuffix(name, end); ok {
			return bare
		}
	}
	return name
}

// isControlName knows the files of mail programs by their whole names, in lower case.
// These are names that nobody gives to a document.
func isControlName(name string) bool {
	switch name {
	case ".mbsyncstate", ".isyncuidmap.db", ".uidvalidity", // mbsync
		".mh_sequences", ".xmhcache", // MH, nmh, xmh
		".overview", ".nov", ".marks", ".agentview", // Gnus
		"table_of_contents", "envelope index", ".externalupdates.storedata", // Apple Mail
		"panacea.dat", "popstate.dat", "msgfilterrules.dat", "virtualfolders.dat", "filterlog.html", "junklog.html",
		"global-messages-db.sqlite", "foldertree.json", "foldercache.json", // Thunderbird
		".sylpheed_cache", ".sylpheed_mark", ".sylpheed_folderitem", ".claws_cache", ".claws_mark", ".claws_tags", // Sylpheed, Claws
		"flintlock", "iamglass", "iamchert", // Xapian: notmuch, mu
		"cyrus.header", "cyrus.index", "cyrus.cache", "cyrus.squat", "cyrus.annotations", "cyrus.seen", "cyrus.expunge",
		"descmap.pce", "lmos.dat", // Eudora
		"courierimapsubscribed", "courierimapuiddb", "courierimapacl", "courierpop3dsizelist", "courierpop3dsizelist.v1":
		return true
	}
	return false
}

// isServerFile knows Dovecot's files, some of which have a number in their names.
func isServerFile(name string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "."), "dovecot")
	if !ok {
		return false
	}
	rest = strings.TrimSuffix(rest, ".2") // the log before this one
	switch rest {
	case "-uidlist", "-uidvalidity", "-keywords", "-acl", "-acl-list", "-quota", "-shared", ".subscriptions", ".svbin",
		".mailbox.log", ".lda-dupes", ".map.index", ".map.index.log", ".pvt.index", ".pvt.index.log", ".list.index", ".list.index.log",
		".index", ".index.log", ".index.cache", ".index.thread", ".index.search", ".index.search.uids", ".index.pvt", ".index.pvt.log":
		return true
	}
	number, ok := strings.CutPrefix(rest, "-uidvalidity.")
	return ok && len(number) == 8 && strings.Trim(number, "0123456789abcdef") == ""
}

// isMaildirControl knows files whose names mean something only beside a "cur".
func isMaildirControl(name string) bool {
	switch name {
	case "maildirfolder", "maildirsize", "subscriptions", ".noindex", ".noupdate", "courierimapuiddb", ".customflags", "shared-maildirs", "shared-folders":
		return true
	}
	return false
}

// isIndexOf tells whether a file is an index of the mailbox beside it, by that mailbox's
// name or by its own first bytes.
func isIndexOf(name string, a around) bool {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	dotted := strings.TrimPrefix(stem, ".")
	switch strings.ToLower(ext) {
	case ".msf": // Thunderbird
		return a.beside(stem) || a.beside(stem+".sbd") || bytes.HasPrefix(a.head(), []byte(magicMork)) || len(a.head()) == 0
	case ".toc": // Eudora
		return a.beside(stem+".mbx") || a.beside(stem+".MBX")
	case ".ev-summary", ".ev-summary-meta", ".cmeta": // Evolution
		return a.beside(stem) || a.beside(stem+".sbd") || a.beside(stem+".mbox")
	case ".index": // Evolution: Inbox.ibex.index; KMail: .Inbox.index
		box, ibex := strings.CutSuffix(stem, ".ibex")
		return ibex && a.beside(box) || dotted != stem && a.beside(dotted)
	case ".data":
		box, ibex := strings.CutSuffix(stem, ".ibex.index")
		return ibex && a.beside(box)
	case ".ids", ".sorted": // KMail
		box, ok := strings.CutSuffix(dotted, ".index")
		return ok && dotted != stem && a.beside(box)
	case ".glass": // Xapian: notmuch, mu
		return bytes.HasPrefix(a.head(), []byte(magicXapian))
	case ".db": // Evolution
		return strings.EqualFold(name, "folders.db") && bytes.HasPrefix(a.head(), []byte(magicSQLite))
	case ".lock": // a program was reading or writing the mailbox
		return a.beside(stem) && len(a.head()) < 64
	}
	return false
}
