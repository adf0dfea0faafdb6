package tag

import (
	"strings"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// undoName gives a folder's or label's name as its user wrote it: encoded words (RFC
// 2047) and modified UTF-7 (RFC 3501 section 5.1.3) undone.
func undoName(s string) string {
	s = format.DecodeWords(s)
	if !strings.Contains(s, "&") {
		return s
	}
	return format.DecodeMailboxName(undoLowered(s))
}

// undoLowered undoes modified UTF-7 of single Latin letters that was put in lower case
// afterwards, as Thunderbird does with the keywords it makes of tags: "priv&aok-". The
// lost case is found again, for a letter below U+0100 has but one.
func undoLowered(s string) string {
	const low = "aeimquycgkosw048"
	var out strings.Builder
	for {
		i := strings.Index(s, "&a")
		if i < 0 || len(s) < i+5 {
			out.WriteString(s)
			return out.String()
		}
		row, column := strings.IndexByte("mnop", s[i+2]), strings.IndexByte(low, s[i+3])
		if row < 0 || column < 0 || s[i+4] != '-' {
			out.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		out.WriteString(s[:i])
		out.WriteRune(rune(0xC0 + 16*row + column))
		s = s[i+5:]
	}
}

// folderEndings are the endings that programs add to a folder's name when they save it.
func folderEndings() []string {
	return []string{".mbox", ".mbx", ".sbd", ".imapmbox", ".mdir", ".maildir", ".directory", ".pst", ".ost", ".olm", ".dbx", ".zip", ".tar", ".tgz", ".gz", ".bz2", ".zst", ".xz", ".7z"}
}

// folderLevels gives the levels of a folder's path as their user named them.
func folderLevels(path string) []string {
	var levels []string
	for level := range strings.SplitSeq(path, "/") {
		level = undoName(unsaved(level))
		if strings.HasPrefix(level, ".") || strings.HasPrefix(strings.ToUpper(level), "INBOX.") {
			levels = append(levels, strings.Split(level, ".")...) // Maildir++
		} else {
			levels = append(levels, level)
		}
	}
	return levels
}

func unsaved(name string) string {
	for again := true; again; {
		again = false
		for _, ending := range folderEndings() {
			if n := len(name) - len(ending); n > 0 && strings.EqualFold(name[n:], ending) {
				name, again = name[:n], true
			}
		}
	}
	return name
}

// labelFields are the fields in which programs write labels, and how.
func (p *privacyFinder) labelFields(m *format.Mail) {
	for _, f := range m.Header {
		value := func() string { return format.DecodeWords(f.Value) }
		switch strings.ToLower(f.Name) {
		case "x-gmail-labels", "x-labels", "x-evolution-tags", "x-categories", "categories":
			p.labels(splitLabels(value(), ",;"))
		case "x-gm-labels":
			p.labels(splitLabels(value(), ", "))
		case "x-mozilla-keys":
			p.labels(splitLabels(value(), ", "))
		case "x-keywords":
			if v := value(); strings.ContainsAny(v, ",;") {
				p.keywords(splitLabels(v, ",;"))
			} else {
				p.labels(splitLabels(v, " "))
			}
		case "keywords", "x-label":
			p.keywords(splitLabels(value(), ",;"))
		case "msip_labels":
			p.sensitivityLabels(value())
		}
	}
}

// labels looks at labels one by one.
func (p *privacyFinder) labels(list []string) {
	for _, l := range list {
		p.label(l)
	}
}

// keywords looks at phrases that may as well be words parted by blanks (RFC 5322
// section 3.6.5 has phrases, programs write words): only a phrase that may be a mark
// is taken apart, for "gestion du personnel" is none.
func (p *privacyFinder) keywords(list []string) {
	for _, k := range list {
		p.label(k)
		if strings.Contains(k, " ") && len(p.lex.judge(k, inFolder)) > 0 || strings.Contains(k, "$") {
			p.labels(strings.Fields(k))
		}
	}
}

// sensitivityLabels looks at the labels of Microsoft Purview. A policy may have set
// "Personal", so that it is no sure mark.
func (p *privacyFinder) sensitivityLabels(value string) {
	for _, field := range splitLabels(value, ";") {
		if name, label, ok := strings.Cut(field, "="); ok && strings.HasSuffix(strings.ToLower(name), "_name") {
			p.atMost(relais.PrivacyDoubtful, p.lex.judge(label, inFolder), signalMarkLabel)
		}
	}
}

// label looks at a label, which may have levels, unless a machine put it on.
// "$label3" is what Thunderbird calls "Personal" until its user calls it otherwise.
func (p *privacyFinder) label(name string) {
	name = undoName(strings.Trim(name, ` "`))
	switch {
	case strings.EqualFold(strings.TrimPrefix(name, "$"), "label3"):
		p.take(mark{class: relais.PrivacyDoubtful, word: "label3"}, signalMarkLabel)
		return
	case strings.HasPrefix(name, "$") || strings.HasPrefix(name, `\`) || p.lex.byMachine(name):
		return
	}
	for level := range strings.SplitSeq(name, "/") {
		p.takeAll(p.lex.judge(unsaved(level), inFolder), signalMarkLabel)
	}
}

// byMachine tells whether a label is one of Gmail's own categories, in any of its
// languages, or by its inner name.
func (l *privateWords) byMachine(name string) bool {
	if strings.HasPrefix(strings.ToUpper(name), "CATEGORY_") || l.machine.labels[strings.ToLower(strings.Trim(name, "^ "))] {
		return true
	}
	words := fold.String(name)
	prefix, rest, ok := strings.Cut(words, " ")
	if !ok || l.machine.prefixes[prefix] && l.machine.names[rest] {
		return ok
	}
	last := strings.LastIndexByte(words, ' ') // "Personal category"
	return l.machine.prefixes[words[last+1:]] && l.machine.names[words[:last]]
}

// splitLabels cuts a list at any of some signs, but not within double quotes that
// begin a label. A backslash within them stands before a sign of the label's own.
func splitLabels(s, signs string) []string {
	var list []string
	for s = strings.TrimLeft(s, signs+" \t"); s != ""; s = strings.TrimLeft(s, signs+" \t") {
		var label string
		if s[0] == '"' {
			label, s = quotedLabel(s[1:])
		} else if i := strings.IndexAny(s, signs); i >= 0 {
			label, s = s[:i], s[i:]
		} else {
			label, s = s, ""
		}
		if list = append(list, strings.TrimSpace(label)); len(list) == maxLabels {
			break
		}
	}
	return list
}

// maxLabels is how many labels of one field are looked at.
const maxLabels = 200

// quotedLabel reads up to the closing quote, or to the end where there is none.
func quotedLabel(s string) (label, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			if i++; s[i] != '"' && s[i] != '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
