package enrich

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// TestInheritance: who gives what to whom in a thread.
func TestInheritance(t *testing.T) {
	day := func(id string, day int64, clients map[string]int) state.Document {
		return state.Document{ID: relais.DocumentID(id), Thread: "t", Day: day, Clients: clients}
	}
	acme := map[string]int{"acme": 900}
	bare := day("x", 100, nil)
	gives := func(id, from string, weight int) relais.Tag {
		return relais.Tag{ID: id, Evidence: []relais.Evidence{{Signal: tag.SignalThread, Detail: from, Weight: weight}}}
	}
	withheld, elsewhere := day("g", 100, acme), day("g", 100, acme)
	withheld.Status = relais.StatusDoubtful
	elsewhere.Thread = "other"
	written := day("g", 100, nil)
	written.Domains = map[string]state.Exchange{"beta.example": state.ExchangeSent}
	for name, tc := range map[string]struct {
		of     state.Document
		others []state.Document
		want   []relais.Tag
	}{
		"from one":                          {of: bare, others: []state.Document{day("g", 100, acme)}, want: []relais.Tag{gives("acme", "g", 810)}},
		"both ways in time":                 {of: bare, others: []state.Document{day("g", 107, acme)}, want: []relais.Tag{gives("acme", "g", 810)}},
		"from the nearer":                   {of: bare, others: []state.Document{day("far", 60, acme), day("near", 101, acme)}, want: []relais.Tag{gives("acme", "near", 810)}},
		"the surer, though farther":         {of: bare, others: []state.Document{day("near", 100, map[string]int{"acme": 600}), day("far", 92, acme)}, want: []relais.Tag{gives("acme", "far", 765)}},
		"of equal ones the smaller id":      {of: bare, others: []state.Document{day("b", 100, acme), day("a", 101, acme)}, want: []relais.Tag{gives("acme", "a", 810)}},
		"of several clients":                {of: bare, others: []state.Document{day("b", 100, map[string]int{"acme": 900, "beta": 700}), day("a", 100, map[string]int{"beta": 800})}, want: []relais.Tag{gives("acme", "b", 810), gives("beta", "a", 720)}},
		"a sure client of its own":          {of: day("x", 100, map[string]int{"beta": relais.ShownConfidence}), others: []state.Document{day("g", 100, acme)}},
		"an unsure client of its own":       {of: day("x", 100, map[string]int{"beta": relais.ShownConfidence - 1}), others: []state.Document{day("g", 100, acme)}, want: []relais.Tag{gives("acme", "g", 810)}},
		"from an unsure one":                {of: bare, others: []state.Document{day("g", 100, map[string]int{"acme": relais.ShownConfidence - 1})}},
		"from one that is withheld":         {of: bare, others: []state.Document{withheld}},
		"from another thread":               {of: bare, others: []state.Document{elsewhere}},
		"from one with a discovered client": {of: bare, others: []state.Document{written}, want: []relais.Tag{gives("domain:beta.example", "g", 720)}},
	} {
		members := map[relais.DocumentID]state.Document{tc.of.ID: tc.of}
		for _, d := range tc.others {
			members[d.ID] = d
		}
		changed, err := rulings{}.inheritance(members, map[string]bool{"beta.example": true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeInherited(changed[tc.of.ID])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got.Clients); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestNearness: the steps by which days apart lessen what is passed on, both ways.
func TestNearness(t *testing.T) {
	for days, want := range map[int64]int{0: 900, 1: 900, 7: 900, 8: 850, 30: 850, 31: 700, 180: 700, 181: 550, 10_000: 550} {
		if got := [2]int{nearness(20_000, 20_000+days), nearness(20_000, 20_000-days)}; got != [2]int{want, want} {
			t.Errorf("%d days: %d after, %d before, not %d", days, got[0], got[1], want)
		}
	}
}

// TestDiscover: a domain becomes a client by three messages, some of them each way.
func TestDiscover(t *testing.T) {
	const in, out = state.ExchangeReceived, state.ExchangeSent
	for name, tc := range map[string]struct {
		ways []state.Exchange
		want []string
	}{
		"one message":              {ways: []state.Exchange{in | out}},
		"two messages":             {ways: []state.Exchange{in, out}},
		"three messages":           {ways: []state.Exchange{in, out, in}, want: []string{"acme.example"}},
		"three that it wrote":      {ways: []state.Exchange{in, in, in}},
		"three that it was sent":   {ways: []state.Exchange{out, out, out, out}},
		"three, one of both kinds": {ways: []state.Exchange{out, out, in | out}, want: []string{"acme.example"}},
	} {
		docs := map[relais.DocumentID]state.Document{}
		for i, way := range tc.ways {
			id := relais.DocumentID(rune('a' + i))
			docs[id] = state.Document{ID: id, Domains: map[string]state.Exchange{"acme.example": way}}
		}
		docs["z"] = state.Document{ID: "z", Domains: map[string]state.Exchange{"beta.example": in | out}}
		if diff := cmp.Diff(tc.want, discover(docs)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestInheritedTopics: a message takes the topics of the last giver before it, and never
// of one that comes later.
func TestInheritedTopics(t *testing.T) {
	at := func(id string, sent int64, topics map[string]int) state.Document {
		return state.Document{ID: relais.DocumentID(id), Sent: sent, Day: sent / 86_400, Topics: topics}
	}
	price := map[string]int{"prix": 900}
	takes := at("x", 1_000, map[string]int{tag.TopicOther: 500})
	said := func(from, id string) []relais.Tag {
		return []relais.Tag{{ID: id, Confidence: 567, Evidence: []relais.Evidence{{Signal: tag.SignalThread, Detail: from, Weight: 567}}}}
	}
	for name, tc := range map[string]struct {
		of     state.Document
		givers []state.Document
		want   []relais.Tag
	}{
		"the last before it":               {takes, []state.Document{at("a", 1, price), at("b", 999, map[string]int{"facture": 900})}, said("b", "facture")},
		"one sent at once":                 {takes, []state.Document{at("a", 1_000, price)}, said("a", "prix")},
		"of two at once the smaller id":    {takes, []state.Document{at("b", 10, price), at("a", 10, price)}, said("a", "prix")},
		"one later":                        {takes, []state.Document{at("a", 1_001, price)}, nil},
		"one in doubt":                     {takes, []state.Document{at("a", 1, price), at("b", 2, map[string]int{"facture": minPassed - 1})}, said("a", "prix")},
		"an undated giver":                 {takes, []state.Document{at("a", 0, price)}, nil},
		"an undated taker":                 {at("x", 0, map[string]int{tag.TopicOther: 500}), []state.Document{at("a", 1, price)}, nil},
		"what has a topic of its own":      {at("x", 1_000, map[string]int{"facture": 500}), []state.Document{at("a", 1, price)}, nil},
		"what gives and takes gives first": {takes, []state.Document{at("a", 1, map[string]int{tag.TopicOther: 900, "prix": 900})}, said("a", "prix")},
	} {
		if diff := cmp.Diff(tc.want, inheritTopics(tc.of, byTime(tc.givers))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// inheritNaively is what inheritance means, giver by giver for each taker: what
// passClients must give, whatever its way.
func inheritNaively(d state.Document, thread []state.Document, discovered map[string]bool) []relais.Tag {
	if len(sure(d, discovered)) > 0 {
		return nil
	}
	best := map[string]relais.Evidence{}
	for _, g := range thread {
		for id, confidence := range sure(g, discovered) {
			e := relais.Evidence{Signal: tag.SignalThread, Detail: string(g.ID), Weight: confidence * nearness(d.Day, g.Day) / 1000}
			if have, ok := best[id]; !ok || e.Weight > have.Weight || e.Weight == have.Weight && e.Detail < have.Detail {
				best[id] = e
			}
		}
	}
	var tags []relais.Tag
	for _, id := range sortedKeys(best) {
		tags = append(tags, relais.Tag{ID: id, Evidence: []relais.Evidence{best[id]}})
	}
	return tags
}

// randomThread makes a thread whose days lie close about the steps of nearness, and
// whose confidences weigh the same after rounding, often enough to tell who wins.
func randomThread(r *rand.Rand) []state.Document {
	ids := r.Perm(1 + r.IntN(60))
	spread := []int64{1, 10, 40, 400, 5_000}[r.IntN(5)]
	clients := 1 + r.IntN(4)
	var thread []state.Document
	for _, n := range ids {
		d := state.Document{ID: relais.DocumentID(fmt.Sprintf("d%02d", n)), Day: 18_000 + r.Int64N(spread), Clients: map[string]int{}}
		if r.IntN(10) == 0 {
			d.Day = 0 // undated
		}
		for range r.IntN(3) {
			d.Clients[fmt.Sprint("c", r.IntN(clients))] = relais.ShownConfidence - 2 + r.IntN(6)
		}
		if r.IntN(4) == 0 {
			d.Domains = map[string]state.Exchange{[]string{"a.example", "b.example"}[r.IntN(2)]: state.ExchangeSent}
		}
		thread = append(thread, d)
	}
	return thread
}

// TestInheritanceIsWhatItMeans: the way that takes time in proportion to a thread gives
// what giver by giver gives.
func TestInheritanceIsWhatItMeans(t *testing.T) {
	passed := 0
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 7))
		thread, discovered := randomThread(r), map[string]bool{"a.example": r.IntN(2) == 0}
		clients := passClients(thread, discovered)
		for _, d := range thread {
			want, got := inheritNaively(d, thread, discovered), clients.to(d)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, document %s of %d (-want +got):\n%s", seed, d.ID, len(thread), diff)
			}
			passed += len(got)
		}
	}
	if passed < 10_000 {
		t.Errorf("only %d times was anything passed on", passed)
	}
}

// longThread is one conversation of n messages over four years, two in three of which
// are sure of one of a few clients.
func longThread(n int) map[relais.DocumentID]state.Document {
	r := rand.New(rand.NewPCG(1, 1))
	members := make(map[relais.DocumentID]state.Document, n)
	for i := range n {
		d := state.Document{ID: relais.DocumentID(fmt.Sprintf("%064x", r.Uint64())), Thread: "t", Day: 18_000 + int64(1_460*i/n)}
		d.Sent = d.Day * 86_400
		if i%3 > 0 {
			d.Clients = map[string]int{fmt.Sprint("c", i%4): 600 + r.IntN(390)}
		}
		members[d.ID] = d
	}
	return members
}

func BenchmarkInheritance(b *testing.B) {
	for _, n := range []int{1_000, 8_000} {
		members := longThread(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := (rulings{}).inheritance(members, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
