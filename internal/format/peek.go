package format

import (
	"bytes"
	"time"
)

// PeekDate gives the date of a message from its first bytes, for the rules of an ingest:
// cheap, and never an error. It is the date that ReadMail gives, as far as these bytes go;
// zero when they hold none.
func PeekDate(first []byte, lim Limits) time.Time {
	w := newWalker(bytes.NewReader(first), lim, nil)
	w.split.win.normalise()
	w.mail.Header = w.entity("", 0, "text/plain").header
	w.decodeRaw()
	w.readDate()
	return w.mail.Date
}
