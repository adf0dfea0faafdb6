package format

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// brokenFiles gives the fixtures below a folder of corpus/mail/broken.
func brokenFiles(t *testing.T, folder string) []string {
	t.Helper()
	root := filepath.Join(corpusDir(t), "mail", "broken", folder)
	var list []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestBroken reads every broken fixture: each gives a mail whose text is clean and
// whose parts account for its bytes, or a warning.
func TestBroken(t *testing.T) {
	files := brokenFiles(t, "")
	for _, name := range files {
		raw := readFile(t, name)
		m, err := ReadMail(bytes.NewReader(raw), DefaultLimits(), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkText(t, name, m.Text+m.HTML+m.Subject)
		nothing := m.Text == "" && m.HTML == "" && len(m.Attachments) == 0
		_, body, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r"), nil), []byte("\n\n"))
		if nothing && len(m.Warnings) == 0 && len(bytes.TrimSpace(body)) > 200 {
			t.Errorf("%s: %d bytes of body give nothing, and no warning", name, len(body))
		}
	}
	t.Logf("%d fixtures", len(files))
}

// TestBrokenOracles compares the broken fixtures with the fields both oracles agree
// on, but for what is read better here.
func TestBrokenOracles(t *testing.T) {
	dir := corpusDir(t)
	known := map[string]string{
		"mail-mime-parser/m0018.txt attachments":                           "uuencoded files in the text are attachments",
		"stalwart/legacy/049.eml attachments":                              "uuencoded files in the text are attachments",
		"mimetools/sig-uu.msg attachments":                                 "uuencoded files in the text are attachments",
		"mimetools/uu-junk.msg attachments":                                "uuencoded files in the text are attachments",
		"mimetools/uu-zeegee.msg attachments":                              "uuencoded files in the text are attachments",
		"ruby-mail/plain_emails/raw_email_bad_time.eml date":               "the year 3609 is no date of a mail",
		"ruby-mail/plain_emails/raw_email_incorrect_header.eml message_id": "a line that is no field does not end the header",
		"ruby-mail/rfc2822/example13.eml from":                             "white space before the colon is obsolete, not wrong (RFC 5322, 4.5)",
		"ruby-mail/rfc2822/example13.eml to":                               "white space before the colon is obsolete, not wrong (RFC 5322, 4.5)",
		"ruby-mail/rfc2822/example13.eml date":                             "white space before the colon is obsolete, not wrong (RFC 5322, 4.5)",
		"ruby-mail/rfc2822/example13.eml message_id":                       "white space before the colon is obsolete, not wrong (RFC 5322, 4.5)",
	}
	scored := 0
	for _, m := range readExpected(t, dir) {
		id, ok := strings.CutPrefix(m.ID, "mail/broken/")
		if !ok {
			continue
		}
		got, err := ReadMail(bytes.NewReader(readFile(t, filepath.Join(dir, m.ID))), DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range compare(got, m) {
			scored++
			if _, ok := known[id+" "+c.field]; !ok && c.got != c.want {
				t.Errorf("%s %s:\n got %q\nwant %q", m.ID, c.field, c.got, c.want)
			}
		}
	}
	t.Logf("%d fields scored, %d differences known", scored, len(known))
}

// stalwartMail is the part of stalwart's expected parse that can be compared.
type stalwartMail struct {
	Parts []struct {
		Body map[string]json.RawMessage `json:"body"`
	} `json:"parts"`
}

// TestBrokenStalwart wants every text that stalwart's parser finds to be found:
// shown, or in an attachment.
func TestBrokenStalwart(t *testing.T) {
	agree, texts := 0, 0
	for _, name := range brokenFiles(t, "stalwart") {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		raw, err := os.ReadFile(strings.TrimSuffix(name, ".json") + ".eml")
		if err != nil {
			continue
		}
		var want stalwartMail
		if err := json.Unmarshal(readFile(t, name), &want); err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		all := allText(t, raw)
		for _, p := range want.Parts {
			for _, kind := range []string{"Text", "Html"} {
				var s string
				if json.Unmarshal(p.Body[kind], &s) != nil || squeeze(s) == "" || strings.Contains(s, "\ufffd") {
					continue // nothing to find, or characters that the other has lost
				}
				texts++
				if strings.Contains(all, squeeze(cleanText([]byte(s)))) {
					agree++
				} else {
					t.Logf("%s: not found: %.200q", filepath.Base(name), s)
				}
			}
		}
	}
	t.Logf("%d of %d texts found", agree, texts)
	if texts == 0 || agree*100 < texts*95 {
		t.Errorf("%d of %d texts found", agree, texts)
	}
}

// allText gives all that a message says, attachments too, white space squeezed.
func allText(t *testing.T, raw []byte) string {
	t.Helper()
	var files strings.Builder
	m, err := ReadMail(bytes.NewReader(raw), DefaultLimits(), func(p MailPart, b io.Reader) error {
		data, err := io.ReadAll(b)
		var warn warnings
		files.WriteString(" " + cleanText(decodeText(data, p.Charset, "", &warn)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return squeeze(m.Text) + " " + squeeze(m.HTML) + " " + squeeze(files.String())
}

// mimetoolsPart is the structure that the torture set of Perl's MIME-tools expects.
type mimetoolsPart struct {
	Fields []string        `xml:"header>field"`
	Parts  []mimetoolsPart `xml:"multipart>body-part"`
	Body   string          `xml:"body"`
	Nested []mimetoolsPart `xml:"message"`
}

// leaves counts the parts that have a body.
func (p *mimetoolsPart) leaves() int {
	if len(p.Nested) > 0 {
		return 1
	}
	if len(p.Parts) == 0 {
		if strings.TrimSpace(p.Body) == "" {
			return 0
		}
		return 1
	}
	n := 0
	for i := range p.Parts {
		n += p.Parts[i].leaves()
	}
	return n
}

// TestBrokenMimetools wants as many parts as mime4j expects of the torture set, and
// its subject.
func TestBrokenMimetools(t *testing.T) {
	known := map[string]string{
		"badbound":    "a multipart whose delimiter never comes is shown as text, not dropped",
		"hdr-fakeout": "a multipart whose delimiter never comes is shown as text, not dropped",
		"sig-uu":      "uuencoded files in the text are attachments",
		"uu-junk":     "uuencoded files in the text are attachments",
		"uu-zeegee":   "uuencoded files in the text are attachments",
	}
	compared := 0
	for _, name := range brokenFiles(t, "mimetools") {
		base, ok := strings.CutSuffix(name, ".xml")
		if !ok {
			continue
		}
		var want mimetoolsPart
		if err := xml.Unmarshal(readFile(t, name), &want); err != nil {
			t.Logf("%s: %v", filepath.Base(name), err)
			continue
		}
		raw := readFile(t, base+".msg")
		shown := 0
		w := newWalker(bytes.NewReader(raw), DefaultLimits(), nil)
		if err := w.message(); err != nil {
			t.Fatal(err)
		}
		m := w.finish()
		shown = len(w.text.parts) + len(w.html.parts) + len(m.Attachments)
		compared++
		for _, a := range m.Attachments {
			if a.SHA256 == relais.DigestOf(nil) {
				shown-- // parts without bytes are not counted by the other
			} else if a.Disposition != "attachment" && (a.MediaType == "text/plain" || a.MediaType == "text/html") {
				shown-- // it is shown as well
			}
		}
		if n := want.leaves(); n != shown {
			if _, ok := known[filepath.Base(base)]; !ok {
				t.Errorf("%s: %d parts, want %d", filepath.Base(name), shown, n)
			}
		}
	}
	t.Logf("%d structures compared", compared)
}
