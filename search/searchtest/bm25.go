package searchtest

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Plain is plain BM25 (Robertson and Zaragoza 2009, with k1 1.2, b 0.75 and the idf of
// Lucene) over the stems of Snowball, told the language of the texts. It is what an
// engine's order by relevance is held against, and shares nothing with engines: its
// words, stems, stop words and sums are its own.
type Plain struct {
	stem     func(*snowballstem.Env) bool
	stops    map[string]bool
	ids      []relais.DocumentID
	lengths  []float64
	average  float64
	postings map[string]map[int]float64 // how often a stem stands in a document
}

// NewPlain indexes documents, by subject and text, in French ("fr") or English.
func NewPlain(docs []search.Entry, language string) *Plain {
	p := &Plain{stem: english.Stem, stops: asSet(englishStops), postings: make(map[string]map[int]float64)}
	if language == "fr" {
		p.stem, p.stops = french.Stem, asSet(frenchStops)
	}
	for i := range docs {
		d := &docs[i].Envelope.Document
		stems := p.Stems(d.Subject + "\n" + docs[i].Text)
		for _, s := range stems {
			if p.postings[s] == nil {
				p.postings[s] = make(map[int]float64)
			}
			p.postings[s][i]++
		}
		p.ids = append(p.ids, d.ID)
		p.lengths = append(p.lengths, float64(len(stems)))
		p.average += float64(len(stems)) / float64(len(docs))
	}
	return p
}

// Search gives the ten best documents for a question, those of one score as they came.
func (p *Plain) Search(question string) []relais.DocumentID {
	const k1, b = 1.2, 0.75
	scores := make([]float64, len(p.ids))
	for _, s := range p.Stems(question) {
		holds := float64(len(p.postings[s]))
		idf := math.Log(1 + (float64(len(p.ids))-holds+0.5)/(holds+0.5))
		for i, often := range p.postings[s] {
			scores[i] += idf * often * (k1 + 1) / (often + k1*(1-b+b*p.lengths[i]/p.average))
		}
	}
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(scores[j], scores[i]) })
	var found []relais.DocumentID
	for _, i := range order[:min(Depth, len(order))] {
		if scores[i] > 0 {
			found = append(found, p.ids[i])
		}
	}
	return found
}

// Stems gives the stems of a text without words of grammar.
func (p *Plain) Stems(text string) []string {
	var stems []string
	for _, word := range plainWord.FindAllString(strings.ReplaceAll(strings.ToLower(text), "’", "'"), -1) {
		word = strings.Trim(plainElision.ReplaceAllString(word, ""), "'")
		if word == "" || p.stops[word] {
			continue
		}
		env := snowballstem.NewEnv(word)
		p.stem(env)
		stems = append(stems, env.Current())
	}
	return stems
}

var (
	plainWord    = regexp.MustCompile(`[\pL\pN_']+`)
	plainElision = regexp.MustCompile(`^(?:l|d|j|m|t|s|n|c|qu|jusqu|lorsqu|puisqu|quoiqu)'`)
)

func asSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// The stop words that Snowball publishes beside its stemmers.
const (
	frenchStops = `au aux avec ce ces dans de des du elle en et eux il je la le leur lui ma
		mais me même mes moi mon ne nos notre nous on ou par pas pour qu que qui sa se ses son sur ta te
		tes toi ton tu un une vos votre vous c d j l à m n s t y été étée étées étés étant suis es est
		sommes êtes sont serai seras sera serons serez seront serais serait serions seriez seraient étais
		était étions étiez étaient fus fut fûmes fûtes furent sois soit soyons soyez soient fusse fusses
		fût fussions fussiez fussent ayant eu eue eues eus ai as avons avez ont aurai auras aura aurons
		aurez auront aurais aurait aurions auriez auraient avais avait avions aviez avaient eut eûmes
		eûtes eurent aie aies ait ayons ayez aient eusse eusses eût eussions eussiez eussent ceci cela
		celà cet cette ici ils les leurs quel quels quelle quelles sans soi`
	englishStops = `i me my myself we our ours ourselves you your yours yourself yourselves
		he him his himself she her hers herself it its itself they them their theirs themselves what
		which who whom this that these those am is are was were be been being have has had having do does
		did doing would should could ought a an the and but if or because as until while of at by for
		with about against between into through during before after above below to from up down in out on
		off over under again further then once here there when where why how all any both each few more
		most other some such no nor not only own same so than too very`
)
