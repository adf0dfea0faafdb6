package extract

import (
	"archive/zip"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/format"
)

// readDocx gives the text of a WordprocessingML package (ECMA-376 part 1, 17): the
// document, then its notes, comments, headers, footers, diagrams, charts, and the
// documents embedded in it. Insertions being tracked are text, deletions are not.
func readDocx(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	p, bad := openPackage(in, lim)
	if p == nil {
		return bad, nil
	}
	l := p.link("word/document.xml")
	text := []*zip.File{p.a.member(l.main)}
	if text[0] == nil {
		text = p.parts("word/document")
	}
	for _, g := range [...][2]string{{"footnotes", "word/footnotes"}, {"endnotes", "word/endnotes"}, {"comments", "word/comments"},
		{"header", "word/header"}, {"footer", "word/footer"}} {
		text = append(text, p.group(l, g[0], g[1])...)
	}
	for _, m := range text {
		p.walk(m, p.word())
	}
	p.drawings(l, "word/")
	p.embedded(ctx, lim, p.chunks(l))
	p.objects(ctx, lim, l, "word/embeddings/")
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// chunks gives the parts in other formats that stand for a piece of the document
// (alternative format import, ECMA-376 part 1, 17.17.2).
func (p *packageText) chunks(l linked) []*zip.File {
	list := slices.Clone(l.byKind["aFChunk"])
	for _, m := range p.loose(l, slices.Clone(p.a.members)) {
		switch strings.ToLower(path.Ext(m.Name)) {
		case ".html", ".htm", ".xhtml", ".mht", ".mhtml", ".rtf", ".txt", ".docx":
			if !strings.Contains(partKey(m.Name), "embeddings/") {
				list = append(list, m)
			}
		}
	}
	return list
}

// drawings writes the text of diagrams and charts, and of the shapes drawn on charts.
func (p *packageText) drawings(l linked, folder string) {
	for _, g := range [...][2]string{{"diagramData", "diagrams/data"}, {"chart", "charts/chart"}, {"chartEx", "charts/chartEx"}, {"chartUserShapes", "drawings/drawing"}} {
		for _, m := range p.group(l, g[0], folder+g[1]) {
			p.walk(m, p.drawing())
		}
	}
}

// objects writes the text of the documents embedded in this one.
func (p *packageText) objects(ctx context.Context, lim format.Limits, l linked, folder string) {
	list := slices.Concat(l.byKind["package"], l.byKind["oleObject"], p.loose(l, p.parts(folder)))
	slices.SortStableFunc(list, comparePartNumbers)
	p.embedded(ctx, lim, list)
}

// word visits WordprocessingML; DrawingML shapes within it (text boxes) hold
// paragraphs of the same kind.
func (p *packageText) word() func(s *xmlScanner, k xmlKind) {
	take := false
	return func(s *xmlScanner, k xmlKind) {
		switch k {
		case xmlStart:
			switch string(s.name) {
			case "t":
				take = true
			case "tab", "ptab":
				p.out.writeByte('\t')
			case "br", "cr":
				p.out.writeByte('\n')
			case "noBreakHyphen":
				p.out.writeByte('-')
			case "txbxContent":
				p.out.line()
			case "comment":
				p.author(s.attr("author"))
			// Fallback repeats the Choice beside it; del holds what was deleted, some
			// writers' as plain runs; what moveFrom holds stands in moveTo as well; tabs is a paragraph's ruler, not its text.
			case "Fallback", "del", "moveFrom", "tabs", "binData":
				s.skip()
			}
		case xmlText:
			if take {
				p.out.b = s.appendText(p.out.b)
				p.out.full = len(p.out.b) >= p.out.limit
			}
		case xmlEnd:
			switch string(s.name) {
			case "t":
				take = false
			case "p":
				p.out.writeByte('\n')
			case "tc":
				p.endCell()
			case "tr":
				p.out.line()
			}
		}
	}
}

// author names who wrote a comment.
func (p *packageText) author(name string) {
	if name != "" {
		p.out.line()
		p.out.writeString(name)
		p.out.writeString(": ")
	}
}

// endCell puts cells of one row on one line: the paragraph's end within becomes a
// tab.
func (p *packageText) endCell() {
	if n := len(p.out.b); n > 0 && p.out.b[n-1] == '\n' {
		p.out.b[n-1] = '\t'
	}
}
