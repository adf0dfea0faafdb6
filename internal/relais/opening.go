package relais

import (
	"context"
	"io"
)

// Codes of warnings that a document has because of how it was opened, not of how it was
// read when it came.
const (
	// WarnTextDamaged: its text rests in the archive and cannot be read back.
	WarnTextDamaged = "text_damaged"
	// WarnTextLong: its text goes on behind the part that an extract is made from.
	WarnTextLong = "text_long"
)

// Opening is a document with the beginning of its text.
type Opening struct {
	// Document has as much of its text as was asked for, and its new text when that is
	// all of it. Of a damaged one it has neither, and a warning that says so.
	Document Document
	Cut      bool // its text goes on
	Damaged  bool // its text cannot be read
	// Whole opens the text from its start; nil where there is none. The caller closes it.
	// One that is damaged further on fails there, with an error of KindDamaged.
	Whole func(ctx context.Context) (Text, error)
}

// Text is a text that is read as it is needed, in UTF-8. Its ranges are authenticated; that
// the whole is what it was, Read proves at its end.
type Text interface {
	io.ReadCloser
	io.ReaderAt
	Size() int64 // in bytes
}

// MarkDamaged takes the text off a document that cannot be read back, and says so on it.
func (o *Opening) MarkDamaged() {
	o.Damaged, o.Cut, o.Whole = true, false, nil
	o.Document.Text, o.Document.NewText = "", ""
	o.Document.Warnings = append(o.Document.Warnings[:len(o.Document.Warnings):len(o.Document.Warnings)], Warning{Code: WarnTextDamaged})
}

// Lost tells an error of bytes that are gone or are not what they were, which tells nothing
// of others, from one of the moment.
func Lost(err error) bool {
	switch KindOf(err) {
	case KindDamaged, KindNotFound:
		return true
	}
	return false
}
