package relais

import (
	"time"
)

// Exported is one document of an export as a set of files: a line of its manifest.
type Exported struct {
	ID      DocumentID `json:"id"`
	Path    string     `json:"path,omitempty"` // where its bytes were written, "/" between levels
	SHA256  Digest     `json:"sha256,omitzero"`
	Size    int64      `json:"size"`
	Case    string     `json:"case"`
	Date    time.Time  `json:"date,omitzero"`
	Subject string     `json:"subject,omitempty"`
	Kind    DocKind    `json:"kind"`
	Name    string     `json:"name,omitempty"` // safe to save under
}

// The header fields of each part of an export as multipart/mixed (RFC 2046): its
// [Exported] as JSON and, of a document whose bytes cannot be had, the kind of the error.
// An error may follow a part of the same document, which then is incomplete.
const (
	HeaderExported = "Relais-Document"
	HeaderFault    = "Relais-Fault"
)

// HeaderMissing is the header field of an export of everything that lacks documents which
// the archive should hold: their number and, after it, the first of their ids.
const HeaderMissing = "Relais-Missing"

// HeaderDamaged is the trailer of an export in one piece that gives documents without what
// could not be read back of them: their number and, after it, the first of their ids.
const HeaderDamaged = "Relais-Damaged"
