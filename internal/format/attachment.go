package format

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"path"
	"strings"
)

// attachment hands a part's bytes to the caller, and hashes them on their way.
func (w *walker) attachment(part MailPart, body io.Reader) error {
	t := &tally{r: body, h: sha256.New()}
	if w.attach != nil {
		if err := w.attach(part, t); err != nil {
			return err
		}
	}
	if w.drain == nil {
		w.drain = make([]byte, drainSize)
	}
	for {
		if _, err := t.Read(w.drain); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	part.Size = t.n
	t.h.Sum(part.SHA256[:0])
	w.mail.Attachments = append(w.mail.Attachments, part)
	return nil
}

// tally hashes and counts what is read through it.
type tally struct {
	r io.Reader
	h hash.Hash
	n int64
}

// Read passes bytes on, so that an attachment is hashed while it is read.
func (t *tally) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.h.Write(p[:n])
	t.n += int64(n)
	return n, err
}

// describe says what is known of an attachment before it is read.
func (w *walker) describe(e *entity, name string) MailPart {
	part := MailPart{
		Path: e.path, Name: name, MediaType: e.mediaType, Charset: e.params.token("charset"),
		Disposition: e.disposition.value, ContentID: cleanID(strings.Trim(e.header.Get("Content-ID"), "<> \t")),
	}
	if !e.declared && e.mediaType == "text/plain" {
		part.MediaType = "application/octet-stream"
	}
	if part.Disposition != "attachment" && part.Disposition != "inline" {
		part.Disposition = ""
	}
	return part
}

// partName gives a part's decoded file name (RFC 2183, RFC 2231; or RFC 2047 and
// raw 8-bit, which mailers use in their place). Slashes in it are text: it names what
// was sent, and nothing is ever written to it (RFC 2183, 2.3).
func (w *walker) partName(e *entity) string {
	p, ok := e.disposition.get("filename")
	if !ok || strings.TrimSpace(p.value) == "" {
		p, _ = e.params.get("name")
	}
	return w.fileName(p, e.params.token("charset"))
}

// fileName decodes a file name, shortens one that is too long, and drops the folders of a
// full Windows path, which old programs sent as a name.
func (w *walker) fileName(p param, charset string) string {
	if p.value == "" {
		return ""
	}
	if charset == "" {
		charset = w.charset
	}
	s := p.value
	if p.extended {
		s = string(decodeText([]byte(s), p.charset, charset, &w.warn))
	} else if !isASCII([]byte(s)) {
		s = string(decodeText([]byte(s), "utf-8", charset, &w.warn))
	}
	return keptName(cleanLine(decodeWords(s, charset, &w.warn)))
}

// keptName gives a name as it is kept: as it was sent, but without the path on the
// sender's machine, and shortened if too long.
func keptName(s string) string {
	if i := strings.LastIndexByte(s, '\\'); isWindowsPath(s) && i < len(s)-1 {
		s = s[i+1:]
	}
	return cutName(s)
}

// isWindowsPath tells a path from the root of a drive or of a server.
func isWindowsPath(s string) bool {
	letter := len(s) > 2 && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
	return letter && strings.HasPrefix(s[1:], `:\`) || strings.HasPrefix(s, `\\`)
}

// cutName shortens a name before its extension, which tells what the file is.
func cutName(s string) string {
	ext := path.Ext(s)
	if len(s) <= nameMost || len(ext) > 16 {
		return cutText(s, nameMost)
	}
	return cutText(s, int64(nameMost-len(ext))) + ext
}
