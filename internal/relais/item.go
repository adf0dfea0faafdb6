package relais

import (
	"strings"
	"time"
)

// ItemFormat is the format number of items written today.
const ItemFormat = 1

// Item is one occurrence as captured: where some bytes were seen, and which. It is
// the record of stream "raw". Nothing in it comes from parsing the bytes.
type Item struct {
	Format     int        `json:"format"`
	Occurrence Occurrence `json:"occurrence"`
	Case       CaseID     `json:"case"`
	Kind       DocKind    `json:"kind"` // message or file
	Name       string     `json:"name,omitempty"`
	MediaType  string     `json:"media_type,omitempty"` // as the source declares it, may be empty
	Received   time.Time  `json:"received,omitzero"`    // when it came to where it was found
	// ReceivedFrom says what tells Received: one of the constants below, or "" in
	// records older than they are.
	ReceivedFrom string   `json:"received_from,omitempty"`
	NamesOnly    bool     `json:"names_only,omitempty"` // attachments by name, without their text
	Labels       []string `json:"labels,omitempty"`     // labels beside the folder
	Warnings     []string `json:"warnings,omitempty"`   // what the source had to guess: codes of document warnings
}

// What may tell Item.Received.
const (
	ReceivedInternal  = "internal"  // a server's INTERNALDATE (RFC 3501, section 2.3.3)
	ReceivedSeparator = "separator" // an mbox's "From " line
	ReceivedMaildir   = "maildir"   // the name of a maildir file, which begins with its delivery's time
	ReceivedFile      = "file"      // the file's own time, which is no date of a mail
)

// Occurrence is one place where some bytes were seen. Owner, Source, Folder,
// Position and SHA256 together identify it within a case.
type Occurrence struct {
	Owner    string   `json:"owner"`            // the mailbox owner's first address, lower case
	Source   string   `json:"source"`           // a label, never a path
	Folder   string   `json:"folder,omitempty"` // decoded, "/" between levels
	Position string   `json:"position"`         // sorts as a string within its folder
	SHA256   Digest   `json:"sha256"`           // of the bytes as captured
	Flags    []string `json:"flags,omitempty"`  // seen, answered, flagged, draft, deleted, forwarded: sorted
}

// Compare orders occurrences: the smallest one of a document gives its displayed
// fields, and counts as the stored one. It does not look at flags.
func (o Occurrence) Compare(p Occurrence) int {
	for _, c := range [...]int{
		compare(o.Owner, p.Owner), compare(o.Source, p.Source), compare(o.Folder, p.Folder),
		compare(o.Position, p.Position), compare(string(o.SHA256[:]), string(p.SHA256[:])),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// Key is a fixed-length name of the occurrence within a case.
func (o Occurrence) Key() string {
	return hashID("relais/occurrence/1", o.Owner, o.Source, o.Folder, o.Position, o.SHA256.String())
}

// RecordKey names the item's record in stream "raw", in clear, by something that reveals
// nothing once its message is erased: the hash of its place, within its case.
func (it Item) RecordKey() string { return string(it.Case) + "." + it.Occurrence.Key() }

// SplitRecordKey gives the case and the occurrence's key that a record's key is made of;
// empty ones of a key that some other program has made.
func SplitRecordKey(key string) (c CaseID, occurrence string) {
	id, occurrence, ok := strings.Cut(key, ".")
	if !ok || !hashed(strings.TrimPrefix(id, "c")) || !hashed(occurrence) {
		return "", ""
	}
	return CaseID(id), occurrence
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Status says what became of an occurrence. Every occurrence has exactly one.
type Status string

// The statuses of an occurrence; their counts sum to what was seen.
const (
	StatusPending     Status = "pending"     // captured, not yet enriched
	StatusStored      Status = "stored"      // the first occurrence of a document
	StatusDuplicate   Status = "duplicate"   // a further occurrence of a stored document
	StatusRefused     Status = "refused"     // could not be captured or read, with a reason
	StatusQuarantined Status = "quarantined" // marked personal: kept sealed, never read
	StatusDoubtful    Status = "doubtful"    // may be marked personal: withheld until somebody settles it
	StatusExcluded    Status = "excluded"    // left out by a rule given at ingest
	StatusErased      Status = "erased"      // forgotten on purpose
)

// Location is where a blob rests: a range of a pack.
type Location struct {
	Pack   string // the pack's name in the backend
	Offset int64  // of the sealed bytes in the pack
	Length int64  // of the sealed bytes
	Size   int64  // of the blob itself
	Codec  uint8  // how the bytes were compressed: see package blob
}

// SealKey seals one blob, and the records that speak of it. It must never be printed or
// logged, and is stored only wrapped.
type SealKey [32]byte

// String hides the key from every format verb.
func (SealKey) String() string { return "[sealed]" }

// GoString hides the key from %#v.
func (SealKey) GoString() string { return "[sealed]" }
