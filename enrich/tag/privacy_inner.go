package tag

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Bounds on what is looked into for marks, beside those within which text is read of
// what is nested: format.Limits' ArchiveDepth and ArchiveEntries.
const (
	maxInnerMail = 1 << 20  // bytes of a message within a mailbox or archive: its header, and more
	maxInnerZip  = 16 << 20 // bytes of an archive within an attached message
	innerHead    = 4 << 10  // by which a part is told
)

// innerMarks looks for marks that the parts of an item bear themselves: messages that
// are attached whole, appointments, members of archives. It reads headers and names
// and keeps no text.
type innerMarks struct {
	lim    format.Limits
	finder privacyFinder
	left   int
}

func newInnerMarks(words *privateWords, lim format.Limits) *innerMarks {
	return &innerMarks{lim: lim, finder: privacyFinder{lex: words}, left: lim.ArchiveEntries}
}

// innerPart is one part as its item declares it.
type innerPart struct {
	name       string
	mediaType  string
	invitation bool // a calendar that is what the message is for
	depth      int
	within     bool // a mailbox or archive of many: no mark in it is one of all
}

// attached looks at the attachments of a message, whose bytes are in parts.
func (m *innerMarks) attached(list []format.MailPart, parts []io.ReaderAt) error {
	for i, a := range list {
		if err := m.part(partOfMail(a, 1), io.NewSectionReader(parts[i], 0, a.Size)); err != nil {
			return err
		}
	}
	return nil
}

func partOfMail(a format.MailPart, depth int) innerPart {
	return innerPart{name: a.Name, mediaType: a.MediaType, invitation: a.MediaType == "text/calendar" && a.Disposition != "attachment", depth: depth}
}

// part looks into one part. An error is of reading its bytes, never of what they are.
func (m *innerMarks) part(p innerPart, body io.Reader) error {
	if m.left--; m.left < 0 || p.depth > m.lim.ArchiveDepth+1 {
		return nil
	}
	in := bufio.NewReaderSize(body, innerHead)
	head, err := in.Peek(innerHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch kind := format.Sniff(head, p.name); {
	case isCalendarPart(p, head):
		return m.calendar(p, in)
	case kind == format.KindMail || strings.HasPrefix(p.mediaType, "message/") || strings.HasSuffix(p.mediaType, "rfc822-headers"):
		return m.mail(p, in)
	case kind == format.KindMbox:
		return m.mailbox(p, in)
	case kind == format.KindZip:
		return m.archive(p, body, in)
	}
	return nil
}

func isCalendarPart(p innerPart, head []byte) bool {
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	const begin = "BEGIN:VCALENDAR"
	return isCalendar(format.MailPart{MediaType: p.mediaType, Name: p.name}) || len(start) >= len(begin) && strings.EqualFold(string(start[:len(begin)]), begin)
}

// mail looks at a message: its own header, the names of what it carries, and that.
func (m *innerMarks) mail(p innerPart, body io.Reader) error {
	var names []string
	mail, err := format.ReadMail(body, m.lim, func(a format.MailPart, body io.Reader) error {
		names = append(names, a.Name)
		inner := partOfMail(a, p.depth+1)
		inner.within = p.within
		return m.part(inner, body)
	})
	if err != nil {
		return err
	}
	found := privacyFinder{lex: m.finder.lex}
	found.header(mail)
	m.finder.adopt(found, p.most(), signalMarkInner)
	for _, name := range names {
		m.finder.attachment(name)
	}
	return nil
}

// most is the surest class that a mark within a part gives to the whole.
func (p innerPart) most() relais.PrivacyClass {
	if p.within {
		return relais.PrivacyDoubtful
	}
	return relais.PrivacySufficient
}

// mailbox looks at each message of a mailbox.
func (m *innerMarks) mailbox(p innerPart, body io.Reader) error {
	split := format.NewMbox(body, 0, format.MboxRD)
	for {
		msg, err := split.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.left--; m.left < 0 {
			return nil
		}
		if err := m.mail(innerPart{depth: p.depth + 1, within: true}, io.LimitReader(msg.Body, maxInnerMail)); err != nil {
			return err
		}
	}
}

// archive looks at the names in a zip file, and at the messages and appointments in it.
func (m *innerMarks) archive(p innerPart, body io.Reader, in *bufio.Reader) error {
	file, size := io.ReaderAt(nil), int64(0)
	if section, ok := body.(*io.SectionReader); ok {
		file, size = section, section.Size()
	} else {
		b, err := io.ReadAll(io.LimitReader(in, maxInnerZip))
		if err != nil {
			return err
		}
		file, size = bytes.NewReader(b), int64(len(b))
	}
	err := format.NewArchive(m.lim).Zip(file, size, func(member format.Member) error {
		if m.left--; m.left < 0 {
			return errEnough
		}
		m.member(member.Name)
		if member.Body == nil {
			return nil
		}
		inner := innerPart{name: path.Base(member.Name), depth: p.depth + 1, within: true}
		err := m.part(inner, io.LimitReader(member.Body, maxInnerMail))
		if relais.KindOf(err) == relais.KindUnavailable {
			return err
		}
		return nil // the extractor that reads a damaged member reports it
	})
	if errors.Is(err, errEnough) || relais.KindOf(err) == relais.KindRefused || relais.KindOf(err) == relais.KindDamaged {
		return nil
	}
	return err
}

var errEnough = errors.New("enough was seen")

// member judges a member's path: folders, and a file's name.
func (m *innerMarks) member(name string) {
	found := privacyFinder{lex: m.finder.lex}
	dir, base := path.Split(name)
	found.folder(strings.TrimSuffix(dir, "/"))
	found.attachment(base)
	m.finder.adopt(found, relais.PrivacyDoubtful, signalMarkAttachment)
}

// MarksOfParts gives the marks of privacy that a message's attachments bear themselves,
// each once; bodies are their bytes. An error is of reading those.
func (s *Set) MarksOfParts(lim format.Limits, list []format.MailPart, bodies []io.ReaderAt) ([]relais.Evidence, error) {
	return s.innerMarks(lim, func(m *innerMarks) error { return m.attached(list, bodies) })
}

// MarksOfFile gives the marks of privacy that a file bears itself, as MarksOfParts does.
func (s *Set) MarksOfFile(lim format.Limits, name, mediaType string, body *io.SectionReader) ([]relais.Evidence, error) {
	return s.innerMarks(lim, func(m *innerMarks) error { return m.part(innerPart{name: name, mediaType: mediaType}, body) })
}

func (s *Set) innerMarks(lim format.Limits, look func(*innerMarks) error) ([]relais.Evidence, error) {
	m := newInnerMarks(s.privacy.lex, lim)
	err := look(m)
	if relais.KindOf(err) == relais.KindInternal { // the system's: a spool that cannot be read
		err = relais.E(relais.KindUnavailable, "look for marks", err)
	}
	if err != nil {
		return nil, err
	}
	return UniteEvidence(m.finder.evidence, nil), nil
}
