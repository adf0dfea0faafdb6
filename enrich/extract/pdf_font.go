package extract

import (
	"strings"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"
)

// maxCMapCodes bounds one ToUnicode map: a font has at most 65,536 codes.
const maxCMapCodes = 1 << 17

// pdfFont turns the codes of strings into characters and widths.
type pdfFont struct {
	wide      bool              // two bytes a code: composite fonts
	toUnicode map[uint16]string // ISO 32000-1, 9.10.3
	simple    [256]string       // characters of one-byte codes, as the encoding gives them
	widths    []float64
	first     int
	missing   float64 // width of codes without one, in ems
}

// newPDFFont reads what a font dictionary says of characters and widths. What it
// cannot afford to inflate it does without.
func newPDFFont(d *pdfDoc, v pdf.Value) *pdfFont {
	f := &pdfFont{wide: v.Key("Subtype").Name() == "Type0", missing: 0.5}
	if m := v.Key("ToUnicode"); m.Kind() == pdf.Stream && m.Key("Length").Int64() <= maxPDFFont && d.affords(m) {
		f.toUnicode = readToUnicode(v)
	}
	if f.wide {
		f.missing = 1
		if w := v.Key("DescendantFonts").Index(0).Key("DW"); w.Kind() != pdf.Null {
			f.missing = w.Float64() / 1000
		}
		f.readWide(v.Key("DescendantFonts").Index(0).Key("W"))
		return f
	}
	f.readSimple(v)
	return f
}

// readSimple asks the library for the characters of a one-byte encoding, once for
// each code.
func (f *pdfFont) readSimple(v pdf.Value) {
	if e := v.Key("Encoding"); e.Kind() != pdf.Null || len(f.toUnicode) == 0 {
		font := pdf.Font{V: v}
		if e.Kind() == pdf.Null {
			font.V = pdf.Value{} // without an encoding or a map: the standard one
		}
		enc := font.Encoder()
		for c := range f.simple {
			f.simple[c] = enc.Decode(string([]byte{byte(c)}))
		}
	}
	w := v.Key("Widths")
	f.first = int(v.Key("FirstChar").Int64())
	for i := 0; i < min(w.Len(), 256); i++ {
		f.widths = append(f.widths, w.Index(i).Float64()/1000)
	}
	if v.Key("Subtype").Name() == "Type3" {
		f.widths = nil // in the font's own units
	}
}

// readWide reads the width array of a composite font (ISO 32000-1, 9.7.4.3): c [w
// w ...] or first last w.
func (f *pdfFont) readWide(w pdf.Value) {
	table := make([]float64, 0, 256)
	set := func(c int, width float64) {
		if c < 0 || c > 0xffff {
			return
		}
		for len(table) <= c {
			table = append(table, f.missing)
		}
		table[c] = width / 1000
	}
	for i := 0; i+1 < min(w.Len(), 1<<16); {
		c := int(w.Index(i).Int64())
		if list := w.Index(i + 1); list.Kind() == pdf.Array {
			for j := 0; j < min(list.Len(), 1<<16); j++ {
				set(c+j, list.Index(j).Float64())
			}
			i += 2
			continue
		}
		last := min(int(w.Index(i+1).Int64()), 0xffff)
		for width := w.Index(i + 2).Float64(); c <= last; c++ {
			set(c, width)
		}
		i += 3
	}
	f.widths = table
}

// decode gives the characters of a string and how far it moves, in ems.
func (f *pdfFont) decode(raw string, charSpace, wordSpace float64) (string, float64) {
	var b strings.Builder
	width := 0.0
	step := 1
	if f.wide {
		step = 2
	}
	for i := 0; i+step <= len(raw); i += step {
		code := int(raw[i])
		if f.wide {
			code = code<<8 | int(raw[i+1])
		} else if code == ' ' {
			width += wordSpace
		}
		width += f.width(code) + charSpace
		if s, ok := f.toUnicode[uint16(code)]; ok {
			b.WriteString(s)
		} else if !f.wide {
			b.WriteString(f.simple[code])
		} else {
			b.WriteRune(0xfffd)
		}
	}
	return b.String(), width
}

// width gives how far a code moves, in ems.
func (f *pdfFont) width(code int) float64 {
	if i := code - f.first; i >= 0 && i < len(f.widths) {
		return f.widths[i]
	}
	return f.missing
}

// readToUnicode reads the ToUnicode map of a font. The library's own reader trusts
// the counts in it; here what stands on the stack counts. A broken map gives what
// stands before the break.
func readToUnicode(font pdf.Value) map[uint16]string {
	m := map[uint16]string{}
	guarded(func() {
		pdf.Interpret(font.Key("ToUnicode"), func(stk *pdf.Stack, op string) {
			if !cmapResource(stk, op, font) {
				addCodes(m, stk, op)
			}
		})
	})
	return m
}

// cmapResource plays the operators of PostScript that a map is wrapped in. Any
// dictionary does for the one that they define things in: the font's own.
func cmapResource(stk *pdf.Stack, op string, dict pdf.Value) bool {
	switch op {
	case "findresource":
		stk.Pop()
		stk.Pop()
		stk.Push(dict)
	case "begincmap":
		stk.Push(dict)
	case "endcmap":
		stk.Pop()
	case "dup":
		v := stk.Pop()
		stk.Push(v)
		stk.Push(v)
	case "defineresource":
		stk.Pop()
		v := stk.Pop()
		stk.Pop()
		stk.Push(v)
	default:
		return false
	}
	return true
}

// addCodes plays the operators that map codes to characters.
func addCodes(m map[uint16]string, stk *pdf.Stack, op string) {
	switch op {
	case "begincodespacerange", "endcodespacerange", "beginbfchar", "beginbfrange":
		popAll(stk)
	case "endbfchar":
		args := popAll(stk)
		for i := 0; i+1 < len(args) && len(m) < maxCMapCodes; i += 2 {
			m[codeOf(args[i].RawString())] = utf16BE(args[i+1].RawString())
		}
	case "endbfrange":
		args := popAll(stk)
		for i := 0; i+2 < len(args) && len(m) < maxCMapCodes; i += 3 {
			addRange(m, codeOf(args[i].RawString()), codeOf(args[i+1].RawString()), args[i+2])
		}
	}
}

// addRange maps a range of codes to the characters from to on, or to those that an
// array lists.
func addRange(m map[uint16]string, lo, hi uint16, to pdf.Value) {
	for c := int(lo); c <= int(hi) && len(m) < maxCMapCodes; c++ {
		if to.Kind() == pdf.Array {
			if s := to.Index(c - int(lo)); s.Kind() == pdf.String {
				m[uint16(c)] = utf16BE(s.RawString())
			}
			continue
		}
		s := []byte(to.RawString())
		if n := len(s); n > 0 {
			last := int(s[n-1]) + c - int(lo)
			s[n-1] = byte(last)
			if n > 1 {
				s[n-2] += byte(last >> 8)
			}
		}
		m[uint16(c)] = utf16BE(string(s))
	}
}

// codeOf reads a code; of one longer than two bytes, the last two.
func codeOf(s string) uint16 {
	var n uint16
	for i := range len(s) {
		n = n<<8 | uint16(s[i])
	}
	return n
}

// utf16BE reads characters as ToUnicode maps write them; some write one byte only.
func utf16BE(s string) string {
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	u := make([]uint16, len(s)/2)
	for i := range u {
		u[i] = uint16(s[2*i])<<8 | uint16(s[2*i+1])
	}
	return string(utf16.Decode(u))
}
