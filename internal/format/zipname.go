package format

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	zipUTF8     = 0x800  // flag: the name is UTF-8 (APPNOTE, appendix D)
	zipInfoName = 0x7075 // extra field: Info-ZIP Unicode Path (APPNOTE 4.6.9)
)

// ZipName decodes the name of an archive's member, from its bytes, flags and extra
// fields as the directory has them: the Unicode field that Info-ZIP adds, where it
// belongs to the name; else UTF-8, declared or not; else what reads best of the code
// pages 437, which the format prescribes, 850, which European systems wrote, and
// windows-1252. The result is valid UTF-8, and otherwise as it was sent.
func ZipName(raw string, flags uint16, extra []byte) string {
	if name, ok := unicodeName(raw, extra); ok {
		return name
	}
	if flags&zipUTF8 != 0 || utf8.ValidString(raw) {
		return strings.ToValidUTF8(raw, "\ufffd")
	}
	best, most := "", 0
	for _, page := range []*charmap.Charmap{charmap.CodePage437, charmap.CodePage850, charmap.Windows1252} {
		name, err := page.NewDecoder().String(raw)
		if reads := readsLike(name); err == nil && (best == "" || reads > most) {
			best, most = name, reads
		}
	}
	return best
}

// unicodeName reads the Unicode field, which holds if it was made for this name: by
// the checksum in it (APPNOTE 4.6.9).
func unicodeName(raw string, extra []byte) (string, bool) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		tag, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return "", false
		}
		field := extra[:n]
		extra = extra[n:]
		if tag == zipInfoName && n > 5 && field[0] == 1 && le.Uint32(field[1:]) == crc32.ChecksumIEEE([]byte(raw)) && utf8.Valid(field[5:]) {
			return string(field[5:]), true
		}
	}
	return "", false
}

// readsLike scores how much text reads like a name: letters of western Europe, capitals
// where they belong, and no box-drawing characters or symbols.
func readsLike(name string) (points int) {
	const common = "àâäáéèêëíìîïóòôöúùûüçñßœæ"
	runes := []rune(" " + name + " ")
	for i, r := range runes {
		if r < utf8.RuneSelf {
			continue
		}
		before, after := runes[i-1], runes[i+1]
		misplaced := unicode.IsUpper(r) && unicode.IsLetter(before) && (unicode.IsLower(before) || unicode.IsLower(after))
		switch {
		case !unicode.Is(unicode.Latin, r):
			points -= 2
		case misplaced:
			points--
		case strings.ContainsRune(common, r):
			points += 3
		case strings.ContainsRune(common, unicode.ToLower(r)):
			points += 2
		default:
			points++
		}
	}
	return points
}

// paths writes the backslashes in an entry's name as slashes where they stand between
// levels: on Windows nothing else can be meant. In an archive made elsewhere they do too
// if no name in it has a slash: .NET writes such archives, and Info-ZIP reads them so.
func (d *zipDirectory) paths(e *zipEntry) {
	if !strings.Contains(e.name, `\`) || e.unix && d.hasSlashes() {
		return
	}
	e.name = strings.ReplaceAll(e.name, `\`, "/")
}

// hasSlashes looks through the names of all entries, at most once an archive.
func (d *zipDirectory) hasSlashes() bool {
	if d.slashes == nil {
		again, found := d.again(), false
		for e, err := again.read(); err == nil && !found; e, err = again.read() {
			found = strings.Contains(e.name, "/")
		}
		d.slashes = &found
	}
	return *d.slashes
}
