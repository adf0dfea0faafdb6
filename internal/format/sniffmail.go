package format

import (
	"bytes"
	"strings"
)

// headerLook is how far the first lines of a text look like a message's header.
type headerLook struct {
	known     int  // fields that mail has
	core      int  // of From, To, Cc, Subject, Date
	transport bool // a field that only programs write
	addressed bool // somebody's address in a field for it
}

// looksLikeMail tells whether text begins with the header of a message. Where the blank
// line after it is missing, or there is only one field, the fields must prove more: a note
// or a table may begin with a word and a colon.
func looksLikeMail(text []byte) bool {
	var look headerLook
	for n := 0; len(text) > 0; n++ {
		line, after, _ := bytes.Cut(text, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		switch {
		case len(line) == 0 && n > 0:
			return look.known >= 2 || look.sure(1)
		case knownLine(line):
			look.field(line)
		case n == 0 && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")):
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t') || fieldName(line) > 0:
		default:
			return look.sure(2)
		}
		text = after
	}
	return look.known >= 2 || look.sure(1)
}

// sure tells whether the fields, if there are at least that many, can only be those of a
// message.
func (l *headerLook) sure(least int) bool {
	return l.known >= least && (l.transport || l.addressed) || l.core > 2
}

// field takes a line that is a field of mail.
func (l *headerLook) field(line []byte) {
	l.known++
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch name := strings.ToLower(string(bytes.TrimRight(name, " \t"))); name {
	case "from", "to", "cc":
		l.core++
		l.addressed = l.addressed || bytes.IndexByte(value, '@') > 0
	case "subject", "date":
		l.core++
	case "sender", "reply-to", "bcc":
		l.addressed = l.addressed || bytes.IndexByte(value, '@') > 0
	case "received", "message-id", "mime-version", "return-path", "delivered-to", "dkim-signature",
		"authentication-results", "x-mozilla-status", "x-mozilla-status2":
		l.transport = true
	}
}
