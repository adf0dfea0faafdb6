package ingest

import (
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
)

// naming is how the folders at one place of a tree are named, as the mail program that
// made them shows them: Thunderbird keeps what is below Inbox in "Inbox.sbd", Eudora in
// "Inbox.fol", KMail in ".Inbox.directory"; Apple Mail the mailbox Offers in
// "Offers.mbox", its messages some levels deeper.
type naming struct {
	loose string // of the files that stand here
	under string // of what is below, before its own name
	box   string // the mailbox of Apple Mail whose inside this is, or ""
	plain string // the folders as they are: what captures called them that knew no mail programs
}

// below gives the naming of a folder that stands here.
func (n naming) below(dir string, maildir bool) naming {
	name := folderLabel(dir)
	if maildir {
		if decoded, ok := format.MaildirFolder(dir); ok {
			name = folderLabel(decoded)
		}
	}
	full, plain := path.Join(n.under, name), path.Join(n.plain, name)
	if n.box != "" && isAppleInside(dir) {
		return naming{loose: n.box, under: n.under, box: n.box, plain: plain}
	}
	ext := path.Ext(name)
	if ext == name {
		return naming{loose: full, under: full, plain: plain}
	}
	switch under := strings.TrimSuffix(full, ext); strings.ToLower(ext) {
	case ".sbd", ".fol":
		return naming{loose: full, under: under}
	case ".mbox", ".imapmbox":
		return naming{loose: full, under: under, box: under}
	case ".directory":
		if box, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), "."); ok {
			return naming{loose: full, under: path.Join(n.under, box)}
		}
	}
	return naming{loose: full, under: full, plain: plain}
}

// mailbox names an mbox file that stands here.
func (n naming) mailbox(file string) string {
	if n.box != "" && strings.TrimSuffix(file, path.Ext(file)) == "mbox" || n.box != "" && file == "mbox" {
		return n.box
	}
	return path.Join(n.under, folderLabel(file))
}

// isAppleInside tells the folders within a mailbox of Apple Mail that are no mailboxes:
// Messages, or UUID/Data/1/2/Messages where there are many.
func isAppleInside(dir string) bool {
	switch dir {
	case "Data", "Messages", "Attachments":
		return true
	}
	return dir != "" && strings.Trim(dir, "0123456789ABCDEFabcdef-") == ""
}

// hint is what stands around a file and suggests that it is a mailbox.
type hint int

const (
	hintNone  hint = iota
	hintLevel      // it stands where a mail program keeps mailboxes
	hintIndex      // an index of it, or the folder of what is below it, stands beside it
)

// hintOf looks around a file. A message that was saved among mailboxes keeps its name.
func hintOf(file string, a around) hint {
	name := path.Base(file)
	switch ext := strings.ToLower(path.Ext(name)); {
	case a.beside(name + ".msf"), a.beside(name + ".sbd"), a.beside("." + name + ".directory"), a.beside("." + name + ".index"):
		return hintIndex
	case ext == ".eml", ext == ".msg":
	case a.mailboxes, strings.EqualFold(path.Ext(path.Dir(file)), ".sbd"):
		return hintLevel
	}
	return hintNone
}

// tellsMailboxes says whether an entry of a folder is what Thunderbird keeps beside
// mailboxes.
func tellsMailboxes(name string) bool {
	ext := path.Ext(name)
	return (ext == ".msf" || ext == ".sbd") && ext != name
}
