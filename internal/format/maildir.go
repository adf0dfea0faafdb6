package format

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// ParseMaildirName splits the name of a maildir file into its unique part, which is stable
// while flags change, and its flags as words: seen, answered, flagged, draft, deleted,
// forwarded, sorted. The info may begin with ":2,", or, where names cannot hold colons,
// with "!2,", ";2,", "_2," or "-2,"; other letters are ignored.
func ParseMaildirName(name string) (unique string, flags []string) {
	i := strings.LastIndex(name, "2,")
	if i < 1 || !strings.ContainsRune(":!;_-", rune(name[i-1])) || !flagLetters(name[i+2:]) {
		return strings.TrimRight(name, ":!;"), nil
	}
	for _, c := range name[i+2:] {
		if w := maildirFlag(c); w != "" && !slices.Contains(flags, w) {
			flags = append(flags, w)
		}
	}
	slices.Sort(flags)
	return name[:i-1], flags
}

// MaildirTime gives the time of delivery that the name of a maildir file begins with
// (maildir(5)): seconds since 1970, up to a dot. A time before SMTP existed is ignored.
func MaildirTime(name string) (time.Time, bool) {
	digits, _, ok := strings.Cut(name, ".")
	seconds, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || len(digits) > 10 {
		return time.Time{}, false
	}
	t := time.Unix(seconds, 0).UTC()
	return t, t.Year() >= firstMailYear
}

// flagLetters tells whether what follows "2," can be flags: letters, and what some
// programs add after a comma.
func flagLetters(s string) bool {
	s, _, _ = strings.Cut(s, ",")
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// maildirFlag gives the word for a flag of maildir(5), "" for letters that a server
// gives a meaning of its own.
func maildirFlag(c rune) string {
	switch c {
	case 'S':
		return "seen"
	case 'R':
		return "answered"
	case 'F':
		return "flagged"
	case 'D':
		return "draft"
	case 'T':
		return "deleted"
	case 'P':
		return "forwarded"
	}
	return ""
}

// MaildirFolder gives the name of a Maildir++ folder from that of its directory
// (".INBOX.Clients.&AMk-t&AOk-"): "/" between levels, modified UTF-7 (RFC 3501, section
// 5.1.3) decoded where it is valid, controls and slashes within a level replaced. ok is
// false when the directory is no Maildir++ folder.
func MaildirFolder(dir string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(dir, ".")
	if !ok || strings.Trim(rest, ".") == "" {
		return "", false
	}
	var levels []string
	for level := range strings.SplitSeq(rest, ".") {
		if level = DecodeMailboxName(level); level != "" {
			levels = append(levels, strings.ReplaceAll(level, "/", "_"))
		}
	}
	return strings.Join(levels, "/"), true
}

// DecodeMailboxName decodes a mailbox name in modified UTF-7 (RFC 3501, section
// 5.1.3). Names that break its rules are common: what is no valid shift stands as it
// is ("R&D"), a name in UTF-8 (RFC 9051, section 5.1) is that name, and one in
// neither is taken for windows-1252. The result is one line of UTF-8, in NFC.
func DecodeMailboxName(s string) string {
	switch {
	case isASCII([]byte(s)):
		s, _ = decodeUTF7(s, true)
	case !utf8.ValidString(s):
		s, _ = charmap.Windows1252.NewDecoder().String(s) // every byte stands for something
	}
	return cleanLine(s)
}
