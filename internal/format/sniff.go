package format

import (
	"bytes"
	"path"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// Kind is what a file is to a source.
type Kind string

// The kinds of container that sources open.
const (
	KindMail  Kind = "mail" // one message
	KindMbox  Kind = "mbox" // messages one after another
	KindEmlx  Kind = "emlx" // one message of Apple Mail: see [Emlx]
	KindZip   Kind = "zip"
	KindOther Kind = "other" // a document, as far as sources care
)

// Sniff tells what a file is by its first bytes (16 KiB are enough) and, where
// those could be either, its name. A byte order mark, blank lines and CR alone as line
// end change nothing.
func Sniff(first []byte, name string) Kind {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case bytes.HasPrefix(first, []byte("PK\x03\x04")), bytes.HasPrefix(first, []byte("PK\x05\x06")):
		return sniffZip(first, ext)
	}
	if isEmlx(first, ext) {
		return KindEmlx
	}
	text, wide := plainStart(first)
	sep := parseSeparator(text)
	switch {
	case !wide && sep.opens(NamesMbox(name)):
		return KindMbox
	case ext == ".eml" || looksLikeMail(text):
		return KindMail
	case ext == ".mbox" && len(first) == 0:
		return KindMbox
	}
	return KindOther
}

// NamesMbox tells whether a file is named as mail programs name mailboxes.
func NamesMbox(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".mbox", ".mbx":
		return true
	}
	return path.Base(name) == "mbox"
}

// MayBeMbox tells by a few first bytes, at least 16, whether to look at more for an mbox.
func MayBeMbox(first []byte) bool {
	rest := first[beforeText(first):]
	return len(rest) == 0 || bytes.HasPrefix(rest, []byte("From "))
}

// isUTF16 tells by the byte order mark.
func isUTF16(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff"))
}

// plainStart gives the first bytes of a text as they are looked at: in UTF-8, lines that
// end in LF, without what may stand before the first one. It says so if the text is
// UTF-16.
func plainStart(first []byte) (text []byte, wide bool) {
	text = first[:min(len(first), mboxAhead)]
	if isUTF16(text) {
		wide = true
		text, _ = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(text[:len(text)&^1])
	}
	if endsInCR(text) {
		text = bytes.Clone(text)
		swapEnds(text)
	}
	return text[beforeText(text):], wide
}

// beginsBinary tells whether bytes do not begin like text, by a NUL among them. Damaged
// mail may hold one too, so that this alone proves nothing.
func beginsBinary(first []byte) bool {
	return bytes.IndexByte(first[:min(len(first), 512)], 0) >= 0 && !bytes.HasPrefix(first, []byte("\xff\xfe"))
}

// sniffZip tells archives from the documents that are zip files inside: their
// first member gives them away, or their name.
func sniffZip(first []byte, ext string) Kind {
	switch ext {
	case "", ".zip":
	default:
		return KindOther
	}
	for _, member := range []string{"[Content_Types].xml", "mimetype", "_rels/", "word/", "xl/", "ppt/", "META-INF/"} {
		if len(first) > 30 && bytes.HasPrefix(first[30:], []byte(member)) && ext == "" {
			return KindOther
		}
	}
	return KindZip
}
