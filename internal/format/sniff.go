package format

import (
	"bytes"
	"path"
	"strings"
)

// Kind is what a file is to a source.
type Kind string

// The kinds of container that sources open.
const (
	KindMail  Kind = "mail" // one message
	KindMbox  Kind = "mbox" // messages one after another
	KindZip   Kind = "zip"
	KindOther Kind = "other" // a document, as far as sources care
)

// sniffLeast is how many known fields text without a telling name must begin with
// to be taken for a message.
const sniffLeast = 2

// Sniff tells what a file is by its first bytes (16 KiB are enough) and, where
// those could be either, its name.
func Sniff(first []byte, name string) Kind {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case bytes.HasPrefix(first, []byte("PK\x03\x04")), bytes.HasPrefix(first, []byte("PK\x05\x06")):
		return sniffZip(first, ext)
	}
	sep := parseSeparator(first)
	if beginsBinary(first) && ext != ".eml" && !sep.ok && !looksLikeMail(first) {
		return KindOther
	}
	if sep.ok && sep.header && (sep.dated || ext == ".mbox") {
		return KindMbox
	}
	switch {
	case ext == ".eml" || looksLikeMail(first):
		return KindMail
	case ext == ".mbox" && len(first) == 0:
		return KindMbox
	}
	return KindOther
}

// beginsBinary tells whether bytes begin like no text: with a NUL. Damaged mail may hold
// one too, so that this alone does not tell.
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

// looksLikeMail tells whether text begins with the header of a message.
func looksLikeMail(first []byte) bool {
	known := 0
	rest := bytes.TrimPrefix(first[:min(len(first), mboxAhead)], []byte("\xef\xbb\xbf"))
	for n := 0; len(rest) > 0; n++ {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		line = trimEOL(append(line[:len(line):len(line)], '\n'))
		switch {
		case len(line) == 0 && n > 0:
			return known >= sniffLeast
		case knownLine(line):
			known++
		case n == 0 && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))):
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t') || fieldName(line) > 0:
		default:
			return false
		}
		rest = after
	}
	return known >= sniffLeast
}
