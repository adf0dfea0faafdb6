package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// bytes writes the message as RFC 5322 and MIME (RFC 2045) have it.
func (l *letter) bytes() ([]byte, error) {
	var b bytes.Buffer
	l.headers(&b)
	root, body, err := l.body()
	if err != nil {
		return nil, err
	}
	if len(l.files) > 0 {
		if root, body, err = l.withFiles(root, body); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		if v := root.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	b.WriteString("\r\n")
	b.Write(body)
	if l.damaged {
		return cut(b.Bytes()), nil
	}
	return b.Bytes(), nil
}

// cut ends a message in the middle of its attachment, as a broken transfer does.
func cut(b []byte) []byte {
	at := bytes.LastIndex(b, []byte("\r\n\r\n"))
	return b[:at+(len(b)-at)/2]
}

func (l *letter) headers(b *bytes.Buffer) {
	header := func(name, value string) { fmt.Fprintf(b, "%s: %s\r\n", name, value) }
	if l.from.key != rep {
		header("Return-Path", "<"+l.from.email+">")
		fmt.Fprintf(b, "Received: from mx.%s ([192.0.2.%d])\r\n\tby mail.%s with ESMTPS id %s;\r\n\t%s\r\n",
			l.from.domain(), 1+len(l.from.key)%250, companyDomain, l.id[:12], l.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	}
	header("From", l.addresses([]*person{l.from}))
	header("To", l.addresses(l.to))
	if len(l.cc) > 0 {
		header("Cc", l.addresses(l.cc))
	}
	header("Subject", l.word(l.subject))
	header("Date", l.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	header("Message-ID", "<"+l.id+">")
	if l.parent != nil {
		header("In-Reply-To", "<"+l.parent.id+">")
		header("References", "<"+strings.Join(l.references(), ">\r\n <")+">")
	}
	header("X-Mailer", l.manner.mailer)
	if l.manner.name == "newsletter" && l.from.title == "" && l.topic == "newsletter" {
		header("List-Unsubscribe", "<https://"+l.from.domain()+"/desabonnement>")
		header("Precedence", "bulk")
	}
	header("MIME-Version", "1.0")
}

func (l *letter) references() (ids []string) {
	for p := l.parent; p != nil; p = p.parent {
		ids = append([]string{p.id}, ids...)
	}
	return ids
}

func (l *letter) addresses(list []*person) string {
	all := make([]string, len(list))
	for i, p := range list {
		name := l.word(p.name)
		if name == p.name && strings.ContainsAny(name, ",.&()") {
			name = `"` + name + `"`
		}
		all[i] = name + " <" + p.email + ">"
	}
	return strings.Join(all, ",\r\n\t")
}

// word encodes a header's words (RFC 2047) in the writer's own charset.
func (l *letter) word(s string) string {
	charset, text := l.encode(s)
	if l.manner.encoding == "base64" {
		return mime.BEncoding.Encode(charset, text)
	}
	return mime.QEncoding.Encode(charset, text)
}

// encode gives text in the writer's charset, or in UTF-8 where that has no such
// characters.
func (l *letter) encode(s string) (charset, text string) {
	maps := map[string]*charmap.Charmap{"iso-8859-1": charmap.ISO8859_1, "windows-1252": charmap.Windows1252}
	if m := maps[l.manner.charset]; m != nil {
		if text, err := m.NewEncoder().String(s); err == nil {
			return l.manner.charset, text
		}
	}
	if l.manner.charset == "us-ascii" && strings.IndexFunc(s, func(r rune) bool { return r > 126 }) < 0 {
		return "us-ascii", s
	}
	return "utf-8", s
}

// body gives the text part, or the alternatives.
func (l *letter) body() (textproto.MIMEHeader, []byte, error) {
	plain, err := l.encoded("text/plain", l.plain(maxQuoted))
	if err != nil || !l.manner.html && !l.manner.htmlOnly {
		return plain.header, plain.data, err
	}
	rich, err := l.encoded("text/html", page(l.subject, l.markup(maxQuoted)))
	if err != nil || l.manner.htmlOnly {
		return rich.header, rich.data, err
	}
	return l.multipart("multipart/alternative", plain, rich)
}

type part struct {
	header textproto.MIMEHeader
	data   []byte
}

// encoded encodes a text twice: to its charset, then to its transfer encoding.
func (l *letter) encoded(media, text string) (part, error) {
	charset, text := l.encode(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"))
	p := part{header: textproto.MIMEHeader{}}
	p.header.Set("Content-Type", media+"; charset="+charset)
	p.header.Set("Content-Transfer-Encoding", l.manner.encoding)
	var b bytes.Buffer
	switch l.manner.encoding {
	case "base64":
		wrapBase64(&b, []byte(text))
	case "quoted-printable":
		w := quotedprintable.NewWriter(&b)
		_, err := io.WriteString(w, text)
		if cerr := w.Close(); err != nil || cerr != nil {
			return p, fmt.Errorf("encode text: %w", err)
		}
	default:
		b.WriteString(text)
	}
	b.WriteString("\r\n")
	p.data = b.Bytes()
	return p, nil
}

// multipart joins parts. The boundary follows from the message, so that it is the
// same on every run.
func (l *letter) multipart(media string, parts ...part) (textproto.MIMEHeader, []byte, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	h := fnv.New64a()
	_, _ = io.WriteString(h, media+l.id) // a hash never fails
	if err := w.SetBoundary(fmt.Sprintf("----=_Part_%016x", h.Sum64())); err != nil {
		return nil, nil, err
	}
	for _, p := range parts {
		out, err := w.CreatePart(p.header)
		if err != nil {
			return nil, nil, err
		}
		if _, err := out.Write(p.data); err != nil {
			return nil, nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Type", media+"; boundary=\""+w.Boundary()+"\"")
	return header, b.Bytes(), nil
}

func (l *letter) withFiles(root textproto.MIMEHeader, body []byte) (textproto.MIMEHeader, []byte, error) {
	parts := []part{{root, body}}
	for _, f := range l.files {
		p := part{header: textproto.MIMEHeader{}}
		name := mime.QEncoding.Encode("utf-8", f.name)
		p.header.Set("Content-Type", f.media+"; name=\""+name+"\"")
		p.header.Set("Content-Transfer-Encoding", "base64")
		if l.manner.boxed { // Outlook encodes as in headers, others as RFC 2231 wants
			p.header.Set("Content-Disposition", "attachment; filename=\""+name+"\"")
		} else {
			p.header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
		}
		var b bytes.Buffer
		wrapBase64(&b, f.data)
		p.data = b.Bytes()
		parts = append(parts, p)
	}
	return l.multipart("multipart/mixed", parts...)
}

func wrapBase64(b *bytes.Buffer, data []byte) {
	text := base64.StdEncoding.EncodeToString(data)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text)
}
