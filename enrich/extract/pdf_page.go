package extract

import (
	"io"
	"math"
	"strings"

	"github.com/ledongthuc/pdf"
)

const (
	maxPDFForms = 500 // form XObjects drawn by one page
	maxPDFNest  = 8   // forms within forms
)

// pdfDoc writes the text of one document's pages.
type pdfDoc struct {
	out     *textBuf
	content int64 // bytes that streams may still inflate to
	bomb    bool
	fonts   map[string]*pdfFont // by their dictionary as printed: shared by pages
}

// page writes the text of one page.
func (d *pdfDoc) page(n pdfNode) {
	p := &pdfPage{doc: d, forms: maxPDFForms}
	p.run(n.v.Key("Contents"), n.resources, 0)
	d.out.line()
}

// affords tells whether a stream, or an array of them, stays within the limits,
// by inflating it once where its length and filter do not tell.
func (d *pdfDoc) affords(v pdf.Value) bool {
	if v.Kind() == pdf.Array {
		for i := 0; i < v.Len(); i++ {
			if !d.affords(v.Index(i)) {
				return false
			}
		}
		return true
	}
	if v.Kind() != pdf.Stream {
		return true
	}
	length := v.Key("Length").Int64()
	if v.Key("Filter").Len() <= 1 && length <= surePDFStream {
		d.content -= length * 8 // what text streams come to
	} else {
		r := v.Reader()
		n, _ := io.Copy(io.Discard, io.LimitReader(r, d.content+1)) // damage shows when it is read for good
		_ = r.Close()                                               // it reads from memory
		d.content -= n
	}
	d.bomb = d.bomb || d.content < 0
	return !d.bomb
}

// pdfPage interprets content streams (ISO 32000-1, 9) as far as text and its place
// go: glyphs far apart are two words, another height is another line.
type pdfPage struct {
	doc   *pdfDoc
	forms int

	font       *pdfFont
	size       float64
	leading    float64
	charSpace  float64
	wordSpace  float64
	scale      float64 // of the text matrix, along the line
	lineX      float64 // start of the current line, user space
	lineY      float64
	x, y       float64 // where the next glyph goes
	endX, endY float64 // where the last one ended
	written    bool    // something stands on the page
	moved      bool    // the coordinate system changed since
}

// run interprets a content stream with its resources.
func (p *pdfPage) run(content, resources pdf.Value, depth int) {
	if depth > maxPDFNest || !p.doc.affords(content) {
		return
	}
	if k := content.Kind(); k != pdf.Stream && (k != pdf.Array || content.Len() == 0) {
		return
	}
	fonts := map[string]*pdfFont{}
	pdf.Interpret(content, func(stk *pdf.Stack, op string) {
		args := popAll(stk)
		switch op {
		case "Tf":
			if len(args) == 2 {
				p.setFont(fonts, resources, args[0].Name(), args[1].Float64())
			}
		case "Do":
			if len(args) == 1 {
				p.form(resources.Key("XObject").Key(args[0].Name()), resources, depth)
			}
		case "cm", "Q":
			p.moved = true
		default:
			p.operator(op, args)
		}
	})
}

// popAll empties the stack: the operands of an operator, first to last.
func popAll(stk *pdf.Stack) []pdf.Value {
	args := make([]pdf.Value, stk.Len())
	for i := len(args) - 1; i >= 0; i-- {
		args[i] = stk.Pop()
	}
	return args
}

// form draws a form XObject; pictures are not text.
func (p *pdfPage) form(x, resources pdf.Value, depth int) {
	if x.Key("Subtype").Name() != "Form" || p.forms <= 0 {
		return
	}
	p.forms--
	if r := x.Key("Resources"); r.Kind() == pdf.Dict {
		resources = r
	}
	p.moved = true
	p.run(x, resources, depth+1)
	p.moved = true
}

// setFont chooses a font by its name among the resources. Fonts are read once a
// document: pages share them, and their maps are the dearest part.
func (p *pdfPage) setFont(fonts map[string]*pdfFont, resources pdf.Value, name string, size float64) {
	f, ok := fonts[name]
	if !ok {
		v := resources.Key("Font").Key(name)
		id := v.String()
		if f, ok = p.doc.fonts[id]; !ok {
			f = newPDFFont(p.doc, v)
			p.doc.fonts[id] = f
		}
		fonts[name] = f
	}
	p.font, p.size = f, size
}

// operator handles the text operators (ISO 32000-1, tables 105 to 109).
func (p *pdfPage) operator(op string, args []pdf.Value) {
	num := func(i int) float64 {
		if i < len(args) {
			return args[i].Float64()
		}
		return 0
	}
	switch op {
	case "BT":
		p.scale, p.lineX, p.lineY, p.x, p.y = 1, 0, 0, 0, 0
	case "Tc":
		p.charSpace = num(0)
	case "Tw":
		p.wordSpace = num(0)
	case "TL":
		p.leading = num(0)
	case "Td":
		p.moveLine(num(0), num(1))
	case "TD":
		p.leading = -num(1)
		p.moveLine(num(0), num(1))
	case "Tm":
		p.scale = math.Hypot(num(0), num(1))
		p.lineX, p.lineY = num(4), num(5)
		p.x, p.y = p.lineX, p.lineY
	case "T*":
		p.moveLine(0, -p.leading)
	case "'", "\"":
		p.moveLine(0, -p.leading)
		if len(args) > 0 {
			p.show(args[len(args)-1].RawString())
		}
	case "Tj":
		if len(args) > 0 {
			p.show(args[0].RawString())
		}
	case "TJ":
		if len(args) > 0 {
			p.showArray(args[0])
		}
	}
}

// moveLine goes to the start of a line, given from the start of the last one.
func (p *pdfPage) moveLine(dx, dy float64) {
	p.lineX += dx * p.scale
	p.lineY += dy * p.scale
	p.x, p.y = p.lineX, p.lineY
}

// showArray shows strings with the gaps between them, in thousandths of an em.
func (p *pdfPage) showArray(list pdf.Value) {
	for i := 0; i < list.Len(); i++ {
		if v := list.Index(i); v.Kind() == pdf.String {
			p.show(v.RawString())
		} else {
			p.x -= v.Float64() / 1000 * p.size * p.scale
		}
	}
}

// show writes a string, parted from the one before it by where it stands.
func (p *pdfPage) show(raw string) {
	if p.font == nil || raw == "" {
		return
	}
	text, width := p.font.decode(raw, p.charSpace/nonZero(p.size), p.wordSpace/nonZero(p.size))
	em := math.Abs(p.size * p.scale)
	switch gap := p.x - p.endX; {
	case !p.written:
	case p.moved && math.Abs(p.y-p.endY) < em*0.1 && math.Abs(gap) < em*0.1:
	case p.moved, math.Abs(p.y-p.endY) > em*0.4:
		p.doc.out.line()
	case gap > em*0.17, gap < -em:
		p.doc.out.space()
	}
	p.written, p.moved = true, false
	p.doc.out.writeString(text)
	p.x += width * p.size * p.scale
	p.endX, p.endY = p.x, p.y
	if strings.HasSuffix(text, " ") {
		p.endX -= 0.2 * em
	}
}

// nonZero keeps a font size of zero from dividing.
func nonZero(f float64) float64 {
	if f == 0 {
		return 1
	}
	return f
}
