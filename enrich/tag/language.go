package tag

import (
	"math/bits"
	"strings"
	"sync"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// languageEnricher tells in which language a message's subject and new text are
// written; where there is hardly any, its whole text.
type languageEnricher struct{ detector *detector }

func (languageEnricher) Name() string { return "language" }

func (e languageEnricher) Enrich(in *Input, out *Findings) {
	fresh := func() string { return e.tell(in, in.newWords(out), spans(in, out, relais.ZoneNew)) }
	whole := func() string { return e.tell(in, in.textWords(), []string{in.head()}) }
	first, second := fresh, whole
	if len(in.newWords(out)) < 5 { // of a message that only forwards
		first, second = whole, fresh
	}
	if out.Language = first(); out.Language == "" {
		out.Language = second()
	}
}

// tell gives the language of the subject with some words and the text they are of.
func (e languageEnricher) tell(in *Input, list []fold.Word, text []string) string {
	votes := e.detector.vote(list)
	if in.Mail != nil {
		subject := cutAt(in.Mail.Subject, 1000)
		votes.add(e.detector.vote(fold.Words(subject, nil)))
		e.detector.letters(subject, &votes)
	}
	for _, t := range text {
		e.detector.letters(t, &votes)
	}
	return votes.winner()
}

// Language tells in which language a text is written (ISO 639-1): one of fr, en, de,
// es, it, nl and pt, or "" when that cannot be told.
func Language(text string) string {
	d := sharedDetector()
	text = cutAt(text, maxVoted)
	votes := d.vote(fold.Words(text, nil))
	d.letters(text, &votes)
	return votes.winner()
}

// maxVoted is how many bytes of a text decide on its language.
const maxVoted = 8 << 10

// detector weighs stop words first, for they are the most common words of a text and
// nearly each belongs to few languages; where there are too few of them (a subject,
// a list of goods) letters and three-letter pieces of words decide.
type detector struct {
	words    map[uint64]ballot
	trigrams map[uint32]ballot
}

const languageCount = 7

// ballot is what one word or piece says of each language.
type ballot [languageCount]uint16

// tally is what a text says of each language.
type tally struct {
	words, pieces [languageCount]int
	read, read3   int // words and pieces looked at
}

func languageCodes() [languageCount]string {
	return [...]string{"fr", "en", "de", "es", "it", "nl", "pt"}
}

// sharedDetector makes the tables once: they never change.
var sharedDetector = sync.OnceValue(newDetector)

func newDetector() *detector {
	d := &detector{words: map[uint64]ballot{}}
	for i, list := range stopWords() {
		for w := range strings.FieldsSeq(list) {
			full, _ := fold.Hash([]byte(fold.String(w)))
			b := d.words[full]
			if b[i] = 60; len(w) == 1 || w == "com" {
				b[i] = 20 // "l'", "d'", but "'s" and file names too; and every other address ends in "com"
			}
			d.words[full] = b
		}
	}
	d.trigrams = pieceProfiles()
	for w, b := range d.words {
		d.words[w] = b.shared()
	}
	return d
}

// shared divides what a word says among the languages that have it.
func (b ballot) shared() ballot {
	n := uint16(0)
	for _, v := range b {
		if v > 0 {
			n++
		}
	}
	for i := range b {
		b[i] /= n
	}
	return b
}

// vote counts what words say.
func (d *detector) vote(list []fold.Word) tally {
	var t tally
	for i := range list {
		if t.read == maxVoted/6 {
			break
		}
		t.read++
		if b, ok := d.words[list[i].Full]; ok {
			for l, v := range b {
				t.words[l] += int(v)
			}
		}
	}
	return t
}

// pieceProfiles makes, of the words of each language, what a piece of three letters
// says: sixteen times the binary logarithm of how much more often it has it than the
// language that has it least.
func pieceProfiles() map[uint32]ballot {
	counts := map[uint32]*[languageCount]int{}
	var totals [languageCount]int
	stop, common := stopWords(), commonWords()
	for l := range languageCount {
		for w := range strings.FieldsSeq(stop[l] + " " + common[l]) {
			eachPiece(fold.String(w), func(key uint32) {
				if counts[key] == nil {
					counts[key] = new([languageCount]int)
				}
				counts[key][l]++
				totals[l]++
			})
		}
	}
	profiles := make(map[uint32]ballot, len(counts))
	for key, count := range counts {
		var b ballot
		least := 1 << 20
		for l, n := range count {
			b[l] = uint16(log16(1 + n*8192/totals[l]))
			least = min(least, int(b[l]))
		}
		for l := range b {
			b[l] -= uint16(least)
		}
		profiles[key] = b
	}
	return profiles
}

// log16 gives sixteen times the binary logarithm of n, in integers, so that every
// machine has the same.
func log16(n int) int {
	whole := bits.Len(uint(n)) - 1
	n <<= 20 - whole
	part := 0
	for range 4 {
		n = n * (n >> 10) >> 10
		part <<= 1
		if n >= 2<<20 {
			part, n = part|1, n>>1
		}
	}
	return whole*16 + part
}

// eachPiece calls fn for each three letters of a word of plain letters, its edges
// being letters too.
func eachPiece(word string, fn func(key uint32)) {
	key := uint32(' ')
	for i := range len(word) + 1 {
		c := byte(' ')
		if i < len(word) {
			c = word[i]
		}
		key = (key<<8 | uint32(c)) & 0xFFFFFF
		if i > 0 {
			fn(key)
		}
	}
}

// letters counts what the letters of a text's first bytes say, where its stop words
// do not decide. Addresses, numbers and the like are no words.
func (d *detector) letters(text string, t *tally) {
	if t.sure() {
		return
	}
	for field := range strings.FieldsSeq(cutAt(text, 600)) {
		if strings.ContainsAny(field, "@/\\=_<>0123456789") {
			continue
		}
		for i := 0; i < len(field); i++ {
			if field[i] == 0xC3 || field[i] == 0xC2 || field[i] == 0xC5 {
				t.mark(field[i:])
			}
		}
		for w := range strings.FieldsSeq(fold.String(field)) {
			eachPiece(w, func(key uint32) {
				t.read3++
				if v, ok := d.trigrams[key]; ok {
					for l, n := range v {
						t.pieces[l] += int(n)
					}
				}
			})
		}
	}
}

// mark counts letters that few languages have.
func (t *tally) mark(s string) {
	for _, m := range [...]struct {
		letters string
		weights [languageCount]int // fr en de es it nl pt
	}{
		{"ñ¿¡Ñ", [languageCount]int{0, 0, 0, 90, 0, 0, 0}},
		{"ãõÃÕ", [languageCount]int{0, 0, 0, 0, 0, 0, 90}},
		{"ßäÄ", [languageCount]int{0, 0, 80, 0, 0, 0, 0}},
		{"öüÖÜ", [languageCount]int{0, 0, 60, 0, 0, 0, 0}},
		{"œêèùûîÊÈ", [languageCount]int{60, 0, 0, 0, 15, 0, 5}},
		{"çÇ", [languageCount]int{40, 0, 0, 0, 0, 0, 45}},
		{"àÀ", [languageCount]int{30, 0, 0, 0, 30, 0, 15}},
		{"éÉ", [languageCount]int{50, 0, 0, 15, 5, 3, 15}},
		{"ìò", [languageCount]int{0, 0, 0, 0, 80, 0, 0}},
		{"áíóúÁÍÓÚ", [languageCount]int{0, 0, 0, 50, 0, 0, 35}},
		{"ô", [languageCount]int{40, 0, 0, 0, 0, 0, 20}},
		{"ë", [languageCount]int{20, 0, 0, 0, 0, 40, 0}},
	} {
		for _, r := range m.letters {
			if strings.HasPrefix(s, string(r)) {
				for l, w := range m.weights {
					t.pieces[l] += w
				}
				return
			}
		}
	}
}

func (t *tally) add(o tally) {
	for l := range t.words {
		t.words[l] += o.words[l]
	}
	t.read, t.read3 = t.read+o.read, t.read3+o.read3
}

// best gives the first language and the scores of the first two.
func best(scores [languageCount]int) (lang, first, second int) {
	for l, s := range scores {
		switch {
		case s > first:
			lang, first, second = l, s, first
		case s > second:
			second = s
		}
	}
	return lang, first, second
}

// sure tells whether stop words alone decide: enough of them, and well apart.
func (t *tally) sure() bool {
	_, first, second := best(t.words)
	return first >= 300 && first > 2*second
}

// winner gives the language, or "" when nothing or too little sets one apart.
func (t *tally) winner() string {
	apart := 20
	if _, first, _ := best(t.words); first == 0 {
		apart = 8
	}
	if !t.sure() {
		for l, s := range t.pieces {
			t.words[l] += s / pieceShare
		}
	}
	lang, first, second := best(t.words)
	if first < minVotes || (first-second)*apart < first || first < t.read*3 {
		return ""
	}
	return languageCodes()[lang]
}

// How pieces weigh beside stop words, and the least that decides. Both were tuned on
// phrases.tsv and on the English of the rep's real mail.
const (
	pieceShare = 3
	minVotes   = 60
)

// wordsIn gives those of a text's words that are in zones of a kind; all when there
// are no zones.
func wordsIn(list []fold.Word, zones []relais.Zone, kind relais.ZoneKind) []fold.Word {
	if len(zones) == 0 {
		return list
	}
	if len(zones) == 1 && zones[0].Kind == kind {
		return list
	}
	in := make([]fold.Word, 0, len(list))
	z := 0
	for _, w := range list {
		for z < len(zones) && int(w.Start) >= zones[z].End {
			z++
		}
		if z < len(zones) && zones[z].Kind == kind {
			in = append(in, w)
		}
	}
	return in
}
