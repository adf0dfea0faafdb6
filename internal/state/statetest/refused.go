package statetest

import (
	"slices"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// refusedAt is the refusal of a record, as state gives it back.
func refusedAt(stage, topic string, offset, generation int64) relais.Refusal {
	r := relais.RefusedRecord{Topic: topic, Partition: 2, Offset: offset, Key: "k\x00\xff", Generation: generation}
	return relais.Refusal{ID: r.Place(), Stage: stage, Code: "poison", Detail: "a record of a stream that this stage cannot handle", Attempts: 3,
		At: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), Record: &r}
}

// testRefusedRecords: told twice, out of order, or by an older generation, a record is
// refused once; it is of no case, and in no account.
func testRefusedRecords(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	first, second, other := refusedAt("enrich", "raw", 7, 1), refusedAt("enrich", "raw", 7, 2), refusedAt("enrich", "raw", 10, 1)
	second.Code, second.Attempts = "refused", 1
	foreign := refusedAt("refused", "refused", 0, -1)
	must(t, db.RefuseRecords(t.Context(), []relais.Refusal{other, first, second, first, foreign}))
	for range 2 {
		must(t, db.RefuseRecords(t.Context(), []relais.Refusal{first}))
	}
	must(t, db.RefuseRecords(t.Context(), nil))
	list, err := db.RefusedRecords(t.Context(), "")
	must(t, err)
	equal(t, []relais.Refusal{second, other, foreign}, list)
	if list, err = db.RefusedRecords(t.Context(), c.ID); err != nil || len(list) != 0 {
		t.Errorf("of a case: %v (%v)", list, err)
	}
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Counts{}, b.Counts)
	must(t, db.ForgetRecords(t.Context(), "raw"))
	list, err = db.RefusedRecords(t.Context(), "")
	must(t, err)
	equal(t, []relais.Refusal{foreign}, list)
}

// testRefusedDocuments: the record of a document is of its case, counts once however
// often it was appended, and no more once the document was decided anew.
func testRefusedDocuments(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	decide := func(revision int64) {
		t.Helper()
		must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
			return m.PutDocuments(t.Context(), []state.Document{{ID: "d1", Revision: revision}})
		}))
		must(t, db.Appended(t.Context(), c.ID, []state.Appended{{Root: "d1", Revision: revision,
			Envelopes: []state.Envelope{envelope(c, "d1", "d1", revision)}}}))
	}
	refuse := func(offset, version int64) relais.Refusal {
		t.Helper()
		f := refusedAt("index", "enriched", offset, 1)
		f.Record.Key, f.Record.Version = "d1", version
		must(t, db.RefuseRecords(t.Context(), []relais.Refusal{f}))
		f.ID, f.Case = "d1", c.ID
		return f
	}
	want := func(wants ...relais.Refusal) {
		t.Helper()
		for _, of := range []relais.CaseID{"", c.ID} {
			got, err := db.RefusedRecords(t.Context(), of)
			must(t, err)
			equal(t, wants, slices.Clip(got))
		}
	}
	decide(1)
	want(refuse(4, 1))
	again := refuse(9, 1) // appended twice
	want(again)
	refuse(4, 1)
	want(again)
	decide(2)
	want()
	refuse(9, 1) // late
	want()
	want(refuse(12, 2))
	decide(3)
	want()
	want(refuse(13, 0)) // of no revision that could be read: nothing tells that it is over
}

// testRefusedItems: an item whose record cannot be handled is refused in its case, not
// pending for ever; read at last, it is refused no more. What was read is not touched.
func testRefusedItems(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	poisoned, read := item(c, occurrence("INBOX", "1", "a")), item(c, occurrence("INBOX", "2", "b"))
	must(t, db.RecordCaptured(t.Context(), captured(c, poisoned.Occurrence, read.Occurrence)))
	put := func(it relais.Item, generation int64) {
		t.Helper()
		must(t, db.Merge(t.Context(), c.ID, generation, func(m *state.Merging) error {
			id := relais.DocumentID("d" + it.Occurrence.Position)
			if err := m.PutDocuments(t.Context(), []state.Document{{ID: id, Revision: 1, Generation: generation}}); err != nil {
				return err
			}
			return m.PutReadings(t.Context(), []state.Reading{{Item: it, Document: id, Generation: generation}})
		}))
	}
	want := func(refused, pending int64, refusals int) {
		t.Helper()
		b, err := db.Balance(t.Context(), c)
		must(t, err)
		list, err := db.Refusals(t.Context(), c.ID)
		must(t, err)
		if b.Seen != 2 || b.Refused != refused || b.Pending != pending || !b.Balanced == (pending == 0) || len(list) != refusals {
			t.Errorf("%+v, balanced %v, %d refusals; want %d refused, %d pending, %d refusals", b.Counts, b.Balanced, len(list), refused, pending, refusals)
		}
	}
	put(read, 0)
	want(0, 1, 0)
	var list []relais.Refusal
	for i, key := range []string{poisoned.RecordKey(), read.RecordKey(), "no key", "c1." + poisoned.Occurrence.Key()} {
		f := refusedAt("enrich", "raw", int64(i), 0)
		f.Record.Key = key
		list = append(list, f)
	}
	for range 2 {
		must(t, db.RefuseRecords(t.Context(), list))
		want(1, 0, 1)
	}
	refusals, err := db.Refusals(t.Context(), c.ID)
	must(t, err)
	f := refusals[0]
	if f.ID != poisoned.Occurrence.Key() || f.Folder != "INBOX" || f.Stage != "enrich" || f.Code != "poison" || f.Attempts != 3 || f.SHA256 != poisoned.Occurrence.SHA256 {
		t.Errorf("refused as %+v", f)
	}
	put(poisoned, 0) // captured once more
	want(0, 0, 0)
}
