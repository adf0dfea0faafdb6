// Package extract answers one question: what do these bytes say? It tells what a
// document is by its content and turns it into text, within limits; risky readers
// run in a child process of the same binary.
//
// NewPool gives the extractor of a running archive, whose children cmd starts with
// Worker; NewInProcess gives one for tests, without that wall. Both read the same
// bytes to the same Result: what bounds a reader is counted (bytes, entries, pages,
// depth), and the kill of a child is the last resort.
package extract

import (
	"context"
	"io"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Input is one document to read: an attachment, a file, or a member of an archive.
type Input struct {
	Name      string // file name, may be empty
	MediaType string // as declared, may be empty or wrong
	Charset   string // as declared, may be empty
	Size      int64
	Body      io.ReaderAt

	work *work // what it may still cost: nil for a document that is in no other

	// offer, unless nil, takes what was read so far, for the case that reading on
	// kills the child.
	offer func(Result)
}

// Result is what was read. The same bytes give the same result, whatever the machine.
type Result struct {
	MediaType string // as found in the bytes
	Text      string // UTF-8, NFC, LF; of an archive, the text of its members
	Outcome   relais.Extraction
	Warnings  []relais.Warning
	Dates            // what it says of itself, of a document that is in no other
	Work      int64  // what it cost: bytes of its text, and bytes that archives in it wrote out
	Extractor string // name and version, such as "pdfium/1": part of what a rule change looks at
}

// Extractor turns documents into text. It is safe for concurrent use.
type Extractor interface {
	// Extract reads one document. Bad input is no error: it ends in the outcome.
	// The error is of relais.KindUnavailable when no reader could be run at all,
	// or the context's.
	Extract(ctx context.Context, in Input) (Result, error)
	Close() error
}

// Format is one kind of document: one file of this package, one line of formats.go.
type Format struct {
	Name       string   // stable, with a version: "docx/1"
	MediaTypes []string // as Sniff gives them
	Risky      bool     // read in a child process
	// Read turns one document into text. It need not set MediaType or Extractor,
	// nor clean the text. Its error is the context's or the body's own.
	Read func(ctx context.Context, in Input, lim format.Limits) (Result, error)
}
