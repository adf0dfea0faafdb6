package answer

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// The codes of offers, by what they change most.
const (
	codeForm     = "form"        // a reference or number written another way
	codeDate     = "date"        // a date read as one
	codeSpelling = "spelling"    // a word spelt another way
	codePrefix   = "prefix"      // a word that goes on
	codeClient   = "client"      // words read as a client
	codeTopic    = "topic"       // words read as a topic
	codeFewer    = "fewer_words" // something left out
)

// What a reading costs: the least comes first among offers. Two changes that people hardly
// notice come before one that they do.
const (
	costForm     = 10
	costDate     = 10
	costSpelling = 20
	costPrefix   = 26
	costClient   = 28
	costTopic    = 30
	costUnknown  = 32 // to leave out what nothing has
	costLeaveOut = 50 // to leave out anything else, and up to twice this for the rarest
)

// readDates makes one unit of the words of a date, which can be read as one.
func (q Question) readDates(list []unit) []unit {
	var out []unit
	for i := 0; i < len(list); {
		d, n := dateAt(list[i:])
		if n == 0 {
			out = append(out, list[i])
			i++
			continue
		}
		u := merged(list[i : i+n])
		u.options = append(u.options, option{
			text: "date:" + d.String(), code: codeDate, cost: costDate,
			label: q.dateWords(d),
		})
		out = append(out, u)
		i += n
	}
	return out
}

// merged makes one unit of several.
func merged(list []unit) unit {
	if len(list) == 1 {
		return list[0]
	}
	return unit{text: joined(list), word: true}
}

// dateAt reads the date that words begin with, and tells how many words it takes: "3 mars
// 2026", "March 3, 2026", "mars 2026", "03/03/2026", "2026".
func dateAt(list []unit) (relais.CalendarDate, int) {
	if d, ok := figures(list[0]); ok {
		return d, 1
	}
	var words [3]string
	for i := range min(len(list), 3) {
		words[i] = list[i].single()
	}
	d := relais.CalendarDate{Month: monthNamed(words[1]), Day: dayOf(words[0]), Year: yearOf(words[2])}
	if d.Month > 0 && d.Day > 0 && d.Year > 0 && d.Exists() {
		return d, 3
	}
	d = relais.CalendarDate{Month: monthNamed(words[0]), Day: dayOf(words[1]), Year: yearOf(words[2])}
	if d.Month > 0 && d.Day > 0 && d.Year > 0 && d.Exists() {
		return d, 3
	}
	if d = (relais.CalendarDate{Month: monthNamed(words[0]), Year: yearOf(words[1])}); d.Month > 0 && d.Year > 0 {
		return d, 2
	}
	if y := yearOf(words[0]); y > 0 {
		return relais.CalendarDate{Year: y}, 1
	}
	return relais.CalendarDate{}, 0
}

// figures reads a date of several figures: 03/03/2026, 03/03/26, 2026-03.
func figures(u unit) (relais.CalendarDate, bool) {
	if !u.word || len(u.tokens) < 2 {
		return relais.CalendarDate{}, false
	}
	text := u.text
	if n := len(u.tokens); n == 3 && len(u.tokens[2].Surface) == 2 && strings.Count(text, "/") == 2 {
		text = text[:u.tokens[2].Start] + "20" + text[u.tokens[2].Start:]
	}
	d, ok := relais.ReadCalendarDate(text)
	if !ok || !d.Exists() || d.Year < firstYear || d.Year > lastYear {
		return d, false
	}
	return d, true
}

// The years that a figure of four digits is taken for.
const firstYear, lastYear = 1980, 2099

func yearOf(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 4 || n < firstYear || n > lastYear {
		return 0
	}
	return n
}

// dayOf reads the number of a day: 3, 03, 1er, 3rd.
func dayOf(s string) int {
	digits := strings.TrimRightFunc(s, unicode.IsLetter)
	switch s[len(digits):] {
	case "", "er", "st", "nd", "rd", "th":
	default:
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > 31 || len(digits) > 2 {
		return 0
	}
	return n
}

// monthNames are the months in English and French.
func monthNames() [12][2]string {
	return [12][2]string{
		{"January", "janvier"}, {"February", "février"}, {"March", "mars"}, {"April", "avril"}, {"May", "mai"}, {"June", "juin"},
		{"July", "juillet"}, {"August", "août"}, {"September", "septembre"}, {"October", "octobre"}, {"November", "novembre"}, {"December", "décembre"},
	}
}

// monthNamed gives the month of a folded name or of its beginning of three letters or
// more, 0 for none.
func monthNamed(s string) int {
	if len(s) < 3 || s == "mar" || s == "jui" { // of a day; of two months
		return 0
	}
	for i, names := range monthNames() {
		for _, name := range names {
			if strings.HasPrefix(search.Fold(name), s) {
				return i + 1
			}
		}
	}
	return 0
}

// dateWords says in words that something is of a date.
func (q Question) dateWords(d relais.CalendarDate) string {
	words, of := strconv.Itoa(d.Year), "daté de "
	if d.Month > 0 {
		names := monthNames()[d.Month-1]
		words = q.say(names[0], names[1]) + " " + words
	}
	if d.Day > 0 {
		words, of = strconv.Itoa(d.Day)+" "+words, "daté du "
	}
	if d.Day == 1 && q.Lang == "fr" {
		words = "1er" + words[1:]
	}
	return q.say("dated ", of) + words
}

// readTopics lets words that name a topic, or that its lexicon has for it, be read as it.
func (a *Answerer) readTopics(list []unit, q Question) []unit {
	meant := a.lexicon()
	var out []unit
	for i := 0; i < len(list); {
		n, id := topicAt(list[i:], meant)
		if n == 0 {
			out = append(out, list[i])
			i++
			continue
		}
		u := merged(list[i : i+n])
		u.options = append(u.options, option{
			text: search.Format(search.Value{Field: search.ByTopic, Value: id}), code: codeTopic, cost: costTopic,
			label: q.say("topic ", "sujet ") + a.deps.Name(q.Lang, string(search.ByTopic), id),
		})
		out = append(out, u)
		i += n
	}
	return out
}

// topicAt gives the topic that the most words at the beginning name, and how many.
func topicAt(list []unit, meant map[string]string) (n int, id string) {
	for n := min(len(list), 3); n > 0; n-- {
		if slices.ContainsFunc(list[:n], func(u unit) bool { return !u.word || len(u.options) > 0 }) {
			continue
		}
		if id := meant[lexiconKey(analysis.New(), joined(list[:n]))]; id != "" {
			return n, id
		}
	}
	return 0, ""
}

// lexicon gives the topic of words, by their terms; words of several topics are of none.
func (a *Answerer) lexicon() map[string]string {
	a.once.Do(func() {
		terms := analysis.New()
		a.meant = make(map[string]string)
		for _, names := range [2]bool{false, true} { // a topic's names win over words of others
			for _, t := range a.deps.Topics {
				list := t.Words
				if names {
					list = append([]string{t.ID}, t.Names...)
				}
				said := make(map[string]bool)
				for _, w := range list {
					said[lexiconKey(terms, strings.ReplaceAll(w, "~", ""))] = true
				}
				for key := range said {
					if other, there := a.meant[key]; there && !names && other != t.ID {
						a.meant[key] = ""
						continue
					}
					a.meant[key] = t.ID
				}
			}
		}
		delete(a.meant, "")
	})
	return a.meant
}

// lexiconKey gives the terms of words, without those of grammar.
func lexiconKey(a *analysis.Analyzer, words string) string {
	if strings.Contains(words, "#") { // stands for any number
		return ""
	}
	terms := slices.DeleteFunc(a.Terms(nil, words), analysis.IsStop)
	return strings.Join(terms, " ")
}
