package relais

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Digest is the SHA-256 of some bytes: the name of a blob.
type Digest [sha256.Size]byte

// DigestOf hashes bytes held in memory.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// ParseDigest reads 64 hexadecimal digits.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 2*len(d) {
		return d, Errorf(KindInvalid, "parse digest", "%d characters, not %d", len(s), 2*len(d))
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return d, E(KindInvalid, "parse digest", err)
	}
	return d, nil
}

// String gives 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero tells whether no digest was set.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText and UnmarshalText make a digest hexadecimal in JSON.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is the inverse of MarshalText; empty text is the zero digest.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	v, err := ParseDigest(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// CaseID names a departure case for ever, whatever it is renamed to.
type CaseID string

// NewCaseID derives the id of a case from the name it is created with, so that two
// archives fed alike hold the same ids. rank is 0, or the number of earlier cases
// created with that name and renamed since.
func NewCaseID(name string, rank int) CaseID {
	return CaseID("c" + hashID("relais/case/1", strings.ToLower(strings.TrimSpace(name)), strconv.Itoa(rank)))
}

// DocumentID names a document within the archive: it hashes case and content.
type DocumentID string

// ContentID names what a document says, whatever the case it was captured in.
type ContentID string

// NewDocumentID derives a message's or a file's id from its case and content.
func NewDocumentID(c CaseID, content ContentID) DocumentID {
	return DocumentID("d" + hashID("relais/document/1", string(c), string(content)))
}

// NewAttachmentID derives an attachment's id from its message's id, its rank among
// the message's sorted attachment digests, and the member path within it (empty for
// the attachment itself).
func NewAttachmentID(message DocumentID, rank int, member string) DocumentID {
	return DocumentID("a" + hashID("relais/attachment/1", string(message), strconv.Itoa(rank), member))
}

// FileContent is the content id, version 1, of a file: its bytes.
func FileContent(d Digest) ContentID { return ContentID("1f" + hex.EncodeToString(d[:16])) }

// MessageIdentity is what two copies of one message share, however they travelled; it
// never includes Bcc or transport headers. Addresses are lower-cased addr-specs.
type MessageIdentity struct {
	From, To, Cc []string
	Date         string   // RFC 3339 UTC, empty when the message has none
	MessageID    string   // counted only when Date is empty
	Subject      string   // decoded
	Body         string   // decoded text
	Attachments  []Digest // of the decoded bytes
}

// Content gives the content id, version 1. The caller passes text in NFC; Content
// folds line ends to LF and cuts trailing white space of lines and of the whole.
func (m MessageIdentity) Content() ContentID {
	h := sha256.New()
	field := func(name string, values ...string) {
		fmt.Fprintf(h, "%s %d\n", name, len(values))
		for _, v := range values {
			fmt.Fprintf(h, "%d:", len(v))
			_, _ = io.WriteString(h, v) // a hash never fails
		}
	}
	field("relais/message/1")
	field("from", m.From...)
	field("to", sorted(m.To)...)
	field("cc", sorted(m.Cc)...)
	field("date", m.Date)
	if m.Date == "" {
		field("message-id", m.MessageID)
	}
	field("subject", strings.TrimSpace(m.Subject))
	field("body", canonicalBody(m.Body))
	digests := make([]string, len(m.Attachments))
	for i, d := range m.Attachments {
		digests[i] = d.String()
	}
	field("attachments", sorted(digests)...)
	return ContentID("1m" + hex.EncodeToString(h.Sum(nil)[:16]))
}

func canonicalBody(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\u00a0\f\v")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// hashID hashes fields, each with its length, to 32 hexadecimal digits.
func hashID(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%d:%s", len(f), f)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// hashed tells whether hashID may have made s.
func hashed(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 16
}
