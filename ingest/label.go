package ingest

import (
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/relais"
)

// maxLabel bounds a name, in bytes; a longer one is cut and keeps a hash.
const maxLabel = 1024

// label makes a name from outside fit for a folder, a position or a terminal: valid UTF-8,
// no control characters, bounded. What it must write otherwise is written \x0a, and a
// backslash then \\, so that two names stay two.
func label(s string) string {
	if !plain(s) {
		s = escape(s)
	}
	if len(s) > maxLabel {
		cut := s[:maxLabel-34]
		for !utf8.ValidString(cut) {
			cut = cut[:len(cut)-1]
		}
		s = cut + "…" + relais.DigestOf([]byte(s)).String()[:24]
	}
	return s
}

func plain(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || r == '\\' || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// escape writes what may not stand as it is, byte by byte.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == utf8.RuneError && n == 1, unicode.IsControl(r), r == '\u2028', r == '\u2029':
			for _, c := range []byte(s[i : i+n]) {
				b.WriteString(`\x` + strconv.FormatUint(uint64(c)+0x100, 16)[1:])
			}
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// folderLabel is a label for a folder's name: composed, so that a name reads the
// same whichever system wrote it (Apple's decompose accents).
func folderLabel(s string) string { return label(norm.NFC.String(s)) }

// pathLabel is the last element of a path, as the label of a source.
func pathLabel(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		abs = name
	}
	base := filepath.Base(abs)
	if base == string(filepath.Separator) || base == "." {
		return "files"
	}
	return folderLabel(base)
}
