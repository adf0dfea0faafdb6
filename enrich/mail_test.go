package enrich

import (
	"testing"
	"time"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// TestArrival dates messages without any date of their own: by what tells when they
// came, never by a file's time.
func TestArrival(t *testing.T) {
	at := time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		from, name, position string
		want                 time.Time
		source               string
	}{
		{relais.ReceivedInternal, "", "0000000007", at, "internal"},
		{relais.ReceivedSeparator, "", "000000000000", at, "separator"},
		{relais.ReceivedMaildir, "", "1741078800.M1P2.host", at, "maildir"},
		{relais.ReceivedFile, "", "letter.host", time.Time{}, ""},
		{relais.ReceivedFile, "a.eml", "a.eml", time.Time{}, ""},
		{"", "a.eml", "a.eml", time.Time{}, ""},
		{"", "", "1741165200.M1P2.host", at.AddDate(0, 0, 1), "maildir"},
		{"", "", "1741165200.0000000007", at, "internal"},
		{"", "", "000000004711", at, "separator"},
		{"", "", "letter.host", time.Time{}, ""},
	} {
		it := relais.Item{Name: c.name, Received: at, ReceivedFrom: c.from, Occurrence: relais.Occurrence{Position: c.position}}
		if got, source := arrival(it); !got.Equal(c.want) || source != c.source {
			t.Errorf("%+v: %v from %q", c, got, source)
		}
	}
	if got, source := arrival(relais.Item{ReceivedFrom: relais.ReceivedSeparator}); !got.IsZero() || source != "" {
		t.Errorf("a separator without date: %v from %q", got, source)
	}
}

// TestAttachmentIDs gives what is within another attachment its rank and a path of its
// own, so that a message's identity and its files' ids are what they were.
func TestAttachmentIDs(t *testing.T) {
	part := func(path, within string, digest byte) format.MailPart {
		return format.MailPart{Path: path, Within: within, SHA256: relais.Digest{digest}}
	}
	list := []format.MailPart{part("2", "", 9), part("2.t1", "2", 1), part("2.t2", "2", 5), part("3", "", 3)}
	ids := attachmentIDs("m", list, tag.ByDigest(list))
	want := []relais.DocumentID{relais.NewAttachmentID("m", 1, ""), relais.NewAttachmentID("m", 1, ".t1"),
		relais.NewAttachmentID("m", 1, ".t2"), relais.NewAttachmentID("m", 0, "")}
	for i := range list {
		if ids[i] != want[i] {
			t.Errorf("%s: %s, want %s", list[i].Path, ids[i], want[i])
		}
	}
	alone := &format.Mail{Attachments: []format.MailPart{list[0], list[3]}}
	if Identity(&format.Mail{Attachments: list}) != Identity(alone) {
		t.Error("what is within an attachment changes the message")
	}
}

// TestDescribeLocked counts a message that needs a key as unread, and one of which a
// part does as partly read.
func TestDescribeLocked(t *testing.T) {
	r := &reader{}
	for text, want := range map[string]relais.Extraction{"": relais.ExtractionFailed, "voir la suite": relais.ExtractionPartial} {
		doc := relais.Document{Warnings: []relais.Warning{{Code: codeLocked, Detail: "smime"}}}
		r.describe(&doc, tag.Input{Text: text, Mail: &format.Mail{Encrypted: "smime"}}, tag.Findings{})
		if doc.Extraction != want {
			t.Errorf("%q: %s, want %s", text, doc.Extraction, want)
		}
	}
}
