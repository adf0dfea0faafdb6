package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"
	"golang.org/x/text/unicode/norm"
)

// Some programs, TeX among them, draw an accented letter as the letter and an accent over
// it: the text then holds "´e" or "e´". Only the place of the glyphs tells such an accent
// from one that somebody typed for an apostrophe.

// combining gives the mark that stands on a letter for an accent that stands alone, 0
// for what is no accent.
func combining(r rune) rune {
	switch r {
	case '`', '\u02cb':
		return '\u0300'
	case '\u00b4', '\u02ca':
		return '\u0301'
	case '\u02c6':
		return '\u0302'
	case '\u02dc':
		return '\u0303'
	case '\u00af', '\u02c9':
		return '\u0304'
	case '\u02d8':
		return '\u0306'
	case '\u02d9':
		return '\u0307'
	case '\u00a8':
		return '\u0308'
	case '\u02da':
		return '\u030a'
	case '\u02dd':
		return '\u030b'
	case '\u02c7':
		return '\u030c'
	case '\u00b8':
		return '\u0327'
	case '\u02db':
		return '\u0328'
	}
	return 0
}

// composed gives the one letter that a letter and an accent are, where there is one.
func composed(letter, accent rune) (rune, bool) {
	switch letter { // drawn without their dots, to make room
	case 'ı':
		letter = 'i'
	case 'ȷ':
		letter = 'j'
	}
	s := norm.NFC.String(string([]rune{letter, combining(accent)}))
	r, n := utf8.DecodeRuneInString(s)
	return r, n == len(s) && unicode.IsLetter(r)
}

// detached tells whether an accent stands next to a letter somewhere: a reader that knows
// the glyphs' places must look.
func detached(text []byte) bool {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if combining(r) != 0 {
			before, _ := utf8.DecodeLastRune(text[:i])
			after, _ := utf8.DecodeRune(text[i+n:])
			if unicode.IsLetter(before) || unicode.IsLetter(after) {
				return true
			}
		}
		i += n
	}
	return false
}

// maxAccentPage is the most characters of a page whose accents are looked for: where each
// letter is drawn costs a call.
const maxAccentPage = 20_000

// maxAccentReach is how far from its letter, in characters, an accent is looked for: a
// string that is drawn after it may stand before it.
const maxAccentReach = 500

// accentPage is a page of which some accents stand alone.
type accentPage struct {
	pf    pdfium.Pdfium
	page  references.FPDF_TEXTPAGE
	chars []rune
	boxes map[int]responses.FPDFText_GetCharBox
}

// withAccents gives the text of a page with its accents on the letters they are drawn on,
// wherever pdfium puts them among the others; as it is, where there is none to place.
func withAccents(pf pdfium.Pdfium, page references.FPDF_TEXTPAGE, count int, text string) string {
	if count > maxAccentPage || !strings.ContainsFunc(text, func(r rune) bool { return combining(r) != 0 }) {
		return text
	}
	p := &accentPage{pf: pf, page: page, chars: make([]rune, count), boxes: map[int]responses.FPDFText_GetCharBox{}}
	for i := range p.chars {
		if u, err := pf.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: page, Index: i}); err == nil {
			p.chars[i] = rune(u.Unicode)
		}
		if p.chars[i] == 2 { // a hyphen at a line's end, by another name than in the text
			p.chars[i] = '\ufffe'
		}
	}
	if p.text() != text {
		return text // characters and text are not one to one: nothing is moved by guess
	}
	for i, r := range p.chars {
		if combining(r) == 0 {
			continue
		}
		if j := p.letterUnder(i); j >= 0 {
			p.chars[j], _ = composed(p.chars[j], r)
			p.chars[i] = 0
		}
	}
	return p.text()
}

// text gives the characters; those without one in Unicode are left out.
func (p *accentPage) text() string {
	var b strings.Builder
	for _, r := range p.chars {
		if r != 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// letterUnder gives the place of the letter that an accent is drawn on, the nearest of
// several; -1 for none.
func (p *accentPage) letterUnder(accent int) int {
	for d := 1; d < maxAccentReach; d++ {
		for _, j := range [...]int{accent - d, accent + d} {
			if j < 0 || j >= len(p.chars) || !unicode.IsLetter(p.chars[j]) {
				continue
			}
			if _, ok := composed(p.chars[j], p.chars[accent]); ok && p.drawnOn(accent, j) {
				return j
			}
		}
	}
	return -1
}

// drawnOn tells whether an accent is drawn on a letter: its middle within the letter's
// width, and no further away than the letter is high.
func (p *accentPage) drawnOn(accent, letter int) bool {
	a, l := p.box(accent), p.box(letter)
	middle, height := (a.Left+a.Right)/2, l.Top-l.Bottom
	return middle > l.Left && middle < l.Right && a.Bottom < l.Top+height && a.Top > l.Bottom-height
}

// box gives where a character is drawn.
func (p *accentPage) box(i int) responses.FPDFText_GetCharBox {
	b, known := p.boxes[i]
	if !known {
		if got, err := p.pf.FPDFText_GetCharBox(&requests.FPDFText_GetCharBox{TextPage: p.page, Index: i}); err == nil {
			b = *got
		}
		p.boxes[i] = b
	}
	return b
}
