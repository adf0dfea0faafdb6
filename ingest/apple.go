package ingest

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/relais-archive/relais/internal/format"
)

// restoreMost bounds a message whose attachments lie beside it: without them, it is
// small.
const restoreMost = 16 << 20

// appleFile is the place of a file that Apple Mail keeps beside the message it is
// attached to: Attachments/103/2/offer.pdf is of part 2 of Messages/103.partial.emlx, as
// Messages/103.2.emlxpart was in old versions, which kept the part's body as it was sent.
type appleFile struct {
	message string // its path, without what ends the name
	part    string
	name    string
	encoded bool
}

// appleFileOf tells such a file by its path.
func appleFileOf(file string) (f appleFile, ok bool) {
	dir, name := path.Split(file)
	if stem, is := strings.CutSuffix(name, ".emlxpart"); is {
		id, part, ok := strings.Cut(stem, ".")
		return appleFile{message: dir + id, part: part, name: name, encoded: true}, ok
	}
	dir, part := path.Split(strings.TrimSuffix(dir, "/"))
	dir, id := path.Split(strings.TrimSuffix(dir, "/"))
	base, attachments := path.Split(strings.TrimSuffix(dir, "/"))
	if lower := strings.ToLower(name); isSystemFile(lower) || strings.HasPrefix(lower, "._") {
		return f, false
	}
	if attachments != "Attachments" || id == "" || part == "" || strings.Trim(id, "0123456789") != "" || strings.Trim(part, "0123456789.") != "" {
		return f, false
	}
	return appleFile{message: base + "Messages/" + id, part: part, name: name}, true
}

// appleMessage gives the path of a message of Apple Mail as appleFile has it.
func appleMessage(file string) (at string, ok bool) {
	id, _ := format.EmlxID(file)
	return path.Join(path.Dir(file), id), id != ""
}

// hold finds the files that lie beside their messages: they are read with them, since what
// holds for a message holds for its attachments.
func (w *walk) hold() {
	messages := map[string]*file{}
	w.eachFile(func(f *file) {
		if at, ok := appleMessage(f.path); ok && f.refused == nil {
			messages[at] = f
		}
	})
	w.eachFile(func(f *file) {
		of, ok := appleFileOf(f.path)
		message := messages[of.message]
		if !ok || message == nil || f.refused != nil || f.left != "" {
			return
		}
		f.left = ruleHeld
		at := f.path
		message.held = append(message.held, format.Beside{Part: of.part, Name: of.name, Encoded: of.encoded, Open: func() (io.ReadCloser, error) {
			in, _, err := openRegular(w.root, at)
			return in, err
		}})
		message.heldAt = append(message.heldAt, at)
	})
}

// eachFile goes through the files of all folders that are directories.
func (w *walk) eachFile(fn func(*file)) {
	for _, folder := range w.folders {
		if d, ok := folder.Handle.(*directory); ok {
			for i := range d.files {
				fn(&d.files[i])
			}
		}
	}
}

// restored puts a message together with the files that lie beside it. It warns when an
// attachment is missing.
func restored(c *content, found *Found, beside []format.Beside, req Request) (*content, error) {
	if _, partial := format.EmlxID(found.Name); !partial && len(beside) == 0 {
		return c, nil
	}
	message, err := c.whole(restoreMost)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	if format.LeftOut(message, req.limits) > len(beside) {
		found.Warnings = append(found.Warnings, warnAttachment)
	}
	if len(beside) == 0 {
		return c, nil
	}
	body, err := req.content(format.Restore(message, beside, req.limits), -1)
	return body, errors.Join(err, c.close())
}

// warnAttachment says that what was attached to a message was not where its mail
// program keeps it.
const warnAttachment = "attachment_missing"

// whole gives all the bytes in memory, up to a size.
func (c *content) whole(most int64) ([]byte, error) {
	if c.file == nil {
		return bytes.Clone(c.memory), nil
	}
	if c.size > most {
		return nil, errTooLarge
	}
	return io.ReadAll(io.NewSectionReader(c.file, 0, c.size))
}

// besideMark tells whether what lies beside a message has changed.
func (t *tree) besideMark(f file) string {
	var b strings.Builder
	for _, at := range f.heldAt {
		if info, err := t.root.Lstat(at); err == nil {
			d := markOf("", "", at, info)
			b.Write(d[:])
		}
	}
	return b.String()
}

// beside gives the members that lie beside one that is a message of Apple Mail.
func (r *zipReading) beside(name string) []format.Beside {
	at, ok := appleMessage(name)
	if !ok {
		return nil
	}
	return r.held[at]
}

// keep notes a member that lies beside its message.
func (r *zipReading) keep(m format.Member) {
	of, ok := appleFileOf(m.Name)
	if !ok || m.Open == nil {
		return
	}
	r.held[of.message] = append(r.held[of.message], format.Beside{Part: of.part, Name: of.name, Encoded: of.encoded, Open: func() (io.ReadCloser, error) {
		in, err := m.Open()
		return io.NopCloser(in), err
	}})
}
