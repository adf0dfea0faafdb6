package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/relais-archive/relais/internal/format"
)

// maxCells bounds the rows and cells read of one workbook, empty ones included: a
// sheet may have a million rows of which two hold something.
const maxCells = 8_000_000

// readXlsx gives the cells of a SpreadsheetML package (ECMA-376 part 1, 18) as they
// are shown, number and date formats applied, a line a row and a heading a sheet;
// then comments, headers and footers, text boxes, charts and embedded documents.
// Formulas are not computed: the values cached in the file are text.
func readXlsx(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	p, bad := openPackage(in, lim)
	if p == nil {
		return bad, nil
	}
	if !p.inflates(lim) {
		p.warn.add("archive_limit", "")
		return p.result(), nil
	}
	if err := p.sheets(ctx, in, lim); err != nil {
		return Result{}, err
	}
	l := p.link("xl/workbook.xml")
	for _, m := range p.group(l, "worksheet", "xl/worksheets/sheet") {
		p.walk(m, p.headerFooter())
	}
	for _, g := range [...][2]string{{"comments", "xl/comments"}, {"threadedComment", "xl/threadedComments/"}, {"drawing", "xl/drawings/drawing"},
		{"chartUserShapes", ""}, {"chart", "xl/charts/chart"}, {"chartEx", "xl/charts/chartEx"}, {"diagramData", "xl/diagrams/data"}} {
		for _, m := range p.group(l, g[0], g[1]) {
			p.walk(m, p.comment())
		}
	}
	p.objects(ctx, lim, l, "xl/embeddings/")
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// inflates tells whether the package stays within the limits when it is written
// out whole, as the library does. Declared sizes may lie: the library stops at its
// own limit then.
func (p *packageText) inflates(lim format.Limits) bool {
	var total, packed uint64
	for _, m := range p.a.members {
		total += min(m.UncompressedSize64, 1<<40)
		packed += min(m.CompressedSize64, 1<<40)
	}
	return total <= uint64(min(p.a.work.bytes, unzipLimit)) && total <= 1<<20+uint64(lim.ArchiveRatio)*packed
}

// unzipLimit bounds what the library writes out, all in memory: a child's memory
// bounds it in turn.
const unzipLimit = 256 << 20

// sheets appends the cells of every worksheet.
func (p *packageText) sheets(ctx context.Context, in Input, lim format.Limits) error {
	f, err := excelize.OpenReader(io.NewSectionReader(in.Body, 0, in.Size), excelize.Options{
		UnzipSizeLimit: unzipLimit, UnzipXMLSizeLimit: unzipLimit, // as large: nothing goes to temporary files
		ShortDatePattern: "m/d/yy",
	})
	if err != nil {
		p.warn.add("workbook_damaged", "")
		return nil
	}
	defer f.Close()
	left := maxCells
	for _, name := range f.GetSheetList() {
		p.out.line()
		p.out.writeString(name)
		p.out.writeByte('\n')
		if err := p.sheet(ctx, f, name, &left); err != nil {
			return err
		}
	}
	return nil
}

// sheet appends the rows of one sheet. A sheet of charts alone has none.
func (p *packageText) sheet(ctx context.Context, f *excelize.File, name string, left *int) error {
	rows, err := f.Rows(name)
	if err != nil {
		var none excelize.ErrSheetNotExist
		if !errors.As(err, &none) && !strings.Contains(err.Error(), "not a worksheet") {
			p.warn.add("sheet_damaged", "")
		}
		return nil
	}
	defer rows.Close()
	for n := 1; rows.Next() && !p.out.full; n++ {
		if *left <= 0 {
			p.warn.add("sheet_limit", "")
			return nil
		}
		if n&0xff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cells, err := rows.Columns()
		if err != nil {
			p.warn.add("sheet_damaged", "")
			return nil
		}
		*left -= 1 + len(cells)
		p.row(cells)
	}
	return nil
}

// row writes the cells that hold something: sparse sheets have thousands that do
// not.
func (p *packageText) row(cells []string) {
	for _, c := range cells {
		if c == "" {
			continue
		}
		p.out.cell()
		p.out.writeString(c)
	}
	p.out.line()
}

// headerFooter visits a worksheet for the lines it prints on each page, without
// their codes (ECMA-376 part 1, 18.3.1.46).
func (p *packageText) headerFooter() func(s *xmlScanner, k xmlKind) {
	take := false
	return func(s *xmlScanner, k xmlKind) {
		switch k {
		case xmlStart:
			switch string(s.name) {
			case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
				take = true
			case "sheetData":
				s.skip()
			}
		case xmlEnd:
			take = false
		case xmlText:
			if take {
				p.out.write(dropPageCodes(s.appendText(nil)))
				p.out.line()
			}
		}
	}
}

// dropPageCodes removes &L, &P, &"Arial" and their like.
func dropPageCodes(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] != '&' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		i++
		switch c := b[i]; {
		case c == '&':
			out = append(out, '&')
		case c == '"' || c == 'K':
			if end := bytes.IndexByte(b[i+1:], '"'); c == '"' && end >= 0 {
				i += end + 1
			}
		case c >= '0' && c <= '9':
			for i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '9' {
				i++
			}
		default:
			out = append(out, ' ')
		}
	}
	return out
}
