package ingest

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// An archive that somebody captures on purpose may hold a whole mailbox: it is allowed
// more members and bytes than one found in a message. Its expansion stays bounded.
const (
	zipEntries = 100
	zipBytes   = 1 << 10
	// zipReadTwice is up to what size a member is read to its end to tell what it is.
	zipReadTwice = 256 << 20
)

// wide gives the limits of what is captured on purpose.
func wide(lim format.Limits) format.Limits {
	lim.ArchiveEntries *= zipEntries
	lim.ArchiveBytes *= zipBytes
	return lim
}

// zipFile is a source: a zip file of messages, maildirs, mbox files, any files. It
// is one folder to read, in the archive's order, of items in folders of their own.
type zipFile struct {
	label string
	file  *os.File
	size  int64
	state string // changes when the archive does
	lim   format.Limits
}

// openZip opens a zip file.
func openZip(_ context.Context, p probe) (Source, error) {
	root, err := os.OpenRoot(filepath.Dir(p.path))
	if err != nil {
		return nil, openError(err)
	}
	defer func() { _ = root.Close() }() // the file stays open without it
	f, info, err := openRegular(root, filepath.Base(p.path))
	if err != nil {
		return nil, openError(err)
	}
	z := &zipFile{label: pathLabel(p.Location), file: f, size: info.Size(), lim: p.Limits}
	z.lim = wide(z.lim)
	z.state, err = z.fingerprint()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return z, nil
}

// fingerprint hashes the end of the archive, where its directory is.
func (z *zipFile) fingerprint() (string, error) {
	tail := make([]byte, min(z.size, 64<<10))
	if _, err := z.file.ReadAt(tail, z.size-int64(len(tail))); err != nil {
		return "", openError(err)
	}
	d := relais.DigestOf(fmt.Appendf(tail, "%d", z.size))
	return hex.EncodeToString(d[:8]), nil
}

// Label is the name the source was given by, without what leads to it.
func (z *zipFile) Label() string { return z.label }

// Close gives the file back.
func (z *zipFile) Close() error { return z.file.Close() }

// Folders gives the one folder.
func (z *zipFile) Folders(context.Context) ([]Folder, error) { return []Folder{{}}, nil }

// Read hands out the members after the cursor.
func (z *zipFile) Read(ctx context.Context, _ Folder, req Request, yield func(Found) error) (Cursor, error) {
	r := &zipReading{zipFile: z, req: req, yield: yield, in: bufio.NewReaderSize(nil, sniffBytes)}
	if err := r.survey(ctx); err != nil {
		return "", err
	}
	done := 0
	if state, n, ok := strings.Cut(string(req.After), ":"); ok && state == z.state {
		_, _ = fmt.Sscanf(n, "%d", &done) // what is no number is the start
	}
	members := 0
	err := r.each(ctx, func(m format.Member) error {
		if members++; members <= done {
			return nil
		}
		return r.member(ctx, m, members)
	})
	return Cursor(fmt.Sprintf("%s:%d", z.state, members)), err
}

// zipReading is one reading of the archive.
type zipReading struct {
	*zipFile
	req        Request
	yield      func(Found) error
	in         *bufio.Reader
	maildirs   map[string]bool
	held       map[string][]format.Beside // what lies beside messages of Apple Mail
	messages   map[string]bool            // of Apple Mail
	neighbours map[string]bool            // names that tell what stands beside them
	again      map[int]bool               // members whose whole name one before them had, by their number
	apart      string                     // what tells the member being read from such a one, or ""
}

// each goes through the members. It is an error if there are fewer than the archive
// announces; a member over a limit reports that itself.
func (r *zipReading) each(ctx context.Context, fn func(format.Member) error) error {
	a := format.NewArchive(r.lim)
	err := a.Zip(r.file, r.size, func(m format.Member) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.Name = below(m.Name)
		return fn(m)
	})
	if err == nil && a.Cut() {
		err = relais.Errorf(relais.KindDamaged, "read archive", "its directory ends too early")
	}
	return err
}

// below puts a member's name below the archive, wherever it would lead: it is never
// written to, only shown. Its last part stays as it was sent.
func below(member string) string {
	dir, name := path.Split(member)
	if dir = path.Join("/", dir); dir == "/" {
		return name
	}
	return dir[1:] + "/" + name
}

// member hands out one member, by its number, or the messages of one that is an mbox file.
func (r *zipReading) member(ctx context.Context, m format.Member, number int) error {
	dir, name := path.Split(m.Name)
	dir = strings.TrimSuffix(dir, "/")
	found := Found{Position: label(name), Kind: relais.KindFile, Name: name, Size: -1, Received: m.Modified,
		ReceivedFrom: relais.ReceivedFile, Cursor: Cursor(fmt.Sprintf("%s:%d", r.state, number)), Whole: true}
	mail := false
	switch base, parent := path.Base(dir), path.Dir(dir); {
	case isMaildirPart(base) && r.maildirs[parent]:
		if base == "tmp" {
			return nil
		}
		unique, flags := format.ParseMaildirName(name)
		mail, dir = true, parent
		found.Kind, found.Name, found.Position, found.Flags = relais.KindMessage, "", label(unique), flags
		found.deliveredBy(name)
	}
	found.Folder = r.folder(dir)
	r.apart = ""
	if r.again[number] || found.Position == "" {
		r.apart = fmt.Sprintf("#%d", number)
		found.Position += r.apart
	}
	switch {
	case m.Reason != "":
		found.Refused = &Reason{"archive_" + m.Reason, "a member of the archive"}
		return r.yield(found)
	}
	r.in.Reset(m.Body)
	if !mail {
		found.Left = leftOut(m.Name, r.around(m.Name))
		if of, ok := appleFileOf(m.Name); ok && found.Left == "" && len(r.held[of.message]) > 0 && r.messages[of.message] {
			found.Left = ruleHeld
		}
		if found.Left != "" {
			return r.yield(found)
		}
	}
	return r.open(ctx, m, found, mail)
}

// open reads one member and tells what it is.
func (r *zipReading) open(ctx context.Context, m format.Member, found Found, mail bool) error {
	if _, err := r.in.Peek(sniffBytes); err != nil && !errors.Is(err, io.EOF) {
		return r.refuse(found, err)
	}
	l := peel(r.in, m.Name, r.lim)
	var in io.Reader = l.in
	if mail || l.isMail() {
		found.Kind = relais.KindMessage
		u, err := l.open(r.lim)
		if err != nil {
			return r.refuse(found, err)
		}
		defer func() { _ = u.Close() }() // only read
		in = u
	}
	if !mail {
		is, again, err := r.isMbox(l, in, m)
		switch {
		case err != nil:
			return r.refuse(found, err)
		case is:
			defer closeBody(again)
			return r.mbox(ctx, again, path.Dir(m.Name), found)
		}
		in = again
	}
	if r.req.CountOnly && r.req.Rule == nil {
		found.Size = m.Size
		closeBody(in)
		return r.yield(found)
	}
	if err := l.read(in, &found, r.beside(m.Name), r.req); err != nil {
		return r.refuse(found, err)
	}
	return r.yield(found)
}

// refuse puts on record why a member cannot be read; a fault of ours ends the run.
func (r *zipReading) refuse(found Found, err error) error {
	if relais.Retryable(err) {
		return err
	}
	why := reasonOf(err)
	switch relais.KindOf(err) {
	case relais.KindRefused:
		why, _ = packedReason(err)
	case relais.KindDamaged:
		why = Reason{"archive_damaged", "a member of the archive"}
	case relais.KindTooLarge:
		why = Reason{"archive_limit", "a member of the archive: it grows too much"}
	}
	found.Refused = &why
	return r.yield(found)
}

// mbox hands out the messages of a member. The cursor moves with the next member.
func (r *zipReading) mbox(ctx context.Context, in io.Reader, dir string, member Found) error {
	folder := path.Join(r.naming(dir).mailbox(member.Name), r.apart)
	var stopped error
	err := eachMessage(ctx, format.NewMbox(in, 0, format.MboxRD), r.req, func(f Found) error {
		f.Folder = folder
		stopped = r.yield(f)
		return stopped
	})
	switch {
	case stopped != nil || ctx.Err() != nil:
		return err
	case err == nil:
		r.req.Whole(folder)
		return nil
	}
	member.Folder, member.Position = folder, "" // the folder itself: the rest of it was not seen
	return r.refuse(member, err)
}
