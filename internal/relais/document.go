package relais

import (
	"iter"
	"strings"
	"time"
)

// DocKind is what a document is.
type DocKind string

// The kinds of document.
const (
	KindMessage    DocKind = "message"
	KindAttachment DocKind = "attachment"
	KindFile       DocKind = "file"
	KindNote       DocKind = "note"
)

// Extraction says how much of a document's text was read.
type Extraction string

// The outcomes of extraction.
const (
	ExtractionComplete Extraction = "complete"
	ExtractionPartial  Extraction = "partial" // some text, with warnings
	ExtractionNone     Extraction = "none"    // no text to read (an image), or not asked for
	ExtractionFailed   Extraction = "failed"  // text was expected and none was read
)

// Address is a mail address, decoded (RFC 2047, RFC 6532).
type Address struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty"`
}

// Domain gives the part after the last "@", in lower case, or "".
func (a Address) Domain() string {
	if i := strings.LastIndexByte(a.Address, '@'); i >= 0 {
		return strings.ToLower(a.Address[i+1:])
	}
	return ""
}

// String gives "Name <address>".
func (a Address) String() string {
	switch {
	case a.Name == "":
		return a.Address
	case a.Address == "":
		return a.Name
	}
	return a.Name + " <" + a.Address + ">"
}

// Evidence is one reason for a tag, in words a person can check.
type Evidence struct {
	Signal string `json:"signal"`           // a stable word, such as "domain"
	Detail string `json:"detail,omitempty"` // what matched, such as "acme.example"
	Weight int    `json:"weight"`           // thousandths
}

// Tag says that a document belongs to a client or a topic, how surely, and why.
type Tag struct {
	ID         string     `json:"id"`
	Name       string     `json:"name,omitempty"`
	Confidence int        `json:"confidence"` // thousandths
	Evidence   []Evidence `json:"evidence,omitempty"`
}

// PrivacyClass is the level at which an item is marked personal.
type PrivacyClass string

// The privacy classes. PrivacySufficient withdraws a document, PrivacyDoubtful until
// somebody settles what was meant.
const (
	PrivacyNone       PrivacyClass = "none"
	PrivacyDoubtful   PrivacyClass = "doubtful"
	PrivacySufficient PrivacyClass = "sufficient"
)

// Privacy is a class with its evidence.
type Privacy struct {
	Class    PrivacyClass `json:"class"`
	Evidence []Evidence   `json:"evidence,omitempty"`
}

// Warning says what was left out or guessed while reading a document.
type Warning struct {
	Code   string `json:"code"` // a stable word, such as "mime_depth"
	Detail string `json:"detail,omitempty"`
}

// Attachment is what a message's document says of one attachment.
type Attachment struct {
	ID        DocumentID `json:"id,omitempty"`
	Name      string     `json:"name,omitempty"`
	MediaType string     `json:"media_type,omitempty"`
	Size      int64      `json:"size"`
	SHA256    Digest     `json:"sha256"`
	// Inline tells that it is part of how the message is made (a picture that its HTML
	// shows, the calendar of an invitation, a signature): no file that somebody attached.
	Inline bool `json:"inline,omitempty"`
}

// ZoneKind is what a span of a message's text is.
type ZoneKind string

// The zones of a message's text.
const (
	ZoneNew        ZoneKind = "new"
	ZoneQuote      ZoneKind = "quote"
	ZoneSignature  ZoneKind = "signature"
	ZoneDisclaimer ZoneKind = "disclaimer"
)

// Zone is a span of text, in bytes; zones are sorted and cover the whole text.
type Zone struct {
	Kind  ZoneKind `json:"kind"`
	Start int      `json:"start"`
	End   int      `json:"end"`
}

// NewZones yields the zones that the author of a text of so many bytes wrote; those that
// do not lie within it, as of a text that was cut short, are passed over.
func NewZones(zones []Zone, size int64) iter.Seq[Zone] {
	return func(yield func(Zone) bool) {
		for _, z := range zones {
			if z.Kind == ZoneNew && z.Start >= 0 && z.Start <= z.End && int64(z.End) <= size && !yield(z) {
				return
			}
		}
	}
}

// Person is someone a document names or was exchanged with.
type Person struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty"`
	Role    string `json:"role,omitempty"` // from, to, cc, bcc, reply_to; organizer, guest: of a meeting that it asks to
}

// Document is what Relais serves: the contract of the JSON export and of the API.
// Fields are absent when empty.
type Document struct {
	ID         DocumentID `json:"id"`
	Content    ContentID  `json:"content,omitempty"`
	Case       string     `json:"case,omitempty"` // the case's name
	Kind       DocKind    `json:"kind"`
	Parent     DocumentID `json:"parent,omitempty"`
	Thread     string     `json:"thread,omitempty"`
	MessageID  string     `json:"message_id,omitempty"` // without angle brackets
	InReplyTo  string     `json:"in_reply_to,omitempty"`
	References []string   `json:"references,omitempty"`
	Subject    string     `json:"subject,omitempty"`
	From       *Address   `json:"from,omitempty"`
	To         []Address  `json:"to,omitempty"`
	Cc         []Address  `json:"cc,omitempty"`
	Bcc        []Address  `json:"bcc,omitempty"`
	ReplyTo    []Address  `json:"reply_to,omitempty"`
	Date       time.Time  `json:"date,omitzero"`
	// DateSource says what the date is from: header, received, internal, separator, maildir,
	// document (a file's own properties), file (its time).
	DateSource  string       `json:"date_source,omitempty"`
	Language    string       `json:"language,omitempty"` // ISO 639-1
	Text        string       `json:"text,omitempty"`
	NewText     string       `json:"new_text,omitempty"`
	Zones       []Zone       `json:"zones,omitempty"`
	Name        string       `json:"name,omitempty"` // file name
	MediaType   string       `json:"media_type,omitempty"`
	Size        int64        `json:"size,omitempty"`
	SHA256      Digest       `json:"sha256,omitzero"`
	Attachments []Attachment `json:"attachments,omitempty"`
	Clients     []Tag        `json:"clients,omitempty"`
	Topics      []Tag        `json:"topics,omitempty"`
	Privacy     Privacy      `json:"privacy,omitzero"`
	People      []Person     `json:"people,omitempty"`
	Occurrences []Occurrence `json:"occurrences,omitempty"`
	Extraction  Extraction   `json:"extraction,omitempty"`
	Unread      string       `json:"unread,omitempty"` // why text is missing: see ReadState
	Warnings    []Warning    `json:"warnings,omitempty"`
}

// EnvelopeFormat is the format number of envelopes written today.
const EnvelopeFormat = 1

// MaxEnvelope is the largest envelope, in bytes, that goes into a stream; what
// would be larger is cut (references, addresses, evidence) with a warning.
const MaxEnvelope = 256 << 10

// Envelope is the record of stream "enriched": a document without its text, which
// rests in a blob of its own. A record without value is a tombstone.
type Envelope struct {
	Format   int      `json:"format"`
	CaseID   CaseID   `json:"case_id"`
	Revision int64    `json:"revision"` // sinks keep the highest
	Versions Versions `json:"versions"`
	TextBlob Digest   `json:"text_blob,omitzero"` // the document's Text
	Blob     Digest   `json:"blob"`               // the captured bytes that hold the document
	Member   string   `json:"member,omitempty"`   // MIME part path within Blob, "" for the whole
	Document Document `json:"document"`           // without Text and NewText
}

// Versions are those of whatever made an envelope: a change of one is a reason to
// make it again.
type Versions struct {
	Rules   int   `json:"rules"`
	Clients int64 `json:"clients"`
}
