package ingest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/relais-archive/relais/internal/format"
)

// mostKeywords bounds the keywords of a message that are kept.
const mostKeywords = 100

// flagsOf splits a message's flags into those an archive cares for, by their words,
// and the keywords that people set on it (RFC 9051, 2.3.2): tags, which may mark it, in
// modified UTF-7 where they are not ASCII (as Thunderbird and Dovecot write them).
// Keywords by which programs talk to each other are left out, but "$label3", which a
// program shows as "Personal".
func flagsOf(list []imap.Flag) (flags, keywords []string) {
	for _, f := range list {
		name := label(format.DecodeMailboxName(string(f)))
		switch lower := strings.ToLower(name); {
		case slices.ContainsFunc(keptFlags(), func(k imap.Flag) bool { return strings.EqualFold(string(k), string(f)) }):
			flags = append(flags, strings.ToLower(strings.TrimLeft(string(f), `\$`)))
		case strings.HasPrefix(name, `\`), lower == "junk", lower == "nonjunk", lower == "notjunk":
		case strings.HasPrefix(name, "$") && !strings.HasPrefix(lower, "$label"):
		default:
			keywords = append(keywords, name)
		}
	}
	slices.Sort(flags)
	slices.Sort(keywords)
	keywords = slices.Compact(keywords)
	return slices.Compact(flags), keywords[:min(len(keywords), mostKeywords)]
}

func keptFlags() []imap.Flag {
	return []imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDraft, imap.FlagDeleted, imap.FlagForwarded}
}

// atomFlags writes the flags of a line as atoms (RFC 9051, 9: flag-keyword), where they
// are not: what may not stand in one is written in modified UTF-7, which flagsOf undoes.
func atomFlags(line []byte) []byte {
	from := bytes.Index(line, []byte("FLAGS ("))
	if from < 0 {
		return line
	}
	from += len("FLAGS (")
	length := bytes.IndexByte(line[from:], ')')
	if length < 0 || !bytes.ContainsFunc(line[from:from+length], noFlag) {
		return line
	}
	flags := bytes.Fields(line[from : from+length])
	for i, f := range flags {
		flags[i] = atom(f)
	}
	return slices.Concat(line[:from], bytes.Join(flags, []byte(" ")), line[from+length:])
}

// noFlag tells what go-imap takes in no flag, but for blanks between them.
func noFlag(r rune) bool {
	return r >= 0x80 || r < ' ' || r == 0x7f || strings.ContainsRune(`({%*"]`, r)
}

// atom writes a flag as an atom.
func atom(flag []byte) []byte {
	if name, system := bytes.CutPrefix(flag, []byte(`\`)); system {
		if !bytes.ContainsFunc(name, noFlag) || string(name) == "*" {
			return flag
		}
		return []byte(`\unknown`)
	}
	var b strings.Builder
	for _, r := range string(flag) {
		if noFlag(r) || r == '\\' {
			b.WriteString(format.ShiftMailboxName(r))
		} else {
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}
