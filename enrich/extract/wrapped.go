package extract

import (
	"bytes"
	"context"
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
)

// readTNEF gives the text of a message that Outlook packed (MS-OXTNEF), and of its
// files, each after its name.
func readTNEF(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	var warn warnings
	t, ok := format.ReadTNEF(b, lim)
	if !ok || cut || t.Cut {
		warn.add("damaged", "")
	}
	if !ok {
		return Result{Warnings: warn}, nil
	}
	out, w := newTextBuf(lim.TextBytes), newWork(in, lim)
	text, _, losses := BodyText(&format.Mail{Text: t.Text, HTML: t.HTML, RTF: t.RTF}, lim)
	warn.addLosses(losses)
	out.writeString(t.Subject + "\n\n" + text)
	for _, f := range t.Files {
		out.line()
		out.writeString(f.Name + "\n")
		if w.depth >= lim.ArchiveDepth {
			warn.add("archive_depth", "")
			continue
		}
		r := w.inside(ctx, Input{Name: f.Name, MediaType: f.MediaType, Size: int64(len(f.Body)), Body: readerAt(f.Body)})
		out.writeString(r.Text)
		warn.addLosses(r.Warnings)
	}
	if out.full {
		warn.add("text_limit", "")
	}
	return Result{Text: string(out.b), Warnings: warn}, ctx.Err()
}

// isCMS tells a CMS message by its first bytes: a sequence that begins with the
// identifier of one of its types (RFC 5652), or PEM's line.
func isCMS(head []byte) bool {
	for _, name := range []string{"CMS", "PKCS7"} {
		if bytes.HasPrefix(head, []byte("-----BEGIN "+name+"-----")) {
			return true
		}
	}
	head = head[:min(len(head), 24)]
	return len(head) > 0 && head[0] == 0x30 &&
		(bytes.Contains(head, []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07")) || bytes.Contains(head, []byte("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01")))
}

// readCMS gives the text of a file that somebody signed: "contract.pdf.p7m".
func readCMS(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	kind, content, whole := format.OpenCMS(b, maxMember)
	var warn warnings
	w := newWork(in, lim)
	switch {
	case kind == format.CMSEncrypted:
		return failed(typeCMS, "", "locked", "smime"), nil
	case content == nil && whole:
		return Result{}, nil // a signature apart from what it signs
	case w.depth >= lim.ArchiveDepth:
		warn.add("archive_depth", "")
		return Result{Warnings: warn}, nil
	case cut || !whole:
		warn.add("damaged", "")
	}
	name := in.Name
	if strings.EqualFold(path.Ext(name), ".p7m") {
		name = name[:len(name)-len(".p7m")]
	}
	r := w.inside(ctx, Input{Name: name, Size: int64(len(content)), Body: readerAt(content)})
	warn.addLosses(r.Warnings)
	return Result{Text: r.Text, Warnings: warn}, ctx.Err()
}
