package statetest

import (
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

func act(day int) relais.Act {
	return relais.Act{Actor: "local", At: time.Date(2026, 2, day, 0, 0, 0, 0, time.UTC), Reason: "because"}
}

// merging runs fn in a merge of the case.
func merging(t *testing.T, db *state.DB, c relais.Case, fn func(*state.Merging)) {
	t.Helper()
	must(t, db.Merge(t.Context(), c.ID, 9, func(m *state.Merging) error { fn(m); return nil }))
}

// testDecisions: decisions keep their order and their authors, undone ones count no
// more, and each case has its own.
func testDecisions(t *testing.T, open Open) {
	db := open(t)
	c, other := newCase(t, db, "Ann"), newCase(t, db, "Bea")
	ctx := t.Context()
	folder := relais.Decision{About: relais.AboutFolder, Target: "Divers", Verdict: relais.Professional, Act: act(1)}
	rule := relais.Decision{About: relais.AboutRule, Target: "subject", Verdict: relais.Personal, Act: act(2)}
	document := relais.Decision{About: relais.AboutDocument, Target: relais.DigestOf([]byte("a")).String(), Document: "d1", Verdict: relais.Personal, Act: act(3)}
	put := func(c relais.Case, d *relais.Decision) {
		t.Helper()
		merging(t, db, c, func(m *state.Merging) {
			got, err := m.PutDecision(ctx, *d)
			must(t, err)
			*d = got
		})
	}
	put(c, &folder)
	put(other, &document)
	put(c, &rule)
	if folder.ID == rule.ID || folder.Seq != 1 || rule.Seq != 2 || document.Seq != 1 || folder.Case != c.ID {
		t.Errorf("%+v %+v %+v", folder, rule, document)
	}
	live := func(c relais.Case, documents bool, want ...relais.Decision) {
		t.Helper()
		merging(t, db, c, func(m *state.Merging) {
			got, some, err := m.Decisions(ctx)
			must(t, err)
			equal(t, want, got)
			if some != documents {
				t.Errorf("decisions on documents: %v", some)
			}
		})
	}
	live(c, false, folder, rule)
	live(other, true)
	merging(t, db, c, func(m *state.Merging) {
		must(t, m.UndoDecision(ctx, folder.ID, act(4)))
		must(t, m.UndoDecision(ctx, folder.ID, act(5))) // once is enough
		must(t, m.UndoDecision(ctx, document.ID, act(5)))
	})
	live(c, false, rule)
	live(other, true)
	undone := act(4)
	folder.Undone = &undone
	list, err := db.Decisions(ctx, c.ID)
	must(t, err)
	equal(t, []relais.Decision{folder, rule}, list)
	list, err = db.Decisions(ctx, "")
	must(t, err)
	if len(list) != 3 {
		t.Errorf("of all cases: %+v", list)
	}
	again := relais.Decision{About: relais.AboutRule, Target: "x", Verdict: relais.Personal, Act: act(6)}
	if put(c, &again); again.Seq != 3 {
		t.Errorf("after one that was undone: %+v", again)
	}
}

// testDecidedDocuments: a decision holds for a document through any of its copies, and
// the last one counts.
func testDecidedDocuments(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	ctx := t.Context()
	first, second, other := occurrence("INBOX", "2", "a"), occurrence("INBOX", "1", "b"), occurrence("INBOX", "3", "c")
	read(t, db, c, state.Document{ID: "d1", Generation: 9}, first, second)
	read(t, db, c, state.Document{ID: "d2", Generation: 9}, other)
	merging(t, db, c, func(m *state.Merging) {
		for _, step := range []struct {
			bytes string
			as    relais.Verdict
		}{{"a", relais.Professional}, {"b", relais.Personal}, {"z", relais.Personal}} {
			_, err := m.PutDecision(ctx, relais.Decision{About: relais.AboutDocument, Target: relais.DigestOf([]byte(step.bytes)).String(), Verdict: step.as, Act: act(1)})
			must(t, err)
			got, err := m.Decided(ctx, []relais.DocumentID{"d1", "d2"})
			must(t, err)
			want := map[relais.DocumentID]relais.Verdict{"d1": step.as}
			equal(t, want, got)
		}
		bytes, err := m.BytesOf(ctx, "d1")
		must(t, err)
		equal(t, relais.DigestOf([]byte("b")), bytes)
		bytes, err = m.BytesOf(ctx, "d9")
		if must(t, err); !bytes.IsZero() {
			t.Errorf("bytes of nothing: %s", bytes)
		}
		ids, err := m.OfBytes(ctx, relais.DigestOf([]byte("a")).String())
		must(t, err)
		equal(t, []relais.DocumentID{"d1"}, ids)
	})
}

// testDoubtful: what waits to be settled is listed with its date, size, copies and
// marks, those of an earlier reading too; what was settled is found by its marks still.
func testDoubtful(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	ctx := t.Context()
	first, again := occurrence("INBOX", "1", "a"), occurrence("Divers", "1", "a")
	must(t, db.PutBlobs(ctx, map[relais.Digest]relais.Location{first.SHA256: {Pack: "p", Size: 77}}, false))
	doubts := []state.Doubt{{Rule: "folder", Folder: "Divers"}}
	earlier := state.Marks{Doubts: []state.Doubt{{Rule: "subject", Folder: "INBOX"}}}
	read(t, db, c, state.Document{ID: "d1", Blob: first.SHA256, Sent: 86400, Doubts: doubts, Earlier: earlier, Status: relais.StatusDoubtful}, first, again)
	read(t, db, c, state.Document{ID: "d2", Doubts: doubts}, occurrence("Divers", "2", "b"))
	read(t, db, c, state.Document{ID: "d3", Earlier: state.Marks{Personal: "personal_folder"}, Status: relais.StatusQuarantined}, occurrence("Perso", "1", "c"))
	var list []state.DoubtfulRow
	must(t, db.EachDoubtful(ctx, c.ID, func(d state.DoubtfulRow) error { list = append(list, d); return nil }))
	equal(t, []state.DoubtfulRow{{ID: "d1", Case: c.ID, Date: time.Unix(86400, 0).UTC(), Size: 77, Copies: 2,
		Doubts: []state.Doubt{{Rule: "folder", Folder: "Divers"}, {Rule: "subject", Folder: "INBOX"}}}}, list)
	n, err := db.CountDoubtful(ctx)
	must(t, err)
	equal(t, int64(1), n)
	merging(t, db, c, func(m *state.Merging) {
		ids, err := m.Doubted(ctx, func(d state.Doubt) bool { return d.Folder == "Divers" })
		must(t, err)
		equal(t, []relais.DocumentID{"d1", "d2"}, ids)
		ids, err = m.Doubted(ctx, func(d state.Doubt) bool { return d.Rule == "subject" })
		must(t, err)
		equal(t, []relais.DocumentID{"d1"}, ids)
	})
	found, row, err := db.Row(ctx, "d1")
	must(t, err)
	if found != c.ID || row.ID != "d1" || row.Status != relais.StatusDoubtful {
		t.Errorf("%s %+v", found, row)
	}
	_, _, err = db.Row(ctx, "d9")
	kind(t, relais.KindNotFound, err)
	must(t, db.PutDisclosure(ctx, c.ID, "d1", act(2)))
	must(t, db.PutDisclosure(ctx, c.ID, "d1", act(1)))
	told, err := db.Disclosures(ctx, c.ID, "d1")
	must(t, err)
	equal(t, []relais.Act{act(1), act(2)}, told)
}
