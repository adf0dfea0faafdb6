package ingest

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

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
	place string // absolute path, hashed into marks, told to nobody
	root  *os.Root
}

// openTree opens a directory, by its absolute path.
func openTree(dir, label string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, openError(err)
	}
	return &tree{label: label, place: dir, root: root}, nil
}

// Label is the name the source was given by, without what leads to it.
func (t *tree) Label() string { return t.label }

// Close gives the directory back.
func (t *tree) Close() error { return t.root.Close() }

// directory is one folder of files.
type directory struct {
	path  string // within the tree, "/" between levels
	label string
	files []file
	err   error // why some of it could not be listed
}

// file is one item of a directory, as listed.
type file struct {
	path     string // within the tree
	position string
	mail     bool     // of a maildir: a message whatever its content
	flags    []string // from a maildir name
	refused  *Reason
	left     string
}

// Folders walks the tree once, looking into plain files only as far as it takes to
// see whether they are mbox files.
func (t *tree) Folders(ctx context.Context) ([]Folder, error) {
	w := &walk{tree: t}
	if err := w.directory(ctx, ".", "", 0); err != nil {
		return nil, err
	}
	return w.folders, nil
}

// walk gathers the folders of a tree.
type walk struct {
	*tree
	folders []Folder
}

// directory lists one directory and those below it. Its error is the context's: a
// directory that cannot be listed is a folder that fails when it is read.
func (w *walk) directory(ctx context.Context, dir, name string, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := &directory{path: dir, label: name}
	entries, err := w.list(dir)
	if err != nil || depth > maxDepth {
		d.err = cmp.Or(err, relais.Errorf(relais.KindRefused, "list folder", "over %d levels", maxDepth))
		w.folders = append(w.folders, Folder{Name: name, Handle: d})
		return nil
	}
	maildir := isMaildir(entries)
	if maildir && depth == 0 {
		d.label = "INBOX"
	}
	below := w.sort(d, entries, maildir)
	if len(d.files) > 0 || d.err != nil {
		w.folders = append(w.folders, Folder{Name: d.label, Handle: d})
	}
	for _, b := range below {
		if !b.IsDir() {
			w.mboxFolder(path.Join(dir, b.Name()), name, b.Name())
			continue
		}
		sub := folderLabel(b.Name())
		if maildir {
			if decoded, ok := format.MaildirFolder(b.Name()); ok {
				sub = folderLabel(decoded)
			}
		}
		if err := w.directory(ctx, path.Join(dir, b.Name()), path.Join(name, sub), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// sort puts the entries of a directory where they belong: items into d, what holds
// items of its own into the result.
func (w *walk) sort(d *directory, entries []fs.DirEntry, maildir bool) (below []fs.DirEntry) {
	for _, e := range entries {
		at := path.Join(d.path, e.Name())
		f := file{path: at, position: label(e.Name())}
		switch {
		case e.IsDir() && maildir && isMaildirPart(e.Name()):
			if e.Name() != "tmp" {
				w.messages(d, at)
			}
			continue
		case maildir && isControlFile(e.Name()):
			continue
		case e.IsDir():
			below = append(below, e)
			continue
		case !e.Type().IsRegular():
			f.refused = &Reason{ReasonNotRegular, typeName(e.Type())}
		case isSystemFile(e.Name()):
			f.left = ruleSystem
		case w.isMbox(at):
			below = append(below, e)
			continue
		}
		d.files = append(d.files, f)
	}
	return below
}

// mboxFolder makes a folder of an mbox file.
func (w *walk) mboxFolder(at, parent, name string) {
	full := path.Join(parent, folderLabel(name))
	if name == "mbox" && strings.HasSuffix(parent, ".mbox") {
		full = strings.TrimSuffix(parent, ".mbox") // Apple Mail: Name.mbox/mbox
	}
	w.folders = append(w.folders, Folder{Name: full, Handle: w.mbox(at)})
}

// mbox is an mbox file of the tree.
func (t *tree) mbox(at string) mboxFile {
	return mboxFile{func() (*os.File, error) {
		f, _, err := openRegular(t.root, at)
		return f, err
	}}
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

// isMbox looks at the first bytes of a file: few, where those say no. One that
// cannot be opened now is none: its reading will say why.
func (t *tree) isMbox(name string) bool {
	f, _, err := openRegular(t.root, name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	begin := make([]byte, 5)
	n, _ := f.ReadAt(begin, 0)
	if n > 0 && string(begin) != "From " {
		return false
	}
	return format.Sniff(headOf(f), name) == format.KindMbox && holdsMessages(f, name)
}

// sniffBytes is enough to tell what a file is by.
const sniffBytes = 16 << 10

// headOf gives the first bytes of a file, from wherever it stands.
func headOf(f *os.File) []byte {
	head := make([]byte, sniffBytes)
	n, _ := f.ReadAt(head, 0) // what cannot be read is not told
	return head[:n]
}

// openRegular opens a regular file of a root, following no link and waiting for no
// pipe. Between look and open the name may change hands: what was opened must be
// what was looked at.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	seen, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || !os.SameFile(seen, info)) {
		err = errNotRegular
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

var errNotRegular = errors.New("not a regular file")

// typeName says what stands where a file was expected.
func typeName(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return errNotRegular.Error()
}

// openError says what the system said, without the path.
func openError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return relais.Errorf(relais.KindNotFound, "open source", "no such file or folder")
	case errors.Is(err, fs.ErrPermission):
		return relais.Errorf(relais.KindForbidden, "open source", "permission denied")
	}
	return relais.Errorf(relais.KindUnavailable, "open source", "%s", reasonOf(err).Detail)
}

// isMaildir tells whether a directory is a maildir: it has a "cur". Its sister
// "new" is lost where empty directories are not kept.
func isMaildir(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && e.Name() == "cur" })
}

func isMaildirPart(name string) bool { return name == "cur" || name == "new" || name == "tmp" }

// isControlFile tells what a mail server keeps beside the messages of a maildir: no
// item, as "tmp" holds none.
func isControlFile(name string) bool {
	switch name {
	case "maildirfolder", "maildirsize", "subscriptions", ".noindex", ".noupdate":
		return true
	}
	return strings.HasPrefix(name, "dovecot") || strings.HasPrefix(name, "courier")
}

// isSystemFile tells what a desktop leaves beside its user's files: counted, not
// captured.
func isSystemFile(name string) bool {
	switch strings.ToLower(name) {
	case ".ds_store", "thumbs.db", "desktop.ini":
		return true
	}
	return false
}
