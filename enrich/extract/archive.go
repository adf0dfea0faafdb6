package extract

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// work is what a document and all those inside it may still cost, counted so that
// the same bytes end at the same place on every machine.
type work struct {
	depth   int   // how many containers the document is in
	bytes   int64 // that archives may still write out
	entries int   // members that archives may still hold; parts of documents are none
	retry   bool  // a child died on it before
	nested  func(context.Context, Input) Result
}

// newWork gives the work of a document: that of the container it is in, or all
// that the limits allow.
func newWork(in Input, lim format.Limits) *work {
	if in.work != nil {
		return in.work
	}
	return &work{bytes: lim.ArchiveBytes, entries: lim.ArchiveEntries}
}

// counted reads a document that is in no other, and counts what it cost.
func counted(in Input, lim format.Limits, read func(Input) (Result, error)) (Result, error) {
	in.work = newWork(in, lim)
	before := in.work.bytes
	res, err := read(in)
	res.Work = before - in.work.bytes + int64(len(res.Text))
	return res, err
}

// errLocked says that a member or document is encrypted.
var errLocked = errors.New("encrypted")

// archive is a zip file opened within limits.
type archive struct {
	members []*zip.File
	byName  map[string]*zip.File
	work    *work
	ratio   int64
	cut     bool // more members than allowed, or fewer bytes than they hold
}

// openArchive reads the central directory, at most so many entries of it; how many
// are left to read is counted down. A directory of far more than the limit is
// refused before it is read: each costs memory.
func openArchive(in Input, w *work, lim format.Limits, entries *int) (*archive, error) {
	if n := declaredEntries(in); n > 8*uint64(max(*entries, 1_000)) {
		return &archive{work: w, cut: true}, nil
	}
	zr, err := zip.NewReader(in.Body, in.Size)
	if err != nil {
		return nil, err
	}
	a := &archive{members: zr.File, work: w, ratio: lim.ArchiveRatio}
	if len(a.members) > *entries {
		a.members, a.cut = a.members[:max(*entries, 0)], true
	}
	*entries -= len(a.members)
	a.byName = make(map[string]*zip.File, len(a.members))
	for _, m := range a.members {
		a.byName[partKey(m.Name)] = m
	}
	return a, nil
}

// declaredEntries reads the number of entries from the end of central directory
// record, or its zip64 twin (APPNOTE 4.3.14 to 4.3.16).
func declaredEntries(in Input) uint64 {
	tail := make([]byte, min(in.Size, 64<<10+22+20+56))
	if n, err := in.Body.ReadAt(tail, in.Size-int64(len(tail))); err != nil && n < len(tail) {
		return 0
	}
	for i := len(tail) - 22; i >= 0; i-- {
		if string(tail[i:i+4]) != "PK\x05\x06" {
			continue
		}
		n := uint64(binary.LittleEndian.Uint16(tail[i+10:]))
		if n != 0xffff || i < 20 || string(tail[i-20:i-16]) != "PK\x06\x07" {
			return n
		}
		var end [56]byte
		if _, err := in.Body.ReadAt(end[:], int64(binary.LittleEndian.Uint64(tail[i-12:])&(1<<62-1))); err != nil {
			return n
		}
		return binary.LittleEndian.Uint64(end[32:])
	}
	return 0
}

// member finds a part by its name, as partKey compares names.
func (a *archive) member(name string) *zip.File { return a.byName[partKey(name)] }

// growth gives how many bytes a member may have for those it is stored in.
func (a *archive) growth(m *zip.File) int64 {
	return 1<<20 + a.ratio*int64(min(m.CompressedSize64, 1<<40))
}

// read gives a member's bytes, at most limit of them, and within the ratio and the
// bytes that all of this work may still write out. What is cut short is noted.
func (a *archive) read(m *zip.File, limit int64) ([]byte, error) {
	if m.Flags&1 != 0 {
		return nil, errLocked
	}
	allowed := min(limit, a.work.bytes, a.growth(m))
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, 0, min(allowed, int64(min(m.UncompressedSize64, 1<<40)))+1)
	b, err = readUpTo(r, b, allowed)
	a.work.bytes -= int64(len(b))
	whole := int64(min(m.UncompressedSize64, 1<<40))
	if full := int64(len(b)) >= allowed && whole > allowed; full && (limit != sniffHead || allowed < sniffHead) {
		a.cut = true
	}
	if err != nil && len(b) > 0 {
		return b, nil // a bad checksum or a cut: what came is still text
	}
	return b, err
}

// readUpTo reads into b until its end or the limit.
func readUpTo(r io.Reader, b []byte, limit int64) ([]byte, error) {
	for int64(len(b)) < limit {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):min(int64(cap(b)), limit)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// readZip gives the text of an archive's members, each under its name.
func readZip(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	w := newWork(in, lim)
	var res Result
	var warn warnings
	a, err := openArchive(in, w, lim, &w.entries)
	if err != nil {
		return Result{Outcome: relais.ExtractionFailed, Warnings: []relais.Warning{{Code: "archive_damaged"}}}, nil
	}
	out, unread := newTextBuf(lim.TextBytes), true // as long as nothing but names was read
	if w.depth >= lim.ArchiveDepth {
		warn.add("archive_depth", "")
	} else {
		names := memberNames(a.members)
		for i, m := range a.members {
			if err := ctx.Err(); err != nil {
				return res, err
			}
			if readMember(ctx, a, m, names[i], out, &warn) {
				unread = false
			}
		}
		warnOfNames(a.members, names, &warn)
	}
	if a.cut {
		warn.add("archive_limit", "")
	}
	if out.full {
		warn.add("text_limit", "")
	}
	res.Text, res.Warnings = string(out.b), warn
	if unread && loses(warn) {
		res.Outcome = relais.ExtractionFailed // though they can be searched for
	}
	return res, nil
}

// memberNames decodes the names of an archive's members, "/" between levels: a
// backslash is one where Windows wrote it, or where no name has a slash.
func memberNames(members []*zip.File) []string {
	const unix, darwin = 3, 19 // upper byte of "version made by" (APPNOTE 4.4.2)
	slashes := slices.ContainsFunc(members, func(m *zip.File) bool { return strings.Contains(m.Name, "/") })
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = format.ZipName(m.Name, m.Flags, m.Extra)
		if host := m.CreatorVersion >> 8; !slashes || host != unix && host != darwin {
			names[i] = strings.ReplaceAll(names[i], "\\", "/")
		}
	}
	return names
}

// leadsOut tells whether the name of a member leads out of the place it would be
// unpacked to, on some system.
func leadsOut(name string) bool {
	drive := len(name) > 1 && name[1] == ':'
	return name == "" || strings.HasPrefix(name, "/") || drive || strings.Contains(name, "\x00") || strings.Contains("/"+name+"/", "/../")
}

// warnOfNames tells of members that must never be unpacked as they are: how many of
// each kind. All of them are read.
func warnOfNames(members []*zip.File, names []string, warn *warnings) {
	codes := [...]string{"archive_path", "archive_collision", "archive_link", "archive_setuid"}
	var counts [len(codes)]int
	taken := make(map[string]bool, len(members))
	for i, m := range members {
		name := strings.ToLower(names[i])
		switch mode := m.Mode(); {
		case leadsOut(name):
			counts[0]++
		case taken[name]:
			counts[1]++
		case !mode.IsRegular() && !mode.IsDir():
			counts[2]++
		case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
			counts[3]++
		}
		taken[name] = true
	}
	for i, n := range counts {
		if n > 0 {
			warn.add(codes[i], strconv.Itoa(n))
		}
	}
}

// readMember appends one member's name and text, and tells whether there was text. Names
// that would leave a folder are no reason to lose text: nothing is ever written to a path.
func readMember(ctx context.Context, a *archive, m *zip.File, name string, out *textBuf, warn *warnings) bool {
	if strings.HasSuffix(name, "/") || out.full {
		return false
	}
	name = path.Base(name)
	out.line()
	out.writeString(name)
	out.writeByte('\n')
	b, err := a.readable(m)
	switch {
	case errors.Is(err, errLocked):
		warn.add("locked", "")
		return false
	case err != nil:
		warn.add("member_damaged", "")
		return false
	case b == nil:
		return false
	}
	r := a.work.inside(ctx, Input{Name: name, Size: int64(len(b)), Body: readerAt(b)})
	out.writeString(r.Text)
	warn.addLosses(r.Warnings)
	return strings.TrimSpace(r.Text) != ""
}

// maxMember is how much of one member is read: with the levels of nesting allowed,
// it bounds a child's memory.
const maxMember = 64 << 20

// readable gives a member's bytes, or nil where its first ones tell that there is
// no text in it: pictures, and the zeros of bombs, are not inflated.
func (a *archive) readable(m *zip.File) ([]byte, error) {
	head, err := a.read(m, sniffHead)
	if err != nil || len(head) == 0 {
		return nil, err
	}
	t := sniffBytes(head, Input{Name: m.Name})
	switch f := relais.Family(t); {
	case f == relais.FamilyImage, f == relais.FamilyOther && t != typeOLE && t != typeXML:
		a.cut = a.cut || int64(min(m.UncompressedSize64, 1<<40)) > a.growth(m) // a bomb is told of, if not lit
		return nil, nil
	case int64(len(head)) < sniffHead:
		return head, nil
	}
	return a.read(m, maxMember)
}

// inside reads a document that is in the one this work belongs to.
func (w *work) inside(ctx context.Context, in Input) Result {
	if w.nested == nil {
		return Result{Outcome: relais.ExtractionNone}
	}
	w.depth++
	defer func() { w.depth-- }()
	in.work = w
	return w.nested(ctx, in)
}

// readerAt serves bytes in memory.
type readerAt []byte

// ReadAt implements io.ReaderAt; an offset outside the bytes is their end.
func (b readerAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
