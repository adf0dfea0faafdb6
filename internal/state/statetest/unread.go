package statetest

import (
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// testUnreadCounted: what could not be read is counted where its message is stored, by reason,
// attachments included, once however often it was seen; as it was last appended, and no
// more once it is withdrawn.
func testUnreadCounted(t *testing.T, open Open) {
	db := open(t)
	c, other := newCase(t, db, "Ann"), newCase(t, db, "Bob")
	first, copied := occurrence("INBOX", "1", "a"), occurrence("Sent", "1", "a")
	must(t, db.RecordCaptured(t.Context(), captured(c, first, copied)))
	must(t, db.RecordCaptured(t.Context(), captured(other, first)))
	append1 := func(c relais.Case, revision int64, withdrawn []relais.DocumentID, envelopes ...state.Envelope) {
		t.Helper()
		root := relais.DocumentID("d" + string(c.ID))
		read(t, db, c, state.Document{ID: root, Revision: revision, Generation: revision}, copied, first)
		for i := range envelopes {
			envelopes[i].Root, envelopes[i].Case = root, c.ID
		}
		must(t, db.Appended(t.Context(), c.ID, []state.Appended{{Root: root, Revision: revision, Envelopes: envelopes, Withdrawn: withdrawn}}))
	}
	unread := func(id relais.DocumentID, s relais.ReadState, why string) state.Envelope {
		e := envelope(c, id, "", 1)
		e.State, e.Unread = s, why
		return e
	}
	append1(c, 1, nil, unread("m", "", ""), unread("a1", relais.Unreadable, "locked"), unread("a2", relais.Unreadable, "picture"),
		unread("a3", relais.Unreadable, "locked"), unread("a4", relais.ReadInPart, "limit"))
	append1(other, 1, nil, unread("o1", relais.ReadInPart, "damaged"))
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.UnreadCounts{Unreadable: 3, Partial: 1}, b.UnreadCounts)
	equal(t, []relais.ReasonCount{{Code: "locked", Count: 2}, {Code: "picture", Count: 1}}, b.UnreadableReasons)
	equal(t, []relais.ReasonCount{{Code: "limit", Count: 1}}, b.PartialReasons)
	for _, s := range b.Sources {
		if want := map[string]relais.UnreadCounts{"INBOX": b.UnreadCounts}[s.Folder]; s.UnreadCounts != want {
			t.Errorf("%s: %+v", s.Folder, s.UnreadCounts)
		}
	}
	if b.Seen != 2 || b.Sum() != 2 {
		t.Errorf("what could not be read is in the sum: %+v", b.Counts)
	}
	all, err := db.UnreadTotals(t.Context())
	must(t, err)
	equal(t, relais.UnreadCounts{Unreadable: 3, Partial: 2}, all)
	append1(c, 2, []relais.DocumentID{"a2"}, unread("m", "", ""), unread("a1", "", ""), unread("a3", relais.Unreadable, "locked"), unread("a4", relais.ReadInPart, "limit"))
	b, err = db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.UnreadCounts{Unreadable: 1, Partial: 1}, b.UnreadCounts)
	testForgotten(t, db, c)
}

// testForgotten: of what was read in files, what is asked for is forgotten.
func testForgotten(t *testing.T, db *state.DB, c relais.Case) {
	t.Helper()
	whole, none := relais.DigestOf([]byte("whole")), relais.DigestOf([]byte("none"))
	must(t, db.Merge(t.Context(), c.ID, 2, func(m *state.Merging) error {
		return m.PutExtractions(t.Context(), "v", map[relais.Digest]string{whole: "complete", none: "none"})
	}))
	must(t, db.ForgetExtractions(t.Context(), "v", func(body string) bool { return body == "none" }))
	found, err := db.Extractions(t.Context(), "v", []relais.Digest{whole, none})
	must(t, err)
	equal(t, map[relais.Digest]string{whole: "complete"}, found)
}
