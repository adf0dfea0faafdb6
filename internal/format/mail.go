package format

import (
	"errors"
	"io"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Mail is one message (RFC 5322, RFC 2045 to 2049), read tolerantly: whatever the
// bytes, there is a Mail, and what was wrong with them stands in Warnings.
type Mail struct {
	Header      Header // every field, in order
	Subject     string
	From        []relais.Address
	Sender      []relais.Address
	ReplyTo     []relais.Address
	To, Cc, Bcc []relais.Address
	Date        time.Time // UTC; zero when none could be read
	DateSource  string    // "header", "received", or "" when Date is zero
	MessageID   string    // without angle brackets
	InReplyTo   []string  // without angle brackets
	References  []string  // without angle brackets, oldest first
	Text        string    // the plain text body parts shown, decoded, NFC, LF
	HTML        string    // the HTML body parts shown, decoded, NFC, LF, unsanitised
	RTF         string    // the body that stood in TNEF, where it has no other form (MS-OXRTFCP undone)
	// HTMLBeside says that some HTML part accompanies the plain text without being an
	// alternative to it: Text alone does not have its content.
	HTMLBeside  bool
	Attachments []MailPart
	Encrypted   string // "pgp", "smime" or ""
	Warnings    []relais.Warning
}

// MailPart is one attachment: every leaf that is not shown as body. A nested
// message/rfc822 counts as one; inline images count.
type MailPart struct {
	Path        string // MIME path, "1.2", to find it again with OpenPart
	Within      string // path of the part in TNEF that this file is in, or ""
	Opened      bool   // it is such a part: its body is the message's, its files are listed; known once it was read
	Name        string // decoded file name, without any folder
	MediaType   string // lower case, as declared, "application/octet-stream" when none
	Charset     string // as declared
	Disposition string // "attachment", "inline" or ""
	ContentID   string // without angle brackets
	Size        int64  // of the decoded bytes
	SHA256      relais.Digest
}

// AttachFunc receives an attachment's decoded bytes while the message is read, in the
// order of Mail.Attachments; part has everything but Size, SHA256 and Opened yet. body is
// valid until it returns; the rest of it is read afterwards. An error ends ReadMail.
type AttachFunc func(part MailPart, body io.Reader) error

// ReadMail reads one message in one pass, in memory bounded by the limits whatever
// the message's size. attach may be nil. The error is only r's or attach's own:
// bad mail is no error.
func ReadMail(r io.Reader, lim Limits, attach AttachFunc) (*Mail, error) {
	w := newWalker(r, lim, attach)
	if err := w.message(); err != nil {
		return nil, err
	}
	if err := w.split.win.failure(); err != nil {
		return nil, err
	}
	return w.finish(), nil
}

// OpenPart gives the decoded bytes of the attachment at a MIME path; one that is
// not there is of relais.KindNotFound. The part's Size and SHA256 are not known.
func OpenPart(r io.Reader, lim Limits, path string) (MailPart, io.Reader, error) {
	var found MailPart
	var body io.Reader
	err := newWalker(r, lim, func(part MailPart, b io.Reader) error {
		if part.Path != path {
			return nil
		}
		found, body = part, b
		return errFound
	}).message()
	switch {
	case errors.Is(err, errFound):
		return found, body, nil
	case err != nil:
		return MailPart{}, nil, err
	}
	return MailPart{}, nil, relais.E(relais.KindNotFound, "open part", nil)
}

// errFound ends the walk of OpenPart, which leaves the part's body unread.
var errFound = errors.New("found")
