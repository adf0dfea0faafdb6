package enrich

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// TestThreadKeepsItsName: whichever message of a conversation comes first, and whatever
// references a mail program cut from the middle, the thread is named at once as it will
// be when all have come.
func TestThreadKeepsItsName(t *testing.T) {
	conversation := []*format.Mail{
		{MessageID: "start@x"},
		{MessageID: "1@x", InReplyTo: []string{"start@x"}},
		{MessageID: "2@x", InReplyTo: []string{"1@x"}, References: []string{"start@x", "1@x"}},
		{MessageID: "3@x", References: []string{"start@x", "2@x"}},
		{References: []string{"start@x", "3@x"}},
	}
	for i, m := range conversation {
		keys := messageLinks(m, relais.Owner{}, relais.Document{ID: relais.DocumentID(fmt.Sprint(i))}).keys
		if got := slices.Min(keys); got != startKey("start@x") {
			t.Errorf("message %d names the thread %s", i, got)
		}
	}
	if startKey("start@x") == startKey("other@x") || len(startKey("")) != len(threadKey("message", "")) {
		t.Error("a name tells nothing of the conversation")
	}
	if keys := messageLinks(&format.Mail{}, relais.Owner{}, relais.Document{ID: "alone"}).keys; len(keys) != 1 {
		t.Errorf("a message that names none hangs together with %v", keys)
	}
}

// TestPeopleOfAMessage: whoever took part, but the owner under none of the owner's names:
// in all of a mailbox the owner takes part, and would tie it into one conversation.
func TestPeopleOfAMessage(t *testing.T) {
	owner := relais.Owner{Address: "ann@pumps.example", Aliases: []string{"ann.smith@pumps.example"}}
	list := func(addresses ...string) (list []relais.Address) {
		for _, a := range addresses {
			list = append(list, relais.Address{Address: a})
		}
		return list
	}
	m := &format.Mail{
		From: list("Ann@Pumps.example"), To: list("Bob@acme.example", "ann.smith@pumps.example", ""), Cc: list("bob@acme.example", "lea@beta.example"),
		Bcc: list("hidden@beta.example"), ReplyTo: list("desk@acme.example"),
	}
	want := []string{threadKey("person", "bob@acme.example"), threadKey("person", "lea@beta.example")}
	slices.Sort(want)
	if got := people(m, owner); !slices.Equal(got, want) {
		t.Errorf("%d people, not those of To and Cc", len(got))
	}
	if got := people(&format.Mail{From: list("ann@pumps.example"), To: list("ann.smith@pumps.example")}, owner); len(got) > 0 {
		t.Errorf("a note to oneself is shared with %d people", len(got))
	}
	for i := range 300 {
		m.To = append(m.To, list(fmt.Sprintf("p%d@acme.example", i))...)
	}
	if got := people(m, owner); len(got) != 100 {
		t.Errorf("%d people of a mailing", len(got))
	}
}

// TestTied: a subject ties a reply that names no message to another of the same people
// within the window, whichever of the two came first.
func TestTied(t *testing.T) {
	reply := state.Subject{Document: "a", Day: 1_000, Orphan: true, People: []string{"bob", "lea"}}
	other := func(change func(*state.Subject)) state.Subject {
		s := state.Subject{Document: "b", Day: 1_000, People: []string{"lea", "zoe"}}
		change(&s)
		return s
	}
	for name, tc := range map[string]struct {
		b    state.Subject
		want bool
	}{
		"the same day":           {other(func(*state.Subject) {}), true},
		"the last day before":    {other(func(s *state.Subject) { s.Day -= subjectWindow }), true},
		"the last day after":     {other(func(s *state.Subject) { s.Day += subjectWindow }), true},
		"too long before":        {other(func(s *state.Subject) { s.Day -= subjectWindow + 1 }), false},
		"too long after":         {other(func(s *state.Subject) { s.Day += subjectWindow + 1 }), false},
		"two replies":            {other(func(s *state.Subject) { s.Orphan = true }), true},
		"nobody shared":          {other(func(s *state.Subject) { s.People = []string{"zoe"} }), false},
		"nobody known":           {other(func(s *state.Subject) { s.People = nil }), false},
		"the message itself":     {other(func(s *state.Subject) { s.Document = "a" }), false},
		"the last of its people": {other(func(s *state.Subject) { s.People = []string{"abe", "bea", "lea"} }), true},
	} {
		if got := [2]bool{tied(&reply, &tc.b), tied(&tc.b, &reply)}; got != [2]bool{tc.want, tc.want} {
			t.Errorf("%s: %v, turned %v", name, got[0], got[1])
		}
	}
	plain, another := other(func(s *state.Subject) { s.Document = "c" }), other(func(*state.Subject) {})
	if tied(&plain, &another) {
		t.Error("two messages, neither of them a reply, are one conversation by their subject")
	}
}

// TestSubjectOf: what a message's subject is tied by.
func TestSubjectOf(t *testing.T) {
	dated := relais.Document{ID: "a", Date: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	for name, tc := range map[string]struct {
		mail          format.Mail
		doc           relais.Document
		named, orphan bool
	}{
		"a first message":        {format.Mail{Subject: "Pompes P12"}, dated, true, false},
		"a reply to nobody":      {format.Mail{Subject: "Re: Pompes P12"}, dated, true, true},
		"a reply that names one": {format.Mail{Subject: "Re: Pompes P12", InReplyTo: []string{"m1@x"}}, dated, true, false},
		"by its references":      {format.Mail{Subject: "Re: Pompes P12", References: []string{"m1@x"}}, dated, true, false},
		"too short to tell":      {format.Mail{Subject: "Re: Oui"}, dated, false, false},
		"without a date":         {format.Mail{Subject: "Re: Pompes P12"}, relais.Document{ID: "a"}, false, false},
	} {
		got := messageLinks(&tc.mail, relais.Owner{}, tc.doc).subject
		if (got.Subject != "") != tc.named || got.Orphan != tc.orphan {
			t.Errorf("%s: %+v", name, got)
		}
		if tc.named && (got.Subject != threadKey("subject", "pompes p12") || got.Day != dayOf(dated.Date)) {
			t.Errorf("%s: tied by %q on day %d", name, got.Subject, got.Day)
		}
	}
}

// TestDisjoint: sets are named by their smallest key, however they were joined.
func TestDisjoint(t *testing.T) {
	for _, joins := range [][][2]string{
		{{"c", "d"}, {"b", "c"}, {"a", "d"}}, {{"a", "d"}, {"d", "c"}, {"c", "b"}}, {{"b", "c"}, {"a", "d"}, {"d", "b"}},
	} {
		d := newDisjoint()
		d.join("x", "y")
		for _, j := range joins {
			d.join(j[0], j[1])
		}
		for _, k := range []string{"a", "b", "c", "d"} {
			if got := d.find(k); got != "a" {
				t.Errorf("%v: %s is of %s", joins, k, got)
			}
		}
		if d.find("y") != "x" {
			t.Errorf("%v: a set apart is of %s", joins, d.find("y"))
		}
	}
}

func TestConversationIndex(t *testing.T) {
	const first = "AdYxYzIxEBESExQVFhcYGRobHB0eHw=="
	if a, b := conversationOf(first), conversationOf(" AdYxYzIxEBESExQVFhcYGRobHB0eHwAA\r\n obLD"); a == "" || a != b {
		t.Errorf("a reply is of another conversation: %q, %q", a, b)
	}
	for _, none := range []string{"", "x", "AdYxYzIx", "Aa==", strings.Repeat("A", 44), first[:len(first)-4] + "Hx8="} {
		if got := conversationOf(none); got != "" {
			t.Errorf("%q: %q", none, got)
		}
	}
}

// TestSameSubject: whichever messages a subject ties two by two, it ties among many.
func TestSameSubject(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	ties := 0
	for range 300 {
		var list []state.Subject
		for i := range 1 + r.IntN(20) {
			list = append(list, state.Subject{
				Document: relais.DocumentID(fmt.Sprint(i)), Day: int64(r.IntN(150)), Orphan: r.IntN(3) == 0, People: []string{fmt.Sprint(r.IntN(3))},
			})
		}
		s := list[r.IntN(len(list))]
		var want, got []relais.DocumentID
		for _, other := range list {
			if tied(&s, &other) {
				want = append(want, other.Document)
			}
		}
		newSameSubject(list).tiedTo(&s, func(id relais.DocumentID) { got = append(got, id) })
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%v of %+v: tied to %v, not %v", s, list, got, want)
		}
		ties += len(want)
	}
	if ties < 300 {
		t.Errorf("only %d ties", ties)
	}
}
