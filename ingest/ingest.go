// Package ingest answers one question: how do bytes come in? A [Source] hands out
// items one after another; [Capture] makes their bytes durable, appends them to
// stream "raw", and only then moves the source's cursor. Nothing is parsed here,
// but the few header lines that choose a partition and that rules look at.
//
// [Open] tells what a path or an address holds by its content. A new kind of source
// is one file of this package and one line of sources.go.
package ingest

import (
	"context"
	"io"
	"time"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Source is one mailbox, file or folder to capture from. It is used by one
// goroutine at a time.
type Source interface {
	// Label names the source in balances: never a path, never an address with a
	// password.
	Label() string
	// Folders lists what the source holds, in the source's order. A source without
	// folders gives one, named "".
	Folders(ctx context.Context) ([]Folder, error)
	// Read calls yield for each item of a folder that the request wants, in the
	// source's order, and returns yield's error as it is. Any other error ends the
	// folder, which may be read again later. At the folder's end it gives the
	// cursor after it, "" to keep that of the last item.
	Read(ctx context.Context, f Folder, req Request, yield func(Found) error) (Cursor, error)
	Close() error
}

// Folder is one folder of a source.
type Folder struct {
	Name   string // decoded, "/" between levels, without control characters
	Use    string // special use (RFC 6154), such as "sent", "trash", "junk"; or ""
	Handle any    // the source's own
	Of     []File // the file that its items are in, by each name it may have as one item
}

// File is a file as it would be one item.
type File struct {
	Folder, Position string
	Open             func() (io.ReadCloser, error) // its bytes as they are; nil where they do not matter
}

// Cursor is how far a folder was captured: opaque to all but its source, which
// must take an empty one as the start and one it does not understand as empty.
type Cursor string

// Request is what capture wants of a folder.
type Request struct {
	After Cursor // where the last capture with the same rules stopped
	// Known asks once which positions were captured before. It serves sources whose
	// positions never change their meaning and whose bytes are expensive to fetch.
	Known func(ctx context.Context) (func(position string) bool, error)
	// Rule, when set, names the rule that leaves out an item of a date, or "". A source
	// whose bytes are expensive to fetch asks it first and yields Found.Left.
	Rule func(date time.Time) string
	// CountOnly asks for positions, sizes and dates: Body may be nil.
	CountOnly bool
	// Announce takes the source's own count of the folder, as soon as it is known.
	Announce func(n int64)
	// Whole tells that a folder within this one (Found.Folder) was read to its end:
	// that it was refused once, at position "", is over.
	Whole func(folder string)

	limits format.Limits // ItemBytes bounds one item
	temp   string        // folder for large items
}

// content reads an item's bytes ahead of capture, which then does not copy them.
func (r Request) content(body io.Reader, size int64) (*content, error) {
	return readContent(body, size, r.limits.ItemBytes, r.temp)
}

// Found is one item of a folder, or the fault that hides one.
type Found struct {
	Position  string // unique and stable within the folder
	Kind      relais.DocKind
	Name      string // file name, of files
	MediaType string // as declared
	Size      int64  // -1 when unknown
	Received  time.Time
	// ReceivedFrom is what tells Received, as relais.Item has it.
	ReceivedFrom string
	Flags        []string // seen, answered, flagged, draft, deleted, forwarded
	Labels       []string
	Warnings     []string // what the source had to guess, such as "split_ambiguous"
	// Whole says that a whole file was taken for one document, which could be more.
	Whole bool
	// Body gives the bytes, once, and is valid until yield returns.
	Body io.Reader
	// Cursor is where to go on after this item; "" when that is not worth saying.
	Cursor Cursor
	// Left is the rule by which the source kept the bytes back: one that
	// Request.Rule named, "system_file" or "control_file".
	Left string
	// Refused says why the bytes cannot be had. Body is then nil.
	Refused *Reason
	// Folder overrides the folder's name, for items of an archive within it.
	Folder string
}

// Reason is why something was not captured: a stable class and, in words without
// content, what was wrong.
type Reason struct{ Code, Detail string }

// The classes of refusal at capture.
const (
	ReasonNotRegular = "not_regular" // a link, pipe, socket or device, not a file
	ReasonVanished   = "vanished"    // listed, then gone
	ReasonUnreadable = "unreadable"  // the disk, the archive or its permissions say no
	ReasonDamaged    = "damaged"     // its compression
	ReasonTooLarge   = "too_large"   // over the limit of one message
	ReasonTooDeep    = "too_deep"    // folders nested beyond the limit
	ReasonServer     = "bad_answer"  // the server's answer cannot be read
	ReasonNoData     = "no_data"     // the server lists it but gives no bytes
	ReasonFolder     = "folder"      // the whole folder could not be read
)
