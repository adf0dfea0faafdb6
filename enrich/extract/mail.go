package extract

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// readMail gives the text of a message that is itself a document: forwarded as an
// attachment, or a member of an archive. Who wrote what to whom comes first, then
// the body, then each attachment's name and text. A web page saved as one file
// (RFC 2557) is read as the message it is.
func readMail(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	w := newWork(in, lim)
	out := newTextBuf(lim.TextBytes)
	m := &mailText{ctx: ctx, lim: lim, work: w, files: newTextBuf(lim.TextBytes)}
	mail, err := format.ReadMail(io.NewSectionReader(in.Body, 0, in.Size), lim, m.attach)
	if err != nil {
		return Result{}, err
	}
	writeMailHead(out, mail)
	text, _, losses := BodyText(mail, lim)
	out.writeString(text)
	m.warn.addLosses(losses)
	out.line()
	out.write(m.files.b)
	for _, x := range mail.Warnings {
		m.warn.add(x.Code, x.Detail)
	}
	if mail.Encrypted != "" {
		m.warn.add("locked", mail.Encrypted)
	}
	if out.full || m.files.full {
		m.warn.add("text_limit", "")
	}
	return Result{Text: string(out.b), Warnings: m.warn}, ctx.Err()
}

// writeMailHead writes what a reader sees above a message.
func writeMailHead(out *textBuf, m *format.Mail) {
	line := func(name, value string) {
		if value != "" {
			out.writeString(name + ": " + value + "\n")
		}
	}
	line("Subject", m.Subject)
	line("From", addressList(m.From))
	line("To", addressList(m.To))
	line("Cc", addressList(m.Cc))
	if !m.Date.IsZero() {
		line("Date", m.Date.UTC().Format(time.RFC3339))
	}
	out.writeByte('\n')
}

// addressList writes addresses as a person reads them.
func addressList(list []relais.Address) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.String()
	}
	return strings.Join(names, ", ")
}

// mailText collects the attachments of one message.
type mailText struct {
	ctx   context.Context
	lim   format.Limits
	work  *work
	files *textBuf
	warn  warnings
}

// attach reads one attachment. Pictures and what is too deep are named only.
func (m *mailText) attach(part format.MailPart, body io.Reader) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	if part.Within != "" {
		return nil // it is read with what it is in
	}
	m.files.line()
	m.files.writeString(part.Name)
	m.files.writeByte('\n')
	if m.work.depth >= m.lim.ArchiveDepth {
		m.warn.add("archive_depth", "")
		return nil
	}
	if m.files.full || relais.Family(part.MediaType) == relais.FamilyImage {
		return nil
	}
	b, err := readUpTo(body, nil, min(m.work.bytes, maxMember))
	if err != nil {
		m.warn.add("member_damaged", "")
	}
	m.work.bytes -= int64(len(b))
	r := m.work.inside(m.ctx, Input{Name: part.Name, MediaType: part.MediaType, Charset: part.Charset,
		Size: int64(len(b)), Body: readerAt(b)})
	m.files.writeString(r.Text)
	m.warn.addLosses(r.Warnings)
	return nil
}
