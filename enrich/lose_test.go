package enrich_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// rules is one way of knowing messages, as one version of the rules would.
type rules struct {
	name     string
	identity func(*format.Mail) relais.ContentID
}

func salted(salt string, m *format.Mail) relais.ContentID {
	return relais.ContentID(relais.DigestOf([]byte(salt + string(enrich.Identity(m)))).String())
}

// versions are the rules that follow each other in the tests: they join what others
// keep apart, part what others join, refuse what others read.
func versions() []rules {
	return []rules{
		{"ours", enrich.Identity},
		{"all others", func(m *format.Mail) relais.ContentID { return salted("all", m) }},
		{"some others", func(m *format.Mail) relais.ContentID {
			if len(m.Subject)%2 == 0 {
				return enrich.Identity(m)
			}
			return salted("some", m)
		}},
		{"copies apart", func(m *format.Mail) relais.ContentID { return salted(fmt.Sprint(m.Bcc), m) }},
		{"whatever the body", func(m *format.Mail) relais.ContentID {
			head := *m
			head.Text, head.HTML, head.Attachments = "", "", nil
			return enrich.Identity(&head)
		}},
		{"some refused", func(m *format.Mail) relais.ContentID {
			if len(m.Subject)%3 == 0 {
				panic("a fault of the reader")
			}
			return enrich.Identity(m)
		}},
	}
}

// copies is a mailbox of which some messages differ in what no identity may count, and
// others in what only a bad one does not.
func copies() []mail {
	list := story()
	day := "Mon, 9 Mar 2026 09:00:00 +0000"
	list = append(list, // one is marked, the other says nothing, and may be taken for the first
		mail{"Personnel", "90", message("e1@x", owner, "mum@free.example", "Samedi", day, "", "On vient samedi.")},
		mail{"INBOX", "90", message("e2@x", owner, "mum@free.example", "Samedi", day, "", "")},
		mail{"INBOX", "91", message("e1@x", owner, "mum@free.example", "Samedi", day, "", "On vient samedi.")},
	)
	for i, m := range story() {
		if i%3 == 0 {
			copied := "Bcc: c" + fmt.Sprint(i) + "@pumps.example\r\n" + m.text
			list = append(list, mail{"Copies", fmt.Sprint(i), copied})
		}
		if i%2 == 0 {
			other := strings.Replace(m.text, "Message-ID: <", "Message-ID: <other.", 1)
			list = append(list, mail{"Autres", fmt.Sprint(i), strings.TrimRight(other, "\r\n") + " Et encore.\r\n"})
		}
	}
	return list
}

// reread reads mails by some rules at the current generation, in any order, some twice,
// and is stopped now and then.
func (b *bench) reread(r *rand.Rand, by rules, captured []stream.Message) {
	b.t.Helper()
	order := r.Perm(2 * len(captured))
	stage := func() *enrich.Stage {
		s := b.stage()
		s.Identify(by.identity)
		return s
	}
	b.fail = func(int) error {
		if r.IntN(12) == 0 {
			return relais.Errorf(relais.KindUnavailable, "append", "the disk is full")
		}
		return nil
	}
	s := stage()
	for len(order) > 0 {
		n := min(len(order), 1+r.IntN(6))
		var batch []stream.Message
		for _, i := range order[:n] {
			batch = append(batch, captured[i%len(captured)])
		}
		order = order[n:]
		for {
			if _, err := s.Handle(b.t.Context(), batch); err == nil {
				break
			}
			s = stage() // killed, and started again
			_ = s.Recover(b.t.Context())
		}
	}
	b.fail = nil
	if err := s.Idle(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// fresh reads mails once, by some rules.
func fresh(t *testing.T, by rules, mails []mail, clients []relais.Client) *bench {
	b := newBench(t, clients...)
	s := b.stage()
	s.Identify(by.identity)
	for _, m := range mails {
		if _, err := s.Handle(t.Context(), []stream.Message{b.capture(m)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBetterReadingMakesNoGhosts: whatever rules a mailbox was read by before, wholly or
// in part, what is served and streamed in the end is what the last rules make of it.
func TestBetterReadingMakesNoGhosts(t *testing.T) {
	clients := []relais.Client{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}}
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 9))
		known := clients[:r.IntN(2)]
		b := newBench(t, known...)
		var captured []stream.Message
		for _, m := range copies() {
			captured = append(captured, b.capture(m))
		}
		var names []string
		for range 1 + r.IntN(3) {
			by := versions()[r.IntN(len(versions()))]
			names = append(names, by.name)
			part := captured
			if r.IntN(3) == 0 { // stopped for good before its end
				part = captured[:r.IntN(len(captured))+1]
			}
			b.reread(r, by, part)
			if _, err := b.db.NextGeneration(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		last := versions()[seed%uint64(len(versions()))]
		b.reread(r, last, captured)
		same(t, fmt.Sprintf("seed %d: %v, then %s", seed, names, last.name), fresh(t, last, copies(), known), b)
	}
}

// TestMarksOutliveIdentity: a copy of what is marked is shown at no time, though it be
// read anew as another document before the copy that bears the mark is; and is shown at
// last where the mark was another message's.
func TestMarksOutliveIdentity(t *testing.T) {
	private := message("p1@x", owner, "mum@free.example", "Dimanche", "Mon, 9 Mar 2026 09:00:00 +0000", "", "On vient dimanche.")
	other := strings.Replace(private, "p1@x", "p2@x", 1) + "Et lundi.\r\n"
	for _, tc := range []struct {
		name          string
		first, second rules
		copy          string // what lies in the folder that is not marked
		shown         int
	}{
		{"the same message", versions()[0], versions()[1], private, 0},
		{"another message", versions()[4], versions()[0], other, 1},
		{"another message by and by", versions()[4], versions()[1], other, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			marked, plain := b.capture(mail{"Personnel", "1", private}), b.capture(mail{"INBOX", "1", tc.copy})
			read := func(by rules, want int, items ...stream.Message) {
				t.Helper()
				s := b.stage()
				s.Identify(by.identity)
				if _, err := s.Handle(t.Context(), items); err != nil {
					t.Fatal(err)
				}
				if n := len(b.served()); n != want {
					t.Fatalf("%s: %d documents served, want %d", by.name, n, want)
				}
			}
			read(tc.first, 0, marked, plain)
			for range 2 { // the second time the first is stopped half way
				if _, err := b.db.NextGeneration(t.Context()); err != nil {
					t.Fatal(err)
				}
				read(tc.second, 0, plain)
			}
			read(tc.second, tc.shown, marked)
			same(t, tc.name, fresh(t, tc.second, []mail{{"Personnel", "1", private}, {"INBOX", "1", tc.copy}}, nil), b)
		})
	}
}

// TestThreadsLoseGhosts: what others had inherited from a document goes with it, though
// what it became stands in another conversation.
func TestThreadsLoseGhosts(t *testing.T) {
	clients := []relais.Client{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}}
	for n := range 6 { // of some the ghost's id is the smaller one, and was the evidence shown
		subject := fmt.Sprintf("Pompes P%d", n)
		id := fmt.Sprintf("m%d@acme.example", n)
		offer := message(id, "bob@acme.example", owner, subject, "Mon, 2 Mar 2026 09:00:00 +0000", "", "Voici.")
		mails := []mail{
			{"INBOX", "1", offer},
			{"Sent", "1", message("m2@x", owner, "chef@pumps.example", "Tr: "+subject, "Tue, 3 Mar 2026 09:00:00 +0000", "References: <"+id+">\r\n", "Ton avis ?")},
			{"Autres", "1", strings.Replace(offer, id, "zz."+id, 1) + "Et encore.\r\n"},
		}
		b := newBench(t, clients...)
		for _, by := range []rules{versions()[4], versions()[0]} {
			s := b.stage()
			s.Identify(by.identity)
			for _, m := range mails {
				if _, err := s.Handle(t.Context(), []stream.Message{b.capture(m)}); err != nil {
					t.Fatal(err)
				}
			}
			if by.name != "ours" {
				if _, err := b.db.NextGeneration(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := b.stage().Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, subject, fresh(t, versions()[0], mails, clients), b)
	}
}

// TestCopiesThatNameOthersOrNot: of two copies of a reply one names what it answers; the
// other is tied by its subject, whichever is read first.
func TestCopiesThatNameOthersOrNot(t *testing.T) {
	reply := message("r1@acme.example", "bob@acme.example", owner, "Re: Visite du site", "Tue, 3 Mar 2026 09:00:00 +0000", "", "Oui.")
	mails := []mail{
		{"INBOX", "1", reply},
		{"Archive", "1", "References: <lost@x>\r\n" + reply},
		{"INBOX", "2", message("m1@acme.example", "bob@acme.example", owner, "Visite du site", "Mon, 2 Mar 2026 09:00:00 +0000", "", "Venez.")},
	}
	want := fresh(t, versions()[0], mails, nil)
	for _, order := range [][]int{{1, 0, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}} {
		var other []mail
		for _, i := range order {
			other = append(other, mails[i])
		}
		same(t, fmt.Sprint(order), want, fresh(t, versions()[0], other, nil))
	}
}

// TestLosersSeenEverywhere: a document that is seen in more places than its envelope
// names loses some of them and gains others in one merge.
func TestLosersSeenEverywhere(t *testing.T) {
	text := message("m1@acme.example", "bob@acme.example", owner, "Tarif", "Mon, 2 Mar 2026 09:00:00 +0000", "", "Voici.")
	var mails []mail
	for i := range 620 {
		m := mail{"INBOX", fmt.Sprintf("%04d", i), text}
		if i%10 == 0 {
			m.text = "Bcc: x@pumps.example\r\n" + text
		}
		mails = append(mails, m)
	}
	apart := rules{"copies to others apart", func(m *format.Mail) relais.ContentID {
		if len(m.Bcc) > 0 {
			return salted("bcc", m)
		}
		return enrich.Identity(m)
	}}
	read := func(b *bench, by rules) {
		s := b.stage()
		s.Identify(by.identity)
		for some := range slices.Chunk(mails, 100) {
			var batch []stream.Message
			for _, m := range some {
				batch = append(batch, b.capture(m))
			}
			if _, err := s.Handle(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t)
	read(b, versions()[0])
	if _, err := b.db.NextGeneration(t.Context()); err != nil {
		t.Fatal(err)
	}
	read(b, apart)
	want := newBench(t)
	read(want, apart)
	same(t, "parted", want, b)
}

// same compares what two benches serve, stream and count.
func same(t *testing.T, what string, want, got *bench) {
	t.Helper()
	if diff := cmp.Diff(want.served(), got.served()); diff != "" {
		t.Fatalf("%s\n%s", what, diff)
	}
	if diff := cmp.Diff(keys(want.inStream()), keys(got.inStream())); diff != "" {
		t.Fatalf("%s, in the stream:\n%s", what, diff)
	}
	w, err := want.db.Balance(t.Context(), want.c)
	if err != nil {
		t.Fatal(err)
	}
	g, err := got.db.Balance(t.Context(), got.c)
	if diff := cmp.Diff(w, g); err != nil || diff != "" {
		t.Fatalf("%s, the balance: %v\n%s", what, err, diff)
	}
	if unsound, err := got.db.Unsound(t.Context()); err != nil || len(unsound) > 0 {
		t.Fatalf("%s: %v, %v", what, unsound, err)
	}
}
