package statetest

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// testReadAs: an occurrence that is read anew as another document leaves the one it was.
func testReadAs(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	first, second := occurrence("INBOX", "1", "a"), occurrence("Sent", "1", "a")
	look := func(want map[string]relais.DocumentID, bereft ...relais.DocumentID) {
		t.Helper()
		must(t, db.Merge(t.Context(), c.ID, 2, func(m *state.Merging) error {
			was, e1 := m.ReadAs(t.Context(), []string{first.Key(), second.Key(), occurrence("INBOX", "2", "b").Key()})
			left, e2 := m.Bereft(t.Context(), []relais.DocumentID{"d1", "d2", "d3"})
			equal(t, want, was)
			equal(t, bereft, slices.Sorted(maps.Keys(left)))
			return errors.Join(e1, e2)
		}))
	}
	read(t, db, c, state.Document{ID: "d1", Generation: 1}, first, second)
	look(map[string]relais.DocumentID{first.Key(): "d1", second.Key(): "d1"}, "d2", "d3")
	read(t, db, c, state.Document{ID: "d2", Generation: 2}, second)
	look(map[string]relais.DocumentID{first.Key(): "d1", second.Key(): "d2"}, "d3")
	read(t, db, c, state.Document{ID: "d2", Generation: 2}, first)
	look(map[string]relais.DocumentID{first.Key(): "d2", second.Key(): "d2"}, "d1", "d3")
}

// testAwaiting finds what is withheld, and what is by the marks of others.
func testAwaiting(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	of := state.Marks{Doubts: []state.Doubt{{Rule: "folder", Folder: `"of":`}}}
	read(t, db, c, state.Document{ID: "d1"}, occurrence("INBOX", "1", "a"))
	read(t, db, c, state.Document{ID: "d2", Status: relais.StatusDoubtful, Earlier: of}, occurrence("INBOX", "2", "b"))
	of.Of = []relais.DocumentID{"d2", "d9"}
	read(t, db, c, state.Document{ID: "d3", Status: relais.StatusDoubtful, Facts: []byte{1}, Earlier: of}, occurrence("INBOX", "3", "c"))
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		withheld, e1 := m.Withheld(t.Context(), []relais.DocumentID{"d1", "d2", "d3", "d4"})
		awaiting, e2 := m.Awaiting(t.Context())
		equal(t, []relais.DocumentID{"d2", "d3"}, slices.Sorted(maps.Keys(withheld)))
		equal(t, []relais.DocumentID{"d3"}, slices.Sorted(maps.Keys(awaiting)))
		equal(t, of, awaiting["d3"].Earlier)
		equal(t, []byte{1}, awaiting["d3"].Facts)
		return errors.Join(e1, e2)
	}))
}

// testUnsound names what does not hang together, and only that.
func testUnsound(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	appended := func(root relais.DocumentID, members ...relais.DocumentID) {
		t.Helper()
		a := state.Appended{Root: root, Revision: 1}
		for _, id := range members {
			a.Envelopes = append(a.Envelopes, envelope(c, id, root, 1))
		}
		must(t, db.Appended(t.Context(), c.ID, []state.Appended{a}))
	}
	put := func(d state.Document) {
		t.Helper()
		d.Revision, d.Facts = 1, []byte{1}
		must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
			return m.PutDocuments(t.Context(), []state.Document{d})
		}))
	}
	read(t, db, c, state.Document{ID: "whole", Revision: 1, Facts: []byte{1}}, occurrence("INBOX", "1", "a"))
	appended("whole", "whole", "a1", "a2")
	read(t, db, c, state.Document{ID: "private", Revision: 1, Personal: "folder", Status: relais.StatusQuarantined}, occurrence("INBOX", "2", "b"))
	appended("private")
	put(state.Document{ID: "coming", Dirty: true})
	unsound := func(want ...state.Unsound) {
		t.Helper()
		got, err := db.Unsound(t.Context())
		must(t, err)
		equal(t, want, got)
	}
	unsound()
	put(state.Document{ID: "ghost"})
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		return m.PutReadings(t.Context(), []state.Reading{{Item: item(c, occurrence("INBOX", "3", "c")), Document: "lost"}})
	}))
	read(t, db, c, state.Document{ID: "cut", Revision: 1, Facts: []byte{1}, Members: []relais.DocumentID{"a3", "cut"}}, occurrence("INBOX", "4", "d"))
	read(t, db, c, state.Document{ID: "stray", Revision: 1, Facts: []byte{1}}, occurrence("INBOX", "5", "e"))
	appended("stray", "stray")
	read(t, db, c, state.Document{ID: "stray", Revision: 1}, occurrence("INBOX", "6", "f"))
	must(t, db.Appended(t.Context(), c.ID, []state.Appended{{Root: "stray", Revision: 1}})) // withdraws nothing of it
	read(t, db, c, state.Document{ID: "elsewhere", Revision: 1, Facts: []byte{1}}, occurrence("INBOX", "6", "f"))
	read(t, db, c, state.Document{ID: "other", Revision: 1}, occurrence("INBOX", "5", "e"))
	must(t, db.Appended(t.Context(), c.ID, []state.Appended{{Root: "other", Revision: 1}})) // forgets it: nothing is known of it
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		members, err := m.Members(t.Context(), []relais.DocumentID{"stray", "whole", "none"})
		equal(t, map[relais.DocumentID][]relais.DocumentID{"stray": {"stray"}, "whole": {"a1", "a2", "whole"}}, members)
		return err
	}))
	unsound(
		state.Unsound{Case: c.ID, Document: "cut", Code: state.UnsoundEnvelopes},
		state.Unsound{Case: c.ID, Document: "elsewhere", Code: state.UnsoundEnvelopes},
		state.Unsound{Case: c.ID, Document: "ghost", Code: state.UnsoundUnseen},
		state.Unsound{Case: c.ID, Document: "ghost", Code: state.UnsoundEnvelopes},
		state.Unsound{Case: c.ID, Document: "lost", Code: state.UnsoundLost},
		state.Unsound{Case: c.ID, Document: "other", Code: state.UnsoundLost},
		state.Unsound{Case: c.ID, Document: "stray", Code: state.UnsoundStray},
	)
}

// testGenerationThreads: what hangs together is found anew by each generation.
func testGenerationThreads(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	subject := state.Subject{Subject: "s", Document: "d1", Day: 5, People: []string{"p"}}
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		return errors.Join(m.PutThreads(t.Context(), map[string]string{"k": "a"}), m.PutSubjects(t.Context(), []state.Subject{subject}))
	}))
	subject.Orphan, subject.People = true, []string{"p", "q"}
	known := func(threads map[string]string, subjects map[string][]state.Subject) {
		t.Helper()
		must(t, db.Settle(t.Context(), c.ID, func(m *state.Merging) error {
			haveThreads, e1 := m.Threads(t.Context(), []string{"k"})
			haveSubjects, e2 := m.Subjects(t.Context(), []string{"s"})
			equal(t, threads, haveThreads)
			equal(t, subjects, haveSubjects)
			return errors.Join(e1, e2)
		}))
	}
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		return m.PutSubjects(t.Context(), []state.Subject{subject})
	}))
	known(map[string]string{"k": "a"}, map[string][]state.Subject{"s": {subject}})
	_, err := db.NextGeneration(t.Context())
	must(t, err)
	known(map[string]string{}, map[string][]state.Subject{})
}

// testSuperseded: what is told otherwise now leaves the account, its folder too, and is
// read no more until it is captured as before again.
func testSuperseded(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	box := occurrence("Mail", "Inbox", "a")
	b, one := captured(c, box), int64(1)
	b.Folders = []relais.FolderMark{{Folder: "Mail", Announced: &one}}
	must(t, db.RecordCaptured(t.Context(), b))
	read(t, db, c, state.Document{ID: "d1", Revision: 1}, box)
	must(t, db.PutBlobs(t.Context(), map[relais.Digest]relais.Location{box.SHA256: {Pack: "p", Size: 7}}, false))
	copies, err := db.CopiesAt(t.Context(), c.ID, box.Owner, box.Source, "Mail", "Inbox")
	must(t, err)
	equal(t, []relais.Copy{{Key: box.Key(), SHA256: box.SHA256, Size: 7}}, copies)
	must(t, db.Supersede(t.Context(), c.ID, []string{box.Key()}))
	balance, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, 0, len(balance.Sources))
	at, err := db.ReadAt(t.Context(), c.ID, []string{box.Key()})
	must(t, err)
	generation, err := db.Generation(t.Context())
	must(t, err)
	equal(t, true, generation == 1 && at[box.Key()] > generation)
	must(t, db.RecordCaptured(t.Context(), b))
	balance, err = db.Balance(t.Context(), c)
	must(t, err)
	equal(t, int64(1), balance.Pending)
}
