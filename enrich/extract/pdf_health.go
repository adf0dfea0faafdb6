package extract

import (
	"unicode"
	"unicode/utf8"
)

// health counts what tells readable text from the output of a wrong font map or of
// lost word borders.
type health struct {
	words, letters, runes, bad int
	wordLetters                int // letters in all words
	long, single               int // words over 25 letters, and of one
}

// healthy is the gate between the quick PDF reader and pdfium, as measured on 133
// real files: text that fails some test of it is worth a second reading.
func healthy(text []byte) bool {
	h := measure(text)
	if h.words < 30 {
		return false
	}
	mean := float64(h.wordLetters) / float64(h.words)
	return mean >= 3 && mean <= 8.5 &&
		h.long*50 <= h.words && // 2 %
		h.bad*100 <= h.runes && // 1 %
		h.single*100 <= h.words*35 &&
		h.letters*2 >= h.runes // 50 %
}

// measure looks at all characters but white space.
func measure(text []byte) health {
	var h health
	word := 0
	end := func() {
		if word == 0 {
			return
		}
		h.words++
		h.wordLetters += word
		if word > 25 {
			h.long++
		}
		if word == 1 {
			h.single++
		}
		word = 0
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		i += n
		if unicode.IsSpace(r) {
			end()
			continue
		}
		h.runes++
		switch {
		case unicode.IsLetter(r):
			h.letters++
			word++
		case r < ' ', r == utf8.RuneError, r >= 0x80 && r < 0xa0, unicode.Is(unicode.Co, r):
			h.bad++
			end()
		case !unicode.IsDigit(r):
			end()
		default:
			word++
		}
	}
	end()
	return h
}
