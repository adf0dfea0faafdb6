package extract

import (
	"context"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

const (
	// maxRTFDepth bounds the states kept for open groups; deeper ones share the last.
	maxRTFDepth = 1_000
	// maxRTFFonts bounds the font table.
	maxRTFFonts = 4_096
)

// readRTF gives the text of a Rich Text Format file (specification 1.9.1): code
// pages by font, Unicode characters, no pictures, objects or tables of styles.
func readRTF(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	r := &rtf{in: b, out: newTextBuf(lim.TextBytes), fonts: map[int]int{}, state: rtfState{skipN: 1, codepage: 1252}, ansi: 1252, half: -1}
	r.run()
	r.embedded(ctx, newWork(in, lim), lim)
	if cut || r.out.full {
		r.warn.add("text_limit", "")
	}
	if r.tooDeep {
		r.warn.add("rtf_depth", "")
	}
	return Result{Text: string(r.out.b), Warnings: r.warn}, ctx.Err()
}

// rtfText gives the text of RTF that is the body of a message, without what is
// embedded in it. It may run in any process.
func rtfText(src string, lim format.Limits) (text string, warn []relais.Warning) {
	defer func() {
		if recover() != nil {
			text, warn = "", []relais.Warning{{Code: "extractor_panic"}}
		}
	}()
	r := &rtf{in: []byte(src), out: newTextBuf(lim.TextBytes), fonts: map[int]int{}, state: rtfState{skipN: 1, codepage: 1252}, ansi: 1252, half: -1}
	r.run()
	text, cut := finish(r.out.b, true, lim.TextBytes)
	if cut || r.out.full {
		r.warn.add("text_limit", "")
	}
	return text, r.warn
}

// rtfState is what a group inherits and gives back at its end.
type rtfState struct {
	dest     rtfDest
	skipN    int // \uc: characters that stand for a \u where it is not understood
	codepage int
	deleted  bool // a tracked deletion
	htmlrtf  bool // RTF that only repeats encapsulated HTML (MS-OXRTFEX 2.1.3.1.2)
}

// rtfDest is where a group's text goes.
type rtfDest uint8

const (
	rtfBody rtfDest = iota
	rtfFontTable
	rtfObject // hexadecimal digits of an embedded object
	rtfNowhere
)

type rtf struct {
	in    []byte
	pos   int
	out   *textBuf
	warn  warnings
	state rtfState
	stack []rtfState
	over  int // groups open beyond maxRTFDepth

	ansi        int         // code page of the document
	fonts       map[int]int // font number to code page
	font        int         // font being declared
	bytes       []byte      // characters of a code page not yet decoded
	high        rune        // first half of a surrogate pair
	ignore      int         // fallback characters still to skip after \u
	star        bool        // \* stands before the next word
	tooDeep     bool
	half        int      // first digit of a byte of it, -1 for none
	objectBytes int      // digits of all objects
	object      []byte   // being read
	objects     [][]byte // read
}

// run takes the file character by character. Line ends are layout of the file, not
// of the text.
func (r *rtf) run() {
	for r.pos < len(r.in) && !r.out.full {
		c := r.in[r.pos]
		r.pos++
		switch c {
		case '{':
			r.push()
		case '}':
			r.pop()
		case '\\':
			r.control()
		case '\r', '\n', 0:
		default:
			r.star = false
			r.char(c)
		}
	}
	r.flush()
}

// push opens a group: what it changes is undone at its end.
func (r *rtf) push() {
	r.flush()
	r.ignore = 0
	if len(r.stack) >= maxRTFDepth {
		r.over++
		r.tooDeep = true
		return
	}
	r.stack = append(r.stack, r.state)
}

// pop closes a group; one that was never opened is ignored.
func (r *rtf) pop() {
	r.flush()
	r.ignore = 0
	if r.state.dest == rtfObject {
		r.endObject()
	}
	if r.over > 0 {
		r.over--
		return
	}
	if n := len(r.stack); n > 0 {
		r.state, r.stack = r.stack[n-1], r.stack[:n-1]
	}
}

// char takes one character of the current code page.
func (r *rtf) char(c byte) {
	switch {
	case r.ignore > 0:
		r.ignore--
	case r.state.dest == rtfObject:
		r.hexDigit(c)
	case r.silent():
	case c < utf8.RuneSelf && len(r.bytes) == 0:
		r.high = 0
		r.out.writeByte(c)
	default:
		r.bytes = append(r.bytes, c)
		if len(r.bytes) >= 4<<10 {
			r.flush()
		}
	}
}

// silent tells whether characters count for nothing here.
func (r *rtf) silent() bool {
	return r.state.dest != rtfBody || r.state.deleted || r.state.htmlrtf
}

// flush decodes the characters of a code page that came in a row: in the East Asian
// ones a character is two of them.
func (r *rtf) flush() {
	if len(r.bytes) == 0 {
		return
	}
	if enc := codepage(r.state.codepage); enc != nil {
		r.out.write(decodeAll(enc, r.bytes))
	} else {
		r.out.write(r.bytes)
	}
	r.bytes = r.bytes[:0]
}

// rune takes one Unicode character, or half of a surrogate pair.
func (r *rtf) rune(c rune) {
	r.flush()
	if r.silent() {
		return
	}
	switch {
	case utf16.IsSurrogate(c) && r.high == 0:
		r.high = c
		return
	case r.high != 0:
		c = utf16.DecodeRune(r.high, c)
	case c >= 0xf000 && c < 0xf0ff: // symbol fonts live in the private use area
		c -= 0xf000
	}
	r.high = 0
	r.out.writeRune(c)
}

// separator writes white space or a sign that a control word stands for.
func (r *rtf) sign(s string) {
	r.flush()
	if !r.silent() {
		r.out.writeString(s)
	}
}

// control reads what follows a backslash: a symbol, or a word with its number.
func (r *rtf) control() {
	if r.pos >= len(r.in) {
		return
	}
	c := r.in[r.pos]
	if !isLetter(c) {
		r.pos++
		r.symbol(c)
		return
	}
	from := r.pos
	for r.pos < len(r.in) && isLetter(r.in[r.pos]) {
		r.pos++
	}
	word := string(r.in[from:min(r.pos, from+32)])
	n, has := r.number()
	if r.pos < len(r.in) && r.in[r.pos] == ' ' {
		r.pos++
	}
	star := r.star
	r.star = false
	r.word(word, n, has, star)
}

// number reads the number of a control word. Absurdly long ones stop growing.
func (r *rtf) number() (n int, has bool) {
	from := r.pos
	if r.pos < len(r.in) && r.in[r.pos] == '-' {
		r.pos++
	}
	for r.pos < len(r.in) && r.in[r.pos] >= '0' && r.in[r.pos] <= '9' {
		if n < 1<<40 {
			n = n*10 + int(r.in[r.pos]-'0')
		}
		r.pos++
	}
	has = r.pos > from
	if has && r.in[from] == '-' {
		n = -n
	}
	return n, has
}

// symbol acts on a control symbol: a backslash and one character that is no letter.
func (r *rtf) symbol(c byte) {
	switch c {
	case '\'':
		if r.pos+2 <= len(r.in) {
			hi, lo := unhex(r.in[r.pos]), unhex(r.in[r.pos+1])
			if hi >= 0 && lo >= 0 {
				r.pos += 2
				r.char(byte(hi<<4 | lo))
			}
		} else {
			r.pos = len(r.in)
		}
	case '*':
		r.star = true
		return
	case '~':
		r.rune(0xa0)
	case '_':
		r.sign("-")
	case '\\', '{', '}':
		r.char(c)
	case '\r', '\n':
		r.sign("\n")
	case '\t':
		r.sign("\t")
	}
	r.star = false
}

// isLetter knows what control words are made of.
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// unhex gives the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
