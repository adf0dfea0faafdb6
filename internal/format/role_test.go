package format

import (
	"strings"
	"testing"
)

// TestBodyParts tells which parts are the message and which are files.
func TestBodyParts(t *testing.T) {
	const plain = "Content-Type: text/plain; charset=utf-8\n"
	mixed := func(parts ...string) string {
		return "Content-Type: multipart/mixed; boundary=B\n\n--B\n" + strings.Join(parts, "\n--B\n") + "\n--B--\n"
	}
	for name, c := range map[string]struct{ raw, text, html, files string }{
		"a name is no attachment": {
			"Content-Type: text/plain; name=message.txt\nContent-Disposition: inline; filename=message.txt\n\nokoume", "okoume", "", ""},
		"nor is one of HTML": {
			"Content-Type: text/html; name=Notification.html\n\n<p>iroko", "", "<p>iroko", ""},
		"disposed as attachment": {
			"Content-Type: text/plain\nContent-Disposition: attachment\n\ntatajuba", "", "", ""},
		"named part shown and kept": {
			mixed(plain+"\nbonjour", "Content-Type: text/plain; name=note.txt\nContent-Disposition: inline\n\nla note"), "bonjour\nla note", "", "note.txt"},
		"first part named": {
			mixed("Content-Type: text/plain; name=corps.txt\n\nle corps", "Content-Type: application/pdf; name=a.pdf\n\n%PDF"), "le corps", "", "corps.txt|a.pdf"},
		"text after an attachment": {
			mixed("Content-Type: application/pdf; name=a.pdf\n\n%PDF", plain+"\nle corps", plain+"Content-Disposition: inline\n\n-- \nliste"), "le corps\n-- \nliste", "", "a.pdf"},
		"named alternatives": {
			"Content-Type: multipart/alternative; boundary=B\n\n--B\nContent-Type: text/plain; name=a.txt\n\nun\n--B\nContent-Type: text/html; name=a.html\n\n<p>un\n--B--\n",
			"un", "<p>un", ""},
		"enriched": {
			"Content-Type: text/enriched\n\n<bold>Le corps</bold> <color><param>red</param>zebrano</color> << 5 <luc@b.c>", "Le corps zebrano < 5 <luc@b.c>", "", ""},
		"rich text of 1992": {
			"Content-Type: text/richtext\n\n<bold>un</bold><nl>deux<comment>non</comment> a <lt> b", "un\ndeux a < b", "", ""},
		"markdown": {
			"Content-Type: text/markdown; charset=utf-8\n\nLe **corps**", "Le **corps**", "", ""},
		"markdown first": {
			mixed("Content-Type: text/markdown; name=a.md\n\nLe **corps**", "Content-Type: text/markdown; name=b.md\n\nsuite"), "Le **corps**", "", "a.md|b.md"},
	} {
		m, err := ReadMail(strings.NewReader(c.raw), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, a := range m.Attachments {
			if a.Name != "" {
				files = append(files, a.Name)
			}
		}
		if got := strings.Join(files, "|"); got != c.files || strings.TrimSpace(m.Text) != c.text || strings.TrimSpace(m.HTML) != c.html {
			t.Errorf("%s: text %q, HTML %q, files %q", name, m.Text, m.HTML, got)
		}
	}
}

// TestShownFileLimit bounds what is shown of a file, and keeps all of it as attachment.
func TestShownFileLimit(t *testing.T) {
	lim := DefaultLimits()
	lim.TextBytes = 100
	raw := "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; name=a.txt\n\n" + strings.Repeat("x", 1000) + "\n--B--\n"
	m, err := ReadMail(strings.NewReader(raw), lim, nil)
	if err != nil || len(m.Text) != 100 || m.Attachments[0].Size != 1000 || len(m.Warnings) == 0 {
		t.Errorf("%d bytes shown, %+v, %v (%v)", len(m.Text), m.Attachments, m.Warnings, err)
	}
}
