package enrich_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// said makes a decision of a minute, as another archive would export it: so that however
// often and in whatever order several are brought the same count.
func (b *bench) said(minute int, kind relais.DecisionKind, about relais.About, target, value string, v relais.Verdict) relais.Decision {
	d := relais.Decision{Kind: kind, About: about, Target: target, Value: value, Verdict: v, Seq: int64(minute + 1),
		Act: relais.Act{Actor: "local", At: time.Unix(int64(60*minute), 0).UTC(), Reason: "asked"}}
	if !about.OfArchive() {
		d.Case = b.c.ID
	}
	d.ID = relais.NewDecisionID(d)
	return d
}

// bytesOf gives the target of decisions on the first mail of the story with a text.
func bytesOf(text string) string {
	for _, m := range slices.Concat(story(), doubts()) {
		if strings.Contains(m.text, text) {
			return relais.DigestOf([]byte(m.text)).String()
		}
	}
	return ""
}

// opinions are decisions of every kind on what the story tells, some of them against
// each other.
func (b *bench) opinions() []relais.Decision {
	doc, thread, address, domain, client := relais.AboutDocument, relais.AboutThread, relais.AboutAddress, relais.AboutDomain, relais.AboutClient
	list := []relais.Decision{
		b.said(1, relais.DecideClient, doc, bytesOf("<m1@acme.example>"), "beta", relais.Is),
		b.said(2, relais.DecideClient, doc, bytesOf("<m1@acme.example>"), "acme", relais.IsNot),
		b.said(3, relais.DecideClient, doc, bytesOf("<m1@acme.example>"), "acme", relais.Is),
		b.said(4, relais.DecideTopic, doc, bytesOf("<m3@acme.example>"), "contrat", relais.Is),
		b.said(5, relais.DecideTopic, doc, bytesOf("<m2@pumps.example>"), "prix", relais.IsNot),
		b.said(6, relais.DecideClient, thread, bytesOf("<m6@pumps.example>"), "acme", relais.Is),
		b.said(7, relais.DecideTopic, thread, bytesOf("<m6@pumps.example>"), "visite", relais.IsNot),
		b.said(8, relais.DecideClient, address, "lea@beta.example", "gamma", relais.Is),
		b.said(9, relais.DecideClient, domain, "gamma.example", "gamma", relais.Is),
		b.said(10, relais.DecideClient, domain, "beta.example", "beta", relais.IsNot),
		b.said(11, relais.DecideMerge, client, "gamma", "delta", relais.Is),
		b.said(12, relais.DecideMerge, client, "delta", "epsilon", relais.Is),
		b.said(13, relais.DecideMerge, client, "epsilon", "gamma", relais.Is), // a circle: it never counts
		b.said(14, relais.DecideTopic, client, "gamma", "livraison", relais.Is),
		b.said(15, relais.DecideClient, client, "acme", "acme", relais.IsNot),
		b.said(16, relais.DecideTopic, domain, "gamma.example", "commande", relais.IsNot),
		b.said(17, relais.DecidePrivacy, doc, bytesOf("<w1@acme.example>"), "", relais.Professional),
		b.said(18, relais.DecidePrivacy, relais.AboutFolder, "Clients/CSE", "", relais.Personal),
		b.said(19, relais.DecidePrivacy, doc, bytesOf("<g2@gamma.example>"), "", relais.Personal),
		b.said(20, relais.DecidePrivacy, doc, bytesOf("<g2@gamma.example>"), "", relais.Professional),
	}
	list = append(list, b.said(22, relais.DecidePrivacy, address, "chef@pumps.example", "", relais.Personal),
		b.said(24, relais.DecidePrivacy, address, "nobody@acme.example", "", relais.Personal))
	personal := b.said(23, relais.DecidePrivacy, domain, "acme.example", "", relais.Personal)
	personal.Since, personal.Until = 20515, 20516 // 3 March 2026
	list = append(list, personal)
	dated := b.said(21, relais.DecideTopic, domain, "acme.example", "formation", relais.Is)
	dated.Since = time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC).Unix() / 86400
	return append(list, dated)
}

// bring brings decisions, and has what is there follow them.
func (b *bench) bring(list ...relais.Decision) (changed int64) {
	b.t.Helper()
	if _, err := b.db.ImportDecisions(b.t.Context(), list); err != nil {
		b.t.Fatal(err)
	}
	changed, err := b.stage().Follow(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return changed
}

// TestDecisionsConverge: decisions of every kind, in any order, some brought twice, before
// the mail, among it and after it, with appends that fail, and once all is read anew, give
// the same; once all are undone what is served is what was served first.
func TestDecisionsConverge(t *testing.T) {
	for _, clients := range [][]relais.Client{twoClients, nil} {
		plain := newBench(t, clients...)
		plain.run(story(), 100)
		first := plain.served()
		if plain.bring(plain.opinions()...) == 0 {
			t.Error("nothing changed")
		}
		want := plain.served()
		if cmp.Equal(first, want) || len(want) != len(first)+1-2 { // one settled, two personal
			t.Fatalf("%d served, %d before anybody decided", len(want), len(first))
		}
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, 3))
			b := newBench(t, clients...)
			if seed%3 > 0 {
				b.fail = func(int) error {
					if r.IntN(5) == 0 {
						return relais.Errorf(relais.KindUnavailable, "append", "the disk is full")
					}
					return nil
				}
			}
			b.muddle(r)
			agrees(t, seed, want, b)
			if _, err := b.db.NextGeneration(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.run(story(), 2)
			agrees(t, seed, want, b)
			undone := b.opinions()
			r.Shuffle(len(undone), func(i, j int) { undone[i], undone[j] = undone[j], undone[i] })
			for i := range undone {
				undone[i].Undone = &relais.Act{Actor: "local", At: time.Unix(9999, 0).UTC()}
				if i%4 == 0 || i == len(undone)-1 {
					b.bring(undone[:i+1]...)
				}
			}
			agrees(t, seed, first, b)
		}
	}
}

func agrees(t *testing.T, seed uint64, want map[string]string, b *bench) {
	t.Helper()
	if diff := cmp.Diff(want, b.served()); diff != "" {
		t.Fatalf("seed %d:\n%s", seed, diff)
	}
	if diff := cmp.Diff(keys(want), keys(b.inStream())); diff != "" {
		t.Fatalf("seed %d, in the stream:\n%s", seed, diff)
	}
}

// muddle has mail and opinions come in any order and twice; what fails is begun again by
// another stage, as after a kill. In the end nothing fails.
func (b *bench) muddle(r *rand.Rand) {
	b.t.Helper()
	mails, list := slices.Concat(story(), story()), slices.Concat(b.opinions(), b.opinions())
	r.Shuffle(len(mails), func(i, j int) { mails[i], mails[j] = mails[j], mails[i] })
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for len(mails)+len(list) > 0 {
		if n := min(len(mails), 1+r.IntN(4)); n > 0 && r.IntN(2) == 0 {
			b.handle(mails[:n])
			mails = mails[n:]
		}
		if n := min(len(list), 1+r.IntN(4)); n > 0 && r.IntN(2) == 0 {
			if _, err := b.db.ImportDecisions(b.t.Context(), list[:n]); err != nil {
				b.t.Fatal(err)
			}
			_, _ = b.stage().Follow(b.t.Context()) // what fails is followed later
			list = list[n:]
		}
	}
	b.fail = nil
	if err := b.stage().Idle(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// handle hands mails to stages until one has handled them.
func (b *bench) handle(mails []mail) {
	b.t.Helper()
	var messages []stream.Message
	for _, m := range mails {
		messages = append(messages, b.capture(m))
	}
	for {
		s := b.stage()
		if s.Recover(b.t.Context()) != nil {
			continue
		}
		if _, err := s.Handle(b.t.Context(), messages); err == nil {
			return
		}
	}
}

// TestDecisionTouchesItsThreadAlone: what is appended after a decision is of its thread,
// no mail is read for it, and one that changes nothing appends nothing.
func TestDecisionTouchesItsThreadAlone(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(story(), 100)
	threads := map[string]string{}
	for id, doc := range b.byID() {
		threads[id] = doc.Thread
	}
	offers := threads[b.idOf("m1@acme.example")]
	for _, step := range []struct {
		decision relais.Decision
		threads  []string
		changed  int64
	}{
		{b.said(1, relais.DecideTopic, relais.AboutDocument, bytesOf("<m3@acme.example>"), "contrat", relais.Is), []string{offers}, 1},
		{b.said(2, relais.DecideTopic, relais.AboutDocument, bytesOf("<m3@acme.example>"), "contrat", relais.Is), nil, 0},
		{b.said(3, relais.DecideClient, relais.AboutThread, bytesOf("<m3@acme.example>"), "beta", relais.Is), []string{offers}, 4},
		{b.said(4, relais.DecideClient, relais.AboutAddress, "nobody@x.example", "beta", relais.Is), nil, 0},
		{b.said(5, relais.DecideClient, relais.AboutClient, "nobody", "nobody", relais.IsNot), nil, 0},
	} {
		before := len(b.appended)
		if changed := b.bring(step.decision); changed != step.changed {
			t.Errorf("%+v: %d changed", step.decision, changed)
		}
		var got []string
		for _, m := range b.appended[before:] {
			got = append(got, threads[m.Key])
		}
		slices.Sort(got)
		if diff := cmp.Diff(step.threads, slices.Compact(got)); diff != "" {
			t.Errorf("%+v:\n%s", step.decision, diff)
		}
	}
	before := len(b.appended)
	changed, err := b.stage().Redecide(t.Context(), b.c.ID, []string{strings.TrimPrefix(offers, "t")})
	if err != nil || changed != 0 || len(b.appended) != before {
		t.Errorf("inherited again: %d changed, %v", changed, err)
	}
}

// byID gives what is served.
func (b *bench) byID() map[string]relais.Document {
	b.t.Helper()
	docs := map[string]relais.Document{}
	for id, j := range b.served() {
		var d relais.Document
		if err := json.Unmarshal([]byte(j), &d); err != nil {
			b.t.Fatal(err)
		}
		docs[id] = d
	}
	return docs
}

func (b *bench) idOf(messageID string) string { return string(b.byMessageID()[messageID].ID) }

// TestDecidedIsSeen: what a document shows after decisions, what its attachments and its
// thread have of them, and what a merged client's documents show.
func TestDecidedIsSeen(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(story(), 100)
	b.bring(b.said(1, relais.DecideClient, relais.AboutDocument, bytesOf("<m2@pumps.example>"), "beta", relais.Is),
		b.said(2, relais.DecideClient, relais.AboutDocument, bytesOf("<m2@pumps.example>"), "acme", relais.IsNot),
		b.said(3, relais.DecideTopic, relais.AboutDocument, bytesOf("<m2@pumps.example>"), "contrat", relais.Is))
	docs := b.byMessageID()
	person := relais.Evidence{Signal: "person", Detail: "document", Weight: 1000}
	mine := docs["m2@pumps.example"]
	if len(mine.Clients) != 1 || mine.Clients[0].ID != "beta" || mine.Clients[0].Name != "Beta" || mine.Clients[0].Confidence != 1000 ||
		!cmp.Equal(mine.Clients[0].Evidence, []relais.Evidence{person}) || mine.Topics[0].ID != "contrat" || mine.Topics[0].Confidence != 1000 {
		t.Errorf("decided: %+v %+v", mine.Clients, mine.Topics)
	}
	file := docs["offre.txt"]
	if len(file.Clients) != 1 || file.Clients[0].ID != "beta" || file.Clients[0].Confidence != 1000 || file.Topics[0].ID != "contrat" {
		t.Errorf("its attachment: %+v %+v", file.Clients, file.Topics)
	}
	var heirs []string
	for _, c := range docs["m4@pumps.example"].Clients {
		heirs = append(heirs, c.ID+" "+c.Evidence[0].Signal)
	}
	slices.Sort(heirs)
	if diff := cmp.Diff([]string{"acme thread", "beta thread"}, heirs); diff != "" {
		t.Errorf("a colleague's message of the thread:\n%s", diff)
	}
	b.bring(b.said(4, relais.DecideMerge, relais.AboutClient, "acme", "beta", relais.Is))
	for id, d := range b.byMessageID() {
		for _, c := range d.Clients {
			if c.ID == "acme" {
				t.Errorf("%s shows a merged client: %+v", id, d.Clients)
			}
		}
	}
	if got := b.byMessageID()["m1@acme.example"].Clients; len(got) != 1 || got[0].ID != "beta" || got[0].Name != "Beta" || got[0].Evidence[0].Detail != "acme.example" {
		t.Errorf("of the merged client: %+v", got)
	}
}

// TestFollowedByTheNextGeneration: a stage that is of an older generation follows nothing
// and is no fault for it; the next one's does.
func TestFollowedByTheNextGeneration(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(story(), 100)
	old := b.stage()
	if _, err := b.db.NextGeneration(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.ImportDecisions(t.Context(), b.opinions()); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Follow(t.Context()); relais.KindOf(err) != relais.KindConflict {
		t.Errorf("an old stage follows: %v", err)
	}
	if err := old.Recover(t.Context()); err != nil {
		t.Error(err)
	}
	if pending, err := b.db.PendingDecisions(t.Context()); err != nil || len(pending[b.c.ID]) != len(b.opinions()) {
		t.Errorf("%d decisions pending, %v", len(pending[b.c.ID]), err)
	}
	if err := b.stage().Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if pending, err := b.db.PendingDecisions(t.Context()); err != nil || len(pending) > 0 {
		t.Errorf("pending still: %v, %v", pending, err)
	}
}

// TestPersonalWithSomebody: all that was exchanged with somebody is withheld, what comes
// later too, and gives nothing to its thread; what somebody decided of a document counts
// more; undone, all is as before.
func TestPersonalWithSomebody(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(story(), 100)
	first := b.served()
	lea := b.said(1, relais.DecidePrivacy, relais.AboutAddress, "lea@beta.example", "", relais.Personal)
	if b.bring(lea) != 3 {
		t.Error("three messages were exchanged with her")
	}
	served := b.served()
	if text := fmt.Sprint(served); len(served) != len(first)-3 || strings.Contains(text, "lea@beta.example") || strings.Contains(text, "Visite du site") {
		t.Errorf("%d of %d are served", len(served), len(first))
	}
	later := message("m8@beta.example", "lea@beta.example", owner, "Encore", "Sun, 29 Mar 2026 09:00:00 +0000", "", "Une visite.")
	b.run([]mail{{"INBOX", "40", later}}, 1)
	if n := len(b.served()); n != len(served) {
		t.Errorf("what comes later is served: %d, %d before", n, len(served))
	}
	b.bring(b.said(2, relais.DecidePrivacy, relais.AboutDocument, relais.DigestOf([]byte(later)).String(), "", relais.Professional))
	if text := fmt.Sprint(b.served()); !strings.Contains(text, "Encore") || strings.Contains(text, "Visite du site") {
		t.Error("a document's own decision does not count more")
	}
	lea.Undone = &relais.Act{Actor: "local", At: time.Unix(9999, 0).UTC()}
	b.bring(lea)
	for id, text := range first {
		if b.served()[id] != text {
			t.Errorf("%s is not as before", id)
		}
	}
}
