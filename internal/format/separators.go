package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// CountSeparators counts the separators of messages in a file that was taken for one
// document: 0 where there are not several messages, as far as separators tell. It reads
// the file to its end, unless it does not begin like text.
func CountSeparators(r io.Reader) (int64, error) {
	m := NewMbox(r, 0, MboxRD)
	m.win.normalise()
	head := m.win.ahead(mboxAhead)
	if beginsBinary(head) || CompressionOf(head) != "" {
		return 0, nil
	}
	messages, attached := 0, holdsParts(head)
	for {
		msg, err := m.Next()
		switch {
		case errors.Is(err, io.EOF) && messages > 1 && (!attached || m.Separators() > 1):
			return m.Separators(), nil
		case errors.Is(err, io.EOF):
			return 0, nil
		case err != nil:
			return 0, err
		}
		// A line of text may look like a separator: a single one counts only if it is
		// complete.
		if messages == 0 || !msg.Ambiguous || m.Separators() > 1 {
			messages++
		}
	}
}

// holdsParts tells whether text begins with the header of a message that may have others
// attached, one of which may have kept its separator.
func holdsParts(head []byte) bool {
	kind := strings.ToLower(rawField(head[:headerEnd(head)], "content-type"))
	return strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/")
}

// MayHoldSeparators tells whether some line of the bytes begins like a separator: if none
// does, there is nothing to count.
func MayHoldSeparators(b []byte) bool {
	return isUTF16(b) || bytes.Contains(b, []byte("\nFrom ")) || bytes.Contains(b, []byte("\rFrom "))
}
