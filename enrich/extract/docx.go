package extract

import (
	"context"
	"path"
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
	for _, m := range p.parts("word/document", "word/footnotes", "word/endnotes", "word/comments",
		"word/header", "word/footer") {
		p.walk(m, p.word())
	}
	for _, m := range p.parts("word/diagrams/data", "word/charts/chart", "word/drawings/drawing") {
		p.walk(m, p.drawing())
	}
	p.embedded(ctx, lim, p.chunks()...)
	p.embedded(ctx, lim, "word/embeddings/")
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// chunks names the parts in other formats that stand for a piece of the document
// (alternative format import, ECMA-376 part 1, 17.17.2).
func (p *packageText) chunks() []string {
	var names []string
	for _, m := range p.a.members {
		switch strings.ToLower(path.Ext(m.Name)) {
		case ".html", ".htm", ".xhtml", ".mht", ".mhtml", ".rtf", ".txt", ".docx":
			if !strings.Contains(m.Name, "embeddings/") {
				names = append(names, m.Name)
			}
		}
	}
	return names
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
			// Fallback repeats the Choice beside it; what moveFrom holds stands in
			// moveTo as well; tabs is a paragraph's ruler, not its text.
			case "Fallback", "moveFrom", "tabs", "binData":
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
