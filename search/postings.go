package search

import (
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/analysis"
)

// Column is where an engine keeps a part of a document's words: a zone of the text,
// or a field.
type Column int

// The columns. Most of the postings are of the first.
const (
	ColumnNew      Column = iota
	ColumnQuote           // with signatures and disclaimers
	ColumnSubject         //
	ColumnFrom            //
	ColumnTo              // To, Cc and Bcc
	ColumnCc              //
	ColumnFilename        // of the document and of its attachments
	ColumnCount           // how many there are
)

// String gives the column its name in engines, which formats of indices hold.
func (c Column) String() string {
	return [ColumnCount]string{"new", "quote", "subject", "sender", "recipient", "cc", "filename"}[c]
}

// Weight is how much a word of the column says in an order by relevance: one of the
// subject or of a file's name says more than one of the new text, which says 1, a quoted
// one less. Recipients in copy count as recipients already.
func (c Column) Weight() float64 {
	return [ColumnCount]float64{1, 0.25, 2.5, 1.5, 0.5, 0, 2}[c]
}

// Columns gives the columns in which words of the field are looked for.
func (f TextField) Columns() []Column {
	switch f {
	case InSubject:
		return []Column{ColumnSubject}
	case InFrom:
		return []Column{ColumnFrom}
	case InTo:
		return []Column{ColumnTo}
	case InCc:
		return []Column{ColumnCc}
	case InWith:
		return []Column{ColumnFrom, ColumnTo}
	case InFilename:
		return []Column{ColumnFilename}
	}
	return []Column{ColumnNew, ColumnQuote, ColumnSubject, ColumnFrom, ColumnTo, ColumnFilename}
}

// Mark is a character that no term holds. Alone, it is a token that keeps two texts
// of one column from making a phrase; before a word, it marks a surface.
const Mark = "="

// Part is a piece of text in a column.
type Part struct {
	In   Column
	Text string
}

// Parts gives all that is indexed of a document's words.
func Parts(e *Entry) []Part {
	d := &e.Envelope.Document
	p := []Part{{ColumnSubject, d.Subject}}
	p = appendZones(p, e.Text, d.Zones)
	if d.From != nil {
		p = appendAddress(p, ColumnFrom, *d.From)
	}
	for _, list := range [][]relais.Address{d.To, d.Cc, d.Bcc} {
		for _, a := range list {
			p = appendAddress(p, ColumnTo, a)
		}
	}
	for _, a := range d.Cc {
		p = appendAddress(p, ColumnCc, a)
	}
	p = append(p, Part{ColumnFilename, d.Name})
	for _, a := range d.Attachments {
		p = append(p, Part{ColumnFilename, a.Name})
	}
	return p
}

// appendAddress adds a name and an address as two texts: no phrase spans them.
func appendAddress(p []Part, in Column, a relais.Address) []Part {
	return append(p, Part{in, a.Name}, Part{in, a.Address})
}

// appendZones cuts a text by its zones. Text that no zone covers, all of it where
// there are none, is new.
func appendZones(p []Part, text string, zones []relais.Zone) []Part {
	pos := 0
	for _, z := range zones {
		start, end := max(z.Start, pos), min(z.End, len(text))
		if start >= end {
			continue
		}
		in := ColumnQuote
		if z.Kind == relais.ZoneNew {
			in = ColumnNew
		}
		p = append(p, Part{ColumnNew, text[pos:start]}, Part{in, text[start:end]})
		pos = end
	}
	return append(p, Part{ColumnNew, text[pos:]})
}

// Poster makes the tokens that engines are given. It is not safe for concurrent use.
type Poster struct {
	a        *analysis.Analyzer
	terms    [ColumnCount][]byte
	surfaces [ColumnCount][]byte
	seen     [ColumnCount]map[string]bool // the surfaces written
	lengths  Lengths
}

// Lengths is how many terms a document has in each column.
type Lengths [ColumnCount]uint32

// NewPoster makes a poster that uses an analyzer alone.
func NewPoster(a *analysis.Analyzer) *Poster {
	w := &Poster{a: a}
	for c := range w.seen {
		w.seen[c] = make(map[string]bool)
	}
	return w
}

// Columns gives a document's tokens, column by column, parted by spaces: the surfaces,
// whose positions say nothing and are short at the beginning, then the terms of its
// texts in order. They are letters, digits, spaces and Mark, and hold until the next
// call.
func (w *Poster) Columns(parts []Part) (out [ColumnCount][]byte) {
	w.Apart(parts)
	for c := range out {
		w.surfaces[c] = append(w.surfaces[c], w.terms[c]...)
		out[c] = w.surfaces[c]
	}
	return out
}

// Apart gives the same tokens, terms and surfaces apart.
func (w *Poster) Apart(parts []Part) (terms, surfaces [ColumnCount][]byte) {
	for c := range terms {
		w.terms[c], w.surfaces[c], w.lengths[c] = w.terms[c][:0], w.surfaces[c][:0], 0
		clear(w.seen[c])
	}
	for _, p := range parts {
		if p.Text != "" {
			w.write(p)
		}
	}
	return w.terms, w.surfaces
}

// Lengths gives how many terms the last document has: neither surfaces nor Mark.
func (w *Poster) Lengths() Lengths { return w.lengths }

// write adds a part's terms. A surface that is not its own term is written too, once
// a document and column: it is what is searched by the beginning of a word.
func (w *Poster) write(p Part) {
	terms, surfaces, seen := w.terms[p.In], w.surfaces[p.In], w.seen[p.In]
	if len(terms) > 0 {
		terms = append(terms, Mark+" "...)
	}
	for t := range w.a.All(p.Text) {
		terms = append(append(terms, t.Term...), ' ')
		w.lengths[p.In]++
		if t.Surface != t.Term && !seen[t.Surface] {
			seen[t.Surface] = true
			surfaces = append(append(append(surfaces, Mark...), t.Surface...), ' ')
		}
	}
	w.terms[p.In], w.surfaces[p.In] = terms, surfaces
}
