package demo

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// member is one file of a zip.
type member struct {
	name string
	data []byte
}

// makeZip writes members in the order given, all of one date.
func makeZip(members []member) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: lastDay().AddDate(0, -11, 0)})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(m.data); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// makeDOCX writes a document of WordprocessingML (ECMA-376): the first line is its
// title, a line that begins with "Article" has its first words in bold.
func makeDOCX(lines []string) ([]byte, error) {
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	var body strings.Builder
	for i, l := range lines {
		bold, rest := "", l
		if name, after, ok := strings.Cut(l, ". "); ok && strings.HasPrefix(l, "Article ") {
			bold, rest = name+". ", after
		}
		if i == 0 {
			bold, rest = l, ""
		}
		body.WriteString("<w:p>" + run(bold, true, i == 0) + run(rest, false, false) + "</w:p>")
	}
	document := head + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body.String() +
		`<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>`
	return makeZip([]member{
		{"[Content_Types].xml", []byte(head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`)},
		{"_rels/.rels", []byte(head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)},
		{"word/document.xml", []byte(document)},
	})
}

func run(text string, bold, title bool) string {
	if text == "" {
		return ""
	}
	properties := ""
	if bold {
		properties = "<w:b/>"
	}
	if title {
		properties += `<w:sz w:val="32"/>`
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // a builder never fails
	return `<w:r><w:rPr>` + properties + `</w:rPr><w:t xml:space="preserve">` + escaped.String() + `</w:t></w:r>`
}

// makeXLSX writes a workbook of one sheet from rows of cells parted by semicolons,
// the first in bold. Figures are kept as numbers.
func makeXLSX(lines []string) ([]byte, error) {
	x := excelize.NewFile()
	defer x.Close() //nolint:errcheck // in memory
	const sheet = "Feuille1"
	if err := x.SetSheetName("Sheet1", sheet); err != nil {
		return nil, err
	}
	for r, line := range lines {
		for c, cell := range strings.Split(line, ";") {
			name, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				return nil, err
			}
			if err := x.SetCellValue(sheet, name, figure(cell)); err != nil {
				return nil, err
			}
		}
	}
	bold, err := x.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	if err := x.SetRowStyle(sheet, 1, 1, bold); err != nil {
		return nil, err
	}
	if err := x.SetColWidth(sheet, "A", "E", 24); err != nil {
		return nil, err
	}
	b, err := x.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return settle(b.Bytes())
}

func figure(cell string) any {
	if v, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", "."), 64); err == nil {
		return v
	}
	return cell
}

// settle writes a zip again, its members sorted and of one date: excelize goes
// through a map.
func settle(b []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	members := make([]member, 0, len(z.File))
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		members = append(members, member{f.Name, data})
	}
	sortMembers(members)
	return makeZip(members)
}

// euros is "3 480,00".
func euros(v float64) string {
	cents := strconv.FormatFloat(v, 'f', 2, 64)
	whole, rest, _ := strings.Cut(cents, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + " " + whole[i:]
	}
	return whole + "," + rest
}

// validUntil is printed on quotations.
func validUntil(t time.Time) string { return longDate(t.AddDate(0, 3, 0), "fr") }
