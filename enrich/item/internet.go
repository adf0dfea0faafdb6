package item

import (
	"io"

	"github.com/relais-archive/relais/internal/format"
)

// internetMail is RFC 5322 with MIME, whatever its state: it can be told from nothing
// else, and so takes what is left.
type internetMail struct{}

func (internetMail) Kind() Kind { return Kind{MediaType: "message/rfc822", Extension: ".eml"} }

func (internetMail) Is([]byte) bool { return true }

func (internetMail) Read(body Body, lim format.Limits, attach format.AttachFunc) (*format.Mail, error) {
	return format.ReadMail(body, lim, attach)
}

func (internetMail) OpenPart(body Body, lim format.Limits, path string) (format.MailPart, io.Reader, error) {
	return format.OpenPart(body, lim, path)
}
