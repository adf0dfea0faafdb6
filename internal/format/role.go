package format

import (
	"bytes"
	"io"
	"strings"
)

// role is what a leaf is to the reader of the message.
type role int

const (
	roleFile role = iota // a file beside the message
	roleBody             // what the message says
	roleBoth             // shown with the message, and a file that may be kept
)

// role tells what a leaf is. A part that its sender declared an attachment is one (RFC
// 2183, section 2.2). Other text is shown, with or without a name, as mail programs do;
// where it is neither the whole message nor an alternative of it, its name makes it a file
// as well. Text with a markup of its own is the body if there is no other.
func (w *walker) role(e *entity, name string) role {
	whole := e.path == "1" && e.depth == 0
	switch {
	case e.mediaType == "message/delivery-status":
		return roleBody // text for people to read (RFC 3464), named or not
	case e.disposition.value == "attachment":
		return roleFile
	case e.mediaType == "text/plain" || e.mediaType == "text/html":
		if name == "" || whole || e.alternative {
			return roleBody
		}
		return roleBoth
	case !isMarkup(e.mediaType):
		return roleFile
	case whole:
		return roleBody
	case len(w.text.parts) == 0 && len(w.html.parts) == 0:
		return roleBoth
	}
	return roleFile
}

// isMarkup tells the types of text that are read as plain text, once what marks it up
// is gone.
func isMarkup(mediaType string) bool {
	switch mediaType {
	case "text/enriched", "text/richtext", "text/markdown", "text/x-markdown":
		return true
	}
	return false
}

// besides notes HTML that is not an alternative to a plain text.
func (w *walker) besides(e *entity) { w.mail.HTMLBeside = w.mail.HTMLBeside || !e.alternative }

// shownFile reads a part that is both an attachment and shown.
func (w *walker) shownFile(e *entity, part MailPart, body io.Reader) error {
	sink := &w.text
	if e.mediaType == "text/html" {
		sink = &w.html
		w.besides(e)
	}
	kept := &capped{left: sink.left}
	if err := w.attachment(part, io.TeeReader(body, kept)); err != nil {
		return err
	}
	if kept.over {
		w.warn.add(warnTextLimit, 1)
	}
	w.addText(sink, kept.b, e)
	return nil
}

// capped keeps the first bytes of what is written to it.
type capped struct {
	b    []byte
	left int64
	over bool
}

// Write never fails: what is over the limit is dropped.
func (c *capped) Write(p []byte) (int, error) {
	n := int(min(int64(len(p)), c.left))
	c.b, c.left, c.over = append(c.b, p[:n]...), c.left-int64(n), c.over || n < len(p)
	return len(p), nil
}

// unmarked gives the text of text/enriched (RFC 1896) and text/richtext (RFC 1341).
// Markdown is made to be read as it stands.
func unmarked(mediaType string, raw []byte) []byte {
	enriched := mediaType == "text/enriched"
	if !enriched && mediaType != "text/richtext" {
		return raw
	}
	var out []byte
	hidden := 0 // within what is not shown: parameters, comments
	for len(raw) > 0 {
		if enriched && bytes.HasPrefix(raw, []byte("<<")) {
			out, raw = append(out, '<'), raw[2:]
			continue
		}
		tag, n := markupTag(raw)
		switch {
		case n > 0:
			hidden = max(0, hidden+hides(tag))
			out = append(out, breakOf(tag)...)
		case hidden == 0:
			out = append(out, raw[0])
		}
		raw = raw[max(1, n):]
	}
	return out
}

// markupTag gives the name of the tag that text begins with, and its length; 0 for
// none.
func markupTag(raw []byte) (string, int) {
	const longest = 64 // RFC 1896 allows 60
	if raw[0] != '<' {
		return "", 0
	}
	end := bytes.IndexByte(raw[:min(len(raw), longest)], '>')
	if end < 2 || bytes.ContainsAny(raw[1:end], " <@") {
		return "", 0
	}
	return strings.ToLower(string(raw[1:end])), end + 1
}

// hides tells whether a tag begins or ends what is not shown.
func hides(tag string) int {
	switch tag {
	case "param", "comment":
		return 1
	case "/param", "/comment":
		return -1
	}
	return 0
}

// breakOf gives what a tag of text/richtext stands for.
func breakOf(tag string) string {
	switch tag {
	case "nl", "np", "/paragraph":
		return "\n"
	case "lt":
		return "<"
	}
	return ""
}
