package enrich_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// decision is what a test decides, without who and when.
func decision(about relais.About, target string, v relais.Verdict) relais.Decision {
	d := relais.Decision{About: about, Target: target, Verdict: v, Act: relais.Act{Actor: "local", At: time.Unix(1, 0).UTC(), Reason: "looked at"}}
	if about == relais.AboutDocument {
		d.Document, d.Target = relais.DocumentID(target), ""
	}
	return d
}

func (b *bench) decide(list ...relais.Decision) relais.Settled {
	b.t.Helper()
	done, err := b.stage().Decide(b.t.Context(), b.c.ID, list)
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

func (b *bench) undo(d relais.Decision) relais.Settled {
	b.t.Helper()
	done, err := b.stage().Undo(b.t.Context(), d, relais.Act{Actor: "local", At: time.Unix(2, 0).UTC()})
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

// doubted gives the ids of what waits to be settled.
func (b *bench) doubted() (ids []string) {
	b.t.Helper()
	if err := b.db.EachDoubtful(b.t.Context(), b.c.ID, func(d state.DoubtfulRow) error { ids = append(ids, string(d.ID)); return nil }); err != nil {
		b.t.Fatal(err)
	}
	return ids
}

// doubts is a mailbox with a doubtful giver of its thread, a doubtful folder of which
// one copy lies elsewhere, and a file that a doubtful message carries.
func doubts() []mail {
	day := func(n int) string { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC).Format(time.RFC1123Z) }
	shared := message("s1@beta.example", "lea@beta.example", owner, "Commande de pompes", day(4), "", "Une commande de 3 pompes.")
	return []mail{
		{"INBOX", "1", carrying("d1@acme.example", "bob@acme.example", "Un sujet personnel", "")},
		{"INBOX", "2", message("d2@x.example", "lea@free.example", owner, "Suite", day(3), "In-Reply-To: <d1@acme.example>\r\n", "Merci.")},
		{"INBOX", "3", shared}, {"Clients/CSE", "1", shared},
		{"Clients/CSE", "2", message("s2@beta.example", "lea@beta.example", owner, "Livraison", day(5), "", "La livraison est faite.")},
		{"Personnel", "1", message("p1@x.example", owner, "mum@free.example", "Dimanche", day(6), "", "On vient.")},
	}
}

var twoClients = []relais.Client{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}, {ID: "beta", Name: "Beta", Domains: []string{"beta.example"}}}

// TestDecidedFirstOrLast: what is decided before the mail comes, among its batches or
// after it, and once all is read anew, gives the same documents.
func TestDecidedFirstOrLast(t *testing.T) {
	folder := decision(relais.AboutFolder, "Clients/CSE", relais.Professional)
	rule := decision(relais.AboutRule, "subject", relais.Professional)
	for _, clients := range [][]relais.Client{twoClients, nil} {
		last := newBench(t, clients...)
		last.run(doubts(), 100)
		if n := len(last.served()); n != 1 || len(last.doubted()) != 3 {
			t.Fatalf("%d served, doubtful %v before anything was decided", n, last.doubted())
		}
		done := last.decide(folder, rule)
		if done.Professional != 3 || done.Still+done.Personal > 0 || len(done.Decisions) != 2 {
			t.Errorf("settled: %+v", done)
		}
		want := last.served()
		if len(want) != 5 || len(last.doubted()) > 0 {
			t.Fatalf("%d served, doubtful %v", len(want), last.doubted())
		}
		last.accounts(relais.Counts{Seen: 6, Stored: 4, Duplicate: 1, Quarantined: 1}, relais.ReasonCount{Code: "personal_folder", Count: 1})
		if diff := cmp.Diff(keys(want), keys(last.inStream())); diff != "" {
			t.Errorf("in the stream:\n%s", diff)
		}
		for n := range len(doubts()) + 1 {
			b := newBench(t, clients...)
			b.run(doubts()[:n], 1)
			b.decide(rule)
			b.decide(folder)
			b.run(doubts()[n:], 2)
			if diff := cmp.Diff(want, b.served()); diff != "" {
				t.Fatalf("decided after %d:\n%s", n, diff)
			}
			if _, err := b.db.NextGeneration(t.Context()); err != nil {
				t.Fatal(err)
			}
			again := doubts()
			slices.Reverse(again)
			b.run(again, 1)
			if diff := cmp.Diff(want, b.served()); diff != "" {
				t.Fatalf("read anew:\n%s", diff)
			}
		}
	}
}

// TestDecisionOnADocument: it holds for every copy, whichever comes first or later, is
// undone without mail, and is replayed.
func TestDecisionOnADocument(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(doubts(), 100)
	before := b.served()
	for _, id := range b.doubted() {
		done := b.decide(decision(relais.AboutDocument, id, relais.Professional))
		if done.Professional != 1 {
			t.Errorf("settled: %+v", done)
		}
	}
	want := b.served()
	if len(want) != 5 {
		t.Fatalf("%d served", len(want))
	}
	b.run([]mail{{"Clients/CSE", "9", doubts()[4].text}, {"A", "1", doubts()[0].text + "\r\n"}}, 1)
	if n := len(b.served()); n != 5 {
		t.Errorf("%d served after further copies", n)
	}
	list, err := b.db.Decisions(t.Context(), b.c.ID)
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	if _, err := b.db.NextGeneration(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.run(slices.Concat(doubts()[1:], doubts()[:1]), 1)
	if len(b.served()) != 5 {
		t.Errorf("%d served when read anew", len(b.served()))
	}
	for _, d := range list {
		if done := b.undo(d); done.Doubtful != 1 {
			t.Errorf("undone: %+v", done)
		}
	}
	if diff := cmp.Diff(keys(before), keys(b.served())); diff != "" || len(b.inStream()) != len(before) {
		t.Errorf("after all was undone:\n%s", diff)
	}
}

// TestDecidedPersonal: it is withdrawn with all it carries, though no rule marks it, and
// comes back when that is undone; it gives nothing to its thread meanwhile.
func TestDecidedPersonal(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(story(), 100)
	want := b.served()
	var id string
	for doc, text := range want {
		if strings.Contains(text, `"message_id": "m2@pumps.example"`) {
			id = doc
		}
	}
	done := b.decide(decision(relais.AboutDocument, id, relais.Personal))
	if done.Personal != 1 || len(b.served()) != len(want)-2 || len(b.inStream()) != len(want)-2 {
		t.Errorf("settled: %+v, %d of %d served", done, len(b.served()), len(want))
	}
	for _, text := range b.served() {
		if strings.Contains(text, id) {
			t.Errorf("it is named still: %s", text)
		}
	}
	b.undo(done.Decisions[0])
	if diff := cmp.Diff(want, b.served()); diff != "" {
		t.Errorf("after it was undone:\n%s", diff)
	}
}

// TestWhichDecisionCounts: a document's before its marks', of those the later; one mark
// that nobody settled withholds, one that is personal quarantines.
func TestWhichDecisionCounts(t *testing.T) {
	text := message("w@acme.example", "bob@acme.example", owner, "Un sujet personnel", "Mon, 2 Mar 2026 09:00:00 +0000", "", "Prix.")
	b := newBench(t, twoClients...)
	b.run([]mail{{"Clients/CSE", "1", text}}, 1) // marked by its subject and by its folder
	id := b.doubted()[0]
	status := func(what string, want relais.Status) {
		t.Helper()
		_, row, err := b.db.Row(t.Context(), relais.DocumentID(id))
		if err != nil || row.Status != want || (len(b.served()) == 1) != (want == "") {
			t.Errorf("%s: %q, want %q (%v)", what, row.Status, want, err)
		}
	}
	done := b.decide(decision(relais.AboutRule, "subject", relais.Professional))
	if status("one of two marks", relais.StatusDoubtful); done.Still != 1 {
		t.Errorf("%+v", done)
	}
	b.decide(decision(relais.AboutRule, "protected_folder", relais.Personal))
	status("one is personal", relais.StatusQuarantined)
	whole := b.decide(decision(relais.AboutFolder, "Clients/CSE", relais.Professional)).Decisions[0]
	status("the later on the folder", "")
	b.decide(decision(relais.AboutFolder, "Clients/CSE", relais.Personal))
	status("the latest", relais.StatusQuarantined)
	mine := b.decide(decision(relais.AboutDocument, id, relais.Professional)).Decisions[0]
	status("its own", "")
	b.decide(decision(relais.AboutRule, "subject", relais.Personal))
	status("its own, earlier", "")
	b.undo(mine)
	status("its own undone", relais.StatusQuarantined)
	b.undo(whole)
	status("one that did not count undone", relais.StatusQuarantined)
}

// TestSureMarksAreLiftedByNobody: neither by a decision on the document nor by any that
// came before its mark.
func TestSureMarksAreLiftedByNobody(t *testing.T) {
	b := newBench(t)
	text := doubts()[4].text
	b.run([]mail{{"Clients/CSE", "1", text}}, 1)
	id := b.doubted()[0]
	b.decide(decision(relais.AboutDocument, id, relais.Professional))
	b.run([]mail{{"Personnel", "1", text}}, 1)
	b.accounts(relais.Counts{Seen: 2, Quarantined: 2}, relais.ReasonCount{Code: "personal_folder", Count: 2})
	_, err := b.stage().Decide(t.Context(), b.c.ID, []relais.Decision{decision(relais.AboutDocument, id, relais.Professional)})
	if relais.KindOf(err) != relais.KindConflict {
		t.Errorf("a sure mark was lifted: %v", err)
	}
	_, err = b.stage().Decide(t.Context(), b.c.ID, []relais.Decision{decision(relais.AboutDocument, "dnone", relais.Personal)})
	if relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("nothing was decided of: %v", err)
	}
	if list, err := b.db.Decisions(t.Context(), b.c.ID); err != nil || len(list) != 1 {
		t.Errorf("what was refused is on record: %v, %v", list, err)
	}
	b.accounts(relais.Counts{Seen: 2, Quarantined: 2}, relais.ReasonCount{Code: "personal_folder", Count: 2})
}

// TestDecidedWhileTheLogFails: what was decided is appended by the next stage.
func TestDecidedWhileTheLogFails(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(doubts(), 100)
	b.fail = func(int) error { return relais.Errorf(relais.KindUnavailable, "append", "the disk is full") }
	_, err := b.stage().Decide(t.Context(), b.c.ID, []relais.Decision{decision(relais.AboutFolder, "Clients/CSE", relais.Professional)})
	if relais.KindOf(err) != relais.KindUnavailable {
		t.Fatal(err)
	}
	b.fail = nil
	if err := b.stage().Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := newBench(t, twoClients...)
	whole.run(doubts(), 100)
	whole.decide(decision(relais.AboutFolder, "Clients/CSE", relais.Professional))
	if diff := cmp.Diff(whole.served(), b.served()); diff != "" || len(b.inStream()) != len(whole.inStream()) {
		t.Error(diff)
	}
}

// TestDisclosed: what somebody who settles is told.
func TestDisclosed(t *testing.T) {
	b := newBench(t, twoClients...)
	b.run(doubts()[:1], 1)
	c, row, err := b.db.Row(t.Context(), relais.DocumentID(b.doubted()[0]))
	if err != nil {
		t.Fatal(err)
	}
	told, err := b.stage().Disclose(t.Context(), c, row)
	if err != nil || told.Subject != "Un sujet personnel" || told.From.Address != "bob@acme.example" || !slices.Equal(told.Folders, []string{"INBOX"}) {
		t.Errorf("%+v, %v", told, err)
	}
}

// TestDiscoveredThroughSettling: without a list of clients, a withheld message does not
// help to find one, and does from when it is settled until that is undone.
func TestDiscoveredThroughSettling(t *testing.T) {
	day := func(n int) string { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC).Format(time.RFC1123Z) }
	b := newBench(t)
	b.run([]mail{
		{"INBOX", "1", message("1@gamma.example", "x@gamma.example", owner, "Commande", day(1), "", "Une commande.")},
		{"Sent", "1", message("2@pumps.example", owner, "x@gamma.example", "Offre", day(2), "", "Une offre.")},
		{"INBOX", "2", message("3@gamma.example", "x@gamma.example", owner, "Un sujet personnel", day(3), "", "Bien.")},
	}, 3)
	found := func(want bool) {
		t.Helper()
		domains, err := b.db.Discovered(t.Context(), b.c.ID)
		if err != nil || domains["gamma.example"] != want {
			t.Errorf("discovered %v, %v", domains, err)
		}
		for _, text := range b.served() {
			if strings.Contains(text, `"clients"`) != want {
				t.Errorf("discovered: %v, served %s", want, text)
			}
		}
	}
	found(false)
	done := b.decide(decision(relais.AboutRule, "subject", relais.Professional))
	found(true)
	b.undo(done.Decisions[0])
	found(false)
}
