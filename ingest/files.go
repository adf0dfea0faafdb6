package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"sync"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Read hands out the files of a directory, or the messages of an mbox file.
func (t *tree) Read(ctx context.Context, f Folder, req Request, yield func(Found) error) (Cursor, error) {
	switch h := f.Handle.(type) {
	case mboxFile:
		return h.read(ctx, req, yield)
	case *directory:
		return t.read(ctx, h, req, yield)
	}
	return "", relais.Errorf(relais.KindInternal, "read folder", "a folder of another source")
}

// read hands out the files that were not captured as they now are. Their bytes are read
// ahead, since small files cost more to open than to read.
func (t *tree) read(ctx context.Context, d *directory, req Request, yield func(Found) error) (Cursor, error) {
	req.Announce(int64(len(d.files)))
	r := &reading{tree: t, dir: d, req: req, marks: parseMarks(req.After)}
	r.moved = sync.OnceValue(r.relist)
	wanted := r.wanted()
	err := ahead(ctx, wanted, r.open, opened.discard, func(o opened) error {
		if o.err != nil {
			return o.err
		}
		if o.captured {
			r.marks.keep(o.mark)
			o.found.Cursor = r.marks.tell()
		}
		return yield(o.found)
	})
	if err == nil {
		err = d.err
	}
	return r.marks.end(), err
}

// reading is the reading of one directory.
type reading struct {
	*tree
	dir   *directory
	req   Request
	marks *marks
	moved func() map[string]string // where messages of a maildir are now
}

// wanted lists the files that are new or have changed, and keeps the marks of all
// others.
func (r *reading) wanted() []file {
	var list []file
	for _, f := range r.dir.files {
		if f.refused == nil && f.left == "" && len(r.marks.done) > 0 {
			info, err := r.root.Lstat(f.path)
			if err == nil {
				if m := r.mark(f, info); r.marks.done[m] {
					r.marks.keep(m)
					continue
				}
			}
		}
		list = append(list, f)
	}
	r.marks.told = len(r.marks.list)
	return list
}

// mark names a file by its position, not its path: a maildir renames a message when
// its flags change, and that is no reason to read it again.
func (r *reading) mark(f file, info fs.FileInfo) mark8 {
	return markOf(r.place, r.dir.path, f.position+r.besideMark(f), info)
}

// opened is a file ready to be handed out.
type opened struct {
	found    Found
	mark     mark8
	captured bool // its bytes are at hand
	err      error
}

// discard gives back what was read ahead and is not wanted any more.
func (o opened) discard() { closeBody(o.found.Body) }

// open makes a file ready; it runs ahead of capture, several at once.
func (r *reading) open(ctx context.Context, f file) opened {
	found := Found{Position: f.position, Kind: relais.KindFile, Name: path.Base(f.path), Size: -1, Flags: f.flags, Whole: true}
	if f.mail {
		found.Kind, found.Name = relais.KindMessage, ""
	}
	if f.refused != nil || f.left != "" {
		found.Refused, found.Left = f.refused, f.left
		return opened{found: found}
	}
	o, err := r.bytes(f, found)
	switch {
	case err == nil || ctx.Err() != nil:
		return o
	case relais.Retryable(err):
		return opened{err: err} // no room for what is being read: the run's fault
	}
	why, ok := packedReason(err)
	if !ok {
		why = reasonOf(err)
	}
	found.Refused = &why
	return opened{found: found}
}

// bytes reads a file, but where only its size is wanted.
func (r *reading) bytes(f file, found Found) (opened, error) {
	in, info, err := r.regular(f)
	if err != nil {
		return opened{}, err
	}
	defer func() { _ = in.Close() }() // only read
	found.Size, found.Received, found.ReceivedFrom = info.Size(), info.ModTime(), relais.ReceivedFile
	if f.mail {
		found.deliveredBy(path.Base(f.path))
	}
	o := opened{found: found, mark: r.mark(f, info), captured: true}
	if r.req.CountOnly && r.req.Rule == nil {
		return o, nil
	}
	head := make([]byte, 64)
	n, _ := in.ReadAt(head, 0) // what cannot be read is told when it is read
	if how := format.CompressionOf(head[:n]); how != "" || format.MayBeEmlx(head[:n]) {
		if l := peel(io.NewSectionReader(in, 0, math.MaxInt64), f.path, r.lim); l.kind == format.KindEmlx || how != "" && (f.mail || l.isMail()) {
			return o, r.layered(l, f, &o.found)
		}
	}
	body, err := r.req.content(in, info.Size())
	if err != nil {
		return o, err
	}
	o.found.Body, o.found.Size = body, body.size
	if !f.mail {
		o.found.Kind = kindOf(body.head(), f.path)
	}
	return o, nil
}

// layered reads a message out of what is around it.
func (r *reading) layered(l layers, f file, found *Found) error {
	in, err := l.open(r.lim)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	found.Size = -1
	return l.message(in, found, f.held, r.req)
}

// deliveredBy takes the time that a maildir file's name tells, where it does.
func (f *Found) deliveredBy(name string) {
	if t, ok := format.MaildirTime(name); ok {
		f.Received, f.ReceivedFrom = t, relais.ReceivedMaildir
	}
}

// regular opens a listed file. A message of a maildir in use may have been moved to
// "cur", or have got other flags, since it was listed.
func (r *reading) regular(f file) (*os.File, fs.FileInfo, error) {
	in, info, err := openRegular(r.root, f.path)
	if f.mail && errors.Is(err, fs.ErrNotExist) {
		if now, ok := r.moved()[f.position]; ok {
			return openRegular(r.root, now)
		}
	}
	return in, info, err
}

// relist gives the messages now in "cur", by position.
func (r *reading) relist() map[string]string {
	again := &directory{}
	(&walk{tree: r.tree}).messages(again, path.Join(r.dir.path, "cur"))
	at := make(map[string]string, len(again.files))
	for _, f := range again.files {
		at[f.position] = f.path
	}
	return at
}

// kindOf tells whether a file is one message, by its content. One that begins like an mbox
// but is not is a message with its separator.
func kindOf(head []byte, name string) relais.DocKind {
	switch format.Sniff(head, name) {
	case format.KindMail, format.KindMbox:
		return relais.KindMessage
	}
	return relais.KindFile
}
