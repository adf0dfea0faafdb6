package statetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// ofClient is a decision of a day that something is, or is not, of a client.
func ofClient(day int, about relais.About, target, client string, v relais.Verdict) relais.Decision {
	return relais.Decision{Kind: relais.DecideClient, About: about, Target: target, Value: client, Verdict: v, Act: act(day)}
}

func merge(day int, from, into string) relais.Decision {
	return relais.Decision{Kind: relais.DecideMerge, About: relais.AboutClient, Target: from, Value: into, Verdict: relais.Is, Act: act(day)}
}

func rulings(t *testing.T, db *state.DB, c relais.Case) (list []relais.Decision, nearer bool) {
	t.Helper()
	merging(t, db, c, func(m *state.Merging) {
		var err error
		list, nearer, err = m.Rulings(t.Context())
		must(t, err)
	})
	return list, nearer
}

func decide(t *testing.T, db *state.DB, list ...relais.Decision) []relais.Decision {
	t.Helper()
	made, err := db.Decide(t.Context(), list)
	must(t, err)
	return made
}

// testDecided: decisions of the archive count in the order they are made, though the
// clock goes back; undone ones stay on record and count no more; one that says nothing
// sensible is refused, with all that came along.
func testDecided(t *testing.T, open Open) {
	db := open(t)
	c, other := newCase(t, db, "Ann"), newCase(t, db, "Bea")
	first := decide(t, db, ofClient(9, relais.AboutAddress, "a@x.example", "acme", relais.Is))[0]
	back := decide(t, db, ofClient(1, relais.AboutAddress, "a@x.example", "acme", relais.IsNot),
		relais.Decision{Kind: relais.DecideTopic, About: relais.AboutDomain, Target: "x.example", Value: "prix", Verdict: relais.Is, Since: 10, Until: 20, Act: act(1)})
	document := ofClient(2, relais.AboutDocument, relais.DigestOf([]byte("a")).String(), "acme", relais.Is)
	document.Case, document.Document = c.ID, "d1"
	document = decide(t, db, document)[0]
	want := append([]relais.Decision{first}, back...)
	for of, own := range map[*relais.Case]bool{&c: true, &other: false} {
		got, nearer := rulings(t, db, *of)
		if equal(t, want, got); nearer != own {
			t.Errorf("%s: decisions on its own documents: %v", of.Name, nearer)
		}
	}
	bad := ofClient(1, relais.AboutAddress, "b@x.example", "", relais.Is)
	_, err := db.Decide(t.Context(), []relais.Decision{ofClient(1, relais.AboutAddress, "b@x.example", "acme", relais.Is), bad})
	kind(t, relais.KindInvalid, err)
	undone, err := db.UndoDecided(t.Context(), first.ID, act(12))
	must(t, err)
	_, err = db.UndoDecided(t.Context(), first.ID, act(13))
	kind(t, relais.KindNotFound, err)
	by := act(12)
	first.Undone = &by
	equal(t, first, undone)
	must(t, db.Close())
	db = open(t)
	got, _ := rulings(t, db, c)
	equal(t, back, got)
	all, err := db.AllDecisions(t.Context(), c.ID)
	must(t, err)
	equal(t, append(append([]relais.Decision{first}, back...), document), all)
	all, err = db.AllDecisions(t.Context(), other.ID)
	must(t, err)
	equal(t, append([]relais.Decision{first}, back...), all)
	private, err := db.Decisions(t.Context(), "")
	must(t, err)
	if len(private) > 0 {
		t.Errorf("on privacy: %+v", private)
	}
}

// testCircles: clients that are each other are refused, however long the way; once the
// way is cut they may be.
func testCircles(t *testing.T, open Open) {
	db := open(t)
	newCase(t, db, "Ann")
	decide(t, db, merge(1, "a", "b"))
	cut := decide(t, db, merge(2, "b", "c"))[0]
	for _, d := range []relais.Decision{merge(3, "c", "a"), merge(3, "c", "b")} {
		_, err := db.Decide(t.Context(), []relais.Decision{d})
		kind(t, relais.KindConflict, err)
	}
	kind(t, relais.KindInvalid, second(db.Decide(t.Context(), []relais.Decision{merge(3, "a", "a")})))
	decide(t, db, merge(4, "d", "a"))
	_, err := db.PutClients(t.Context(), []relais.Client{{ID: "a", Name: "Acme"}, {ID: "z", Name: "Zed"}}, nil)
	must(t, err)
	list, err := db.MergedClients(t.Context())
	must(t, err)
	equal(t, []relais.MergedClient{{ID: "a", Name: "Acme", Into: "c"}, {ID: "b", Into: "c"}, {ID: "d", Into: "c"}}, list)
	must(t, second(db.UndoDecided(t.Context(), cut.ID, act(5))))
	decide(t, db, merge(6, "c", "a"))
}

func second[T any](_ T, err error) error { return err }

// testImported: whatever comes first, and however often, the same decisions count in the
// same order; one that is made here afterwards counts after them, even of those that a
// clock ahead has dated; what was undone elsewhere is undone here.
func testImported(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	made := decide(t, db, ofClient(1, relais.AboutDomain, "x.example", "acme", relais.Is))
	var list []relais.Decision
	for i := range 40 {
		d := ofClient(1+i/2, relais.AboutDomain, "x.example", "acme", relais.Is) // two at each time
		d.Seq, d.Verdict = int64(i+1), []relais.Verdict{relais.Is, relais.IsNot}[i%2]
		d.At = d.At.AddDate(90, 0, 0)
		d.ID = relais.NewDecisionID(d)
		list = append(list, d)
	}
	shuffled := slices.Concat(list, list)
	r := rand.New(rand.NewPCG(7, 7))
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	brought := 0
	for some := range slices.Chunk(shuffled, 7) {
		changed, err := db.ImportDecisions(t.Context(), some)
		must(t, err)
		brought += len(changed)
	}
	if brought != len(list) {
		t.Errorf("%d of %d are new", brought, len(list))
	}
	slices.SortFunc(list, func(a, b relais.Decision) int {
		if n := a.At.Compare(b.At); n != 0 {
			return n
		}
		return map[bool]int{true: -1, false: 1}[a.ID < b.ID]
	})
	last := decide(t, db, ofClient(2, relais.AboutDomain, "x.example", "acme", relais.Is))
	got, _ := rulings(t, db, c)
	equal(t, slices.Concat(made, list, last), got)

	by := act(3)
	undone := list[5]
	undone.Undone = &by
	for range 2 {
		must(t, second(db.ImportDecisions(t.Context(), []relais.Decision{undone})))
		must(t, second(db.ImportDecisions(t.Context(), []relais.Decision{list[5]}))) // as it was before
	}
	got, _ = rulings(t, db, c)
	equal(t, slices.Concat(made, list[:5], list[6:], last), got)
}

// testPending: what was decided stands as pending in each case that it may concern, until
// the case followed it; a change that fails leaves it.
func testPending(t *testing.T, open Open) {
	db := open(t)
	c, other := newCase(t, db, "Ann"), newCase(t, db, "Bea")
	ctx := t.Context()
	wide := decide(t, db, ofClient(1, relais.AboutDomain, "x.example", "acme", relais.Is))
	near := ofClient(1, relais.AboutThread, relais.DigestOf([]byte("a")).String(), "acme", relais.Is)
	near.Case = other.ID
	near = decide(t, db, near)[0]
	pending := func(want map[relais.CaseID][]relais.Decision) {
		t.Helper()
		got, err := db.PendingDecisions(ctx)
		must(t, err)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Error("-want +got:\n" + diff)
		}
	}
	pending(map[relais.CaseID][]relais.Decision{c.ID: wide, other.ID: {wide[0], near}})
	kind(t, relais.KindInvalid, db.Redecide(ctx, c.ID, 9, wide, func(*state.Merging) error { return relais.Errorf(relais.KindInvalid, "x", "y") }))
	pending(map[relais.CaseID][]relais.Decision{c.ID: wide, other.ID: {wide[0], near}})
	must(t, db.Redecide(ctx, c.ID, 9, wide, func(*state.Merging) error { return nil }))
	pending(map[relais.CaseID][]relais.Decision{other.ID: {wide[0], near}})
	must(t, db.Redecide(ctx, other.ID, 9, []relais.Decision{wide[0], near}, func(*state.Merging) error { return nil }))
	pending(nil)
	undone, err := db.UndoDecided(ctx, near.ID, act(4))
	must(t, err)
	pending(map[relais.CaseID][]relais.Decision{other.ID: {undone}})
	must(t, db.Settle(ctx, c.ID, func(*state.Merging) error { return nil }))
	if _, err := db.NextGeneration(ctx); err != nil {
		t.Fatal(err)
	}
	kind(t, relais.KindConflict, db.Redecide(ctx, other.ID, 0, nil, func(*state.Merging) error { return nil }))
}

// testRuledOn: what was decided of a document or a thread is found by any copy's bytes, of
// the case alone.
func testRuledOn(t *testing.T, open Open) {
	db := open(t)
	c, other := newCase(t, db, "Ann"), newCase(t, db, "Bea")
	read(t, db, c, state.Document{ID: "d1", Generation: 9, Thread: "t1"}, occurrence("INBOX", "1", "a"), occurrence("INBOX", "2", "b"))
	read(t, db, c, state.Document{ID: "d2", Generation: 9, Thread: "t2"}, occurrence("INBOX", "3", "c"))
	on := func(c relais.Case, day int, about relais.About, bytes string, v relais.Verdict) relais.Decision {
		d := ofClient(day, about, relais.DigestOf([]byte(bytes)).String(), "acme", v)
		d.Case = c.ID
		return decide(t, db, d)[0]
	}
	one := on(c, 5, relais.AboutDocument, "b", relais.Is)
	two := on(c, 1, relais.AboutDocument, "a", relais.IsNot)
	thread := on(c, 1, relais.AboutThread, "c", relais.Is)
	on(other, 1, relais.AboutDocument, "a", relais.Is)
	on(c, 1, relais.AboutDocument, "z", relais.Is)
	merging(t, db, c, func(m *state.Merging) {
		got, err := m.RuledOn(t.Context(), []relais.DocumentID{"d1", "d2", "d9"})
		must(t, err)
		equal(t, map[relais.DocumentID][]relais.Decision{"d1": {one, two}, "d2": {thread}}, got)
		threads, err := m.ThreadsOf(t.Context(), []relais.DocumentID{"d2", "d1", "d9"})
		must(t, err)
		equal(t, []string{"t1", "t2"}, threads)
	})
}

// testCorrespondents: a document is found by those its row names now, in its case.
func testCorrespondents(t *testing.T, open Open) {
	db := open(t)
	c, other := newCase(t, db, "Ann"), newCase(t, db, "Bea")
	put := func(c relais.Case, docs ...state.Document) {
		t.Helper()
		merging(t, db, c, func(m *state.Merging) { must(t, m.PutDocuments(t.Context(), docs)) })
	}
	found := func(c relais.Case, who string, want ...relais.DocumentID) {
		t.Helper()
		merging(t, db, c, func(m *state.Merging) {
			got, err := m.ExchangedWith(t.Context(), []string{who})
			must(t, err)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("with %s:\n%s", who, diff)
			}
		})
	}
	put(c, state.Document{ID: "d1", People: []string{"a", "b"}}, state.Document{ID: "d2", People: []string{"b"}})
	put(other, state.Document{ID: "d3", People: []string{"b"}})
	found(c, "a", "d1")
	found(c, "b", "d1", "d2")
	put(c, state.Document{ID: "d1", People: []string{"b", "c"}}, state.Document{ID: "d2"})
	put(c, state.Document{ID: "d1", People: []string{"b", "c"}})
	found(c, "a")
	found(c, "b", "d1")
	found(c, "c", "d1")
	found(other, "b", "d3")
	early, large := newCase(t, db, "Cem"), newCase(t, db, "Dan")
	found(early, "a") // asked before there is any document
	put(early, state.Document{ID: "d4", People: []string{"a"}})
	found(early, "a", "d4")
	many, ids := make([]state.Document, 9000), make([]relais.DocumentID, 9000)
	for i := range many {
		ids[i] = relais.DocumentID(fmt.Sprintf("d%05d", i))
		many[i] = state.Document{ID: ids[i], People: []string{"a", "b"}}
	}
	put(large, many...)
	found(large, "b", ids...)
	merging(t, db, c, func(m *state.Merging) {
		got, err := m.Documents(t.Context(), []relais.DocumentID{"d1"})
		must(t, err)
		equal(t, []string{"b", "c"}, got["d1"].People)
	})
}
