// Package item answers one question: in which form was this message kept, and who reads
// that form? Mail rests as RFC 5322 says, and as programs keep it; whatever the form, a
// message is read into a [format.Mail], and everything after that is the same for all.
package item

import (
	"errors"
	"io"

	"github.com/relais-archive/relais/internal/format"
)

// Body is the captured bytes of a message: whole by Read, or any range by ReadAt.
type Body interface {
	io.Reader
	io.ReaderAt
	// Size is how many bytes there are.
	Size() int64
}

// Form is one form in which messages are kept. Its methods may be called by several
// goroutines at once, each with a body of its own.
type Form interface {
	// Kind names the form.
	Kind() Kind
	// Is tells by a message's first bytes, at most HeadBytes, whether it has this form.
	Is(head []byte) bool
	// Read reads a message, as format.ReadMail does: bad mail is no error. The paths of
	// its parts stay the same for the same bytes.
	Read(body Body, lim format.Limits, attach format.AttachFunc) (*format.Mail, error)
	// OpenPart gives the decoded bytes of the part at a path, as format.OpenPart does.
	OpenPart(body Body, lim format.Limits, path string) (format.MailPart, io.Reader, error)
}

// Kind is what a form is called.
type Kind struct {
	MediaType string // of the documents that are made of such messages
	Extension string // of a file that holds one, with its dot
}

// HeadBytes is how many of the first bytes tell the form of a message.
const HeadBytes = 4 << 10

// List is the forms that are known, in the order in which they are asked. The last one
// takes whatever no other knows; there is at least one.
type List []Form

// Of gives the form of a message. The error is of reading it.
func (l List) Of(body io.ReaderAt) (Form, error) {
	last := l[len(l)-1]
	if len(l) == 1 {
		return last, nil
	}
	head := make([]byte, HeadBytes)
	n, err := body.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, f := range l {
		if f.Is(head[:n]) {
			return f, nil
		}
	}
	return last, nil
}

// Extension gives the extension of a file that holds a message of a media type; that of
// the last form when none is of it.
func (l List) Extension(mediaType string) string {
	for _, f := range l {
		if f.Kind().MediaType == mediaType {
			return f.Kind().Extension
		}
	}
	return l[len(l)-1].Kind().Extension
}
