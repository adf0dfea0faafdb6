package extract

import (
	"context"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/ledongthuc/pdf"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// maxPDFFiles bounds how many files within a document are looked at.
const maxPDFFiles = 1_000

// pdfFile is a file within a PDF: an attachment, such as the invoice that Factur-X puts
// behind its picture, or what hangs on an annotation.
type pdfFile struct {
	name string
	data []byte
}

// pdfFiles collects the files of a document. Each list may point back to itself, and each
// file may be named several times.
type pdfFiles struct {
	list []pdfFile
	seen map[string]bool // by what leads to the bytes
	left int             // objects to look at
	room int64           // bytes to hold
	cut  bool
}

func newPDFFiles() *pdfFiles {
	return &pdfFiles{seen: map[string]bool{}, left: 10 * maxPDFFiles, room: maxMember}
}

// tree walks a name tree (ISO 32000-1, 7.9.6) whose values are file specifications.
func (f *pdfFiles) tree(node pdf.Value, depth int) {
	if f.left--; f.left <= 0 || depth > 32 {
		return
	}
	names := node.Key("Names")
	for i := 1; i < names.Len() && f.left > 0; i += 2 {
		f.add(names.Index(i), names.Index(i-1).Text())
	}
	for kids, i := node.Key("Kids"), 0; i < kids.Len() && f.left > 0; i++ {
		f.tree(kids.Index(i), depth+1)
	}
}

// array takes file specifications: the associated files of PDF 2.0 and PDF/A-3.
func (f *pdfFiles) array(list pdf.Value) {
	for i := 0; i < list.Len() && f.left > 0; i++ {
		f.add(list.Index(i), "")
	}
}

// annotations takes the files that annotations carry (ISO 32000-1, 12.5.6.15).
func (f *pdfFiles) annotations(pages []pdfNode) {
	for _, p := range pages {
		list := p.v.Key("Annots")
		for i := 0; i < list.Len() && f.left > 0; i++ {
			f.left--
			f.add(list.Index(i).Key("FS"), "")
		}
	}
}

// add reads the embedded file of a specification (ISO 32000-1, 7.11.3 and 7.11.4). One
// that names a file elsewhere has none.
func (f *pdfFiles) add(spec pdf.Value, name string) {
	f.left--
	ef := spec.Key("EF")
	if ef.Kind() != pdf.Dict || f.seen[ef.String()] {
		return
	}
	f.seen[ef.String()] = true
	for _, key := range [...]string{"UF", "F", "Unix", "DOS", "Mac"} {
		if s := spec.Key(key).Text(); s != "" {
			name = s
			break
		}
	}
	for _, key := range [...]string{"UF", "F", "Unix", "DOS", "Mac"} {
		if v := ef.Key(key); v.Kind() == pdf.Stream {
			f.take(name, f.read(v))
			return
		}
	}
}

// read inflates a stream as far as there is room; of a damaged one, nothing.
func (f *pdfFiles) read(v pdf.Value) (b []byte) {
	guarded(func() {
		r := v.Reader()
		b, _ = readUpTo(r, nil, f.room+1) // what came before damage is still text
		_ = r.Close()                     // it reads from memory
	})
	return b
}

// take keeps a file, or what there is room for of it.
func (f *pdfFiles) take(name string, data []byte) {
	if int64(len(data)) > f.room {
		data, f.cut = data[:f.room], true
	}
	if len(f.list) == maxPDFFiles {
		f.cut = true
		return
	}
	f.room -= int64(len(data))
	f.list = append(f.list, pdfFile{name, data})
}

// readPDFFiles finds the files of a document that the Go reader has open.
func readPDFFiles(trailer pdf.Value, pages []pdfNode) *pdfFiles {
	f := newPDFFiles()
	guarded(func() { f.tree(trailer.Key("Root").Key("Names").Key("EmbeddedFiles"), 0) })
	guarded(func() { f.array(trailer.Key("Root").Key("AF")) })
	guarded(func() { f.annotations(pages) })
	return f
}

// pdfiumFiles finds those of a document that only pdfium can open: its name tree alone.
func pdfiumFiles(pf pdfium.Pdfium, doc references.FPDF_DOCUMENT) *pdfFiles {
	f := newPDFFiles()
	count, err := pf.FPDFDoc_GetAttachmentCount(&requests.FPDFDoc_GetAttachmentCount{Document: doc})
	if err != nil {
		return f
	}
	for i := range min(count.AttachmentCount, maxPDFFiles) {
		a, err := pf.FPDFDoc_GetAttachment(&requests.FPDFDoc_GetAttachment{Document: doc, Index: i})
		if err != nil {
			continue
		}
		name := ""
		if n, err := pf.FPDFAttachment_GetName(&requests.FPDFAttachment_GetName{Attachment: a.Attachment}); err == nil {
			name = n.Name
		}
		var data []byte
		if b, err := pf.FPDFAttachment_GetFile(&requests.FPDFAttachment_GetFile{Attachment: a.Attachment}); err == nil {
			data = b.Contents
		}
		f.take(name, data)
	}
	return f
}

// withFiles appends the text of the files within a document, each under its name, as that
// of an archive's members is.
func withFiles(ctx context.Context, in Input, res Result, files *pdfFiles, lim format.Limits) Result {
	if files == nil || len(files.list) == 0 {
		return res
	}
	w, warn := newWork(in, lim), warnings(res.Warnings)
	out := newTextBuf(lim.TextBytes)
	out.writeString(res.Text)
	read := false
	for _, file := range files.list {
		switch {
		case w.depth >= lim.ArchiveDepth:
			warn.add("archive_depth", "")
			continue
		case w.entries <= 0 || w.bytes < int64(len(file.data)):
			files.cut = true
			continue
		}
		w.entries--
		w.bytes -= int64(len(file.data))
		out.line()
		out.writeString(file.name)
		out.writeByte('\n')
		if len(file.data) == 0 {
			warn.add("member_damaged", "")
			continue
		}
		r := w.inside(ctx, Input{Name: file.name, Size: int64(len(file.data)), Body: readerAt(file.data)})
		out.writeString(r.Text)
		warn.addLosses(r.Warnings)
		read = read || r.Text != ""
	}
	if files.cut {
		warn.add("archive_limit", "")
	}
	if out.full {
		warn.add("text_limit", "")
	}
	if read && res.Outcome == relais.ExtractionNone { // the pages alone are pictures
		res.Outcome = ""
	}
	res.Text, res.Warnings = string(out.b), warn
	return res
}
