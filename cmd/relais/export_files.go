package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// handOut writes an export as files, all within one folder: a message each, or all in one
// mailbox; beside them, what is no message; and the lists of it all. What cannot be
// written is told as it is met, and the rest goes on.
type handOut struct {
	root    *os.Root  // the folder; nil: there is only the standard output
	files   string    // the folder within it of what is no message
	mailbox io.Writer // takes the messages one after the other; nil: a file each
	file    *os.File  // the mailbox, where it is a file
	name    string    // of that file
	list    *manifest // nil where there is no folder
	last    *handed   // not known to be whole before the next part has come
	tell    func(relais.Exported, string)
	beside  int              // files that are no messages
	taken   map[[8]byte]bool // their names, hashed: of two documents of the same bytes each has its own file
	code    int              // to exit with
}

// handed is a document as far as it was written.
type handed struct {
	relais.Exported
	temp   string // its file, under a passing name
	before int64  // the mailbox's size without it
}

// openFolder makes the folder of an export of one file a message.
func openFolder(output string) (h *handOut, err error) {
	if err := os.MkdirAll(output, 0o700); err != nil {
		return nil, relais.E(relais.KindInvalid, "make folder", err)
	}
	h = &handOut{files: "files", taken: map[[8]byte]bool{}}
	if h.root, err = os.OpenRoot(output); err != nil {
		return nil, relais.E(relais.KindInvalid, "open folder", err)
	}
	if h.list, err = newManifest(h.root, ""); err != nil {
		return nil, errors.Join(err, h.root.Close())
	}
	return h, nil
}

// openMailbox makes a mailbox, which gets its name at the end, and its lists beside it.
func openMailbox(output string) (h *handOut, err error) {
	h = &handOut{name: filepath.Base(output), files: filepath.Base(output) + ".files", taken: map[[8]byte]bool{}}
	if h.root, err = os.OpenRoot(filepath.Dir(output)); err != nil {
		return nil, relais.E(relais.KindInvalid, "write file", err)
	}
	if h.file, err = create(h.root, passing(h.name)); err != nil {
		return nil, errors.Join(err, h.root.Close())
	}
	h.mailbox = h.file
	if h.list, err = newManifest(h.root, h.name+"."); err != nil {
		return nil, errors.Join(err, h.file.Close(), h.root.Remove(passing(h.name)), h.root.Close())
	}
	return h, nil
}

// passing is the name of a file as long as it is not whole.
func passing(name string) string {
	dir, base := path.Split(name)
	return dir + ".relais-" + base
}

func create(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, relais.E(relais.KindInvalid, "write file", err)
	}
	return f, nil
}

// take writes the next document. Its error ends the export.
func (h *handOut) take(e relais.Exported, fault relais.Kind, body io.Reader) error {
	if fault != "" {
		return h.lose(e, fault)
	}
	if err := h.settle(); err != nil {
		return err
	}
	switch {
	case e.Kind == relais.KindMessage && h.mailbox != nil:
		return h.append(e, body)
	case h.root == nil:
		h.missed(e, "no message: --output FILE gives it a place", exitError)
		return nil
	}
	return h.write(e, body)
}

// append adds a message to the mailbox.
func (h *handOut) append(e relais.Exported, body io.Reader) (err error) {
	h.last = &handed{Exported: e}
	h.last.Path = h.name
	if h.file != nil {
		if h.last.before, err = h.file.Seek(0, io.SeekCurrent); err != nil {
			return err
		}
	}
	_, err = io.Copy(h.mailbox, body)
	return err
}

// write writes a document to a file of its own, under a passing name.
func (h *handOut) write(e relais.Exported, body io.Reader) error {
	h.last = &handed{Exported: e, temp: passing(safeBase(string(e.ID)))}
	f, err := create(h.root, h.last.temp)
	if err != nil {
		return err
	}
	sum := sha256.New()
	h.last.Size, err = io.Copy(io.MultiWriter(f, sum), body)
	h.last.SHA256 = relais.Digest(sum.Sum(nil))
	return errors.Join(err, f.Sync(), f.Close())
}

// settle names what was written last, which is whole, and lists it.
func (h *handOut) settle() error {
	if h.last == nil {
		return nil
	}
	last := h.last
	h.last = nil
	if last.temp != "" {
		var err error
		if last.Path, err = h.place(last); err != nil {
			return errors.Join(err, h.root.Remove(last.temp))
		}
	}
	if h.list == nil {
		return nil
	}
	return h.list.add(last.Exported)
}

// place gives a file its name: a message its id, another its own name, unless a file of
// other bytes has it, whosever that is.
func (h *handOut) place(d *handed) (string, error) {
	id := safeBase(string(d.ID))
	if d.Kind == relais.KindMessage {
		return id + ".eml", h.root.Rename(d.temp, id+".eml")
	}
	if err := h.root.MkdirAll(h.files, 0o700); err != nil {
		return "", relais.E(relais.KindInvalid, "make folder", err)
	}
	h.beside++
	name := safeBase(cmp.Or(d.Name, id))
	ext := path.Ext(name)
	for _, n := range []string{name, strings.TrimSuffix(name, ext) + "-" + id[:min(8, len(id))] + ext, id + ext} {
		to := path.Join(h.files, n)
		key := relais.DigestOf([]byte(strings.ToLower(to)))
		if name := [8]byte(key[:8]); !h.taken[name] && h.free(to, d.SHA256) {
			h.taken[name] = true
			if h.mailbox != nil && h.beside <= toldBeside {
				h.tell(d.Exported, to)
			}
			return to, h.root.Rename(d.temp, to)
		}
	}
	return "", relais.Errorf(relais.KindConflict, "write file", "something of other content has the names of %s", id)
}

// toldBeside is how many of the files beside a mailbox are named on the screen; the
// manifest names all.
const toldBeside = 20

// free tells whether a name is to be had: no file has it, or one of the same bytes, as an
// export before this one leaves them.
func (h *handOut) free(name string, want relais.Digest) bool {
	info, err := h.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return errors.Is(err, fs.ErrNotExist)
	}
	f, err := h.root.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return err == nil && bytes.Equal(sum.Sum(nil), want[:])
}

// safeBase makes sure that what the server calls a name is one.
func safeBase(name string) string {
	if name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." || strings.ContainsAny(name, "/\\\x00") {
		return "_"
	}
	return name
}

// lose tells of a document whose bytes cannot be had, and takes back what was written of it.
func (h *handOut) lose(e relais.Exported, fault relais.Kind) error {
	code := exitError
	if fault == relais.KindDamaged {
		code = exitDamaged
	}
	h.missed(e, string(fault), code)
	if h.last == nil || h.last.ID != e.ID {
		return h.settle()
	}
	last := h.last
	h.last = nil
	switch {
	case last.temp != "":
		return h.root.Remove(last.temp)
	case h.file != nil:
		_, err := h.file.Seek(last.before, io.SeekStart)
		return errors.Join(h.file.Truncate(last.before), err)
	}
	return nil // standard output takes nothing back
}

func (h *handOut) missed(e relais.Exported, why string, code int) {
	h.code = max(h.code, code)
	h.tell(e, fmt.Sprintf("NOT WRITTEN (%s)", why))
}

// end names what was written when all has come; else it removes what has no name yet.
func (h *handOut) end(err error) error {
	if err == nil {
		err = h.settle()
	}
	if h.file != nil {
		err = errors.Join(err, h.file.Sync(), h.file.Close())
	}
	if err == nil && h.file != nil {
		err = h.root.Rename(passing(h.name), h.name)
	}
	if err == nil && h.list != nil {
		err = h.list.keep()
	}
	if err != nil {
		err = errors.Join(err, h.clear())
	}
	if h.root != nil {
		err = errors.Join(err, h.root.Close())
	}
	if err == nil && h.code != exitOK {
		err = outcome(h.code)
	}
	return err
}

// clear removes what has a passing name; what has its own stays, and will be found whole.
func (h *handOut) clear() (err error) {
	if h.list != nil {
		err = h.list.drop()
	}
	if h.file != nil {
		err = errors.Join(err, h.root.Remove(passing(h.name)))
	}
	if h.last != nil && h.last.temp != "" {
		err = errors.Join(err, h.root.Remove(h.last.temp))
	}
	return err
}
