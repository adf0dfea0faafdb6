package extract

import (
	"bytes"
	"context"
	"strconv"

	"github.com/relais-archive/relais/internal/format"
)

// readODF gives the text of an OpenDocument package (ISO/IEC 26300, text,
// spreadsheet or presentation; and of its forerunner, OpenOffice 1): content, then
// headers and footers, then embedded objects.
func readODF(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	p, bad := openPackage(in, lim)
	if p == nil {
		return bad, nil
	}
	p.dates = p.propertyDates("meta.xml", "creation-date", "date")
	if p.encryptedODF() {
		p.warn.add("locked", "")
		return p.result(), nil
	}
	p.walk(p.a.member("content.xml"), p.odf(true))
	p.walk(p.a.member("styles.xml"), p.odf(false))
	for _, m := range p.parts("Object ", "ObjectReplacements/") {
		if bytes.HasSuffix([]byte(m.Name), []byte("/content.xml")) {
			p.walk(m, p.odf(true))
		}
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// encryptedODF tells whether the manifest names a key for some part (ODF 1.2 part
// 3, 4.4).
func (p *packageText) encryptedODF() bool {
	m := p.a.member("META-INF/manifest.xml")
	if m == nil {
		return false
	}
	b, err := p.a.read(m, 1<<20)
	return err == nil && bytes.Contains(b, []byte("encryption-data"))
}

// odf visits OpenDocument content: characters count within paragraphs and headings
// only. With body false, they count within headers and footers of pages only.
func (p *packageText) odf(body bool) func(s *xmlScanner, k xmlKind) {
	inText, inPage := 0, 0
	if body {
		inPage = 1
	}
	return func(s *xmlScanner, k xmlKind) {
		switch k {
		case xmlStart:
			switch string(s.name) {
			case "p", "h":
				if inText++; inText > 1 { // a note or a text box within a paragraph
					p.out.line()
				}
			case "tab", "tab-stop":
				p.out.writeByte('\t')
			case "line-break":
				p.out.writeByte('\n')
			case "s":
				p.blanks(s.attr("c"))
			case "header", "footer", "header-left", "footer-left":
				inPage++
			case "tracked-changes", "binary-data", "script", "forms", "list-header-style":
				s.skip()
			}
		case xmlText:
			if inText > 0 && inPage > 0 {
				p.out.b = appendODFText(p.out.b, s)
				p.out.full = len(p.out.b) >= p.out.limit
			}
		case xmlEnd:
			switch string(s.name) {
			case "p", "h":
				inText = max(inText-1, 0)
				p.out.writeByte('\n')
			case "table-cell", "covered-table-cell":
				p.endCell()
			case "table-row":
				p.out.line()
			case "header", "footer", "header-left", "footer-left":
				inPage--
			}
		}
	}
}

// blanks writes the blanks that text:s stands for; a wild count stays a few.
func (p *packageText) blanks(count string) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		n = 1
	}
	for range min(n, 64) {
		p.out.writeByte(' ')
	}
}

// appendODFText folds white space as ODF 1.2 part 1, 6.1.2 wants: line feeds of the
// markup are blanks.
func appendODFText(dst []byte, s *xmlScanner) []byte {
	from := len(dst)
	dst = s.appendText(dst)
	for i := from; i < len(dst); i++ {
		if dst[i] == '\n' || dst[i] == '\r' || dst[i] == '\t' {
			dst[i] = ' '
		}
	}
	return dst
}
