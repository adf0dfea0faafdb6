package ingest

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// marks is the cursor of a folder of files: which files were captured, each as
// eight bytes of a hash of its place, name, size and time. A file that has changed,
// or that stands under the same label in another place, has another mark: it is
// read again, and its occurrence says whether it is new.
type marks struct {
	done map[mark8]bool // by earlier runs
	list []byte         // captured by now, and still there
	told int            // len(list) when last told
}

type mark8 = [8]byte

const marksFormat = "f1:"

// parseMarks reads a cursor; one it does not understand is empty.
func parseMarks(c Cursor) *marks {
	m := &marks{done: map[mark8]bool{}}
	text, ok := strings.CutPrefix(string(c), marksFormat)
	list, err := base64.RawStdEncoding.DecodeString(text)
	if !ok || err != nil || len(list)%8 != 0 {
		return m
	}
	for i := 0; i < len(list); i += 8 {
		m.done[mark8(list[i:])] = true
	}
	return m
}

// markOf names a file as it is now.
func markOf(root, folder, name string, info fs.FileInfo) mark8 {
	d := relais.DigestOf(fmt.Appendf(nil, "%d %d %q %q %q", info.Size(), info.ModTime().UnixNano(), root, folder, name))
	return mark8(d[:8])
}

// keep adds a file to those captured.
func (m *marks) keep(k mark8) { m.list = append(m.list, k[:]...) }

// tell gives the cursor when it has grown enough to be worth its size: at every 64
// files of a small folder, every eighth part of a large one.
func (m *marks) tell() Cursor {
	if grown := len(m.list) - m.told; grown < 64*8 || grown < len(m.list)/8 {
		return ""
	}
	m.told = len(m.list)
	return m.cursor()
}

// end gives the cursor of the whole folder, "" where it is the one we started with.
func (m *marks) end() Cursor {
	if len(m.list) == 8*len(m.done) && m.told == len(m.list) {
		return ""
	}
	return m.cursor()
}

// cursor writes the list in the order captured: a prefix of it is a cursor too.
func (m *marks) cursor() Cursor {
	return Cursor(marksFormat + base64.RawStdEncoding.EncodeToString(m.list))
}
