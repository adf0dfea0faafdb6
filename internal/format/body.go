package format

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// htmlJoint stands between two HTML parts. It displays nothing, and closes an attribute or
// a tag that the first part left open, so that this cannot swallow the second part.
const htmlJoint = "\n<!-- '\"> -->\n"

// textSink gathers the parts of one kind of body text.
type textSink struct {
	parts []string
	left  int64 // bytes that may still be gathered
}

// join puts the parts together.
func (t *textSink) join(joint string) string {
	if len(t.parts) == 1 {
		return t.parts[0]
	}
	var b strings.Builder
	for i, p := range t.parts {
		if i > 0 && (joint != "\n" || !strings.HasSuffix(t.parts[i-1], "\n")) {
			b.WriteString(joint)
		}
		b.WriteString(p)
	}
	return b.String()
}

// shown reads a part of the body that holds nothing but text.
func (w *walker) shown(e *entity, sink *textSink, body io.Reader) error {
	raw, err := w.gather(w.raw[:0], body, sink.left)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	w.raw = raw
	w.addText(sink, raw, e)
	return nil
}

// plain reads a plain text part of the body. Uuencoded files in it become
// attachments.
func (w *walker) plain(e *entity, body io.Reader) error {
	raw, from, files := w.raw[:0], 0, 0
	var end error
	for end == nil {
		// A piece at a time: a file in the text may be many times larger than the text
		// that is kept.
		if raw, end = w.gatherSome(raw, body, w.text.left); end != nil && !errors.Is(end, io.EOF) {
			return end
		}
		for {
			at, data, begin, more := findUU(raw, from, end != nil)
			if from = at; more {
				break
			}
			files++
			u := newUUReader(body, raw[data:], begin.base64)
			if err := w.attachment(w.uuPart(e, begin.name, files), u); err != nil {
				return err
			}
			u.d.report(&w.warn)
			raw = append(raw[:at], u.text...)
			if end == nil {
				end = u.ended
			}
		}
	}
	w.raw = raw
	w.addText(&w.text, raw, e)
	return nil
}

// uuPart describes the nth uuencoded file of a text part.
func (w *walker) uuPart(e *entity, name string, n int) MailPart {
	return MailPart{
		Path: e.path + ".u" + strconv.Itoa(n), Name: w.fileName(param{value: name}, e.params.token("charset")),
		MediaType: "application/octet-stream", Disposition: "attachment",
	}
}

// gather appends a body's bytes to raw up to a limit, and skips the rest: it returns
// at the body's end, with io.EOF, or at its fault.
func (w *walker) gather(raw []byte, body io.Reader, limit int64) (_ []byte, err error) {
	for err == nil {
		raw, err = w.gatherSome(raw, body, limit)
	}
	return raw, err
}

// gatherSome appends the next bytes of a body to raw; over a limit, it skips the rest.
func (w *walker) gatherSome(raw []byte, body io.Reader, limit int64) ([]byte, error) {
	raw = slices.Grow(raw, 2*decodeRoom)
	n, err := body.Read(raw[len(raw):cap(raw)])
	raw = raw[:len(raw)+n]
	if int64(len(raw)) > limit {
		w.warn.add(warnTextLimit, 1)
		return raw[:limit], skip(body, err)
	}
	return raw, err
}

// skip reads what is left of a body that has not ended.
func skip(body io.Reader, err error) error {
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if err == nil {
		err = io.EOF
	}
	return err
}

// addText decodes a body part's bytes and adds them to what is shown.
func (w *walker) addText(sink *textSink, raw []byte, e *entity) {
	charset := e.params.token("charset")
	if charset == "" && e.mediaType == "text/html" {
		charset = metaCharset(raw)
	}
	s := cleanText(unmarked(e.mediaType, decodeText(raw, charset, w.charset, &w.warn)))
	if strings.EqualFold(e.params.token("format"), "flowed") {
		s = unflow(s, strings.EqualFold(e.params.token("delsp"), "yes"))
	}
	if sink == &w.text && strings.Contains(s, "-----BEGIN PGP MESSAGE-----") && w.mail.Encrypted == "" {
		w.mail.Encrypted = "pgp"
	}
	if int64(len(s)) > sink.left {
		s = cutText(s, sink.left)
		w.warn.add(warnTextLimit, 1)
	}
	sink.left -= int64(len(s))
	if strings.TrimSpace(s) != "" {
		sink.parts = append(sink.parts, s)
	}
}

// metaCharset gives the charset that HTML declares in its first bytes, or "".
func metaCharset(raw []byte) string {
	head := bytes.ToLower(raw[:min(len(raw), 2<<10)])
	_, after, ok := bytes.Cut(head, []byte("charset="))
	if !ok || !bytes.Contains(head, []byte("<meta")) {
		return ""
	}
	after = bytes.TrimLeft(after, "\"' ")
	if i := bytes.IndexAny(after, "\"' />;"); i >= 0 {
		return string(after[:i])
	}
	return ""
}

// finishBody puts the body together.
func (w *walker) finishBody() {
	m := &w.mail
	m.Text, m.HTML = w.text.join("\n"), w.html.join(htmlJoint)
	w.unpack()
	m.HTMLBeside = m.HTMLBeside && m.Text != "" && m.HTML != ""
	if m.HTMLBeside {
		w.warn.add(warnHTMLBeside, 1)
	}
}

// unflow joins the lines that format=flowed broke (RFC 3676): those that end in a
// space, with the next of the same quote depth. The signature separator is never
// joined.
func unflow(s string, delSp bool) string {
	if !strings.Contains(s, " \n") && !strings.Contains(s, "\n ") && !strings.HasPrefix(s, " ") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	open, depth := false, 0 // a flowed line waits for its next, of that depth
	for line := range strings.SplitAfterSeq(s, "\n") {
		text, ended := strings.CutSuffix(line, "\n")
		d := len(text) - len(strings.TrimLeft(text, ">"))
		prefix := text[:d]
		text = strings.TrimPrefix(text[d:], " ")
		flowed := strings.HasSuffix(text, " ") && text != "-- "
		if open && (d != depth || text == "-- ") {
			b.WriteByte('\n')
			open = false
		}
		if !open && d > 0 {
			b.WriteString(prefix)
			if text != "" {
				b.WriteByte(' ')
			}
		}
		if flowed && delSp && ended {
			text = text[:len(text)-1]
		}
		b.WriteString(text)
		open, depth = flowed && ended, d
		if ended && !open {
			b.WriteByte('\n')
		}
	}
	return norm.NFC.String(b.String())
}
