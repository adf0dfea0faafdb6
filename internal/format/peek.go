package format

import (
	"bytes"
	"time"
)

// Peek is the header fields that choose a message's partition and that rules given
// at ingest look at.
type Peek struct {
	MessageID  string
	References string // the first Message-ID of References, or In-Reply-To
	Date       time.Time
	Subject    string
	IsMail     bool // the bytes begin like a message: at least one known header field
}

// PeekMail reads the header from a message's first bytes: a cheap look, never an
// error. It agrees with ReadMail as far as the bytes reach.
func PeekMail(first []byte, lim Limits) Peek {
	w := newWalker(bytes.NewReader(first), lim, nil)
	w.split.win.normalise()
	e := w.entity("", 0, "text/plain")
	w.mail.Header = e.header
	w.decodeRaw()
	w.peekHeader()
	p := Peek{MessageID: w.mail.MessageID, Date: w.mail.Date, Subject: w.mail.Subject}
	if len(w.mail.References) > 0 {
		p.References = w.mail.References[0]
	} else if len(w.mail.InReplyTo) > 0 {
		p.References = w.mail.InReplyTo[0]
	}
	for _, f := range e.header {
		p.IsMail = p.IsMail || knownField(f.Name)
	}
	return p
}
