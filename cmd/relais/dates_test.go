package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TestDaysOfTheArchive: years, months and printed days are those of the zone in which
// the archive was made, wherever it is opened.
func TestDaysOfTheArchive(t *testing.T) {
	p := newProgram(t)
	mail := filepath.Join(p.dir, "mail")
	if err := os.MkdirAll(mail, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, date := range map[string]string{
		"Before": "Tue, 31 Dec 2024 22:30:00 +0000", "After": "Tue, 31 Dec 2024 23:30:00 +0000",
	} {
		text := eml(name+"@acme.example", "x@acme.example", ann, name, date, "", "Bonjour, voici les pompes.")
		if err := os.WriteFile(filepath.Join(mail, name+".eml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.must("ingest", "--case", "Ann", "--owner", ann, mail)
	for _, zone := range []string{"Europe/Paris", "Asia/Tokyo"} {
		p.env = []string{"TZ=" + zone}
		var page relais.Page
		if err := json.Unmarshal([]byte(p.must("search", "--json", "--facets", "pompes")), &page); err != nil {
			t.Fatal(err)
		}
		want := []relais.FacetValue{{Value: "2024", Count: 1}, {Value: "2025", Count: 1}}
		if got := page.Facets["year"]; !slices.Equal(got, want) {
			t.Errorf("opened in %s the years are %v", zone, got)
		}
		if got := p.must("search", "date:2025"); !strings.HasPrefix(got, "2025-01-01  After") || !strings.Contains(got, "1 found") {
			t.Errorf("opened in %s the search prints %s", zone, got)
		}
		if got := p.must("show", string(page.Hits[0].ID)); !strings.Contains(got, "2025-01-01 00:30 CET (header)") {
			t.Errorf("opened in %s the document prints %s", zone, got)
		}
		if got := p.must("search", "date:none"); !strings.Contains(got, "Nothing found") {
			t.Errorf("opened in %s, without a date: %s", zone, got)
		}
	}
}

// TestDateOfLooseFiles: a file's date is what it says of itself, whatever its copies
// say.
func TestDateOfLooseFiles(t *testing.T) {
	p := newProgram(t)
	drive := filepath.Join(p.dir, "drive")
	copied := time.Date(2019, 5, 6, 10, 0, 0, 0, time.UTC)
	docx := zipped(t, map[string]string{
		"[Content_Types].xml": `<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"word/document.xml":   `<w:document xmlns:w="w"><w:p><w:t>Devis des pompes</w:t></w:p></w:document>`,
		"docProps/core.xml":   `<cp:coreProperties xmlns:cp="c" xmlns:d="d"><d:modified>2024-10-24T09:30:00Z</d:modified></cp:coreProperties>`,
	})
	for name, body := range map[string]string{"devis.docx": docx, "note.txt": "Les pompes."} {
		path := filepath.Join(drive, name)
		if err := errors.Join(os.MkdirAll(drive, 0o700), os.WriteFile(path, []byte(body), 0o600), os.Chtimes(path, copied, copied)); err != nil {
			t.Fatal(err)
		}
	}
	p.must("ingest", "--case", "Ann", "--owner", ann, drive)
	for query, want := range map[string]string{"date:2024": "2024-10-24  devis.docx", "date:2019": "2019-05-06  note.txt"} {
		if got := p.must("search", query); !strings.HasPrefix(got, want) {
			t.Errorf("%s prints %s", query, got)
		}
	}
	for line := range strings.Lines(p.export()) {
		var d relais.Document
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{"devis.docx": "document", "note.txt": "file"}[d.Name]; want != "" && d.DateSource != want {
			t.Errorf("the date of %s is from %q, not %q", d.Name, d.DateSource, want)
		}
	}
}

// zipped makes a zip file of members without dates.
func zipped(t *testing.T, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range members {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
