package format

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

// isTNEF tells whether Outlook may have packed a message into a part.
func isTNEF(e *entity, name string) bool {
	switch e.mediaType {
	case "application/ms-tnef", MediaTNEF:
		return true
	case "application/octet-stream":
		return strings.EqualFold(name, "winmail.dat")
	}
	return false
}

// tnef reads a part in TNEF: it stays the attachment that it is, those within it are
// listed after it, and its body is the message's where that has none of its own.
func (w *walker) tnef(e *entity, name string, body io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(body, tnefBytes+1))
	if err != nil {
		return err
	}
	if err := w.attachment(w.describe(e, name), io.MultiReader(bytes.NewReader(raw), body)); err != nil {
		return err
	}
	if len(raw) > tnefBytes {
		w.warn.add(warnTNEFLimit, 1)
		return nil
	}
	t, ok := ReadTNEF(raw, w.lim)
	if !ok {
		w.warn.add(warnTNEF, 1)
		return nil
	}
	w.mail.Attachments[len(w.mail.Attachments)-1].Opened = true
	if t.Cut {
		w.warn.add(warnTNEF, 1)
	}
	if w.packed == nil {
		w.packed = t
	}
	for i, f := range t.Files {
		if err := w.tnefFile(e.path, i+1, f); err != nil {
			return err
		}
	}
	return nil
}

// tnefFile lists the nth file within a part.
func (w *walker) tnefFile(within string, n int, f TNEFFile) error {
	if w.parts >= w.lim.Parts {
		w.warn.add(warnMIMEParts, 1)
		return nil
	}
	w.parts++
	part := MailPart{
		Path: within + ".t" + strconv.Itoa(n), Within: within, Name: f.Name, MediaType: f.MediaType,
		Disposition: "attachment", ContentID: f.ContentID,
	}
	if part.MediaType == "" {
		part.MediaType = "application/octet-stream"
	}
	return w.attachment(part, bytes.NewReader(f.Body))
}

// unpack adds the body that stood in TNEF, now that the other parts are known: plain text
// that they do not contain, and its richer form if there is none.
func (w *walker) unpack() {
	if w.packed == nil {
		return
	}
	m, t := &w.mail, w.packed
	if !strings.Contains(blanksAsOne(m.Text), blanksAsOne(t.Text)) {
		m.Text = strings.TrimLeft(strings.TrimRight(m.Text, "\n")+"\n"+t.Text, "\n")
	}
	if strings.TrimSpace(m.HTML) != "" {
		return
	}
	if m.HTML = t.HTML; m.HTML == "" {
		m.RTF = t.RTF
	}
}

// blanksAsOne makes texts comparable that were broken into other lines.
func blanksAsOne(s string) string { return strings.Join(strings.Fields(s), " ") }
