package answer

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// The bounds of an answer that forgives. It asks the engine some fifteen times at most,
// most of them for words that nothing has, and only when little was found.
const (
	poor       = 3  // fewer hits than this, and another reading may be offered
	mostOffers = 5  //
	mostUnits  = 10 // parts of a question that are looked at one by one; a longer one goes by its rarest words
)

// The codes of notes on what was searched instead.
const (
	NoteNothing  = "nothing_has_all" // nothing was found; what is offered stands beside
	noteFillers  = "question_words"
	noteLongText = "rarest_words"
)

// forgive looks, when little was found, for what the question may have meant. Where it was
// a sentence, its words of grammar are given up, and where it was a page of text, all but
// its rarest words: the answer is then to that, and says so. All else is offered, counted
// in the scope of who asks.
func (ans *Answer) forgive(ctx context.Context) error {
	if ans.by.deps.Counter == nil || ans.Total >= poor || ans.Scope.Empty() {
		return nil
	}
	list := units(ans.written)
	if len(list) == 0 {
		return nil
	}
	if ans.Total == 0 {
		left := withoutFillers(list)
		done, err := ans.withoutFillers(ctx, list, left)
		if done || err != nil {
			return err
		}
		if list = left; len(list) > mostUnits {
			if done, err := ans.byRarest(ctx, list); done || err != nil {
				return err
			}
			ans.noteNothing(nil)
		}
	}
	if len(list) > mostUnits {
		return nil
	}
	return ans.offer(ctx, list)
}

// withoutFillers answers the question without the words that sentences are made of, where
// that finds something.
func (ans *Answer) withoutFillers(ctx context.Context, list, left []unit) (bool, error) {
	if len(left) == len(list) {
		return false, nil
	}
	var gone []string
	for _, u := range list {
		if !slices.ContainsFunc(left, func(k unit) bool { return k.text == u.text }) {
			gone = append(gone, u.text)
		}
	}
	said := ans.say("no document has all of these words; searched without: ", "aucun document n'a tous ces mots\u00a0; cherché sans\u00a0: ")
	return ans.instead(ctx, joined(left), relais.Note{Code: noteFillers, Detail: said + strings.Join(gone, ", ")})
}

// instead answers another query in the place of the one asked, with a note, where that
// finds something.
func (ans *Answer) instead(ctx context.Context, query string, note relais.Note) (bool, error) {
	q := ans.Question
	q.Text = query
	r, err := ans.by.read(ctx, q)
	if relais.KindOf(err) == relais.KindInvalid {
		return false, nil // cannot be said
	}
	if err != nil {
		return false, err
	}
	page, err := ans.by.Find(ctx, r.request)
	if err != nil || page.Total == 0 {
		return false, err
	}
	page.Notes = slices.Concat(ans.Notes, []relais.Note{note}, page.Notes)
	page.Searched = query
	ans.Page, ans.reading = page, r
	return true, nil
}

// offer offers other readings of what was asked.
func (ans *Answer) offer(ctx context.Context, list []unit) error {
	list = ans.readDates(list)
	if ans.Total == 0 {
		list = ans.by.readTopics(list, ans.Question)
	}
	list = ans.readForms(list)
	if ans.Total > 0 && !slices.ContainsFunc(list, func(u unit) bool { return len(u.options) > 0 }) {
		return nil
	}
	if err := ans.countUnits(ctx, list); err != nil {
		return err
	}
	if ans.Total == 0 {
		if err := ans.unknownWords(ctx, list); err != nil {
			return err
		}
		leaveOut(list)
	}
	var found []chosen
	var err error
	if all := readings(list); len(all) > 0 {
		found, err = ans.countReadings(ctx, list, all)
	}
	if err != nil {
		return err
	}
	found = found[:min(len(found), mostOffers)]
	if err := ans.writeSpellings(ctx, list, found); err != nil {
		return err
	}
	ans.Offers = ans.offers(list, found)
	if ans.Total == 0 {
		ans.noteNothing(list)
	}
	return nil
}

// noteNothing notes that nothing was found.
func (ans *Answer) noteNothing(list []unit) {
	ans.Notes = append(ans.Notes, relais.Note{Code: NoteNothing, Detail: ans.nothing(list)})
}

// nothing says that nothing was found, and which words nothing has at all.
func (q Question) nothing(list []unit) string {
	var unknown []string
	for _, u := range list {
		if u.word && u.count == 0 {
			unknown = append(unknown, q.quoted(u.text))
		}
	}
	switch {
	case len(unknown) > 0:
		return q.say("no document that you may see has ", "aucun document que vous puissiez voir n'a ") + strings.Join(unknown, ", ")
	case len(list) == 1:
		return q.say("no document has this", "aucun document n'a cela")
	}
	return q.say("no document has all of this together", "aucun document n'a tout cela à la fois")
}

// countUnits counts the documents of the scope that have each unit, and drops the options
// that none has. What is there as written is an option too, at no cost.
func (ans *Answer) countUnits(ctx context.Context, list []unit) error {
	var texts []string
	for _, u := range list {
		texts = append(texts, u.text)
		for _, o := range u.options {
			texts = append(texts, o.text)
		}
	}
	counts, err := ans.countTexts(ctx, texts)
	if err != nil {
		return err
	}
	for i := range list {
		u := &list[i]
		u.count, counts = counts[0], counts[1:]
		var kept []option
		if u.count > 0 {
			kept = append(kept, option{text: u.text})
		}
		for n, o := range u.options {
			if counts[n] > 0 {
				kept = append(kept, o)
			}
		}
		u.options, counts = kept, counts[len(u.options):]
	}
	return nil
}

// unknownWords looks for what words may have meant that nothing has, and for the clients
// that words name.
func (ans *Answer) unknownWords(ctx context.Context, list []unit) error {
	if err := ans.spell(ctx, list); err != nil {
		return err
	}
	return ans.readClients(ctx, list)
}

// leaveOut lets each unit be left out, the rarest last: it says most.
func leaveOut(list []unit) {
	most := 1
	for _, u := range list {
		most = max(most, u.count)
	}
	for i := range list {
		u := &list[i]
		cost := costUnknown
		switch {
		case slices.ContainsFunc(u.options, func(o option) bool { return o.code == codeDate }):
			cost = costLeaveOut // how rare its words are says nothing
		case u.count > 0:
			cost = costLeaveOut + int(costLeaveOut*(1-math.Log(1+float64(u.count))/math.Log(1+float64(most))))
		}
		u.options = append(u.options, option{code: codeFewer, cost: cost})
	}
}

// countReadings counts readings, and gives those that find more than the question did.
func (ans *Answer) countReadings(ctx context.Context, list []unit, all []chosen) ([]chosen, error) {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = c.text
	}
	counts, err := ans.countTexts(ctx, texts)
	if err != nil {
		return nil, err
	}
	var found []chosen
	for i, c := range all {
		c.count = counts[i]
		less := func(other chosen) bool {
			return c.text == other.text || c.within(list, other) || c.count == other.count && c.adds(list, other)
		}
		if c.count > ans.Total && c.cost > 0 && !slices.ContainsFunc(found, less) {
			found = append(found, c)
		}
	}
	return fewSubsets(list, found), nil
}

// mostSubsets is how many readings that leave something out are offered beside one that
// leaves nothing out.
const mostSubsets = 2

// fewSubsets drops most of what leaves something out, where something else was found.
func fewSubsets(list []unit, found []chosen) []chosen {
	whole := func(c chosen) bool { return !c.leavesOut(list) }
	if !slices.ContainsFunc(found, whole) {
		return found
	}
	subsets := 0
	return slices.DeleteFunc(found, func(c chosen) bool {
		if whole(c) {
			return false
		}
		subsets++
		return subsets > mostSubsets
	})
}

// offers says readings to people.
func (ans *Answer) offers(list []unit, found []chosen) []relais.Offer {
	var offers []relais.Offer
	for _, c := range found {
		o := relais.Offer{Query: textOf(list, c.at), Count: c.count}
		var changes, gone []string
		most := -1
		for i, n := range c.at {
			change := list[i].options[n]
			switch {
			case change.code == codeFewer:
				gone = append(gone, list[i].text)
			case change.code != "":
				changes = append(changes, change.label)
			}
			if change.code != "" && change.cost > most {
				o.Code, most = change.code, change.cost
			}
		}
		if len(gone) > 0 {
			changes = append(changes, ans.say("without ", "sans ")+strings.Join(gone, ", "))
		}
		o.Label = strings.Join(unique(changes), ans.say("; ", "\u00a0; "))
		offers = append(offers, o)
	}
	return offers
}

// writeSpellings writes the spellings that are offered as documents have them.
func (ans *Answer) writeSpellings(ctx context.Context, list []unit, found []chosen) error {
	for _, c := range found {
		for i, n := range c.at {
			o := &list[i].options[n]
			if o.code != codeSpelling || o.label != "" {
				continue
			}
			word, err := ans.asWritten(ctx, o.text)
			if err != nil {
				return err
			}
			o.text, o.label = word, word+ans.say(" instead of ", " au lieu de ")+list[i].text
		}
	}
	return nil
}

// countTexts counts queries of the query language; one that cannot be read finds nothing.
func (ans *Answer) countTexts(ctx context.Context, texts []string) ([]int, error) {
	nodes := make([]search.Node, len(texts))
	for i, text := range texts {
		node, err := ans.by.parse(text, ans.Lang)
		if err == nil {
			node, err = ans.by.named(ctx, node, ans.Scope)
		}
		switch {
		case err == nil:
			nodes[i] = node
		case relais.KindOf(err) == relais.KindInvalid:
			nodes[i] = search.Nothing{}
		default:
			return nil, err
		}
	}
	return ans.counts(ctx, nodes)
}

// counts counts what queries find in the scope of who asks.
func (ans *Answer) counts(ctx context.Context, nodes []search.Node) ([]int, error) {
	counts := make([]int, 0, len(nodes))
	for some := range slices.Chunk(nodes, search.MaxCounts) {
		n, err := ans.by.deps.Counter.Counts(ctx, ans.Scope, some)
		if err != nil {
			return nil, err
		}
		counts = append(counts, n...)
	}
	return counts, nil
}
