package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// isCMS tells whether a part may hold a message in CMS (RFC 8551): by its type, or by its
// name where a gateway changed the type to application/octet-stream.
func isCMS(e *entity, name string) bool {
	switch e.mediaType {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return true
	case "application/octet-stream", "application/pkcs7", "application/x-pkcs7", "application/pkcs7-signature", "application/x-pkcs7-signature":
		return strings.HasSuffix(strings.ToLower(name), ".p7m")
	}
	return false
}

// cms reads a part in CMS. The MIME entity of one that is only signed, or compressed,
// takes the part's place; any other part stays the attachment that it is.
func (w *walker) cms(e *entity, name string, body io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(body, cmsBytes+1))
	if err != nil {
		return err
	}
	kind, content, whole := CMSSigned, []byte(nil), true
	switch {
	case len(raw) > cmsBytes:
		w.warn.add(warnCMSLimit, 1)
	case w.layers >= w.lim.ArchiveDepth:
		w.warn.add(warnCMSDepth, 1)
	default:
		kind, content, whole = OpenCMS(raw, cmsBytes)
	}
	declared := strings.ToLower(e.params.token("smime-type"))
	switch {
	case kind == CMSEncrypted || kind == CMSOther && strings.Contains(declared, "enveloped"):
		w.mail.Encrypted = "smime"
	case kind == CMSOther || !whole:
		w.warn.add(warnCMS, 1)
	}
	if !isEntity(content) {
		return w.attachment(w.describe(e, name), io.MultiReader(bytes.NewReader(raw), body))
	}
	return w.within(content, e)
}

// isEntity tells a MIME entity from a file that was signed by itself.
func isEntity(content []byte) bool {
	return knownLine(bytes.TrimLeft(content[:min(len(content), headerScan)], "\r\n"))
}

// within reads a MIME entity that was wrapped into a part, in the part's place.
func (w *walker) within(content []byte, e *entity) error {
	inner := newWalker(bytes.NewReader(content), w.lim, w.attach)
	inner.layers = w.layers + 1
	inner.warn, inner.mail, inner.parts, inner.text, inner.html, inner.charset = w.warn, w.mail, w.parts, w.text, w.html, w.charset
	inner.split.win.normalise()
	child := inner.entity(e.path, e.depth, "text/plain")
	child.alternative = e.alternative
	inner.packed = w.packed
	err := inner.part(child)
	w.packed = inner.packed
	w.warn, w.mail, w.parts, w.text, w.html, w.charset = inner.warn, inner.mail, inner.parts, inner.text, inner.html, inner.charset
	return errors.Join(err, inner.split.win.failure())
}
