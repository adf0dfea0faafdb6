package demo

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// A4 in points, and the margin around the text.
const (
	pageWidth, pageHeight = 595, 842
	margin                = 56
)

// pdfLine is one line of text, or one row of a table when it has several cells.
type pdfLine struct {
	size  int
	bold  bool
	cells []string
}

// columns are where the cells of a row begin.
func columns() []int { return []int{margin, 145, 385, 430, 490} }

// makePDF writes a document of PDF 1.4 (ISO 32000): the standard fonts Helvetica and
// Helvetica-Bold with WinAnsiEncoding, so that no font is embedded and any reader
// gets the text back, accents included. Lines are wrapped and flow over pages.
func makePDF(title string, lines []pdfLine) ([]byte, error) {
	pages := paginate(lines)
	w := &pdfWriter{}
	w.b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	kids := make([]string, len(pages))
	for i := range pages {
		kids[i] = fmt.Sprintf("%d 0 R", 6+2*i)
	}
	w.object("<< /Type /Catalog /Pages 2 0 R >>")
	w.object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages)))
	for _, font := range []string{"Helvetica", "Helvetica-Bold"} {
		w.object("<< /Type /Font /Subtype /Type1 /BaseFont /" + font + " /Encoding /WinAnsiEncoding >>")
	}
	w.object(fmt.Sprintf("<< /Title %s /Producer (Verdanne) /CreationDate (D:20261030120000Z) >>", pdfString(title)))
	for i, page := range pages {
		w.object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R "+
			"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>", pageWidth, pageHeight, 7+2*i))
		if err := w.stream(content(page)); err != nil {
			return nil, err
		}
	}
	return w.finish(), nil
}

// paginate wraps lines and deals them out to pages.
func paginate(lines []pdfLine) [][]pdfLine {
	pages := [][]pdfLine{nil}
	room := pageHeight - 2*margin
	for _, l := range lines {
		for _, piece := range wrap(l) {
			height := lead(piece.size)
			if room < height {
				pages = append(pages, nil)
				room = pageHeight - 2*margin
			}
			room -= height
			pages[len(pages)-1] = append(pages[len(pages)-1], piece)
		}
	}
	return pages
}

func lead(size int) int { return size + size/2 }

// wrap cuts a line of one cell to the width of the page; half its size is wider than
// an average letter of Helvetica.
func wrap(l pdfLine) (pieces []pdfLine) {
	if len(l.cells) != 1 {
		return []pdfLine{l}
	}
	width := (pageWidth - 2*margin) * 2 / l.size
	text := ""
	for _, word := range strings.Fields(l.cells[0]) {
		if len([]rune(text))+1+len([]rune(word)) > width && text != "" {
			pieces = append(pieces, pdfLine{l.size, l.bold, []string{text}})
			text = ""
		}
		text = strings.TrimSpace(text + " " + word)
	}
	return append(pieces, pdfLine{l.size, l.bold, []string{text}})
}

// content is a page's stream: one text object a cell.
func content(lines []pdfLine) []byte {
	var b bytes.Buffer
	y := pageHeight - margin
	for _, l := range lines {
		y -= lead(l.size)
		font := "F1"
		if l.bold {
			font = "F2"
		}
		for i, c := range l.cells {
			if c != "" {
				fmt.Fprintf(&b, "BT /%s %d Tf 1 0 0 1 %d %d Tm %s Tj ET\n", font, l.size, columns()[i], y, pdfString(c))
			}
		}
	}
	return b.Bytes()
}

// pdfString writes a literal string in WinAnsi (Windows-1252); what that lacks
// becomes a question mark.
func pdfString(s string) string {
	var b strings.Builder
	b.WriteByte('(')
	for _, r := range s {
		c, ok := charmap.Windows1252.EncodeRune(r)
		switch {
		case !ok:
			b.WriteByte('?')
		case c == '(' || c == ')' || c == '\\':
			b.WriteString("\\" + string(rune(c)))
		case c < 32 || c > 126:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte(')')
	return b.String()
}

// pdfWriter numbers objects and remembers where each begins.
type pdfWriter struct {
	b       bytes.Buffer
	offsets []int
}

func (w *pdfWriter) object(body string) {
	w.offsets = append(w.offsets, w.b.Len())
	fmt.Fprintf(&w.b, "%d 0 obj\n%s\nendobj\n", len(w.offsets), body)
}

func (w *pdfWriter) stream(data []byte) error {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := z.Write(data)
	if cerr := z.Close(); err == nil {
		err = cerr
	}
	w.object(fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", packed.Len(), packed.String()))
	return err
}

func (w *pdfWriter) finish() []byte {
	start := w.b.Len()
	fmt.Fprintf(&w.b, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, o := range w.offsets {
		fmt.Fprintf(&w.b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&w.b, "trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets)+1, start)
	return w.b.Bytes()
}
