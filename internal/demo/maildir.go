package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf16"
)

// writeMaildir writes Maildir++: the inbox at the root, "." between the levels of a
// folder's name.
func writeMaildir(root string, placed map[string][]*letter) error {
	for folder, letters := range placed {
		dir := filepath.Join(root, maildirName(folder))
		for _, sub := range []string{"cur", "new", "tmp"} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
				return err
			}
		}
		for _, l := range letters {
			b, err := l.bytes()
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, "cur", fileName(l)), b, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileName carries the flags. Windows takes no colon in a name; "!" is what mail
// programs use there.
func fileName(l *letter) string {
	colon := ":"
	if runtime.GOOS == "windows" {
		colon = "!"
	}
	flags := "S"
	if l.answered {
		flags = "RS"
	}
	return fmt.Sprintf("%d.%s.verdanne%s2,%s", l.date.Unix(), l.id[:10], colon, flags)
}

func maildirName(folder string) string {
	if folder == inbox {
		return ""
	}
	return "." + modifiedUTF7(strings.ReplaceAll(folder, "/", "."))
}

// modifiedUTF7 is the encoding of mailbox names of RFC 3501, 5.1.3.
func modifiedUTF7(s string) string {
	var b strings.Builder
	var wide []uint16
	flush := func() {
		if len(wide) == 0 {
			return
		}
		raw := make([]byte, 0, 2*len(wide))
		for _, u := range wide {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(raw), "/", ",") + "-")
		wide = nil
	}
	for _, r := range s {
		if r < 0x20 || r > 0x7e {
			wide = utf16.AppendRune(wide, r)
			continue
		}
		flush()
		b.WriteRune(r)
		if r == '&' {
			b.WriteByte('-')
		}
	}
	flush()
	return b.String()
}

// writeMbox writes the letters of the first months as mail programs export them: the
// "rd" kind, whose quoting of "From " can be undone, with the line ends of Unix.
func writeMbox(name string, letters []*letter) error {
	var b bytes.Buffer
	for _, l := range letters {
		raw, err := l.bytes()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "From %s %s\n", l.from.email, l.date.UTC().Format("Mon Jan _2 15:04:05 2006"))
		for line := range bytes.Lines(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))) {
			if bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
				b.WriteByte('>')
			}
			b.Write(line)
		}
		b.WriteString("\n")
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}

// place deals letters out: the oldest to the export, the others to their folders; a
// few are in both, as after every export.
func place(letters []*letter) (placed map[string][]*letter, exported []*letter) {
	placed = map[string][]*letter{inbox: nil}
	for i, l := range letters {
		old := !l.personal && l.date.Before(lastDay().AddDate(0, 0, -exportedDays))
		if old {
			exported = append(exported, l)
		}
		if old && i%9 != 0 {
			continue
		}
		for _, f := range slices.Compact(l.folders) {
			placed[f] = append(placed[f], l)
		}
	}
	return placed, exported
}

// exportedDays is the age from which letters lie in the export.
const exportedDays = 960
