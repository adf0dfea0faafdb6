package ingest

import (
	"context"
	"crypto/tls"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Spec says what to open.
type Spec struct {
	Location string // a path, or imap[s]://[user@]host[:port][/folder]
	Limits   format.Limits

	// For mail servers only. Password, or Token where there is one (of OAuth 2.0, RFC
	// 6750), is called when a connection is made; TLS may name further authorities, nil
	// trusts the system's.
	User     string
	Password func(ctx context.Context) (string, error)
	Token    func(ctx context.Context) (string, error)
	TLS      *tls.Config
}

// kind is one kind of source: how it is told, and opened.
type kind struct {
	name string
	is   func(probe) bool
	open func(context.Context, probe) (Source, error)
}

// kinds lists the kinds of source, the first that fits is taken. A new one is one
// file and one line.
func kinds() []kind {
	return []kind{
		{"imap", probe.isIMAP, openIMAP},
		{"folder", probe.isFolder, openFolder},
		{"zip", probe.isZip, openZip},
		{"mbox", probe.isMbox, openMbox},
		{"file", probe.isFile, openFile},
	}
}

// probe is what is known of a location before a source is made of it.
type probe struct {
	Spec
	path string // absolute, links resolved; "" for a server
	info fs.FileInfo
	head []byte // of a regular file
}

// Open makes a source of a location. What a path holds is told by its content:
// folders of maildirs, mbox files, messages or any files; mbox and zip files; any
// single file. A missing path is of relais.KindNotFound, a location nobody can
// capture (a pipe, a password in a URL) of relais.KindInvalid, a wrong password of
// relais.KindAuth.
func Open(ctx context.Context, spec Spec) (Source, error) {
	p, err := newProbe(spec)
	if err != nil {
		return nil, err
	}
	for _, k := range kinds() {
		if k.is(p) {
			return k.open(ctx, p)
		}
	}
	return nil, relais.Errorf(relais.KindInvalid, "open source", "neither a file nor a folder")
}

// newProbe looks at a location.
func newProbe(spec Spec) (p probe, err error) {
	p = probe{Spec: spec}
	if p.isIMAP() {
		return p, nil
	}
	// A link that the user names is followed; none below it is.
	resolved, err := filepath.EvalSymlinks(spec.Location)
	if err != nil {
		return p, openError(err)
	}
	if p.path, err = filepath.Abs(resolved); err != nil {
		return p, openError(err)
	}
	if p.info, err = os.Stat(p.path); err != nil {
		return p, openError(err)
	}
	if p.info.Mode().IsRegular() {
		p.head, err = readHead(p.path)
	}
	return p, err
}

// readHead gives the first bytes of a file, as many as telling its kind takes.
func readHead(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, openError(err)
	}
	defer func() { _ = f.Close() }() // only read
	return headOf(f), nil
}

// isIMAP goes by the scheme: nothing is asked of a server before it is chosen.
func (p probe) isIMAP() bool {
	scheme, _, ok := strings.Cut(p.Location, "://")
	return ok && (strings.EqualFold(scheme, "imap") || strings.EqualFold(scheme, "imaps"))
}

func (p probe) isFolder() bool { return p.info.IsDir() }

func (p probe) isZip() bool { return p.sniff() == format.KindZip }

func (p probe) isMbox() bool {
	if !p.info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(p.path)
	if err != nil {
		return false // its reading will say why
	}
	defer func() { _ = f.Close() }() // only read
	return isMbox(f, p.path, hintOf(p.path, around{beside: p.beside}), wide(p.Limits))
}

// beside tells whether something of a name stands in the same folder.
func (p probe) beside(name string) bool {
	_, err := os.Lstat(filepath.Join(filepath.Dir(p.path), name))
	return err == nil
}

func (p probe) sniff() format.Kind {
	if !p.info.Mode().IsRegular() {
		return format.KindOther
	}
	return format.Sniff(p.head, p.path)
}

func (p probe) isFile() bool { return p.info.Mode().IsRegular() }

func openFolder(_ context.Context, p probe) (Source, error) {
	t, err := openTree(p.path, pathLabel(p.Location), p.Limits)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// single is a source of one folder, named "": a file, alone.
type single struct {
	*tree
	folder Folder
}

// Folders gives the one folder.
func (s single) Folders(context.Context) ([]Folder, error) { return []Folder{s.folder}, nil }

// openMbox opens the folder the file is in, and never looks at anything else there.
func openMbox(_ context.Context, p probe) (Source, error) {
	t, err := openTree(filepath.Dir(p.path), pathLabel(p.Location), p.Limits)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(p.path)
	return single{t, Folder{Handle: t.mbox(name), Of: []File{{Position: label(name), Open: t.opener(name)}}}}, nil
}

// openFile takes any file as one document. What it holds (a PST, say) may become
// readable one day: its bytes will be there.
func openFile(_ context.Context, p probe) (Source, error) {
	t, err := openTree(filepath.Dir(p.path), pathLabel(p.Location), p.Limits)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(p.path)
	f := file{path: name, position: label(name)}
	f.left = leftOut(filepath.ToSlash(p.path), around{beside: p.beside, head: func() []byte { return p.head }})
	return single{t, Folder{Handle: &directory{path: ".", files: []file{f}}}}, nil
}
