package demo

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ledongthuc/pdf"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
)

// once plays the usual departure for all tests that only read it.
var once = sync.OnceValues(func() ([]*letter, error) { return perform(Options{}) })

func performed(t *testing.T) []*letter {
	t.Helper()
	letters, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return letters
}

func written(t *testing.T) (string, Truth) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	truth, err := Write(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheSameBytesOnEveryRun(t *testing.T) {
	a, truthA := written(t)
	b, truthB := written(t)
	first, second := tree(t, a), tree(t, b)
	if len(first) != len(second) {
		t.Fatalf("%d files, then %d", len(first), len(second))
	}
	for name, data := range first {
		if second[name] != data {
			t.Errorf("%s differs", name)
		}
	}
	if truthA.Count != truthB.Count || !slices.EqualFunc(truthA.Facts, truthB.Facts, func(a, b Fact) bool { return a == b }) {
		t.Error("the truth differs")
	}
}

func TestCounts(t *testing.T) {
	dir, truth := written(t)
	messages, boxed := 0, 0
	for name, data := range tree(t, dir) {
		switch {
		case strings.HasPrefix(name, "Maildir/"):
			messages++
		case strings.HasSuffix(name, ".mbox"):
			boxed = strings.Count("\n"+data, "\nFrom ")
		}
	}
	if messages+boxed != truth.Occurrences || truth.Count < 380 || truth.Count > 440 || truth.Occurrences-truth.Count < 20 {
		t.Errorf("%d in the maildir, %d in the mbox; truth %d of %d messages", messages, boxed, truth.Occurrences, truth.Count)
	}
	if boxed < 20 || truth.Personal < 10 || truth.Files < 15 {
		t.Errorf("%d boxed, %d personal, %d files", boxed, truth.Personal, truth.Files)
	}
	if len(truth.Facts) < 12 || truth.Facts[0].Name != "last price to Brasserie Morvance" {
		t.Errorf("%d facts", len(truth.Facts))
	}
	for _, path := range append(slices.Clone(truth.Sources), truth.Clients, truth.Contacts, truth.Messages) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestMoreRoundsMakeAMoreBusyMailbox(t *testing.T) {
	few, err := perform(Options{Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	many, err := perform(Options{Rounds: 6})
	if err != nil || len(many) < len(few)+5*60 {
		t.Errorf("%d messages in one round, %d in six: %v", len(few), len(many), err)
	}
}

// Nobody's address, number or account may stand in the demo.
func TestNothingIsAnybodys(t *testing.T) {
	letters := performed(t)
	var all strings.Builder
	for _, l := range letters {
		all.WriteString(l.subject + "\n" + l.plain(0) + "\n" + l.from.email + " " + l.from.phone + "\n")
		for _, p := range append(l.to, l.cc...) {
			all.WriteString(p.email + "\n")
		}
	}
	for _, name := range []string{"cast/clients.csv", "cast/contacts.csv", "cast/others.csv", "files.txt"} {
		b, err := fs.ReadFile(script, name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	text := all.String()
	for _, domain := range regexp.MustCompile(`@[\w.-]+|www\.[\w.-]+|https?://[\w.-]+`).FindAllString(text, -1) {
		if !strings.HasSuffix(strings.TrimRight(domain, "."), ".example") {
			t.Errorf("domain %q", domain)
		}
	}
	for _, number := range regexp.MustCompile(`\b0[1-9](?: \d\d){4}\b`).FindAllString(text, -1) {
		if !strings.HasPrefix(number, "01 99 00 ") {
			t.Errorf("telephone %q", number)
		}
	}
	for _, number := range regexp.MustCompile(`\b\d{3} ?\d{3} ?\d{3}\b`).FindAllString(text, -1) {
		if luhn(strings.ReplaceAll(number, " ", "")) {
			t.Errorf("%q could be somebody's SIREN", number)
		}
	}
}

func luhn(digits string) bool {
	sum := 0
	for i, r := range digits {
		n := int(r - '0')
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// No two messages read alike, and no placeholder or bracket is left.
func TestTextsAreFinishedAndVaried(t *testing.T) {
	letters := performed(t)
	seen := make(map[string]string)
	alike := 0
	for _, l := range letters {
		if strings.ContainsAny(l.text+l.subject, "{}|") || strings.Contains(l.text, "[") {
			t.Errorf("unfinished in %s: %q %q", l.thread, l.subject, l.text)
		}
		if seen[l.text] != "" {
			alike++
		}
		seen[l.text] = l.thread
		for _, f := range l.files {
			if strings.ContainsAny(f.name, "{}|[]") {
				t.Errorf("file %q", f.name)
			}
		}
		if l.parent != nil && !l.date.After(l.parent.date) {
			t.Errorf("%s answers before it was asked", l.thread)
		}
		if l.date.After(lastDay().AddDate(0, 0, 1)) {
			t.Errorf("%s is written after the last day", l.thread)
		}
	}
	if alike > len(letters)/50 {
		t.Errorf("%d of %d messages read like another", alike, len(letters))
	}
}

func TestTruthIsComplete(t *testing.T) {
	dir, truth := written(t)
	lines := strings.Split(strings.TrimSpace(tree(t, dir)["truth.jsonl"]), "\n")
	if len(lines) != truth.Count {
		t.Fatalf("%d lines for %d messages", len(lines), truth.Count)
	}
	topics := strings.Fields("prospection visite prix negociation appel_offres commande livraison facture qualite technique contrat formation concurrence interne newsletter autre")
	used, ids := make(map[string]int), make(map[string]bool)
	for _, line := range lines {
		var l truthLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if ids[l.MessageID] || l.MessageID == "" || l.Thread == "" || l.Lang == "" {
			t.Errorf("line %s", line)
		}
		ids[l.MessageID] = true
		used[l.Topic]++
		if !slices.Contains(topics, l.Topic) && !l.Personal {
			t.Errorf("topic of %s", line)
		}
	}
	for _, topic := range topics {
		if used[topic] == 0 {
			t.Errorf("nothing speaks of %s", topic)
		}
	}
	for _, f := range truth.Facts {
		if !ids[f.Message] {
			t.Errorf("fact %q is told by nobody", f.Name)
		}
	}
}

// Each fact is what its query finds: the newest message of those that match, told by
// a reader far simpler than the real one.
func TestFactsAreFound(t *testing.T) {
	c, err := readCast(script)
	if err != nil {
		t.Fatal(err)
	}
	letters := performed(t)
	_, truth := written(t)
	for _, f := range truth.Facts {
		var found *letter
		for _, l := range letters {
			if !l.personal && matches(c, l, f.Query) {
				found = l
			}
		}
		if found == nil || found.id != f.Message {
			t.Errorf("%s: %s finds another", f.Name, f.Query)
			if found != nil {
				t.Logf("%s %s\n%s", found.thread, found.date, found.text)
			}
		}
	}
}

func matches(c *cast, l *letter, query string) bool {
	text := strings.ToLower(l.subject + " " + l.plain(maxQuoted))
	for _, term := range regexp.MustCompile(`(?:\w+:)?"[^"]*"|\S+`).FindAllString(query, -1) {
		field, value, ok := strings.Cut(term, ":")
		if !ok {
			field, value = "", term
		}
		value = strings.Trim(value, `"`)
		switch field {
		case "client":
			if l.client == nil || *l.client == "" || c.accounts[*l.client].name != value {
				return false
			}
		case "topic":
			if l.topic != value {
				return false
			}
		case "from":
			if !strings.Contains(l.from.email, value) {
				return false
			}
		default:
			if !strings.Contains(text, strings.ToLower(value)) {
				return false
			}
		}
	}
	return true
}

func TestMessagesAreReadable(t *testing.T) {
	dir, _ := written(t)
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: func(_ string, r io.Reader) (io.Reader, error) {
		return charmap.Windows1252.NewDecoder().Reader(r), nil
	}}}
	damaged := 0
	for name, data := range tree(t, dir) {
		if !strings.HasPrefix(name, "Maildir/") {
			continue
		}
		m, err := mail.ReadMessage(strings.NewReader(data))
		if err != nil {
			t.Fatal(name, err)
		}
		for _, h := range []string{"From", "To", "Subject", "Date", "Message-ID"} {
			if m.Header.Get(h) == "" {
				t.Errorf("%s has no %s", name, h)
			}
		}
		if _, err := parser.ParseList(m.Header.Get("From")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := readParts(m.Header.Get("Content-Type"), m.Body); err != nil {
			damaged++
		}
	}
	if damaged != 1 {
		t.Errorf("%d damaged messages, want the one that is meant", damaged)
	}
}

func readParts(contentType string, body io.Reader) error {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.HasPrefix(media, "multipart/") {
		return err
	}
	r := multipart.NewReader(body, params["boundary"])
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return err
		}
		if err := readParts(p.Header.Get("Content-Type"), bytes.NewReader(data)); err != nil {
			return err
		}
	}
}

// Every attachment is a real file of its kind, and says what its script says.
func TestAttachmentsOpen(t *testing.T) {
	letters := performed(t)
	kinds := make(map[string]int)
	for _, l := range letters {
		for _, f := range l.files {
			kinds[f.media]++
			text, err := textOf(f)
			if err != nil || f.media != mediaPNG && len(text) < 40 {
				t.Errorf("%s: %q, %v", f.name, text, err)
			}
		}
	}
	for _, m := range []string{mediaPDF, mediaDOCX, mediaXLSX, mediaPNG, mediaZIP} {
		if kinds[m] == 0 {
			t.Errorf("no %s", m)
		}
	}
}

func textOf(f file) (string, error) {
	switch f.media {
	case mediaPDF:
		return pdfText(f.data)
	case mediaDOCX:
		return docxText(f.data)
	case mediaXLSX:
		return xlsxText(f.data)
	case mediaZIP:
		return zipText(f.data)
	}
	return "", nil
}

func pdfText(data []byte) (string, error) {
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	text, err := r.GetPlainText()
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(text)
	return string(b), err
}

func docxText(data []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	f, err := z.Open("word/document.xml")
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for dec := xml.NewDecoder(f); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return text.String(), nil
		}
		if err != nil {
			return "", err
		}
		if chars, ok := token.(xml.CharData); ok {
			text.Write(chars)
		}
	}
}

func xlsxText(data []byte) (string, error) {
	x, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	defer x.Close()
	rows, err := x.GetRows(x.GetSheetName(0))
	var text []string
	for _, r := range rows {
		text = append(text, strings.Join(r, " "))
	}
	return strings.Join(text, "\n"), err
}

func zipText(data []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	all := ""
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			return "", err
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return "", err
		}
		text, err := pdfText(b)
		if err != nil {
			return "", err
		}
		all += text
	}
	return all, nil
}

func TestPDFKeepsAccentsAndPages(t *testing.T) {
	var lines []pdfLine
	for range 60 {
		lines = append(lines, pdfLine{11, false, []string{"Étanchéité : 3 480,00 € (garniture) à l'œil nu \\ fin"}})
	}
	data, err := makePDF("Essai", lines)
	if err != nil {
		t.Fatal(err)
	}
	text, err := pdfText(data)
	if err != nil || strings.Count(text, "Étanchéité : 3 480,00 € (garniture) à l'œil nu \\ fin") != 60 {
		t.Errorf("%.200q %v", text, err)
	}
	if r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data))); err != nil || r.NumPage() != 2 {
		t.Errorf("%v", err)
	}
}

func TestXLSXKeepsFigures(t *testing.T) {
	data, err := makeXLSX([]string{"Réf.;Prix", "AQ-4080;3480,5"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := xlsxText(data)
	if diff := cmp.Diff("Réf. Prix\nAQ-4080 3480.5", text); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestClientsFile(t *testing.T) {
	dir, truth := written(t)
	r, err := csv.NewReader(strings.NewReader(tree(t, dir)["clients.csv"])).ReadAll()
	if err != nil || len(r) != 11 || strings.Join(r[0], ",") != "account_id,name,domains,aliases,city,sector,siren,owner,stage" {
		t.Errorf("%v %v", r, err)
	}
	r, err = csv.NewReader(strings.NewReader(tree(t, dir)["contacts.csv"])).ReadAll()
	if err != nil || len(r) < 20 || strings.Join(r[0], ",") != "account_id,name,email,phone,title" {
		t.Errorf("%v %v", r, err)
	}
	if truth.Owner != "helene.vasseur@verdanne.example" {
		t.Error(truth.Owner)
	}
}

func TestModifiedUTF7(t *testing.T) {
	// The examples of RFC 3501, 5.1.3, and those of the demo.
	for name, want := range map[string]string{
		"~peter/mail/台北/日本語": "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "Éléments & co": "&AMk-l&AOk-ments &- co", "Sent": "Sent",
	} {
		if got := modifiedUTF7(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
}

func TestParisTime(t *testing.T) {
	for day, want := range map[string]string{
		"2025-03-29": "+0100", "2025-03-30": "+0200", "2025-10-25": "+0200", "2025-10-26": "+0100", "2026-07-14": "+0200",
	} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := paris(at, 9, 0).Format("-0700"); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}
