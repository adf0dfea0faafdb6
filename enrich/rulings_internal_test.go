package enrich

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// says is a decision of a kind on something.
func says(kind relais.DecisionKind, about relais.About, target, value string, v relais.Verdict) relais.Decision {
	return relais.Decision{Kind: kind, About: about, Target: target, Value: value, Verdict: v, Act: relais.Act{At: time.Unix(1, 0)}}
}

func isClient(about relais.About, target, value string) relais.Decision {
	return says(relais.DecideClient, about, target, value, relais.Is)
}

func notClient(about relais.About, target, value string) relais.Decision {
	return says(relais.DecideClient, about, target, value, relais.IsNot)
}

// exchanged is a document of a message exchanged with people at acme.example and beta.example.
func exchanged() state.Document {
	d := state.Document{ID: "d1", Thread: "t", Day: 100, Clients: map[string]int{"acme": 900}, Topics: map[string]int{"prix": 850},
		People: []string{who("address", "bob@acme.example"), who("address", "lea@beta.example"), who("domain", "acme.example"), who("domain", "beta.example")}}
	slices.Sort(d.People)
	return d
}

// TestRuled: of decisions on one client or topic the nearest counts, of two on one thing
// the later; a yes of an address before another's no.
func TestRuled(t *testing.T) {
	dated := isClient(relais.AboutDomain, "acme.example", "old")
	dated.Until = 100
	for name, tc := range map[string]struct {
		wide, near, thread []relais.Decision
		want               []ruling
	}{
		"nobody decided": {},
		"of others":      {wide: []relais.Decision{isClient(relais.AboutAddress, "eve@x.example", "x"), isClient(relais.AboutDomain, "x.example", "x"), notClient(relais.AboutClient, "x", "x")}},
		"an address":     {wide: []relais.Decision{isClient(relais.AboutAddress, "bob@acme.example", "beta")}, want: []ruling{{ID: "beta", By: relais.AboutAddress}}},
		"a domain":       {wide: []relais.Decision{notClient(relais.AboutDomain, "acme.example", "acme")}, want: []ruling{{ID: "acme", Not: true, By: relais.AboutDomain}}},
		"no client":      {wide: []relais.Decision{notClient(relais.AboutClient, "acme", "acme")}, want: []ruling{{ID: "acme", Not: true, By: relais.AboutClient}}},
		"the later": {wide: []relais.Decision{notClient(relais.AboutDomain, "acme.example", "acme"), isClient(relais.AboutDomain, "acme.example", "acme")},
			want: []ruling{{ID: "acme", By: relais.AboutDomain}}},
		"the later, no": {wide: []relais.Decision{isClient(relais.AboutDomain, "acme.example", "acme"), notClient(relais.AboutDomain, "acme.example", "acme")},
			want: []ruling{{ID: "acme", Not: true, By: relais.AboutDomain}}},
		"two domains": {wide: []relais.Decision{isClient(relais.AboutDomain, "beta.example", "acme"), notClient(relais.AboutDomain, "acme.example", "acme")},
			want: []ruling{{ID: "acme", By: relais.AboutDomain}}},
		"an address before its domain": {wide: []relais.Decision{notClient(relais.AboutAddress, "bob@acme.example", "acme"), isClient(relais.AboutDomain, "acme.example", "acme")},
			want: []ruling{{ID: "acme", Not: true, By: relais.AboutAddress}}},
		"a thread before an address": {wide: []relais.Decision{notClient(relais.AboutAddress, "bob@acme.example", "acme")}, thread: []relais.Decision{isClient(relais.AboutThread, "x", "acme")},
			want: []ruling{{ID: "acme", By: relais.AboutThread}}},
		"a document before its thread": {near: []relais.Decision{notClient(relais.AboutDocument, "x", "acme")}, thread: []relais.Decision{isClient(relais.AboutThread, "x", "acme")},
			want: []ruling{{ID: "acme", Not: true, By: relais.AboutDocument}}},
		"each client by itself": {near: []relais.Decision{notClient(relais.AboutDocument, "x", "acme")}, wide: []relais.Decision{isClient(relais.AboutDomain, "acme.example", "beta")},
			want: []ruling{{ID: "acme", Not: true, By: relais.AboutDocument}, {ID: "beta", By: relais.AboutDomain}}},
		"of other days": {wide: []relais.Decision{dated}},
		"of a merged client": {near: []relais.Decision{isClient(relais.AboutDocument, "x", "old")}, wide: []relais.Decision{says(relais.DecideMerge, relais.AboutClient, "old", "new", relais.Is)},
			want: []ruling{{ID: "new", By: relais.AboutDocument}}},
		"no client, and another's since": {wide: []relais.Decision{notClient(relais.AboutClient, "acme", "acme"), says(relais.DecideMerge, relais.AboutClient, "acme", "new", relais.Is)}},
	} {
		r := newRulings(tc.wide, map[relais.DocumentID][]relais.Decision{"d1": tc.near})
		got := r.on(exchanged(), tc.thread, nil)
		if diff := cmp.Diff(tc.want, got.Clients, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// TestRuledInAnyOrder: decisions on different things give the same in whatever order
// they were made.
func TestRuledInAnyOrder(t *testing.T) {
	var list []relais.Decision
	for _, target := range []string{"bob@acme.example", "lea@beta.example", "eve@x.example"} {
		list = append(list, says(relais.DecideClient, relais.AboutAddress, target, "acme", []relais.Verdict{relais.Is, relais.IsNot}[len(list)%2]))
		list = append(list, says(relais.DecideTopic, relais.AboutDomain, target[4:], "visite", []relais.Verdict{relais.IsNot, relais.Is}[len(list)%3%2]))
	}
	list = append(list, says(relais.DecideMerge, relais.AboutClient, "acme", "one", relais.Is), says(relais.DecideMerge, relais.AboutClient, "beta", "one", relais.Is),
		says(relais.DecideTopic, relais.AboutClient, "beta", "contrat", relais.Is))
	want := tagsAfter(t, list)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if got := tagsAfter(t, list); got != want {
			t.Fatalf("%s\n%s", want, got)
		}
	}
}

// tagsAfter gives what a lone document's row holds after decisions.
func tagsAfter(t *testing.T, list []relais.Decision) string {
	t.Helper()
	changed, err := newRulings(list, nil).inheritance(map[relais.DocumentID]state.Document{"d1": exchanged()}, nil)
	if err != nil || len(changed) != 1 {
		t.Fatal(changed, err)
	}
	return changed["d1"]
}

// TestRuledInheritance: what people decided is given to a thread as what is surest, what
// they say it is not is neither given nor taken.
func TestRuledInheritance(t *testing.T) {
	giver := state.Document{ID: "g", Thread: "t", Day: 100, Sent: 100 * 86400, Clients: map[string]int{"acme": 900}, Topics: map[string]int{"prix": 900}}
	taker := state.Document{ID: "k", Thread: "t", Day: 101, Sent: 101 * 86400, Topics: map[string]int{tag.TopicOther: 500}}
	for name, tc := range map[string]struct {
		wide            []relais.Decision
		giver, taker    []relais.Decision
		clients, topics []string // that the taker inherits
		ruled           int      // rulings on the taker
	}{
		"nobody decided":         {clients: []string{"acme"}, topics: []string{"prix"}},
		"the giver is another's": {giver: []relais.Decision{notClient(relais.AboutDocument, "x", "acme"), isClient(relais.AboutDocument, "x", "beta")}, clients: []string{"beta"}, topics: []string{"prix"}},
		"the giver is of none":   {giver: []relais.Decision{notClient(relais.AboutDocument, "x", "acme")}, topics: []string{"prix"}},
		"the taker is not":       {taker: []relais.Decision{notClient(relais.AboutDocument, "x", "acme"), says(relais.DecideTopic, relais.AboutDocument, "x", "prix", relais.IsNot)}, ruled: 2},
		"the taker is another's": {taker: []relais.Decision{isClient(relais.AboutDocument, "x", "beta")}, topics: []string{"prix"}, ruled: 1},
		"of another topic":       {taker: []relais.Decision{says(relais.DecideTopic, relais.AboutDocument, "x", "visite", relais.Is)}, clients: []string{"acme"}, ruled: 1},
		"the giver's topic":      {giver: []relais.Decision{says(relais.DecideTopic, relais.AboutDocument, "x", "prix", relais.IsNot), says(relais.DecideTopic, relais.AboutDocument, "x", "visite", relais.Is)}, clients: []string{"acme"}, topics: []string{"visite"}},
		"their thread":           {giver: []relais.Decision{isClient(relais.AboutThread, "x", "beta")}, topics: []string{"prix"}, ruled: 1},
		"merged":                 {wide: []relais.Decision{says(relais.DecideMerge, relais.AboutClient, "acme", "new", relais.Is)}, clients: []string{"new"}, topics: []string{"prix"}},
		"no client at all":       {wide: []relais.Decision{notClient(relais.AboutClient, "acme", "acme")}, topics: []string{"prix"}},
		"the client's topic":     {wide: []relais.Decision{says(relais.DecideTopic, relais.AboutClient, "acme", "contrat", relais.Is)}, clients: []string{"acme"}, topics: []string{"prix"}, ruled: 1},
	} {
		near := map[relais.DocumentID][]relais.Decision{"g": tc.giver, "k": tc.taker}
		changed, err := newRulings(tc.wide, near).inheritance(map[relais.DocumentID]state.Document{"g": giver, "k": taker}, nil)
		if err != nil {
			t.Fatal(err)
		}
		in, err := decodeInherited(changed["k"])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([2][]string{tc.clients, tc.topics}, [2][]string{idsOf(in.Clients), idsOf(in.Topics)}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if n := len(in.ruled().Clients) + len(in.ruled().Topics); n != tc.ruled {
			t.Errorf("%s: %d rulings on the taker: %s", name, n, changed["k"])
		}
	}
}

func idsOf(tags []relais.Tag) (ids []string) {
	for _, t := range tags {
		ids = append(ids, t.ID)
	}
	return ids
}

// TestDecidedTags: a person's word stands first and full, beside what rules found; merged
// clients are one tag with the evidence of both; of no topic any more is of none.
func TestDecidedTags(t *testing.T) {
	found := func(id string, weight int) relais.Tag {
		return relais.Tag{ID: id, Name: "N " + id, Confidence: weight, Evidence: []relais.Evidence{{Signal: tag.SignalDomain, Detail: id, Weight: weight}}}
	}
	name := func(id string) string { return "N " + id }
	person := relais.Evidence{Signal: signalPerson, Detail: "document", Weight: 1000}
	on := ruled{Clients: []ruling{{ID: "acme", By: relais.AboutDocument}, {ID: "beta", Not: true}}, Merged: map[string]string{"old": "acme"}}
	got := on.clients([]relais.Tag{found("beta", 990), found("other", 700), found("old", 600), found("acme", 500)}, name, true)
	want := []relais.Tag{
		{ID: "acme", Name: "N acme", Confidence: 1000, Evidence: []relais.Evidence{person, {Signal: tag.SignalDomain, Detail: "old", Weight: 600}, {Signal: tag.SignalDomain, Detail: "acme", Weight: 500}}},
		found("other", 700),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := on.clients([]relais.Tag{found("beta", 990)}, name, false); len(got) != 0 {
		t.Errorf("of an attachment: %+v", got)
	}
	for _, tc := range []struct {
		rulings   []ruling
		had, want []string
	}{
		{nil, []string{tag.TopicOther}, []string{tag.TopicOther}},
		{[]ruling{{ID: "prix"}}, []string{tag.TopicOther}, []string{"prix"}},
		{[]ruling{{ID: "prix"}}, []string{"visite"}, []string{"prix", "visite"}},
		{[]ruling{{ID: "prix", Not: true}}, []string{"prix", "visite"}, []string{"visite"}},
		{[]ruling{{ID: "prix", Not: true}}, []string{"prix"}, []string{tag.TopicOther}},
		{[]ruling{{ID: "prix", Not: true}}, nil, nil},
		{[]ruling{{ID: tag.TopicOther}}, []string{tag.TopicOther}, []string{tag.TopicOther}},
	} {
		var had []relais.Tag
		for _, id := range tc.had {
			had = append(had, found(id, 500))
		}
		if diff := cmp.Diff(tc.want, idsOf(ruled{Topics: tc.rulings}.topics(had)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%+v on %v:\n%s", tc.rulings, tc.had, diff)
		}
	}
}
