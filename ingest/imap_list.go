package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// boxEntry is one answer to LIST, its name as the server sent it.
type boxEntry struct {
	attrs []string
	delim string // "" where there are no levels
	boxName
}

// boxName is a folder's name as the server has it, whatever its encoding: it is sent
// back the same way.
type boxName struct {
	raw     string
	literal bool // was sent as a literal
}

// parseBox reads what follows "* LIST ": attributes, delimiter, name (RFC 9051,
// 7.3.1), and extended data, which is dropped. A name is taken to the line's end
// where its quotes or blanks leave doubt.
func parseBox(line string) (l boxEntry, ok bool) {
	attrs, rest, ok := strings.Cut(strings.TrimLeft(line, " ("), ")")
	if !ok {
		return l, false
	}
	l.attrs = strings.Fields(attrs)
	rest = strings.TrimLeft(rest, " ")
	if after, isBackslash := strings.CutPrefix(rest, `"\" `); isBackslash { // not escaped, as it should be
		l.delim, rest = `\`, after
	} else if quoted, isQuoted := strings.CutPrefix(rest, `"`); isQuoted {
		l.delim, rest = unquote(quoted)
	} else {
		_, rest, _ = strings.Cut(rest, " ") // NIL
	}
	rest = strings.TrimRight(strings.TrimPrefix(rest, " "), "\r\n")
	if size := strings.Index(rest, "}\r\n"); strings.HasPrefix(rest, "{") && size > 0 {
		n := literalSize([]byte(rest[:size+1]))
		l.raw, l.literal = rest[size+3:][:min(int(n), len(rest)-size-3)], true
	} else if quoted, isQuoted := strings.CutPrefix(rest, `"`); isQuoted {
		l.raw, _ = unquote(quoted)
	} else if l.raw = rest; strings.HasSuffix(rest, ")") {
		l.raw, _, _ = strings.Cut(rest, " (")
	}
	if strings.EqualFold(l.raw, "INBOX") {
		l.raw = "INBOX" // in any case, it is this one (RFC 9051, 5.1)
	}
	return l, l.raw != "" || l.has(`\Noselect`) // as the delimiter alone is told (RFC 9051, 6.3.9)
}

// unquote reads a quoted string whose first quote was consumed. An unescaped quote inside
// it, or a backslash that escapes nothing, belongs to the string.
func unquote(s string) (text, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		case s[i] == '"' && endsQuoted(s[i+1:]):
			return b.String(), s[i+1:]
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

func endsQuoted(rest string) bool {
	return strings.Trim(rest, " \r\n") == "" || strings.HasPrefix(rest, ` "`) || strings.HasPrefix(rest, " (") || strings.HasPrefix(rest, " {") ||
		rest[0] == ' ' && !strings.Contains(rest, `"`)
}

// has tells whether the server gave the folder an attribute, such as `\Noselect`.
func (l boxEntry) has(attr string) bool {
	return slices.ContainsFunc(l.attrs, func(a string) bool { return strings.EqualFold(a, attr) })
}

// name is the folder's name as people read it, "/" between levels.
func (l boxEntry) name() string {
	if l.delim == "" {
		return format.DecodeMailboxName(l.raw)
	}
	levels := strings.Split(l.raw, l.delim)
	for i, level := range levels {
		levels[i] = format.DecodeMailboxName(level)
	}
	return strings.Join(levels, "/")
}

// quoted writes the name, followed by a pattern, as a command's argument.
func (n boxName) quoted(pattern string) []byte {
	raw := n.raw + pattern
	if n.literal || strings.ContainsAny(raw, "\x00\r\n") {
		return fmt.Appendf(nil, "{%d}\r\n%s", len(raw), raw)
	}
	return []byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(raw) + `"`)
}

// naming has the next command name a folder, where go-imap writes the placeholder.
func (s *session) naming(argument []byte) {
	s.wire.replace([]byte(`"`+placeholder+`"`), argument)
}

// examine selects a folder, read only.
func (s *session) examine(n boxName) (*imap.SelectData, error) {
	defer s.watch()()
	s.naming(n.quoted(""))
	return s.client.Select(placeholder, &imap.SelectOptions{ReadOnly: true}).Wait()
}

// list asks for the folders that fit a pattern, with their special uses where that
// is wanted and the server knows them (RFC 6154 by way of RFC 5258). It asks for no
// counts: some servers open every folder to give them.
func (s *session) list(pattern []byte, uses bool) ([]boxEntry, error) {
	var options *imap.ListOptions
	if caps := s.client.Caps(); uses && caps.Has(imap.CapSpecialUse) && caps.Has(imap.CapListExtended) {
		options = &imap.ListOptions{ReturnSpecialUse: true}
	}
	s.naming(pattern)
	return s.listed(options)
}

// subscribed asks for the folders that the user subscribes to, by the older command
// that has answers of its own.
func (s *session) subscribed() ([]boxEntry, error) {
	s.wire.replace([]byte(`LIST "" "`+placeholder+`"`), []byte(`LSUB "" "*"`))
	return s.listed(nil)
}

// errUnlisted says that the connection lives and that the list is not whole.
var errUnlisted = errors.New("a name in the server's list cannot be read")

func (s *session) listed(options *imap.ListOptions) ([]boxEntry, error) {
	defer s.watch()()
	s.wire.answers()
	err := s.client.List("", placeholder, options).Close()
	list, unreadable := s.wire.answers()
	if err == nil && unreadable > 0 {
		err = errUnlisted
	}
	return list, err
}

// Folders lists what can be selected, INBOX first. Where the server does not give
// the whole list, it is asked level by level, then for what is subscribed to, and at
// last INBOX alone is taken: what may be missing is then the error, beside the folders.
func (m *mailbox) Folders(ctx context.Context) ([]Folder, error) {
	defer m.rest()
	l := listing{m}
	list, err := l.all(ctx)
	if list == nil && m.dead != nil {
		return nil, err
	}
	folders := m.selected(list)
	if len(folders) == 0 && m.address.folder == "" && err == nil { // there is always this one (RFC 9051, 5.1)
		folders = m.selected([]boxEntry{{boxName: boxName{raw: "INBOX"}}})
		err = relais.Errorf(relais.KindRefused, "list folders", "the server lists none")
	}
	if len(folders) == 0 && err == nil {
		err = relais.WithHint(relais.Errorf(relais.KindNotFound, "list folders", "the server has none of that name"),
			"without a folder in the address, all are captured")
	}
	return folders, err
}

// listing asks for the folders in one way after another.
type listing struct{ *mailbox }

// all gives all folders, or those that could be had and an error.
func (l listing) all(ctx context.Context) ([]boxEntry, error) {
	whole := func(uses bool) func(*session) ([]boxEntry, error) {
		return func(s *session) ([]boxEntry, error) { return s.list([]byte(`"*"`), uses) }
	}
	list, err := l.ask(ctx, whole(true))
	if err == nil || l.dead != nil || ctx.Err() != nil {
		return list, err
	}
	if again, err := l.ask(ctx, whole(false)); err == nil {
		return again, nil
	}
	if levels, err := l.levels(ctx); len(levels) > 0 {
		l.notes = append(l.notes, fmt.Sprintf("%s: the server does not give its list of folders; they were asked for level by level.", l.Label()))
		return levels, err
	}
	if some, err := l.ask(ctx, (*session).subscribed); err == nil {
		list = append(list, some...)
	}
	return append(list, boxEntry{boxName: boxName{raw: "INBOX"}}), err
}

// ask puts one question, on a new connection if the present one was lost.
func (l listing) ask(ctx context.Context, question func(*session) ([]boxEntry, error)) ([]boxEntry, error) {
	for try := 1; ; try++ {
		s, err := l.connected(ctx)
		if err != nil {
			return nil, err
		}
		list, err := question(s)
		switch {
		case err == nil:
			return list, nil
		case errors.Is(err, errUnlisted):
			return list, relais.E(relais.KindRefused, "list folders", err)
		case isAnswer(err):
			return list, relais.Errorf(relais.KindRefused, "list folders", "the server says %s", s.why(err))
		}
		err = relais.Errorf(relais.KindUnavailable, "list folders", "%s", s.why(err))
		l.drop()
		if try == 2 || ctx.Err() != nil {
			return list, err
		}
	}
}

// levels asks for the folders level by level. The error tells how many folders did
// not say what is below them.
func (l listing) levels(ctx context.Context) ([]boxEntry, error) {
	all, err := l.ask(ctx, func(s *session) ([]boxEntry, error) { return s.list([]byte(`"%"`), false) })
	if err != nil {
		return all, err
	}
	known := map[string]bool{}
	for _, f := range all {
		known[f.raw] = true
	}
	silent := 0
	for i := 0; i < len(all) && l.dead == nil && ctx.Err() == nil; i++ {
		f := all[i]
		if f.delim == "" || f.has(`\NoInferiors`) || f.has(`\HasNoChildren`) || strings.Count(f.raw, f.delim) > maxDepth {
			continue
		}
		below, err := l.ask(ctx, func(s *session) ([]boxEntry, error) { return s.list(f.quoted(f.delim+"%"), false) })
		if err != nil {
			silent++
		}
		for _, b := range below {
			if !known[b.raw] && len(all) < maxListed {
				known[b.raw] = true
				all = append(all, b)
			}
		}
	}
	if silent > 0 || l.dead != nil {
		return all, relais.Errorf(relais.KindRefused, "list folders", "%d folders do not say what is below them", silent)
	}
	return all, ctx.Err()
}

// selected turns the server's list into folders, without those not asked for.
func (m *mailbox) selected(list []boxEntry) []Folder {
	var folders []Folder
	for _, d := range list {
		if d.has(`\Noselect`) || d.has(`\NonExistent`) {
			continue
		}
		if name := d.name(); m.wanted(name) {
			folders = append(folders, Folder{Name: folderLabel(name), Use: specialUse(d), Handle: d.boxName})
		}
	}
	slices.SortStableFunc(folders, func(a, b Folder) int {
		if (a.Name == "INBOX") != (b.Name == "INBOX") {
			return map[bool]int{true: -1, false: 1}[a.Name == "INBOX"]
		}
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Handle.(boxName).raw, b.Handle.(boxName).raw))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(folders, func(f Folder) bool {
		raw := f.Handle.(boxName).raw
		twice := seen[raw]
		seen[raw] = true
		return twice
	})
}

// wanted tells whether a folder is the one named in the address, or under it.
func (m *mailbox) wanted(name string) bool {
	want, name := norm.NFC.String(strings.ToLower(m.address.folder)), norm.NFC.String(strings.ToLower(name))
	return want == "" || name == want || strings.HasPrefix(name, want+"/")
}

// specialUse gives a folder's special use (RFC 6154), or "".
func specialUse(l boxEntry) string {
	for _, use := range []imap.MailboxAttr{imap.MailboxAttrAll, imap.MailboxAttrArchive, imap.MailboxAttrDrafts,
		imap.MailboxAttrFlagged, imap.MailboxAttrJunk, imap.MailboxAttrSent, imap.MailboxAttrTrash} {
		if l.has(string(use)) {
			return strings.ToLower(strings.TrimPrefix(string(use), `\`))
		}
	}
	return ""
}
