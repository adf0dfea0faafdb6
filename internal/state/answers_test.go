package state_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/state/statetest"
)

// TestAnswersOfAFilledState: what stands of documents, occurrences and envelopes is told as
// it was put, and what is not there is said to be unknown.
func TestAnswersOfAFilledState(t *testing.T) {
	ctx, db := t.Context(), newSQLite(t)
	c := statetest.Fill(t, db, 20) // the last is not appended, the ninth is doubtful, the tenth refused
	equal := func(what string, want, got any, err error) {
		t.Helper()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", what, err, diff)
		}
	}
	unknown := func(what string, err error) {
		t.Helper()
		if relais.KindOf(err) != relais.KindNotFound {
			t.Errorf("%s that is not there: %v", what, err)
		}
	}

	cases, err := db.DirtyCases(ctx)
	equal("cases with dirty documents", []relais.CaseID{c.ID}, cases, err)
	dirty, err := db.Dirty(ctx, c.ID, "", 5)
	equal("dirty documents", []relais.DocumentID{docID(19)}, idsOf(dirty), err)
	dirty, err = db.Dirty(ctx, c.ID, docID(19), 5)
	equal("dirty documents after the last", []relais.DocumentID(nil), idsOf(dirty), err)

	digest, err := db.BytesOf(ctx, c.ID, docID(1))
	equal("the bytes of a document", digestOf(1).String(), digest.String(), err)
	unknown("the bytes of a document", failed(db.BytesOf(ctx, c.ID, docID(900))))
	key, stray := occurrenceOf(1).Key(), occurrenceOf(900).Key()
	at, err := db.ReadAt(ctx, c.ID, []string{key, stray})
	equal("when occurrences were read", map[string]int64{key: 1}, at, err)
	missing, err := db.Unrecorded(ctx, c.ID, []string{key, stray})
	equal("occurrences not recorded", []string{stray}, missing, err)

	id, x := docID(1), relais.DigestOf([]byte("x"))
	sealed, err := db.SealedBy(ctx, []relais.DocumentID{id, docID(900)})
	equal("what seals envelopes", map[relais.DocumentID]state.Envelope{id: {ID: id, Case: c.ID, Blob: x, Revision: 1}}, sealed, err)
	opened, err := db.Envelopes(ctx, []relais.DocumentID{id, docID(900)})
	equal("envelopes", map[relais.DocumentID]state.Envelope{id: {ID: id, Case: c.ID, Root: id, Blob: x, Thread: "t", Revision: 1, Sealed: make([]byte, 2000)}},
		opened, err)

	of, row, err := db.Row(ctx, docID(8))
	equal("the case of a row", c.ID, of, err)
	equal("the row of a doubtful document", relais.StatusDoubtful, row.Status, err)
	_, _, err = db.Row(ctx, docID(900))
	unknown("a row", err)
	n, err := db.CountDoubtful(ctx)
	equal("how many are doubtful", int64(1), n, err)
	for _, only := range []relais.CaseID{"", c.ID, "another"} {
		var rows []state.DoubtfulRow
		err := db.EachDoubtful(ctx, only, func(d state.DoubtfulRow) error {
			rows = append(rows, d)
			return nil
		})
		want := []state.DoubtfulRow{{ID: docID(8), Case: c.ID, Date: time.Unix(1_728_000_000, 0).UTC(), Size: 10, Copies: 1,
			Doubts: []state.Doubt{{Rule: "subject", Folder: "INBOX"}}}}
		if only == "another" {
			want = nil
		}
		equal("doubtful documents of "+string(only), want, rows, err)
	}

	told, err := db.Disclosures(ctx, c.ID, docID(1))
	equal("who was told of a document", 1, len(told), err)
	dropped, err := db.DropSpoiled(ctx)
	equal("spoiled rows", int64(0), dropped, err)
	equal("whether it is sound", nil, nil, db.Check(ctx, true))
}

func idsOf(docs []state.Document) (ids []relais.DocumentID) {
	for _, d := range docs {
		ids = append(ids, d.ID)
	}
	return ids
}

// TestNamesOfCases: a case has a name, and no other's, however it is written.
func TestNamesOfCases(t *testing.T) {
	ctx, db := t.Context(), newSQLite(t)
	ann, e1 := db.CreateCase(ctx, relais.Case{Name: "Ann"})
	_, e2 := db.CreateCase(ctx, relais.Case{Name: "Bob"})
	if e1 != nil || e2 != nil {
		t.Fatal(e1, e2)
	}
	for name, want := range map[string]relais.Kind{" ": relais.KindInvalid, "bOB ": relais.KindConflict} {
		if err := db.RenameCase(ctx, ann.ID, name); relais.KindOf(err) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := db.RenameCase(ctx, ann.ID, " ANN "); err != nil {
		t.Errorf("its own name, written otherwise: %v", err)
	}
	list, err := db.Cases(ctx)
	if err != nil || !slices.ContainsFunc(list, func(c relais.Case) bool { return c.ID == ann.ID && c.Name == "ANN" }) {
		t.Errorf("%v, %v", list, err)
	}
}

// TestCanceledChecks: a check, a freeze, a repair that were called off say so.
func TestCanceledChecks(t *testing.T) {
	db := newSQLite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for what, err := range map[string]error{"check": db.Check(ctx, true), "freeze": failed(db.Freeze(ctx)), "drop": failed(db.DropSpoiled(ctx))} {
		if relais.KindOf(err) != relais.KindCanceled {
			t.Errorf("%s: %v", what, err)
		}
	}
}
