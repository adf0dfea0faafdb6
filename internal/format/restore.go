package format

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// Beside is a file that a mail program keeps beside the message it is attached to.
type Beside struct {
	Part string // the part's number (RFC 3501, section 6.4.5)
	Name string // of the file
	// Encoded says that the file holds the part's body as it was sent, in the encoding
	// that the part's header names.
	Encoded bool
	Open    func() (io.ReadCloser, error)
}

// Restore gives a message with the files that stand beside it in their places, as it was
// sent: into the empty part with its number, or with its name. A file whose part is not
// empty is a copy, and is left out. For a file without a part one is added, so that
// whatever holds for the message holds for it. The same input gives the same bytes.
func Restore(message []byte, files []Beside, lim Limits) io.Reader {
	found := findParts(message, lim)
	r := &restoring{message: message, parts: found, eol: "\n"}
	if bytes.HasSuffix(message[:lineLength(message)], []byte("\r\n")) {
		r.eol = "\r\n"
	}
	fill := map[int]Beside{} // by index of part
	var more []Beside
	files = slices.SortedFunc(slices.Values(files), func(a, b Beside) int { return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.Name, b.Name)) })
	for _, f := range files {
		i, there := r.place(f, fill)
		switch {
		case i >= 0:
			fill[i] = f
		case !there:
			more = append(more, f)
		}
	}
	return r.build(fill, more)
}

// LeftOut counts the parts of a message that Apple Mail has taken out of it, to keep
// them beside it.
func LeftOut(message []byte, lim Limits) int {
	n := 0
	for _, p := range findParts(message, lim).parts {
		if rawField(message[p.head:p.body], "x-apple-content-length") != "" && len(bytes.TrimSpace(message[p.body:p.past])) == 0 {
			n++
		}
	}
	return n
}

// restoring is the making of one message.
type restoring struct {
	message []byte
	parts   *rawParts
	eol     string
	out     []io.Reader
}

// place finds the empty part of a file, -1 for none; there says that the message has
// the file already.
func (r *restoring) place(f Beside, taken map[int]Beside) (i int, there bool) {
	for i, p := range r.parts.parts {
		if _, used := taken[i]; p.number == f.Part && !used {
			if r.empty(p) {
				return i, true
			}
			return -1, true
		}
	}
	if f.Encoded {
		return -1, false
	}
	for i, p := range r.parts.parts {
		if _, used := taken[i]; !used && p.name == f.Name && r.empty(p) {
			return i, true
		}
	}
	return -1, false
}

func (r *restoring) empty(p rawPart) bool {
	return len(bytes.TrimSpace(r.message[p.body:p.past])) == 0
}

// build puts the message together.
func (r *restoring) build(fill map[int]Beside, more []Beside) io.Reader {
	from := 0
	if len(more) > 0 && r.parts.bound == "" {
		from = r.wrap()
	}
	for i, p := range r.parts.parts {
		f, ok := fill[i]
		if !ok {
			continue
		}
		if f.Encoded {
			r.text(r.message[from:p.body])
			r.file(f)
			from = p.past
			continue
		}
		r.text(r.message[from:p.head])
		r.text(withoutField(bytes.TrimRight(r.message[p.head:p.body], "\r\n"), "content-transfer-encoding"))
		r.text([]byte(r.eol + "Content-Transfer-Encoding: base64" + r.eol + r.eol))
		r.file(f)
		from = p.past
	}
	last := r.message[from:max(from, r.parts.last)]
	r.text(last)
	if len(more) > 0 && len(last) > 0 && last[len(last)-1] != '\n' {
		r.text([]byte(r.eol))
	}
	for _, f := range more {
		r.text(fmt.Appendf(nil, "--%s%sContent-Type: application/octet-stream%sContent-Disposition: %s%sContent-Transfer-Encoding: base64%s%s",
			r.parts.bound, r.eol, r.eol, mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(f.Name)}), r.eol, r.eol, r.eol))
		r.file(f)
	}
	if rest := r.message[max(from, r.parts.last):]; len(rest) > 0 {
		r.text(rest)
	} else if len(more) > 0 {
		r.text([]byte("--" + r.parts.bound + "--" + r.eol))
	}
	return io.MultiReader(r.out...)
}

// wrap makes a multipart of a message that is not one: its body becomes the first part. It
// gives the offset in the message from which to continue.
func (r *restoring) wrap() int {
	body := headerEnd(r.message)
	header := bytes.TrimRight(r.message[:body], "\r\n")
	own := []string{"content-type", "content-transfer-encoding", "content-disposition"}
	outer, inner := header, ""
	for _, name := range own {
		if v := rawField(header, name); v != "" {
			inner += name + ": " + v + r.eol
		}
		outer = withoutField(outer, name)
	}
	r.parts.bound = "restored-" + relais.DigestOf(r.message).String()[:24]
	r.text(fmt.Appendf(nil, "%s%sContent-Type: multipart/mixed; boundary=%q%s%s--%s%s%s%s",
		outer, r.eol, r.parts.bound, r.eol, r.eol, r.parts.bound, r.eol, inner, r.eol))
	return body
}

func (r *restoring) text(b []byte) { r.out = append(r.out, bytes.NewReader(b)) }

// file adds a file, opened when its turn comes.
func (r *restoring) file(f Beside) {
	r.out = append(r.out, &besideFile{open: f.Open, eol: r.eol, plain: f.Encoded})
}

// withoutField gives a header without the fields of a name, in lower case.
func withoutField(header []byte, name string) []byte {
	var kept []byte
	drop := false
	for at := 0; at < len(header); {
		n := lineLength(header[at:])
		if c := header[at]; c != ' ' && c != '\t' {
			drop = startsFold(header[at:], name+":")
		}
		if !drop {
			kept = append(kept, header[at:at+n]...)
		}
		at += n
	}
	return bytes.TrimRight(kept, "\r\n")
}

const encodedLine = 57 // bytes of a line of 76 characters (RFC 2045, section 6.8)

// besideFile gives a file's bytes in base64, or as they are, with a line end.
type besideFile struct {
	open  func() (io.ReadCloser, error)
	eol   string
	plain bool
	in    io.ReadCloser
	room  []byte
	held  []byte
	err   error
}

func (e *besideFile) Read(p []byte) (int, error) {
	for len(e.held) == 0 {
		if e.err != nil {
			return 0, e.err
		}
		e.fill()
	}
	n := copy(p, e.held)
	e.held = e.held[n:]
	return n, nil
}

// fill encodes some lines.
func (e *besideFile) fill() {
	if e.in == nil {
		if e.in, e.err = e.open(); e.err != nil {
			return
		}
		e.room = make([]byte, encodedLine*256)
	}
	n, err := io.ReadFull(e.in, e.room)
	if e.plain {
		e.held = append(e.held, e.room[:n]...)
		if err != nil {
			e.held = append(e.held, e.eol...)
		}
	}
	for from := 0; from < n && !e.plain; from += encodedLine {
		e.held = base64.StdEncoding.AppendEncode(e.held, e.room[from:min(n, from+encodedLine)])
		e.held = append(e.held, e.eol...)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err != nil {
		if failed := e.in.Close(); errors.Is(err, io.EOF) && failed != nil {
			err = failed
		}
		e.err = err
	}
}
