package extract

import (
	"archive/zip"
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

const (
	maxPart  = 64 << 20 // bytes of one XML part, held in memory
	maxParts = 10_000   // of one package
)

// packageText reads the parts of an office package, OOXML or ODF, into one text.
type packageText struct {
	a     *archive
	out   *textBuf
	dates Dates
	warn  warnings
}

// openPackage opens a document that is a zip file. A nil package comes with the
// result to give instead.
func openPackage(in Input, lim format.Limits) (*packageText, Result) {
	parts := maxParts
	a, err := openArchive(in, newWork(in, lim), lim, &parts)
	if err != nil {
		return nil, failed("", "", "archive_damaged", "")
	}
	return &packageText{a: a, out: newTextBuf(lim.TextBytes)}, Result{}
}

// result ends the reading.
func (p *packageText) result() Result {
	if p.a.cut {
		p.warn.add("archive_limit", "")
	}
	if p.out.full {
		p.warn.add("text_limit", "")
	}
	return Result{Text: string(p.out.b), Dates: p.dates, Warnings: p.warn}
}

// walk gives each element and text of a part to visit, until the part or the room
// for text ends. An absent part is no fault: most are optional.
func (p *packageText) walk(m *zip.File, visit func(s *xmlScanner, k xmlKind)) {
	if m == nil || p.out.full {
		return
	}
	b, err := p.a.read(m, maxPart)
	if err != nil {
		p.warn.add("part_damaged", path.Ext(m.Name))
		return
	}
	s := newXMLScanner(b)
	for k := s.next(); k != xmlEOF && !p.out.full; k = s.next() {
		visit(s, k)
	}
	if s.deep {
		p.warn.add("xml_depth", "")
	}
	p.out.line()
}

// parts gives the members whose names begin so, in the order of the numbers in
// their names: slide2 before slide10.
func (p *packageText) parts(prefixes ...string) []*zip.File {
	var list []*zip.File
	for _, prefix := range prefixes {
		first := len(list)
		for _, m := range p.a.members {
			if name := partKey(m.Name); strings.HasPrefix(name, strings.ToLower(prefix)) && !strings.Contains(name, "/_rels/") && !strings.HasSuffix(name, "/") {
				list = append(list, m)
			}
		}
		slices.SortStableFunc(list[first:], comparePartNumbers)
	}
	return list
}

func comparePartNumbers(a, b *zip.File) int {
	if d := partNumber(a.Name) - partNumber(b.Name); d != 0 {
		return d
	}
	return strings.Compare(a.Name, b.Name)
}

// partNumber is the number at the end of a part's name, 0 for none.
func partNumber(name string) int {
	name = strings.TrimSuffix(name, path.Ext(name))
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// embedded appends the text of the documents within this one: workbooks behind
// charts, alternative chunks of other formats (ECMA-376 part 1, 17.17.2).
func (p *packageText) embedded(ctx context.Context, lim format.Limits, parts []*zip.File) {
	w := p.a.work
	for _, m := range parts {
		if w.depth >= lim.ArchiveDepth {
			p.warn.add("archive_depth", "")
			return
		}
		b, err := p.a.readable(m)
		if err != nil || b == nil || p.out.full || ctx.Err() != nil {
			continue
		}
		r := w.inside(ctx, Input{Name: path.Base(partKey(m.Name)), Size: int64(len(b)), Body: readerAt(b)})
		if r.Outcome == relais.ExtractionFailed && len(r.Warnings) > 0 && r.Warnings[0].Code == "unsupported_format" {
			p.warn.add("embedded_unread", r.MediaType)
		} else {
			p.warn.addLosses(r.Warnings)
		}
		p.out.line()
		p.out.writeString(r.Text)
	}
}

// drawing visits DrawingML (ECMA-376 part 1, 20 and 21): text runs in paragraphs,
// and the values that charts keep of the cells they show.
func (p *packageText) drawing() func(s *xmlScanner, k xmlKind) {
	take := false
	return func(s *xmlScanner, k xmlKind) {
		switch k {
		case xmlStart:
			switch string(s.name) {
			case "t", "v":
				take = true
			case "br":
				p.out.writeByte('\n')
			case "tab":
				p.out.writeByte('\t')
			case "Fallback": // repeats the Choice beside it
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
			case "v":
				take = false
				p.out.space()
			case "p", "tr", "ser", "cm":
				p.out.line()
			case "tc":
				p.out.cell()
			}
		}
	}
}
