package extract

import (
	"bytes"
	"context"

	"github.com/relais-archive/relais/internal/format"
)

// readText gives plain text, and what is close enough to it: CSV keeps its
// separators, for people search for cells, not for columns.
func readText(_ context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(b[:min(len(b), sniffHead)]), []byte("-----BEGIN PGP MESSAGE-----")) {
		return failed("", "", "locked", ""), nil // RFC 9580 section 6.2: its letters are no words
	}
	var warn warnings
	text, guessed := toUTF8(b, in.Charset)
	if guessed {
		warn.add("charset_guessed", "")
	}
	if cut {
		warn.add("text_limit", "")
	}
	return Result{Text: string(text), Warnings: warn}, nil
}

// readCSV gives the cells of a table: one row a line, tabs between cells, quotes
// undone (RFC 4180, with any of the separators that spreadsheets write).
func readCSV(_ context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	var warn warnings
	text, guessed := toUTF8(b, in.Charset)
	if guessed {
		warn.add("charset_guessed", "")
	}
	out := newTextBuf(lim.TextBytes)
	csvCells(out, text, csvSeparator(text))
	if cut || out.full {
		warn.add("text_limit", "")
	}
	return Result{Text: string(out.b), Warnings: warn}, nil
}

// csvSeparator is the most frequent candidate in the first lines.
func csvSeparator(text []byte) byte {
	head := text[:min(len(text), sniffHead)]
	best, most := byte(','), 0
	for _, c := range []byte(";,\t|") {
		if n := bytes.Count(head, []byte{c}); n > most {
			best, most = c, n
		}
	}
	return best
}

// csvCells is a state machine rather than encoding/csv, which gives up at the first
// stray quote.
func csvCells(out *textBuf, text []byte, sep byte) {
	quoted, start := false, true
	for i := 0; i < len(text) && !out.full; i++ {
		c := text[i]
		switch {
		case quoted && c == '"':
			if i+1 < len(text) && text[i+1] == '"' {
				out.writeByte('"')
				i++
			} else {
				quoted = false
			}
		case quoted && (c == '\n' || c == '\r' || c == '\t'):
			out.writeByte(' ')
		case quoted:
			out.writeByte(c)
		case c == '"' && start:
			quoted, start = true, false
			continue
		case c == sep:
			out.writeByte('\t')
		default:
			out.writeByte(c)
		}
		start = !quoted && (c == sep || c == '\n')
	}
}
