package crm

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// Bounds on a CSV file.
const (
	maxTableBytes  = 64 << 20
	maxHeaderRow   = 20       // rows above the headers: a report's title
	maxCellBytes   = 32 << 10 // of a quoted cell; a longer one has lost its end
	maxCellLines   = 60
	maxTableColumn = 500
)

// table is a CSV file whose columns are known.
type table struct {
	records  []record
	columns  map[column][]int // places of each column, in order
	first    int              // record below the headers
	problems []Problem
}

// record is one row with the line it begins on.
type record struct {
	line  int
	cells []string
}

// readTable reads a whole CSV file and finds its headers: the first row that has all
// the wanted columns.
func readTable(r io.Reader, known func(string) column, wanted ...column) (*table, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxTableBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxTableBytes {
		return nil, relais.Errorf(relais.KindInvalid, "", "the file is larger than %d MiB", maxTableBytes>>20)
	}
	text := decodeTable(raw)
	t := &table{}
	if line, rest, _ := strings.Cut(text, "\n"); strings.HasPrefix(line, "sep=") && len(strings.TrimSpace(line)) == 5 {
		t.split(rest, line[4], 2) // Excel's own way to name the separator
	} else {
		t.split(text, separatorOf(text), 1)
	}
	for i := 0; i < len(t.records) && i < maxHeaderRow; i++ {
		if t.columns = columnsOf(t.records[i].cells, known); t.has(wanted) {
			t.first = i + 1
			return t, nil
		}
	}
	return nil, relais.Errorf(relais.KindInvalid, "", "no row names the columns that are needed (an id, and a name or address)")
}

// decodeTable gives a file's text: UTF-8 or UTF-16 with a byte order mark, UTF-16 by its
// zero bytes, UTF-8 if it is valid, else windows-1252, which is what Excel writes.
func decodeTable(raw []byte) string {
	decode := charmap.Windows1252.NewDecoder()
	switch {
	case bytes.HasPrefix(raw, []byte{0xFF, 0xFE}), len(raw) > 3 && raw[1] == 0 && raw[3] == 0:
		decode = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
	case bytes.HasPrefix(raw, []byte{0xFE, 0xFF}), len(raw) > 3 && raw[0] == 0 && raw[2] == 0:
		decode = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	case utf8.Valid(raw):
		return newlines(strings.TrimPrefix(string(raw), "\ufeff"))
	}
	text, err := decode.Bytes(raw)
	if err != nil {
		text = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	}
	return newlines(strings.TrimPrefix(string(text), "\ufeff"))
}

func newlines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// separatorOf gives the separator that the first lines use most, outside quotes.
func separatorOf(text string) byte {
	var count [3]int
	quoted, lines := false, 0
	for i := 0; i < len(text) && lines < 10; i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\n':
			lines++
			quoted = false
		case quoted:
		case c == ',':
			count[0]++
		case c == ';':
			count[1]++
		case c == '\t':
			count[2]++
		}
	}
	switch {
	case count[2] > 0 && count[2] >= count[0] && count[2] >= count[1]:
		return '\t'
	case count[1] > 0 && count[1] >= count[0]:
		return ';'
	}
	return ','
}

// split cuts a text into records (RFC 4180, and what else programs write).
func (t *table) split(text string, sep byte, line int) {
	for len(text) > 0 {
		cells, n, whole := readRecord(text, sep)
		if !whole {
			t.problems = append(t.problems, Problem{Line: line, Reason: "a quoted cell does not end: the line was read as it stands"})
		}
		if strings.TrimSpace(strings.Join(cells, "")) != "" {
			t.records = append(t.records, record{line: line, cells: cells})
		}
		line += strings.Count(text[:n], "\n")
		text = text[n:]
	}
}

// readRecord reads one record and tells how long it is. When a quoted cell does not
// end within bounds, its quote is taken for a plain character and the record ends with
// the line, so that one bad row does not swallow those below.
func readRecord(text string, sep byte) (cells []string, n int, whole bool) {
	whole = true
	for {
		cell := plainCell(text[n:], sep)
		used := len(cell)
		if whole && strings.HasPrefix(cell, `"`) {
			if quoted, m := quotedCell(text[n:], sep); m > 0 {
				cell, used = quoted, m
			} else {
				whole = false
			}
		}
		if len(cells) < maxTableColumn {
			cells = append(cells, cell)
		}
		n += used
		if n >= len(text) {
			return cells, n, whole
		}
		n++ // the separator or line end
		if text[n-1] == '\n' {
			return cells, n, whole
		}
	}
}

// plainCell gives the text up to the next separator or line end.
func plainCell(text string, sep byte) string {
	for i := range len(text) {
		if text[i] == sep || text[i] == '\n' {
			return text[:i]
		}
	}
	return text
}

// quotedCell reads a cell that begins with a quote; n is 0 when it has no end.
func quotedCell(text string, sep byte) (cell string, n int) {
	var b strings.Builder
	lines := 0
	for i := 1; i < len(text) && i < maxCellBytes; i++ {
		switch {
		case text[i] == '\n':
			if lines++; lines > maxCellLines {
				return "", 0
			}
		case text[i] != '"':
		case i+1 < len(text) && text[i+1] == '"':
			i++
		case i+1 == len(text) || text[i+1] == sep || text[i+1] == '\n':
			return b.String(), i + 1
		case lines > 0 && text[i-1] == sep:
			return "", 0 // another cell's quote opens here
		}
		b.WriteByte(text[i])
	}
	return "", 0
}

// columnsOf gives the places of the columns that a row names.
func columnsOf(cells []string, known func(string) column) map[column][]int {
	found := map[column][]int{}
	for i, c := range cells {
		if name := known(fold.String(c)); name != columnNone {
			found[name] = append(found[name], i)
		}
	}
	return found
}

func (t *table) has(wanted []column) bool {
	for _, w := range wanted {
		if len(t.columns[w]) == 0 {
			return false
		}
	}
	return true
}

// rows gives the records below the headers.
func (t *table) rows(yield func(int) bool) {
	for i := t.first; i < len(t.records); i++ {
		if !yield(i) {
			return
		}
	}
}

// one gives the first cell of a column that says anything.
func (t *table) one(row int, c column) string {
	for _, i := range t.columns[c] {
		if i < len(t.records[row].cells) {
			if s := clean(t.records[row].cells[i]); s != "" {
				return s
			}
		}
	}
	return ""
}

// list gives the parts of a column's cells, cut at any of some separators.
func (t *table) list(row int, c column, separators string) []string {
	var list []string
	for _, i := range t.columns[c] {
		if i >= len(t.records[row].cells) {
			continue
		}
		for part := range strings.FieldsFuncSeq(clean(t.records[row].cells[i]), func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			if part = clean(part); part != "" {
				list = union(list, []string{part})
			}
		}
	}
	return list
}

func (t *table) problem(row int, reason string) {
	t.problems = append(t.problems, Problem{Line: t.records[row].line, Reason: reason})
}

// refuse notes that nothing of a row could be read.
func (t *table) refuse(row int, reason string) {
	t.problems = append(t.problems, Problem{Line: t.records[row].line, Reason: reason, Refused: true})
}

// cells counts the cells of a row that say something.
func (t *table) cells(row int) (n int) {
	for _, c := range t.records[row].cells {
		if clean(c) != "" {
			n++
		}
	}
	return n
}
