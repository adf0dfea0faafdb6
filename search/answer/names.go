package answer

import (
	"context"
	"slices"

	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// mostNamesakes is how many clients a word may stand for: one that more have is of no name.
const mostNamesakes = 2

// readClients lets words be read as the clients whose names hold them, and words that
// nothing has as the clients whose names are spelt nearly so: clients that documents of
// the scope have, no others.
func (ans *Answer) readClients(ctx context.Context, list []unit) error {
	if !slices.ContainsFunc(list, func(u unit) bool { return u.client != "" || len(u.single()) >= leastSpelt }) {
		return nil
	}
	names, err := ans.by.clientNames(ctx, ans.Scope)
	if err != nil {
		return err
	}
	a := analysis.New()
	spelt := make([][]string, len(names))
	for i, name := range names {
		for _, t := range a.Tokens(nil, name) {
			spelt[i] = append(spelt[i], t.Surface)
		}
	}
	for i, u := range list {
		var meant []string
		switch word := u.single(); {
		case u.client != "" && u.count == 0:
			meant = search.Near(u.client, names, mostNamesakes)
		case len(word) >= leastSpelt:
			meant = namesakes(word, names, spelt, u.count == 0)
		}
		for _, name := range meant {
			list[i].options = append(list[i].options, option{
				text: search.Format(search.Value{Field: search.ByClient, Value: name}), code: codeClient, cost: costClient,
				label: ans.say("client ", "client ") + name,
			})
		}
	}
	return nil
}

// namesakes gives the names that hold a word, or, of a word that nothing has, those that
// may have been meant.
func namesakes(word string, names []string, spelt [][]string, unknown bool) []string {
	var list []string
	for i, words := range spelt {
		if slices.Contains(words, word) {
			list = append(list, names[i])
		}
	}
	if len(list) == 0 && unknown {
		list = search.Near(word, names, mostNamesakes)
	}
	if len(list) > mostNamesakes {
		return nil
	}
	return list
}
