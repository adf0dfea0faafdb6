package format

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
	"github.com/jhillyerd/enmime/v2"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/relais-archive/relais/internal/relais"
)

// reading is what one reader makes of a message: all that it gave before it ended,
// and whether it ended before the message did.
type reading struct {
	subject, text string
	plain         string   // the text as words are looked for in it
	people, date  string   // the addresses of From, To and Cc, sorted; RFC 3339 in UTC
	files         []string // the digests of every leaf, whatever its type
	refused       bool     // nothing at all, not even a header
	stopped       bool     // an error in the middle
}

// readers are the ways to read mail that Go offers, ours last. Each is used as its
// documentation shows, and given the benefit of the doubt: what it read before an
// error counts, and each of its leaves may be the attachment that is looked for.
func readers() []struct {
	name string
	read func(raw []byte) reading
} {
	return []struct {
		name string
		read func(raw []byte) reading
	}{
		{"net/mail", readStandard}, {"go-message", readGoMessage}, {"enmime", readEnmime}, {"ours", readOurs},
	}
}

// loss counts what a reader lost of what Python's email and mailparser agree on.
type loss struct{ refused, stopped, subjects, people, dates, files, words, wordless, garbled int }

// TestReaders counts, over all mail of the corpus, what each reader loses: ours loses
// no more than any other, in any column. ADR 14 has the table.
func TestReaders(t *testing.T) {
	if testing.Short() {
		t.Skip("some ten seconds, most of them enmime's")
	}
	dir := corpusDir(t)
	for _, set := range []struct {
		name string
		in   func(id string) bool
	}{
		{"real", func(id string) bool { return !strings.HasPrefix(id, "mail/broken/") }},
		{"broken", func(id string) bool { return strings.HasPrefix(id, "mail/broken/") }},
	} {
		t.Run(set.name, func(t *testing.T) {
			want := slices.DeleteFunc(readExpected(t, dir), func(m expectedMail) bool { return !set.in(m.ID) })
			losses, whole := tallyAll(t, dir, want)
			ours := losses[len(losses)-1]
			t.Logf("%d messages; what there is to lose, and what each loses:\n%-10s %+v", len(want), "", whole)
			for i, r := range readers() {
				t.Logf("%-10s %+v", r.name, losses[i])
				if ours.more(losses[i]) {
					t.Errorf("ours loses more than %s", r.name)
				}
			}
		})
	}
}

// more tells whether l exceeds o in any column.
func (l loss) more(o loss) bool {
	return l.refused > o.refused || l.stopped > o.stopped || l.subjects > o.subjects || l.people > o.people ||
		l.dates > o.dates || l.files > o.files || l.words > o.words || l.wordless > o.wordless || l.garbled > o.garbled
}

// tallyAll gives the losses by reader, and what there was to lose. A word of the
// oracles counts if any of the readers finds it: the others are of their own making.
func tallyAll(t *testing.T, dir string, want []expectedMail) (losses []loss, whole loss) {
	var ids []string
	for _, m := range want {
		ids = append(ids, m.ID)
	}
	messages := corpusMessages(t, dir, ids)
	list := readers()
	losses = make([]loss, len(list))
	for _, m := range want {
		readings := make([]reading, len(list))
		for i, r := range list {
			readings[i] = r.read(messages[m.ID])
			readings[i].plain = searchable(readings[i].text)
		}
		words := wordsOf(m, readings)
		whole.addAll(m, words)
		for i, got := range readings {
			losses[i].add(got, m, words)
		}
	}
	return losses, whole
}

// wordsOf gives the words of the oracles that at least one reader finds.
func wordsOf(m expectedMail, readings []reading) []string {
	var list []string
	for _, word := range m.Keywords {
		word = searchable(word)
		if slices.ContainsFunc(readings, func(r reading) bool { return strings.Contains(r.plain, word) }) {
			list = append(list, word)
		}
	}
	return list
}

func (l *loss) addAll(m expectedMail, words []string) {
	l.header(reading{subject: "none", people: "none", date: "none"}, m)
	l.files += len(filesOf(m))
	l.words += len(words)
	if len(words) > 0 {
		l.wordless++
	}
}

// filesOf gives the digests of the attachments that both oracles found, but for
// nested messages, which Python writes anew.
func filesOf(m expectedMail) []string {
	if slices.Contains(m.Disagree, "attachment_sha256") {
		return nil
	}
	var list []string
	for _, a := range m.Attachments {
		if !a.Nested && a.Type != "message/rfc822" {
			list = append(list, a.SHA256)
		}
	}
	return list
}

func (l *loss) add(got reading, want expectedMail, words []string) {
	if got.refused {
		l.refused++
	}
	if got.stopped {
		l.stopped++
	}
	l.header(got, want)
	for _, digest := range filesOf(want) {
		if !slices.Contains(got.files, digest) {
			l.files++
		}
	}
	lost := 0
	for _, word := range words {
		if !strings.Contains(got.plain, word) {
			lost++
		}
	}
	l.words += lost
	if lost > 0 && lost == len(words) {
		l.wordless++
	}
	if strings.ToValidUTF8(got.text, "\uFFFD") != got.text || strings.Contains(got.text, "\uFFFD") {
		l.garbled++
	}
}

// header counts what got lacks of the header, or has otherwise.
func (l *loss) header(got reading, want expectedMail) {
	agreed := func(field string) bool { return !slices.Contains(want.Disagree, field) }
	if agreed("subject") && squeeze(cleanLine(got.subject)) != squeeze(cleanLine(want.Subject)) {
		l.subjects++
	}
	people := expectedAddresses(slices.Concat(want.From, want.To, want.Cc))
	if agreed("from") && agreed("to") && agreed("cc") && got.people != people {
		l.people++
	}
	date := ""
	if want.Date != nil {
		date = want.Date.UTC().Format(time.RFC3339)
	}
	if agreed("date") && got.date != date {
		l.dates++
	}
}

// peopleOf gives addresses as expectedAddresses does, from the lists that could be read.
func peopleOf(list func(field string) ([]*mail.Address, error)) string {
	var all []relais.Address
	for _, field := range []string{"From", "To", "Cc"} {
		found, _ := list(field) // a field that cannot be read gives nobody
		for _, a := range found {
			all = append(all, relais.Address{Address: a.Address})
		}
	}
	return addresses(all)
}

// dateOf writes a date as the oracles do; what cannot be read is none.
func dateOf(d time.Time, err error) string {
	if err != nil || d.IsZero() {
		return ""
	}
	return d.UTC().Format(time.RFC3339)
}

// searchable gives a text as the words of the oracles are looked for in it.
func searchable(s string) string {
	if strings.Contains(s, "<") {
		s = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s, "")
	}
	return strings.ToLower(cleanText([]byte(html.UnescapeString(s))))
}

func readOurs(raw []byte) (out reading) {
	m, err := ReadMail(bytes.NewReader(raw), DefaultLimits(), nil)
	if err != nil {
		return reading{refused: true}
	}
	for _, a := range m.Attachments {
		out.files = append(out.files, a.SHA256.String())
	}
	out.subject, out.text = m.Subject, m.Text+"\n"+m.HTML
	out.people = addresses(slices.Concat(m.From, m.To, m.Cc))
	if m.DateSource == "header" {
		out.date = dateOf(m.Date, nil)
	}
	return out
}

func readGoMessage(raw []byte) (out reading) {
	e, err := message.Read(bytes.NewReader(raw))
	if e == nil {
		return reading{refused: true}
	}
	out.stopped = err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err)
	if out.subject, err = e.Header.Text("Subject"); err != nil {
		out.subject = e.Header.Get("Subject")
	}
	head := gomail.Header{Header: e.Header}
	out.date = dateOf(head.Date())
	out.people = peopleOf(head.AddressList)
	err = e.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return err
		}
		kind, _, _ := part.Header.ContentType()
		if strings.HasPrefix(kind, "multipart/") {
			return nil
		}
		b, err := io.ReadAll(part.Body)
		out.leaf(kind, b)
		return err
	})
	out.stopped = out.stopped || err != nil
	return out
}

func readEnmime(raw []byte) (out reading) {
	e, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		return reading{refused: true}
	}
	out.subject, out.text = e.GetHeader("Subject"), e.Text+"\n"+e.HTML
	out.people, out.date = peopleOf(e.AddressList), dateOf(e.Date())
	for _, p := range e.Root.DepthMatchAll(func(p *enmime.Part) bool { return p.FirstChild == nil }) {
		out.leaf(p.ContentType, p.Content)
	}
	return out
}

// readStandard reads with the standard library, as a program that uses it does: the
// walk, the transfer encodings and the charsets are its own.
func readStandard(raw []byte) (out reading) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return reading{refused: true}
	}
	words := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		enc, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return enc.NewDecoder().Reader(r), nil
	}}
	if out.subject, err = words.DecodeHeader(m.Header.Get("Subject")); err != nil {
		out.subject = m.Header.Get("Subject")
	}
	parser := mail.AddressParser{WordDecoder: &words}
	out.people = peopleOf(func(field string) ([]*mail.Address, error) { return parser.ParseList(m.Header.Get(field)) })
	out.date = dateOf(m.Header.Date())
	out.stopped = out.standardPart(m.Header.Get, m.Body) != nil
	return out
}

func (r *reading) standardPart(header func(string) string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil && header("Content-Type") != "" {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := r.standardPart(p.Header.Get, p); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	if enc, e := htmlindex.Get(params["charset"]); e == nil && strings.HasPrefix(kind, "text/") {
		if decoded, e := enc.NewDecoder().Bytes(b); e == nil {
			r.files = append(r.files, relais.DigestOf(b).String())
			b = decoded
		}
	}
	r.leaf(kind, b)
	return err
}

// leaf takes one part: as a file that may be looked for, and as text if it says so.
func (r *reading) leaf(kind string, b []byte) {
	r.files = append(r.files, relais.DigestOf(b).String())
	if kind == "" || strings.HasPrefix(kind, "text/") {
		r.text += fmt.Sprintf("%s\n", b)
	}
}

// BenchmarkReaders reads all real mail of the corpus, whatever each loses of it.
func BenchmarkReaders(b *testing.B) {
	dir := corpusDir(b)
	var ids []string
	for _, m := range readExpected(b, dir) {
		if !strings.HasPrefix(m.ID, "mail/broken/") {
			ids = append(ids, m.ID)
		}
	}
	messages := corpusMessages(b, dir, ids)
	size := 0
	for _, raw := range messages {
		size += len(raw)
	}
	for _, r := range readers() {
		b.Run(r.name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, raw := range messages {
					r.read(raw)
				}
			}
			b.ReportMetric(float64(len(messages))*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
