package enrich

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/enrich/item"
	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// readMessage reads one message. Whether it is personal is decided on its header
// and places before any text of it is read further or kept.
func (r *reader) readMessage(ctx context.Context, texts *shelf, it relais.Item, body item.Body) (reading, error) {
	c := texts.c
	form, err := r.forms.Of(body)
	if err != nil {
		return reading{}, err
	}
	spool := &spool{}
	defer spool.Close()
	mail, err := form.Read(body, r.limits, spool.take)
	if err != nil {
		return reading{}, err
	}
	content := r.identity(mail)
	got := reading{item: it, document: relais.NewDocumentID(c, content), texts: texts}
	doc := messageDocument(mail, it)
	doc.MediaType = form.Kind().MediaType
	doc.ID, doc.Content = got.document, content
	in, err := r.input(ctx, c, it)
	if err != nil {
		return got, err
	}
	in.Mail = mail
	text, fromHTML, losses := extract.BodyText(mail, r.limits)
	in.Text, in.FromHTML = text, fromHTML
	doc.Warnings = append(doc.Warnings, losses...)
	if mail.Encrypted != "" {
		doc.Warnings = append(doc.Warnings, relais.Warning{Code: codeLocked, Detail: mail.Encrypted})
	}
	for _, a := range mail.Attachments {
		in.Attachments = append(in.Attachments, a.Name)
	}
	if in.Inner, err = r.set.MarksOfParts(r.limits, mail.Attachments, spool.parts); err != nil {
		return got, err
	}
	if !it.NamesOnly {
		if in.Guests, err = tag.Guests(mail.Attachments, spool.parts); err != nil {
			return got, err
		}
	}
	found := r.set.Find(&in)
	got.links = messageLinks(mail, in.Owner, doc)
	if got.personal = tag.PersonalRule(found.Privacy); got.personal != "" {
		return got, nil
	}
	got.doubts = doubtsOf(found.Privacy, it.Occurrence.Folder)
	r.describe(&doc, in, found)
	if doc.Unread = unreadMessage(&doc); doc.Unread != "" && doc.Extraction == relais.ExtractionComplete {
		doc.Extraction = relais.ExtractionPartial
	}
	got.facts = facts{Occurrence: it.Occurrence, Document: doc, Domains: exchanges(found, in.Owner, mail)}
	if got.work = int64(len(in.Text)); in.Text != "" {
		if got.facts.TextBlob, err = texts.keep(ctx, in.Text); err != nil {
			return got, err
		}
	}
	err = r.readAttachments(ctx, c, it, mail, spool, &got)
	return got, err
}

func (r *reader) input(ctx context.Context, c relais.CaseID, it relais.Item) (tag.Input, error) {
	owner, err := r.owners.owner(ctx, c, it.Occurrence.Owner)
	return tag.Input{
		Case: c, Owner: owner, Kind: it.Kind,
		Source: it.Occurrence.Source, Folder: it.Occurrence.Folder, Name: it.Name, SavedAs: savedAs(it),
		Labels: it.Labels, Received: it.Received,
	}, err
}

// savedAs gives the name of the file that a message was saved as, "" when it stood in
// a mailbox.
func savedAs(it relais.Item) string {
	name := path.Base(it.Occurrence.Position)
	switch strings.ToLower(path.Ext(name)) {
	case ".eml", ".emlx", ".msg", ".mht", ".txt":
		return name
	}
	return ""
}

// describe puts what was found into a document.
func (r *reader) describe(doc *relais.Document, in tag.Input, found tag.Findings) {
	doc.Zones, doc.Language, doc.Privacy = found.Zones, found.Language, found.Privacy
	doc.Clients, doc.Topics, doc.People = found.Clients, found.Topics, found.People
	for i, t := range doc.Clients {
		doc.Clients[i].Name = r.names[t.ID]
	}
	if in.Text != "" {
		doc.Extraction = relais.ExtractionComplete
	} else {
		doc.Extraction = relais.ExtractionNone
	}
	if len(doc.Warnings) > 0 && doc.Extraction == relais.ExtractionComplete && partial(doc.Warnings) {
		doc.Extraction = relais.ExtractionPartial
	}
	if doc.Extraction == relais.ExtractionNone && in.Mail != nil && in.Mail.Encrypted != "" {
		doc.Extraction = relais.ExtractionFailed
	}
}

// codeLocked warns that a message, or a part of it, cannot be read without a key.
const codeLocked = "locked"

// partial tells whether some warning says that text was left out, rather than guessed.
func partial(list []relais.Warning) bool {
	return slices.ContainsFunc(list, func(w relais.Warning) bool {
		return strings.HasSuffix(w.Code, "_limit") || strings.HasSuffix(w.Code, "_truncated") || strings.HasPrefix(w.Code, "mime_") || w.Code == codeLocked
	})
}

func messageDocument(m *format.Mail, it relais.Item) relais.Document {
	doc := relais.Document{
		Kind: relais.KindMessage, MessageID: m.MessageID, References: m.References, Subject: m.Subject,
		To: m.To, Cc: m.Cc, Bcc: m.Bcc, ReplyTo: m.ReplyTo, Date: m.Date, DateSource: m.DateSource,
		SHA256: it.Occurrence.SHA256, Warnings: slices.Concat(captureWarnings(it), m.Warnings),
	}
	if len(m.From) > 0 {
		doc.From = &m.From[0]
	} else if len(m.Sender) > 0 {
		doc.From = &m.Sender[0]
	}
	if len(m.InReplyTo) > 0 {
		doc.InReplyTo = m.InReplyTo[0]
	}
	if doc.Date.IsZero() {
		doc.Date, doc.DateSource = arrival(it)
	}
	return doc
}

// arrival gives when a message came to where it was found, and what says so; none
// where only a file's time does, which is that of a copy. Items older than that field
// are known by their name, which only files have, or their position: an offset in an
// mbox, UIDVALIDITY and UID of a server, or the file's name of a maildir.
func arrival(it relais.Item) (time.Time, string) {
	if it.ReceivedFrom == relais.ReceivedFile || it.ReceivedFrom == "" && it.Name != "" || it.Received.IsZero() {
		return time.Time{}, ""
	}
	if it.ReceivedFrom != "" {
		return it.Received.UTC(), it.ReceivedFrom
	}
	at := it.Occurrence.Position
	validity, uid, two := strings.Cut(at, ".")
	number := strings.Trim(validity+uid, "0123456789") == ""
	switch {
	case number && !two && len(at) == 12:
		return it.Received.UTC(), relais.ReceivedSeparator
	case number && two && len(validity) == 10 && len(uid) == 10:
		return it.Received.UTC(), relais.ReceivedInternal
	}
	if t, ok := format.MaildirTime(at); ok {
		return t, relais.ReceivedMaildir
	}
	return time.Time{}, ""
}

// captureWarnings gives what the source warned of, such as a doubtful separator.
func captureWarnings(it relais.Item) []relais.Warning {
	var list []relais.Warning
	for _, code := range it.Warnings {
		list = append(list, relais.Warning{Code: code})
	}
	return list
}

// readAttachments reads what a message carries, in the order of its digests, which
// is the order of the attachments' ids.
func (r *reader) readAttachments(ctx context.Context, c relais.CaseID, it relais.Item, m *format.Mail, s *spool, got *reading) error {
	order, inline := tag.ByDigest(m.Attachments), inlineParts(m)
	ids := attachmentIDs(got.document, m.Attachments, order)
	for _, i := range order {
		a, id := m.Attachments[i], ids[i]
		doc := relais.Document{
			ID: id, Kind: relais.KindAttachment, Parent: got.document, Name: a.Name, MediaType: a.MediaType,
			Size: a.Size, SHA256: a.SHA256, Subject: got.facts.Document.Subject, From: got.facts.Document.From,
			To: got.facts.Document.To, Cc: got.facts.Document.Cc, Date: got.facts.Document.Date, DateSource: got.facts.Document.DateSource,
			Extraction: relais.ExtractionNone,
		}
		af := attachmentFacts{Member: a.Path}
		if !it.NamesOnly && !a.Opened {
			e, err := r.readPart(ctx, c, a, s.parts[i], got)
			if err != nil {
				return err
			}
			doc.MediaType, doc.Extraction, doc.Warnings, doc.Language = e.MediaType, e.Outcome, e.Warnings, e.Language
			doc.Unread = unread(&doc, a.MediaType)
			if (inline[a.SHA256] || a.Disposition == "inline") && (doc.Unread == relais.UnreadPicture || doc.Unread == relais.UnreadNoReader) {
				doc.Unread = "" // how the message is made, and nothing that somebody reads
			}
			af.TextBlob = e.Text
			if doc.Clients, err = r.namedIn(ctx, c, it, m, a, e.Text, got); err != nil {
				return err
			}
		}
		af.Document = doc
		got.facts.Attachments = append(got.facts.Attachments, af)
		got.facts.Document.Attachments = append(got.facts.Document.Attachments,
			relais.Attachment{ID: id, Name: a.Name, MediaType: doc.MediaType, Size: a.Size, SHA256: a.SHA256, Inline: inline[a.SHA256] || a.Opened})
	}
	if got.passed > 0 {
		got.facts.Document.Warnings = append(got.facts.Document.Warnings, relais.Warning{Code: codeWork, Detail: strconv.Itoa(got.passed)})
	}
	return nil
}

// codeWork warns that parts of a message were not read, or of a part that it was not: the
// parts before cost all the work that one message may.
const codeWork = "message_work_limit"

// readPart reads an attachment, unless those before it cost all that a message may. That
// is counted, so that the same message is read as far wherever, and by whomever.
func (r *reader) readPart(ctx context.Context, c relais.CaseID, a format.MailPart, body io.ReaderAt, got *reading) (extracted, error) {
	in := extract.Input{Name: a.Name, MediaType: a.MediaType, Charset: a.Charset, Size: a.Size, Body: body}
	if got.work >= r.limits.MessageWork {
		got.passed++
		return extracted{MediaType: extract.Sniff(in), Outcome: relais.ExtractionFailed, Warnings: []relais.Warning{{Code: codeWork}}}, nil
	}
	e, err := r.extract(ctx, c, a.SHA256, in, got)
	got.work += e.Work
	return e, err
}

// namedIn gives the clients that an attachment names when a colleague sent it, such as an
// internal list or report. A document from outside is about its correspondents instead.
func (r *reader) namedIn(ctx context.Context, c relais.CaseID, it relais.Item, m *format.Mail, a format.MailPart, text relais.Digest, got *reading) ([]relais.Tag, error) {
	in, err := r.input(ctx, c, it)
	if err != nil || len(r.names) == 0 || text.IsZero() || len(m.From) == 0 || !in.IsOwn(strings.ToLower(m.From[0].Address)) {
		return nil, err
	}
	if in.Text, err = got.texts.text(ctx, text); err != nil {
		return nil, err
	}
	in.Kind, in.Name, in.Folder = relais.KindFile, a.Name, ""
	return r.set.Clients(&in), nil
}

// attachmentIDs gives the ids of attachments: those within another bear its rank, and
// their path in it.
func attachmentIDs(message relais.DocumentID, list []format.MailPart, order []int) []relais.DocumentID {
	ids, ranks := make([]relais.DocumentID, len(list)), map[string]int{}
	for _, i := range order {
		if a := list[i]; a.Within == "" {
			ids[i] = relais.NewAttachmentID(message, len(ranks), "")
			ranks[a.Path] = len(ranks)
		}
	}
	for i, a := range list {
		if a.Within != "" {
			ids[i] = relais.NewAttachmentID(message, ranks[a.Within], strings.TrimPrefix(a.Path, a.Within))
		}
	}
	return ids
}

// readFile reads one file of its own.
func (r *reader) readFile(ctx context.Context, texts *shelf, it relais.Item, body item.Body, now time.Time) (reading, error) {
	c := texts.c
	content := relais.FileContent(it.Occurrence.SHA256)
	got := reading{item: it, document: relais.NewDocumentID(c, content), texts: texts}
	doc := relais.Document{
		ID: got.document, Content: content, Kind: relais.KindFile, Name: it.Name, MediaType: it.MediaType,
		Size: body.Size(), SHA256: it.Occurrence.SHA256, Extraction: relais.ExtractionNone,
	}
	in, err := r.input(ctx, c, it)
	if err != nil {
		return got, err
	}
	if in.Inner, err = r.set.MarksOfFile(r.limits, it.Name, it.MediaType, io.NewSectionReader(body, 0, body.Size())); err != nil {
		return got, err
	}
	marked := r.set.Find(&in).Privacy
	if got.personal = tag.PersonalRule(marked); got.personal != "" {
		return got, nil
	}
	got.doubts = doubtsOf(marked, it.Occurrence.Folder)
	got.facts = facts{Occurrence: it.Occurrence}
	var e extracted
	if !it.NamesOnly {
		e, err = r.extract(ctx, c, it.Occurrence.SHA256, extract.Input{Name: it.Name, MediaType: it.MediaType, Size: body.Size(), Body: body}, &got)
		if err != nil {
			return got, err
		}
		if in.Text, err = texts.text(ctx, e.Text); err != nil {
			return got, err
		}
		calendar := format.MailPart{Name: it.Name, MediaType: e.MediaType, Size: body.Size()}
		if in.Guests, err = tag.Guests([]format.MailPart{calendar}, []io.ReaderAt{body}); err != nil {
			return got, err
		}
	}
	doc.Date, doc.DateSource = fileDate(e.Dates, it.Received, now)
	r.describe(&doc, in, r.set.Find(&in))
	if !it.NamesOnly {
		doc.MediaType, doc.Extraction, doc.Warnings = e.MediaType, e.Outcome, slices.Concat(captureWarnings(it), e.Warnings)
		doc.Unread = unread(&doc, it.MediaType)
	}
	got.facts.TextBlob, got.facts.Document = e.Text, doc
	return got, nil
}

// exchanges tells which outside domains a message was exchanged with, and which way.
func exchanges(found tag.Findings, owner relais.Owner, m *format.Mail) map[string]state.Exchange {
	if len(found.Correspondents) == 0 || found.Automated {
		return nil
	}
	way := state.ExchangeReceived
	if len(m.From) > 0 && owner.Is(strings.ToLower(m.From[0].Address)) {
		way = state.ExchangeSent
	}
	domains := make(map[string]state.Exchange, len(found.Correspondents))
	for _, d := range found.Correspondents {
		domains[d] = way
	}
	return domains
}

// maxInMemory is the size up to which an attachment is kept in memory while its message
// is read, and maxHeld what all of a message may come to there. The others go to a
// temporary file without a name.
const (
	maxInMemory = 4 << 20
	maxHeld     = 16 << 20
)

// spool keeps the attachments of one message until they are read.
type spool struct {
	parts []io.ReaderAt
	held  int      // bytes in memory
	file  *os.File // nil while all of them are there
	size  int64    // of the file
}

func (s *spool) take(_ format.MailPart, body io.Reader) error {
	var head bytes.Buffer
	_, err := io.CopyN(&head, body, maxInMemory)
	if errors.Is(err, io.EOF) && s.held+head.Len() <= maxHeld {
		s.held += head.Len()
		s.parts = append(s.parts, bytes.NewReader(head.Bytes()))
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := s.spill(io.MultiReader(&head, body)); err != nil {
		return relais.E(relais.KindUnavailable, "spool attachment", err)
	}
	return nil
}

// spill appends an attachment to the temporary file.
func (s *spool) spill(body io.Reader) (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "relais-attachment-*"); err != nil {
			return err
		}
		_ = os.Remove(s.file.Name()) // where an open file cannot be unlinked, Close does it
	}
	n, err := io.Copy(s.file, body)
	s.parts = append(s.parts, io.NewSectionReader(s.file, s.size, n))
	s.size += n
	return err
}

// Close drops the temporary file.
func (s *spool) Close() {
	if s.file != nil {
		_ = s.file.Close() // nothing was to be kept
		_ = os.Remove(s.file.Name())
	}
}

// dayOf gives a date in days since 1970, 0 for none.
func dayOf(t time.Time) int64 {
	return secondsOf(t) / (24 * 60 * 60)
}

// secondsOf gives a date in seconds since 1970, 0 for none.
func secondsOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
