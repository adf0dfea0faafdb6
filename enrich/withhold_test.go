package enrich_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// carrying is a message with a file.
func carrying(id, from, subject, more string) string {
	return message(id, from, owner, subject, "Mon, 2 Mar 2026 09:00:00 +0000",
		more+"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\n\r\nPrix de la pompe : 1 250 EUR.\r\n--b\r\nContent-Disposition: attachment; filename=plan.txt\r\n\r\nle plan\r\n--b--")
}

// accounts checks how many occurrences of a case have each fate.
func (b *bench) accounts(want relais.Counts, reasons ...relais.ReasonCount) {
	b.t.Helper()
	got, err := b.db.Balance(b.t.Context(), b.c)
	if err != nil {
		b.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Counts); diff != "" || !got.Balanced {
		b.t.Errorf("account (balanced: %v):\n%s", got.Balanced, diff)
	}
	if diff := cmp.Diff(append([]relais.ReasonCount{}, reasons...), got.Reasons); diff != "" {
		b.t.Errorf("reasons:\n%s", diff)
	}
}

// TestDoubtfulIsWithheld: neither the message nor its file is appended, in whatever
// place of the batch it comes, and its thread takes nothing from it.
func TestDoubtfulIsWithheld(t *testing.T) {
	acme := relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}
	doubtful := mail{"INBOX", "1", carrying("d1@acme.example", "bob@acme.example", "Un sujet personnel", "")}
	answer := mail{"INBOX", "2", message("d2@x.example", "lea@free.example", owner, "Suite", "Tue, 3 Mar 2026 09:00:00 +0000", "In-Reply-To: <d1@acme.example>\r\n", "Merci.")}
	for name, list := range map[string][]mail{"first": {doubtful, answer}, "last": {answer, doubtful}} {
		for _, size := range []int{1, 2} {
			b := newBench(t, acme)
			b.run(list, size)
			served := fmt.Sprint(b.served())
			if len(b.served()) != 1 || !strings.Contains(served, "Suite") || strings.Contains(served, "acme") && strings.Contains(served, `"clients"`) {
				t.Errorf("%s, %d at once: served %s", name, size, served)
			}
			for _, m := range b.appended {
				if m.Value == nil {
					t.Errorf("%s, %d at once: a tombstone of what was never appended", name, size)
				}
			}
			b.accounts(relais.Counts{Seen: 2, Stored: 1, Doubtful: 1}, relais.ReasonCount{Code: "doubtful_subject", Count: 1})
		}
	}
}

// TestOneDoubtWithdraws: a copy in a folder that may be private takes the document and
// its file out of the stream in its own batch.
func TestOneDoubtWithdraws(t *testing.T) {
	b := newBench(t)
	text := carrying("d1@acme.example", "bob@acme.example", "Pompes", "")
	b.run([]mail{{"INBOX", "1", text}}, 1)
	if n := len(b.inStream()); n != 2 {
		t.Fatalf("%d documents before the mark", n)
	}
	b.run([]mail{{"Clients/CSE", "1", text}, {"Archive", "1", text}}, 1)
	if served, left := b.served(), b.inStream(); len(served)+len(left) > 0 {
		t.Errorf("served after the mark: %v; in the stream: %v", served, left)
	}
	b.accounts(relais.Counts{Seen: 3, Doubtful: 3}, relais.ReasonCount{Code: "doubtful_protected_folder", Count: 3})
	b.run([]mail{{"Personnel", "1", text}}, 1)
	b.accounts(relais.Counts{Seen: 4, Quarantined: 4}, relais.ReasonCount{Code: "personal_folder", Count: 4})
}

// TestMarksFall: what newer rules see no more is withheld until the last of its copies
// was read anew, whichever that is, and shown then as if it had never been marked.
func TestMarksFall(t *testing.T) {
	text := carrying("d1@acme.example", "bob@acme.example", "Pompes", "")
	copies := []mail{{"INBOX", "1", text}, {"Archive", "1", text}, {"Sent", "1", text}}
	never := newBench(t)
	never.run(copies, 3)
	if _, err := never.db.NextGeneration(t.Context()); err != nil {
		t.Fatal(err)
	}
	never.run(copies, 3)
	want := never.served()
	for label, status := range map[string]relais.Counts{"Perso": {Seen: 3, Quarantined: 3}, "Données personnelles": {Seen: 3, Doubtful: 3}} {
		for first := range copies {
			b := newBench(t)
			b.labels = map[string][]string{"Archive": {label}}
			b.run(copies, 2)
			if len(b.served()) > 0 {
				t.Fatalf("%s: served with its mark", label)
			}
			if _, err := b.db.NextGeneration(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.labels = nil // rules that do not see it
			for n := range copies {
				b.run([]mail{copies[(first+n)%len(copies)]}, 1)
				if n < len(copies)-1 {
					got, err := b.db.Balance(t.Context(), b.c)
					if err != nil || got.Counts != status || len(b.served()) > 0 {
						t.Fatalf("%s, from %d: after %d copies %+v, %v", label, first, n+1, got.Counts, err)
					}
				}
			}
			if diff := cmp.Diff(want, b.served()); diff != "" {
				t.Errorf("%s, from %d: when the mark has fallen\n%s", label, first, diff)
			}
			b.accounts(relais.Counts{Seen: 3, Stored: 1, Duplicate: 2})
		}
	}
}

// TestMarksOfSeveralReadings: a generation that rises before the last was read out loses
// no mark, and a mark that newer rules see still stays.
func TestMarksOfSeveralReadings(t *testing.T) {
	text := carrying("d1@acme.example", "bob@acme.example", "Pompes", "")
	copies := []mail{{"INBOX", "1", text}, {"Archive", "1", text}}
	b := newBench(t)
	b.labels = map[string][]string{"Archive": {"Perso"}}
	b.run(copies, 2)
	for range 2 {
		if _, err := b.db.NextGeneration(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.run(copies[:1], 1)
		b.accounts(relais.Counts{Seen: 2, Quarantined: 2}, relais.ReasonCount{Code: "personal_label", Count: 2})
	}
	b.labels = map[string][]string{"Archive": {"Clients/Avocats"}}
	b.run(copies[1:], 1)
	got, err := b.db.Balance(t.Context(), b.c)
	if err != nil || got.Stored > 0 || len(b.served()) > 0 {
		t.Errorf("a mark that is still seen has fallen: %+v, %v", got, err)
	}
}

// TestRepliesToMarkedMail: what names a marked message is withheld with it, whichever is
// read first and in however many batches; what only has its subject is not.
func TestRepliesToMarkedMail(t *testing.T) {
	at := func(id, subject, more string) string {
		return message(id, "lea@free.example", owner, subject, "Tue, 3 Mar 2026 09:00:00 +0000", more, "Texte "+id+".")
	}
	marked := mail{"INBOX", "1", at("m1@x.example", "PERSONNEL - dentiste", "")}
	list := []mail{
		marked,
		{"INBOX", "2", at("m2@x.example", "Suite", "In-Reply-To: <m1@x.example>\r\n")},
		{"Sent", "1", at("m3@x.example", "Autre", "References: <m0@x.example> <m1@x.example> <m2@x.example>\r\n")},
		{"INBOX", "3", at("m4@x.example", "dentiste", "")},
		{"INBOX", "4", at("m5@x.example", "Fin", "In-Reply-To: <m2@x.example>\r\n")},
		{"INBOX", "5", at("m6@x.example", "Début", "References: <m6@x.example>\r\n")},
	}
	var want map[string]string
	for turn := range list {
		turned := append(append([]mail{}, list[turn:]...), list[:turn]...)
		for _, size := range []int{1, 2, len(list)} {
			b := newBench(t)
			b.run(turned, size)
			b.accounts(relais.Counts{Seen: 6, Stored: 3, Quarantined: 1, Doubtful: 2},
				relais.ReasonCount{Code: "doubtful_reference", Count: 2}, relais.ReasonCount{Code: "personal_subject", Count: 1})
			if left := b.inStream(); len(left) != 3 {
				t.Errorf("from %d, %d at once: in the stream %v", turn, size, left)
			}
			if want == nil {
				want = b.served()
			}
			if diff := cmp.Diff(want, b.served()); diff != "" {
				t.Errorf("from %d, %d at once:\n%s", turn, size, diff)
			}
		}
	}
}

// TestRepliesFollowTheMark: a copy in a marked folder, however late, takes the answers
// with it; once newer rules see the mark no more, they are back.
func TestRepliesFollowTheMark(t *testing.T) {
	text := message("m1@x.example", "lea@free.example", owner, "Dîner", "Mon, 2 Mar 2026 09:00:00 +0000", "", "À samedi.")
	answer := message("m2@x.example", owner, "lea@free.example", "Suite", "Tue, 3 Mar 2026 09:00:00 +0000", "In-Reply-To: <m1@x.example>\r\n", "Oui.")
	list := []mail{{"INBOX", "1", text}, {"Sent", "1", answer}, {"Archive", "1", text}}
	b := newBench(t)
	b.run(list[:2], 2)
	if n := len(b.served()); n != 2 {
		t.Fatalf("%d served before the mark", n)
	}
	b.labels = map[string][]string{"Archive": {"Perso"}}
	b.run(list[2:], 1)
	if served, left := b.served(), b.inStream(); len(served)+len(left) > 0 {
		t.Errorf("served after the mark: %v; in the stream: %v", served, left)
	}
	b.labels = nil
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		if _, err := b.db.NextGeneration(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, i := range order {
			b.run(list[i:i+1], 1)
		}
		if n := len(b.served()); n != 2 {
			t.Errorf("%v: %d served when the mark has fallen", order, n)
		}
	}
}

// TestRepliesWaitForTheMark: while all is read anew, an answer to a marked message is
// withheld until that one was read, too, whichever comes first; then it is as the mark is.
func TestRepliesWaitForTheMark(t *testing.T) {
	text := message("m1@x.example", "lea@free.example", owner, "Dîner", "Mon, 2 Mar 2026 09:00:00 +0000", "", "À samedi.")
	answer := message("m2@x.example", owner, "lea@free.example", "Suite", "Tue, 3 Mar 2026 09:00:00 +0000", "In-Reply-To: <m1@x.example>\r\n", "Oui.")
	list := []mail{{"INBOX", "1", text}, {"Sent", "1", answer}, {"Archive", "1", text}}
	for _, stays := range []bool{true, false} {
		for _, order := range [][]int{{1, 0, 2}, {1, 2, 0}, {0, 1, 2}, {2, 1, 0}, {2, 0, 1}} {
			b := newBench(t)
			b.labels = map[string][]string{"Archive": {"Perso"}}
			b.run(list, 3)
			for range 2 {
				if _, err := b.db.NextGeneration(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !stays {
					b.labels = nil
				}
				for _, i := range order {
					b.run(list[i:i+1], 1)
					if served := strings.Join(slices.Collect(maps.Values(b.served())), " "); strings.Contains(served, "Suite") && !strings.Contains(served, "Dîner") {
						t.Errorf("mark stays: %v, %v: the answer is served without what it answers", stays, order)
					}
				}
				if got, want := len(b.served()), map[bool]int{false: 2}[stays]; got != want {
					t.Errorf("mark stays: %v, %v: %d served", stays, order, got)
				}
				if !stays {
					break
				}
			}
		}
	}
}
