package extract

import (
	"bytes"
	"context"
	"errors"

	"github.com/ledongthuc/pdf"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

const (
	maxPDFPages = 5_000
	// maxPDFContent bounds what the content streams of a document may inflate to.
	maxPDFContent = 128 << 20
	// maxPDFFont bounds one ToUnicode map.
	maxPDFFont = 4 << 20
	// surePDFStream is a compressed length that cannot inflate beyond the limits:
	// deflate gives at most 1,032 bytes a byte.
	surePDFStream = 32 << 10
)

// readPDF gives the text of a PDF (ISO 32000): by a reader in Go where its answer
// looks healthy, by pdfium where it does not. The first is quick to start and
// reads most office documents; the second reads nearly all.
func (e *engines) readPDF(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	res, files, err := e.readPDFBytes(ctx, in, b, cut, lim)
	if err != nil {
		return res, err
	}
	if (res.Dates == Dates{}) {
		res.Dates = xmpDates(lastXMP(b))
	}
	return withFiles(ctx, in, res, files, lim), ctx.Err()
}

// readPDFBytes reads a document in memory, of which some may have been cut off, and
// collects the files within it.
func (e *engines) readPDFBytes(ctx context.Context, in Input, b []byte, cut bool, lim format.Limits) (Result, *pdfFiles, error) {
	var quick pdfText
	if !in.retried() && quickCanRead(b) {
		quick = readPDFQuick(ctx, b, lim)
		if quick.whole && healthy(quick.text) && !detached(quick.text) {
			return quick.result("ledongthuc-pdf/1", cut), quick.files, ctx.Err()
		}
	}
	if quick.bomb {
		quick.warn.add("pdf_limit", "")
		return quick.result("ledongthuc-pdf/1", cut), quick.files, ctx.Err()
	}
	if in.offer != nil && len(quick.text) > 0 {
		in.offer(quick.result("ledongthuc-pdf/1", cut))
	}
	full, err := e.pdfium(ctx, b, lim)
	switch {
	case errors.Is(err, errLocked):
		return failed("", "pdfium/1", "locked", ""), nil, nil
	case ctx.Err() != nil:
		return Result{}, nil, ctx.Err()
	case err != nil && len(quick.text) == 0:
		return failed("", "pdfium/1", "pdf_damaged", ""), quick.files, nil
	case err != nil:
		quick.warn.add("pdf_damaged", "")
		return quick.result("ledongthuc-pdf/1", cut), quick.files, nil
	case quick.whole && measure(full.text).letters < measure(quick.text).letters/2:
		return quick.result("ledongthuc-pdf/1", cut), quick.files, nil
	}
	full.text = append(full.text, quick.extra...)
	full.dates.fill(quick.dates)
	if quick.files != nil {
		full.files = quick.files // annotations' among them
	}
	return full.result("pdfium/1", cut), full.files, nil
}

// pdfText is what one engine made of a document.
type pdfText struct {
	text  []byte
	extra []byte // what stands beside the pages' content: notes, fields, bookmarks; in text too
	whole bool   // every page was read
	bomb  bool   // its streams inflate beyond the limits: not to be tried again
	dates Dates
	files *pdfFiles // nil where the document could not be opened
	warn  warnings
}

// result makes a Result of the text. A document of readable pages without a word is
// one of pictures: none, not failed.
func (p *pdfText) result(engine string, cut bool) Result {
	if cut {
		p.warn.add("text_limit", "")
	}
	r := Result{Text: string(p.text), Dates: p.dates, Warnings: p.warn, Extractor: engine}
	if len(bytes.TrimSpace(p.text)) == 0 && len(p.warn) == 0 {
		r.Outcome = relais.ExtractionNone
		r.Warnings = []relais.Warning{{Code: "no_text"}} // pages are pictures
	}
	return r
}

// quickCanRead keeps the Go reader from what it would loop on: object streams that
// extend each other in a circle (ISO 32000-1, 7.5.7), which it follows without
// looking back. Names can be written in ways that hide from this look: then the
// child is killed, and pdfium reads alone.
func quickCanRead(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("%PDF-1.")) {
		return false
	}
	const mark = "/Extends"
	next := map[string]string{}
	for at := bytes.Index(b, []byte(mark)); at >= 0; {
		next[objectBefore(b[:at])] = firstNumber(b[at+len(mark):])
		more := bytes.Index(b[at+1:], []byte(mark))
		if more < 0 {
			break
		}
		at += 1 + more
	}
	for from := range next {
		n := 0
		for to, ok := next[from]; ok; to, ok = next[to] {
			if n++; n > len(next) {
				return false
			}
		}
	}
	return true
}

// objectBefore gives the number of the object that the end of b is in.
func objectBefore(b []byte) string {
	b = b[:max(bytes.LastIndex(b, []byte(" obj")), 0)]
	f := bytes.Fields(b[max(len(b)-24, 0):])
	if len(f) < 2 {
		return ""
	}
	return string(f[len(f)-2])
}

// firstNumber gives the first word of b, where a reference has its object number.
func firstNumber(b []byte) string {
	f := bytes.Fields(b[:min(len(b), 16)])
	if len(f) == 0 {
		return ""
	}
	return string(f[0])
}

// readPDFQuick reads with github.com/ledongthuc/pdf, of which only the object layer
// is used: its page tree, its inheritance and its text walk loop on crafted files.
func readPDFQuick(ctx context.Context, b []byte, lim format.Limits) pdfText {
	r, err := pdf.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return pdfText{}
	}
	d := &pdfDoc{out: newTextBuf(lim.TextBytes), content: maxPDFContent, fonts: map[string]*pdfFont{}}
	x := newPDFExtras(lim)
	var t pdfText
	var pages []pdfNode
	guarded(func() { pages, t.whole = pdfPages(r.Trailer().Key("Root").Key("Pages")) })
	t.whole = t.whole && len(pages) > 0 && guarded(func() {
		for _, p := range pages {
			if ctx.Err() != nil || d.bomb || d.out.full {
				return
			}
			d.page(p)
		}
	})
	guarded(func() { x.annotations(pages) })
	guarded(func() { x.fields(r.Trailer().Key("Root").Key("AcroForm").Key("Fields"), 0) })
	guarded(func() { x.bookmarks(r.Trailer().Key("Root").Key("Outlines").Key("First")) })
	d.out.write(x.out.b)
	t.text, t.extra, t.bomb = d.out.b, x.out.b, d.bomb
	t.dates, t.files = pdfDates(r.Trailer()), readPDFFiles(r.Trailer(), pages)
	return t
}

// guarded runs a walk over the library's objects and tells whether it came to its
// end: the library reports damage by panicking. What was written before stands.
func guarded(walk func()) (ok bool) {
	defer func() { ok = recover() == nil }()
	walk()
	return
}

// pdfNode is a page, or a branch of the page tree.
type pdfNode struct {
	v         pdf.Value
	resources pdf.Value // inherited (ISO 32000-1, 7.7.3.4)
}

// pdfPages walks the page tree, each node once, whatever its Count and Parent
// entries say. whole tells that nothing was left out.
func pdfPages(root pdf.Value) (pages []pdfNode, whole bool) {
	seen := map[string]bool{}
	stack := []pdfNode{{v: root, resources: root.Key("Resources")}}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		kids := n.v.Key("Kids")
		if kids.Len() == 0 {
			if n.v.Key("Contents").Kind() != pdf.Null || n.v.Key("Annots").Kind() != pdf.Null {
				pages = append(pages, n)
			}
			if len(pages) >= maxPDFPages {
				return pages, false
			}
			continue
		}
		// An array prints as its references: what tells one node from another here.
		if id := kids.String(); seen[id] || len(seen) > maxPDFPages {
			continue
		} else {
			seen[id] = true
		}
		for i := min(kids.Len(), maxPDFPages) - 1; i >= 0; i-- {
			k := pdfNode{v: kids.Index(i), resources: n.resources}
			if r := k.v.Key("Resources"); r.Kind() == pdf.Dict {
				k.resources = r
			}
			stack = append(stack, k)
		}
	}
	return pages, true
}

// retried tells that a child died on this document before.
func (in Input) retried() bool { return in.work != nil && in.work.retry }
