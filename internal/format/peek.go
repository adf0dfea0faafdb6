package format

import (
	"bytes"
	"time"
)

// PeekDate gives the date of a message from its first bytes, as rules given at ingest
// ask for it: a cheap look, never an error. It is ReadMail's as far as the bytes reach;
// zero when they tell none.
func PeekDate(first []byte, lim Limits) time.Time {
	w := newWalker(bytes.NewReader(first), lim, nil)
	w.split.win.normalise()
	w.mail.Header = w.entity("", 0, "text/plain").header
	w.decodeRaw()
	w.readDate()
	return w.mail.Date
}
