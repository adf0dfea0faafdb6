package extract

import (
	"github.com/ledongthuc/pdf"

	"github.com/relais-archive/relais/internal/format"
)

// pdfExtras collects the text that stands beside the content of a PDF's pages.
// Each list may point back to itself: how many objects are looked at is counted.
type pdfExtras struct {
	out  *textBuf
	left int
}

// newPDFExtras gives an empty collection that looks at 10,000 objects at most.
func newPDFExtras(lim format.Limits) *pdfExtras {
	return &pdfExtras{out: newTextBuf(lim.TextBytes), left: 10_000}
}

// add writes a string on a line of its own; what is no string is nothing.
func (x *pdfExtras) add(v pdf.Value) {
	if v.Kind() == pdf.String {
		x.out.line()
		x.out.writeString(v.Text())
	}
}

// annotations takes what notes say and where links lead (ISO 32000-1, 12.5).
func (x *pdfExtras) annotations(pages []pdfNode) {
	for _, p := range pages {
		list := p.v.Key("Annots")
		for i := 0; i < list.Len() && x.left > 0; i++ {
			x.left--
			a := list.Index(i)
			x.add(a.Key("T"))
			x.add(a.Key("Contents"))
			x.add(a.Key("A").Key("URI"))
		}
	}
}

// fields takes the values of an interactive form (ISO 32000-1, 12.7).
func (x *pdfExtras) fields(list pdf.Value, depth int) {
	for i := 0; i < list.Len() && x.left > 0 && depth < 16; i++ {
		x.left--
		f := list.Index(i)
		x.add(f.Key("V"))
		x.fields(f.Key("Kids"), depth+1)
	}
}

// bookmarks takes the titles of the outline (ISO 32000-1, 12.3.3), depth first.
func (x *pdfExtras) bookmarks(first pdf.Value) {
	stack := []pdf.Value{first}
	for len(stack) > 0 && x.left > 0 {
		x.left--
		b := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if b.Kind() != pdf.Dict {
			continue
		}
		x.add(b.Key("Title"))
		stack = append(stack, b.Key("Next"), b.Key("First"))
	}
}
