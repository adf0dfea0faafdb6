package extract

import (
	"bytes"
	"context"

	"github.com/relais-archive/relais/internal/format"
)

// readXML gives the characters of an XML document of no special kind, and of the
// flat forms of office documents (Word 2003 XML, flat ODF): the names of their
// paragraphs are those of the packages.
func readXML(_ context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	p := &packageText{a: &archive{cut: cut}, out: newTextBuf(lim.TextBytes)}
	s := newXMLScanner(b)
	head := b[:min(len(b), 4<<10)]
	office := bytes.Contains(head, []byte("schemas.microsoft.com/office/word"))
	if bytes.Contains(head, []byte("urn:oasis:names:tc:opendocument")) {
		p.dates = elementDates(b[:min(len(b), maxProperties)], "creation-date", "date") // its meta comes first
	}
	visit := p.anyXML()
	if office {
		visit = p.word()
	}
	for k := s.next(); k != xmlEOF && !p.out.full; k = s.next() {
		visit(s, k)
	}
	if s.deep {
		p.warn.add("xml_depth", "")
	}
	return p.result(), nil
}

// anyXML visits unknown XML: each element's text apart from its neighbours'.
func (p *packageText) anyXML() func(s *xmlScanner, k xmlKind) {
	return func(s *xmlScanner, k xmlKind) {
		switch k {
		case xmlStart:
			if string(s.name) == "binary-data" {
				s.skip()
			}
		case xmlEnd:
			p.out.line()
		case xmlText:
			p.out.b = s.appendText(p.out.b)
			p.out.full = len(p.out.b) >= p.out.limit
		}
	}
}
