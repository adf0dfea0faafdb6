package ingest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// maxDepth bounds how deep folders are followed.
const maxDepth = 64

// tree is a directory on disk: of maildirs, mbox files, one message per file, any
// other files, or all of these. Every directory that holds items is a folder, and
// so is every mbox file. Nothing outside the directory is ever opened: no link is
// followed, and what is not a regular file is refused by name.
type tree struct {
	label string
	place string // absolute path, hashed into marks, never shown
	root  *os.Root
	lim   format.Limits // of what is compressed
}

// openTree opens a directory, by its absolute path.
func openTree(dir, label string, lim format.Limits) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, openError(err)
	}
	return &tree{label: label, place: dir, root: root, lim: wide(lim)}, nil
}

// Label is the name the source was given by, without what leads to it.
func (t *tree) Label() string { return t.label }

// Close gives the directory back.
func (t *tree) Close() error { return t.root.Close() }

// directory is one folder of files.
type directory struct {
	path  string // within the tree, "/" between levels
	box   string // the mailbox of Apple Mail that it is a part of, or ""
	files []file
	err   error // why some of it could not be listed
}

// file is one item of a directory, as listed.
type file struct {
	path     string // within the tree
	position string
	mail     bool            // of a maildir: a message whatever its content
	flags    []string        // from a maildir name
	held     []format.Beside // files that are read with it
	heldAt   []string        // their paths
	refused  *Reason
	left     string
}

// Folders walks the tree once, looking into plain files only as far as it takes to
// see whether they are mbox files.
func (t *tree) Folders(ctx context.Context) ([]Folder, error) {
	w := &walk{tree: t, at: map[string]int{}}
	if err := w.directory(ctx, ".", naming{}, 0); err != nil {
		return nil, err
	}
	w.hold()
	return w.folders, nil
}

// walk gathers the folders of a tree.
type walk struct {
	*tree
	folders []Folder
	at      map[string]int // into folders, by name
}

// add adds a folder at a path, under its name, or under a longer one where two names
// coincide. The messages of one of Apple Mail's mailboxes stand in many directories: these
// are one folder.
func (w *walk) add(handle any, at, name string) {
	i, taken := w.at[name]
	if taken && w.sameBox(i, handle) {
		return
	}
	if taken {
		name = folderLabel(at)
	}
	if _, taken = w.at[name]; taken {
		name = path.Join(name, relais.DigestOf([]byte(at)).String()[:8])
	}
	w.at[name] = len(w.folders)
	w.folders = append(w.folders, Folder{Name: name, Handle: handle})
}

// sameBox joins a directory to a folder that holds others of the same mailbox.
func (w *walk) sameBox(i int, handle any) bool {
	more, ok := handle.(*directory)
	first, of := w.folders[i].Handle.(*directory)
	if !ok || !of || more.box == "" || more.box != first.box {
		return false
	}
	first.join(more)
	return true
}

// join adds the files of another directory of the same mailbox.
func (d *directory) join(more *directory) {
	for _, f := range more.files {
		if slices.ContainsFunc(d.files, func(g file) bool { return g.position == f.position }) {
			f.position = label(f.path)
		}
		d.files = append(d.files, f)
	}
	d.err = errors.Join(d.err, more.err)
}

// directory lists one directory and those below it. Its error is the context's: a
// directory that cannot be listed is a folder that fails when it is read.
func (w *walk) directory(ctx context.Context, dir string, name naming, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := &directory{path: dir, box: name.box}
	entries, err := w.list(dir)
	if err != nil || depth > maxDepth {
		d.err = cmp.Or(err, relais.Errorf(relais.KindRefused, "list folder", "over %d levels", maxDepth))
		w.add(d, dir, name.loose)
		return nil
	}
	maildir := isMaildir(entries)
	if maildir && depth == 0 {
		name.loose = "INBOX"
	}
	below := w.sort(d, entries, maildir)
	if len(d.files) > 0 || d.err != nil {
		w.add(d, dir, name.loose)
	}
	for _, b := range below {
		at := path.Join(dir, b.Name())
		if !b.IsDir() {
			w.add(w.mbox(at), at, name.mailbox(b.Name()))
			of := File{Folder: name.loose, Position: label(b.Name()), Open: w.opener(at)}
			last := &w.folders[len(w.folders)-1]
			if last.Of = append(last.Of, of); name.plain != name.loose {
				of.Folder = name.plain
				last.Of = append(last.Of, of)
			}
			continue
		}
		if err := w.directory(ctx, at, name.below(b.Name(), maildir), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// sort puts the entries of a directory where they belong: items into d, what holds
// items of its own into the result.
func (w *walk) sort(d *directory, entries []fs.DirEntry, maildir bool) (below []fs.DirEntry) {
	names, a := make(map[string]bool, len(entries)), around{maildir: maildir}
	a.beside = func(name string) bool { return names[name] }
	for _, e := range entries {
		names[e.Name()] = true
		a.mailboxes = a.mailboxes || tellsMailboxes(e.Name())
	}
	for _, e := range entries {
		at := path.Join(d.path, e.Name())
		f := file{path: at, position: label(e.Name())}
		switch {
		case e.IsDir() && maildir && isMaildirPart(e.Name()):
			if e.Name() != "tmp" {
				w.messages(d, at)
			}
			continue
		case e.IsDir():
			below = append(below, e)
			continue
		case !e.Type().IsRegular():
			f.refused = &Reason{ReasonNotRegular, typeName(e.Type())}
		default:
			a.head = sync.OnceValue(func() []byte { return w.begin(at) })
			f.left = leftOut(at, a)
			if f.left == "" && w.isMbox(at, hintOf(at, a)) {
				below = append(below, e)
				continue
			}
		}
		d.files = append(d.files, f)
	}
	return below
}

// mbox is an mbox file of the tree.
func (t *tree) mbox(at string) mboxFile {
	return mboxFile{lim: t.lim, open: func() (*os.File, error) {
		f, _, err := openRegular(t.root, at)
		return f, err
	}}
}

// opener opens a file of the tree as it is.
func (t *tree) opener(at string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		f, _, err := openRegular(t.root, at)
		return f, err
	}
}

// messages lists the messages of a maildir's cur or new.
func (w *walk) messages(d *directory, dir string) {
	entries, err := w.list(dir)
	if err != nil {
		d.err = err
		return
	}
	for _, e := range entries {
		unique, flags := format.ParseMaildirName(e.Name())
		f := file{path: path.Join(dir, e.Name()), position: label(unique), mail: true, flags: flags}
		if !e.Type().IsRegular() {
			f.refused = &Reason{ReasonNotRegular, typeName(e.Type())}
		}
		d.files = append(d.files, f)
	}
}

// list gives the entries of a directory, by name: the same tree is read in the same
// order on every file system.
func (t *tree) list(dir string) (entries []fs.DirEntry, err error) {
	f, err := t.root.Open(dir)
	if err != nil {
		return nil, openError(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	entries, err = f.ReadDir(-1)
	if err != nil {
		return nil, openError(err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// begin gives the first bytes of a file, none where it cannot be opened.
func (t *tree) begin(name string) []byte {
	f, _, err := openRegular(t.root, name)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	head := make([]byte, 64)
	n, _ := f.ReadAt(head, 0)
	return head[:n]
}

// isMbox looks at the first bytes of a file: few, where those say no. One that cannot be
// opened now is taken for none: reading it will say why.
func (t *tree) isMbox(name string, hint hint) bool {
	f, _, err := openRegular(t.root, name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	return isMbox(f, name, hint, t.lim)
}

// isMaildir tells whether a directory is a maildir: it has a "cur". Its sister
// "new" is lost where empty directories are not kept.
func isMaildir(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && e.Name() == "cur" })
}

func isMaildirPart(name string) bool { return name == "cur" || name == "new" || name == "tmp" }
