// Package statetest answers one question: does a state keep its promises? Its suite
// is the conformance test of every engine that package state runs on.
package statetest

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// Open gives a state on the same storage each time it is called, empty at first.
type Open func(t *testing.T) *state.DB

// Test runs the suite; storage gives a fresh Open for each of its tests.
func Test(t *testing.T, storage func(t *testing.T) Open) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"Cases", testCases}, {"RenamedCaseKeepsItsID", testRename}, {"Owners", testOwners},
		{"ClientsRaiseTheGeneration", testClients}, {"Cursors", testCursors}, {"CapturedTwiceCountsOnce", testCaptured},
		{"LeftThenCaptured", testLeft}, {"OnePositionIsOneItem", testPositions}, {"FolderReadAtLast", testFolderRead}, {"BalanceFollowsDocuments", testBalance}, {"Warned", testWarned}, {"UnreadCounted", testUnreadCounted}, {"Refusals", testRefusals},
		{"RefusedRecords", testRefusedRecords}, {"RefusedDocuments", testRefusedDocuments}, {"RefusedItems", testRefusedItems},
		{"Blobs", testBlobs}, {"ManyBlobs", testManyBlobs}, {"Documents", testDocuments}, {"MergeFailsWhole", testMergeFails},
		{"Threads", testThreads}, {"AppendedOfAnOldDecision", testAppendedLate}, {"Withdrawal", testWithdrawal},
		{"Settle", testSettle}, {"Tokens", testTokens}, {"TimeNeverGoesBack", testHighWater},
		{"MergeOfAnOldGeneration", testOldGeneration}, {"Alone", testAlone}, {"AnyText", testAnyText}, {"LongText", testLongText},
		{"CapturedAgain", testCapturedAgain}, {"SettingsOfSeveral", testInitMeta}, {"AllMarked", testMarkAll},
		{"TimeOfTheDatabase", testNow}, {"NewAliases", testAliases},
		{"SmallestOccurrences", testSmallest}, {"ReadAnew", testUnread},
		{"ReadAsAnother", testReadAs}, {"MarksOfOthers", testAwaiting}, {"Unsound", testUnsound}, {"Superseded", testSuperseded}, {"ThreadsOfAGeneration", testGenerationThreads},
		{"Decisions", testDecisions}, {"DecisionsOfDocuments", testDecidedDocuments}, {"Doubtful", testDoubtful},
		{"Decided", testDecided}, {"DecidedCircles", testCircles}, {"DecidedImported", testImported}, {"DecidedPending", testPending},
		{"DecidedOfDocuments", testRuledOn}, {"Correspondents", testCorrespondents}, {"Underway", testUnderway},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, storage(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}

func kind(t *testing.T, want relais.Kind, err error) {
	t.Helper()
	if got := relais.KindOf(err); got != want {
		t.Errorf("error %v is of kind %q, want %q", err, got, want)
	}
}

// newCase opens a case to work in.
func newCase(t *testing.T, db *state.DB, name string) relais.Case {
	t.Helper()
	c, err := db.CreateCase(t.Context(), relais.Case{Name: name, Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	must(t, err)
	return c
}

func occurrence(folder, position, bytes string) relais.Occurrence {
	return relais.Occurrence{Owner: "ann@x.example", Source: "Maildir", Folder: folder, Position: position,
		SHA256: relais.DigestOf([]byte(bytes)), Flags: []string{"seen"}}
}

func item(c relais.Case, o relais.Occurrence) relais.Item {
	return relais.Item{Format: 1, Case: c.ID, Kind: relais.KindMessage, Occurrence: o}
}

func captured(c relais.Case, items ...relais.Occurrence) relais.Captured {
	b := relais.Captured{Case: c.ID, Owner: "ann@x.example", Source: "Maildir"}
	for _, o := range items {
		b.Items = append(b.Items, item(c, o))
	}
	return b
}

func testCases(t *testing.T, open Open) {
	db := open(t)
	b, a := newCase(t, db, "Béa leaves"), newCase(t, db, " Ann leaves ")
	_, err := db.CreateCase(t.Context(), relais.Case{Name: "ann LEAVES"})
	kind(t, relais.KindConflict, err)
	_, err = db.CreateCase(t.Context(), relais.Case{Name: "  "})
	kind(t, relais.KindInvalid, err)
	must(t, db.UpdateCase(t.Context(), relais.Case{ID: a.ID, Purpose: "continuity", RetainUntil: "2030-01-01"}))
	must(t, db.UpdateCase(t.Context(), relais.Case{ID: a.ID, InformedOn: "2026-01-01"}))
	must(t, db.Close())
	db = open(t)
	list, err := db.Cases(t.Context())
	must(t, err)
	a.Name, a.Purpose, a.InformedOn, a.RetainUntil = "Ann leaves", "continuity", "2026-01-01", "2030-01-01"
	equal(t, []relais.Case{a, b}, list)
	got, err := db.Case(t.Context(), "ANN leaves")
	must(t, err)
	equal(t, a, got)
	_, err = db.Case(t.Context(), "nobody")
	kind(t, relais.KindNotFound, err)
}

func testRename(t *testing.T, open Open) {
	db := open(t)
	first := newCase(t, db, "Ann")
	must(t, db.RenameCase(t.Context(), first.ID, "Anna"))
	second := newCase(t, db, "Ann")
	if second.ID == first.ID {
		t.Error("two cases have one id")
	}
	kind(t, relais.KindConflict, db.RenameCase(t.Context(), second.ID, "ANNA"))
	got, err := db.Case(t.Context(), string(first.ID))
	must(t, err)
	if got.Name != "Anna" {
		t.Errorf("renamed to %q", got.Name)
	}
}

func testOwners(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	must(t, db.AddOwner(t.Context(), c.ID, relais.Owner{Address: "ann@x.example", Aliases: []string{"b@x.example"}}))
	must(t, db.AddOwner(t.Context(), c.ID, relais.Owner{Address: "ann@x.example", Aliases: []string{"a@x.example", "b@x.example"}}))
	got, err := db.Case(t.Context(), "ann")
	must(t, err)
	equal(t, []relais.Owner{{Address: "ann@x.example", Aliases: []string{"a@x.example", "b@x.example"}}}, got.Owners)
}

func testClients(t *testing.T, open Open) {
	db := open(t)
	clients := []relais.Client{{ID: "c1", Name: "Acme", Domains: []string{"acme.example"}}, {ID: "c2", Name: "Béta"}}
	contacts := []relais.Contact{{ClientID: "c1", Email: "a@acme.example"}, {ClientID: "c1", Email: "b@acme.example"}}
	put := func(wantChanged int, wantGeneration int64) {
		t.Helper()
		n, err := db.PutClients(t.Context(), clients, contacts)
		must(t, err)
		g, err := db.Generation(t.Context())
		must(t, err)
		if n != wantChanged || g != wantGeneration {
			t.Errorf("%d changed, generation %d; want %d and %d", n, g, wantChanged, wantGeneration)
		}
	}
	put(4, 1)
	put(0, 1)
	clients[0].Name = "Acme SA"
	put(1, 2)
	gotClients, gotContacts, err := db.Clients(t.Context())
	must(t, err)
	equal(t, clients, gotClients)
	equal(t, contacts, gotContacts)

	// Another export of one client's people: one is gone, one is new, one stands twice.
	// Those of a client that it does not name stay.
	clients = nil
	contacts = []relais.Contact{{ClientID: "c2", Email: "x@beta.example"}}
	put(1, 3)
	contacts = []relais.Contact{{ClientID: "c1", Email: "c@acme.example"}, {ClientID: "c1", Email: "b@acme.example"}, {ClientID: "c1", Email: "c@acme.example"}}
	put(2, 4)
	slices.Reverse(contacts)
	put(0, 4)
	contacts = contacts[:1]
	put(2, 5)
	_, gotContacts, err = db.Clients(t.Context())
	must(t, err)
	equal(t, []relais.Contact{{ClientID: "c1", Email: "c@acme.example"}, {ClientID: "c2", Email: "x@beta.example"}}, gotContacts)
}

func testCursors(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	n := int64(7)
	b := captured(c)
	b.Folders = []relais.FolderMark{{Folder: "INBOX", Cursor: "9", Announced: &n}, {Folder: "Sent"}}
	must(t, db.RecordCaptured(t.Context(), b))
	b.Folders = []relais.FolderMark{{Folder: "INBOX"}}
	must(t, db.RecordCaptured(t.Context(), b))
	for folder, want := range map[string]string{"INBOX": "9", "Sent": "", "other": ""} {
		got, err := db.Cursor(t.Context(), c.ID, b.Owner, b.Source, folder)
		must(t, err)
		if got != want {
			t.Errorf("cursor of %s is %q, want %q", folder, got, want)
		}
	}
}

func testCaptured(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	one, two := occurrence("INBOX", "1", "a"), occurrence("INBOX", "2", "b")
	must(t, db.RecordCaptured(t.Context(), captured(c, one, one)))
	must(t, db.RecordCaptured(t.Context(), captured(c, one, two)))
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Counts{Seen: 2, Pending: 2}, b.Counts)
	if b.Balanced {
		t.Error("what is pending balances")
	}
	known, err := db.Known(t.Context(), c.ID, "ann@x.example", "Maildir")
	must(t, err)
	if !known("INBOX", "2") || known("INBOX", "3") || known("Sent", "2") {
		t.Error("the captured positions are not the known ones")
	}
}

// testCapturedAgain: what the log has lost is captured once more, and counts once.
func testCapturedAgain(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	must(t, db.RecordCaptured(t.Context(), captured(c, occurrence("INBOX", "1", "a"))))
	must(t, db.CaptureAgain(t.Context()))
	known, err := db.Known(t.Context(), c.ID, "ann@x.example", "Maildir")
	must(t, err)
	cursor, err := db.Cursor(t.Context(), c.ID, "ann@x.example", "Maildir", "INBOX")
	must(t, err)
	if known("INBOX", "1") || cursor != "" {
		t.Errorf("what was lost is taken for captured (cursor %q)", cursor)
	}
	must(t, db.RecordCaptured(t.Context(), captured(c, occurrence("INBOX", "1", "a"))))
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Counts{Seen: 1, Pending: 1}, b.Counts)
	items, documents, err := db.Held(t.Context())
	must(t, err)
	if items != 1 || documents != 0 {
		t.Errorf("held: %d items, %d documents", items, documents)
	}
}

// testInitMeta: of several who set a setting for the first time, one does.
func testInitMeta(t *testing.T, open Open) {
	db := open(t)
	got := make([]string, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], err = db.InitMeta(t.Context(), "key", strconv.Itoa(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, v := range got {
		if v == "" || v != got[0] {
			t.Errorf("several values: %q", got)
		}
	}
}

func testMarkAll(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	d := state.Document{ID: "d1", Facts: []byte("x"), Thread: "t1", Revision: 3}
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error { return m.PutDocuments(t.Context(), []state.Document{d}) }))
	must(t, db.MarkAll(t.Context()))
	list, err := db.Dirty(t.Context(), c.ID, "", 10)
	must(t, err)
	if len(list) != 1 || list[0].Revision != 3 {
		t.Errorf("marked: %+v", list)
	}
}

// testNow: the database's clock is read as the time it says (it runs on this machine).
func testNow(t *testing.T, open Open) {
	now, err := open(t).Now(t.Context())
	must(t, err)
	if d := time.Since(now).Abs(); d > time.Hour {
		t.Errorf("%v away", d)
	}
}

// testAliases: a new name of an owner changes what was read of the mailbox, so that all
// is read again; what is known already, and a new owner, change nothing that was read.
func testAliases(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	before, err := db.Generation(t.Context())
	must(t, err)
	for _, tc := range []struct {
		owner  relais.Owner
		raises int64
	}{
		{relais.Owner{Address: "bea@x.example", Aliases: []string{"b@x.example"}}, 0},
		{relais.Owner{Address: "bea@x.example"}, 0},
		{relais.Owner{Address: "bea@x.example", Aliases: []string{"bb@x.example"}}, 1},
		{relais.Owner{Address: "bea@x.example", Aliases: []string{"b@x.example"}}, 0},
	} {
		must(t, db.AddOwner(t.Context(), c.ID, tc.owner))
		after, err := db.Generation(t.Context())
		must(t, err)
		equal(t, before+tc.raises, after)
		before = after
	}
}

// testLeft: a position left out by a rule, then refused, then captured counts once.
func testLeft(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	left := captured(c)
	left.Excluded = []relais.Left{{Folder: "INBOX", Position: "1", Rule: "since"}, {Folder: "INBOX", Position: "2", Rule: "since"}}
	left.Refused = []relais.Refusal{{ID: occurrenceWithoutBytes("INBOX", "3").Key(), Case: c.ID, Source: "Maildir", Folder: "INBOX",
		Position: "3", Stage: "ingest", Code: "vanished", Attempts: 1}}
	must(t, db.RecordCaptured(t.Context(), left))
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Counts{Seen: 3, Excluded: 2, Refused: 1}, b.Counts)
	equal(t, []relais.ReasonCount{{Code: "since", Count: 2}, {Code: "vanished", Count: 1}}, b.Reasons)
	known, err := db.Known(t.Context(), c.ID, "ann@x.example", "Maildir")
	must(t, err)
	if known("INBOX", "1") || known("INBOX", "3") {
		t.Error("what was left out is taken for captured")
	}
	must(t, db.RecordCaptured(t.Context(), captured(c, occurrence("INBOX", "1", "a"), occurrence("INBOX", "3", "c"))))
	b, err = db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Counts{Seen: 3, Excluded: 1, Pending: 2}, b.Counts)
	refusals, err := db.Refusals(t.Context(), c.ID)
	must(t, err)
	if len(refusals) != 0 {
		t.Errorf("%d refusals of captured items", len(refusals))
	}
}

// testPositions: whatever runs did with a position, in whatever order, and whichever of
// ingest and enrich came to record it, it is one item; the newest reason counts of one
// that was never captured, and what is listed as refused is what is counted so.
func testPositions(t *testing.T, open Open) {
	const positions = 4
	for seed := range uint64(20) {
		rnd := mathrand.New(mathrand.NewPCG(seed, 1))
		db := open(t)
		c := newCase(t, db, "Case "+strconv.FormatUint(seed, 10))
		want := map[string]string{} // by position: "captured", or the last reason
		for range 12 {
			b, lost := captured(c), []relais.Occurrence(nil)
			for p := range positions {
				position, o := strconv.Itoa(p), occurrence("INBOX", strconv.Itoa(p), strconv.Itoa(p))
				reason := "since" + strconv.Itoa(rnd.IntN(2))
				switch rnd.IntN(5) {
				case 0:
					b.Items = append(b.Items, item(c, o))
					reason = "captured"
				case 1:
					lost = append(lost, o)
					reason = "captured"
				case 2:
					b.Excluded = append(b.Excluded, relais.Left{Folder: "INBOX", Position: position, Rule: reason})
				case 3:
					reason = "vanished" + strconv.Itoa(rnd.IntN(2))
					b.Refused = append(b.Refused, relais.Refusal{ID: occurrenceWithoutBytes("INBOX", position).Key(), Case: c.ID, Source: "Maildir",
						Folder: "INBOX", Position: position, Stage: "ingest", Code: reason, Attempts: 1})
				default:
					continue
				}
				if want[position] != "captured" {
					want[position] = reason
				}
			}
			must(t, db.RecordCaptured(t.Context(), b))
			read(t, db, c, state.Document{ID: "d1"}, lost...)
			checkPositions(t, db, c, want)
		}
	}
}

func checkPositions(t *testing.T, db *state.DB, c relais.Case, want map[string]string) {
	t.Helper()
	reasons, refused, got := map[string]int64{}, map[string]int64{}, map[string]int64{}
	captured := int64(0)
	for _, reason := range want {
		switch {
		case reason == "captured":
			captured++
			continue
		case strings.HasPrefix(reason, "vanished"):
			refused[reason]++
		}
		reasons[reason]++
	}
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	if b.Seen != int64(len(want)) || b.Sum() != b.Seen || b.Pending+b.Stored+b.Duplicate != captured {
		t.Errorf("of %d positions, %d captured: %+v", len(want), captured, b.Counts)
	}
	for _, r := range b.Reasons {
		got[r.Code] = r.Count
	}
	equal(t, reasons, got)
	list, err := db.Refusals(t.Context(), c.ID)
	must(t, err)
	got = map[string]int64{}
	for _, r := range list {
		got[r.Code]++
	}
	equal(t, refused, got)
}

// testFolderRead: a folder that could not be read is refused, until it was.
func testFolderRead(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	b := captured(c)
	b.Refused = []relais.Refusal{{ID: occurrenceWithoutBytes("INBOX", "").Key(), Case: c.ID, Source: "Maildir", Folder: "INBOX", Stage: "ingest", Code: "folder", Attempts: 1}}
	must(t, db.RecordCaptured(t.Context(), b))
	if got, err := db.Balance(t.Context(), c); err != nil || got.Refused != 0 || got.FoldersUnread != 1 || got.Balanced {
		t.Errorf("a folder that could not be read: %+v (%v)", got.Counts, err)
	}
	read := captured(c, occurrence("INBOX", "1", "a"))
	read.Folders = []relais.FolderMark{{Folder: "INBOX", Complete: true}}
	must(t, db.RecordCaptured(t.Context(), read))
	if got, err := db.Balance(t.Context(), c); err != nil || got.FoldersUnread != 0 || got.Pending != 1 {
		t.Errorf("the folder was read: %+v (%v)", got.Counts, err)
	}
	if list, err := db.Refusals(t.Context(), c.ID); err != nil || len(list) != 0 {
		t.Errorf("its refusal stays: %v (%v)", list, err)
	}
}

func occurrenceWithoutBytes(folder, position string) relais.Occurrence {
	return relais.Occurrence{Owner: "ann@x.example", Source: "Maildir", Folder: folder, Position: position}
}

// read records that occurrences were read as a document.
func read(t *testing.T, db *state.DB, c relais.Case, d state.Document, list ...relais.Occurrence) {
	t.Helper()
	must(t, db.Merge(t.Context(), c.ID, d.Generation, func(m *state.Merging) error {
		var readings []state.Reading
		for _, o := range list {
			readings = append(readings, state.Reading{Item: item(c, o), Document: d.ID, Generation: d.Generation})
		}
		return errors.Join(m.PutDocuments(t.Context(), []state.Document{d}), m.PutReadings(t.Context(), readings))
	}))
}

func testBalance(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	first, again, private := occurrence("INBOX", "1", "a"), occurrence("Sent", "1", "a"), occurrence("INBOX", "2", "b")
	lost := occurrence("INBOX", "9", "z") // ingest stopped before it could record it
	doubtful, doubtfulAgain := occurrence("INBOX", "3", "c"), occurrence("Sent", "3", "c")
	must(t, db.RecordCaptured(t.Context(), captured(c, first, again, private)))
	read(t, db, c, state.Document{ID: "d1", Revision: 1}, again, first)
	read(t, db, c, state.Document{ID: "d2", Revision: 1, Status: relais.StatusQuarantined, Reason: "personal_subject"}, private)
	read(t, db, c, state.Document{ID: "d4", Revision: 1, Status: relais.StatusDoubtful, Reason: "doubtful_label"}, doubtful, doubtfulAgain)
	read(t, db, c, state.Document{ID: "d3", Revision: 1}, lost)
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Balance{
		Case: "Ann", Counts: relais.Counts{Seen: 6, Stored: 2, Duplicate: 1, Quarantined: 1, Doubtful: 2}, Balanced: true,
		Sources: []relais.SourceBalance{
			{Source: "Maildir", Folder: "INBOX", Counts: relais.Counts{Seen: 4, Stored: 2, Quarantined: 1, Doubtful: 1}},
			{Source: "Maildir", Folder: "Sent", Counts: relais.Counts{Seen: 2, Duplicate: 1, Doubtful: 1}},
		},
		Reasons: []relais.ReasonCount{{Code: "doubtful_label", Count: 2}, {Code: "personal_subject", Count: 1}},
	}, b)
	n := int64(3)
	mark := captured(c)
	mark.Folders = []relais.FolderMark{{Folder: "Sent", Announced: &n}}
	must(t, db.RecordCaptured(t.Context(), mark))
	if b, err = db.Balance(t.Context(), c); err != nil || b.Balanced {
		t.Errorf("a folder that announced more than was seen balances (%v)", err)
	}
	seen, err := db.Occurrences(t.Context(), c.ID, []relais.DocumentID{"d1"}, 10)
	must(t, err)
	equal(t, []relais.Occurrence{first, again}, seen["d1"])
}

// testWarned: what was warned of a file stands in the balance until the file is captured
// without, and names no file that is withheld.
func testWarned(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	one, private, unread := occurrence("INBOX", "1", "a"), occurrence("INBOX", "2", "b"), occurrence("Sent", "3", "c")
	b := captured(c, one, private, unread)
	for i, o := range []relais.Occurrence{one, private, unread} {
		b.Warned = append(b.Warned, relais.Warned{Folder: o.Folder, Position: o.Position, Code: relais.WarnMailbox, Count: int64(i) + 2})
	}
	must(t, db.RecordCaptured(t.Context(), b))
	must(t, db.RecordCaptured(t.Context(), b))
	read(t, db, c, state.Document{ID: "d1", Revision: 1}, one)
	read(t, db, c, state.Document{ID: "d2", Revision: 1, Status: relais.StatusQuarantined, Reason: "personal_subject"}, private)
	want := []relais.BalanceWarning{
		{Source: "Maildir", Folder: "INBOX", Code: relais.WarnMailbox, Count: 3},
		{Source: "Maildir", Folder: "INBOX", Position: "1", Code: relais.WarnMailbox, Count: 2},
		{Source: "Maildir", Folder: "Sent", Code: relais.WarnMailbox, Count: 4},
	}
	got, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, want, got.Warnings)
	must(t, db.RecordCaptured(t.Context(), captured(c, one)))
	got, err = db.Balance(t.Context(), c)
	must(t, err)
	equal(t, slices.Delete(want, 1, 2), got.Warnings)
}

// testSmallest: of a document seen in many places, those that Compare puts first are
// given, whichever field tells them apart; another document's take no room of theirs.
func testSmallest(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	var all []relais.Occurrence
	for _, text := range []string{"", "B", "a", "a/b", "a b", "é", "\U0001f600", "\uffee"} { // no locale's order is that of bytes
		for _, bytes := range []string{"x", "y", "z"} {
			all = append(all, occurrence(text, "1", bytes), occurrence("INBOX", text, bytes))
			other := occurrence("INBOX", "1", bytes)
			other.Owner, other.Source = text, text+"2"
			all = append(all, other)
		}
	}
	few := occurrence("INBOX", "0", "few")
	read(t, db, c, state.Document{ID: "d1"}, all...)
	read(t, db, c, state.Document{ID: "d2"}, few)
	slices.SortFunc(all, relais.Occurrence.Compare)
	for _, most := range []int{1, 20, 50, len(all), len(all) + 1} {
		seen, err := db.Occurrences(t.Context(), c.ID, []relais.DocumentID{"d2", "d1"}, most)
		must(t, err)
		equal(t, map[relais.DocumentID][]relais.Occurrence{"d1": all[:min(most, len(all))], "d2": {few}}, seen)
	}
}

// testUnread: a document is read anew once none of its occurrences is of an older reading.
func testUnread(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	first, second, other := occurrence("INBOX", "1", "a"), occurrence("Sent", "1", "a"), occurrence("INBOX", "2", "b")
	read(t, db, c, state.Document{ID: "d1", Generation: 1}, first, second)
	read(t, db, c, state.Document{ID: "d2", Generation: 2}, other)
	unread := func(want map[relais.DocumentID]bool) {
		t.Helper()
		must(t, db.Merge(t.Context(), c.ID, 2, func(m *state.Merging) error {
			got, err := m.Unread(t.Context(), []relais.DocumentID{"d1", "d2", "d3"}, 2)
			equal(t, want, got)
			return err
		}))
	}
	unread(map[relais.DocumentID]bool{"d1": true})
	read(t, db, c, state.Document{ID: "d1", Generation: 2}, second)
	unread(map[relais.DocumentID]bool{"d1": true})
	read(t, db, c, state.Document{ID: "d1", Generation: 2}, first)
	unread(map[relais.DocumentID]bool{})
}

func testRefusals(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	o := occurrence("INBOX", "1", "a")
	must(t, db.RecordCaptured(t.Context(), captured(c, o)))
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	refusal := relais.Refusal{ID: o.Key(), Case: c.ID, Source: o.Source, Folder: o.Folder, Position: o.Position,
		Stage: "enrich", Code: "damaged", Detail: "x", Attempts: 1, SHA256: o.SHA256, At: at}
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		return m.PutReadings(t.Context(), []state.Reading{{Item: item(c, o), Refusal: &refusal}})
	}))
	list, err := db.Refusals(t.Context(), "")
	must(t, err)
	equal(t, []relais.Refusal{refusal}, list)
	b, err := db.Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Counts{Seen: 1, Refused: 1}, b.Counts)
	read(t, db, c, state.Document{ID: "d1", Revision: 1, Generation: 1}, o)
	if list, err = db.Refusals(t.Context(), c.ID); err != nil || len(list) != 0 {
		t.Errorf("read at last, and still refused: %v %v", list, err)
	}
}

func testBlobs(t *testing.T, open Open) {
	db := open(t)
	a, b := relais.DigestOf([]byte("a")), relais.DigestOf([]byte("b"))
	at := func(pack string) relais.Location {
		return relais.Location{Pack: pack, Offset: 5, Length: 6, Size: 7, Codec: 1}
	}
	must(t, db.PutBlobs(t.Context(), map[relais.Digest]relais.Location{a: at("p1")}, false))
	must(t, db.PutBlobs(t.Context(), map[relais.Digest]relais.Location{a: at("p2"), b: at("p2")}, false))
	got, err := db.Blobs(t.Context(), []relais.Digest{a, b, relais.DigestOf(nil)})
	must(t, err)
	equal(t, map[relais.Digest]relais.Location{a: at("p1"), b: at("p2")}, got)
	must(t, db.PutBlobs(t.Context(), map[relais.Digest]relais.Location{a: at("p3")}, true))
	must(t, db.DropBlobs(t.Context(), []relais.Digest{b}))
	got, err = db.Blobs(t.Context(), []relais.Digest{a, b})
	must(t, err)
	equal(t, map[relais.Digest]relais.Location{a: at("p3")}, got)
}

func testManyBlobs(t *testing.T, open Open) {
	db := open(t)
	const n = 2500 // more than a page and more than one statement takes
	locations := map[relais.Digest]relais.Location{}
	for i := range n {
		locations[relais.DigestOf([]byte{byte(i), byte(i >> 8)})] = relais.Location{Pack: "p" + string(rune('a'+i%3)), Offset: int64(i), Length: 1, Size: 1}
	}
	must(t, db.PutBlobs(t.Context(), locations, false))
	seen := 0
	last := relais.Location{Offset: -1}
	must(t, db.EachBlob(t.Context(), func(d relais.Digest, l relais.Location) error {
		seen++
		if l.Pack < last.Pack || l.Pack == last.Pack && l.Offset <= last.Offset {
			t.Fatalf("%v after %v", l, last)
		}
		if locations[d] != l {
			t.Fatalf("%v moved", d)
		}
		last = l
		return nil
	}))
	if seen != n {
		t.Errorf("%d of %d seen", seen, n)
	}
}

func testDocuments(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	d := state.Document{
		ID: "d1", Generation: 2, Facts: []byte{0, 1, 255}, Blob: relais.DigestOf([]byte("x")), Thread: "t1", Day: 19000,
		Clients: map[string]int{"c1": 900}, Domains: map[string]state.Exchange{"acme.example": state.ExchangeSent},
		Topics: map[string]int{"prix": 800}, Sent: 1_641_600_000,
		Doubts: []state.Doubt{{Rule: "subject", Folder: "INBOX"}}, Earlier: state.Marks{Personal: "personal_folder"},
		Status: relais.StatusQuarantined, Reason: "personal_folder",
		Tags: "[]", Members: []relais.DocumentID{"a1", "d1"}, Revision: 3, Dirty: true,
	}
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error { return m.PutDocuments(t.Context(), []state.Document{d}) }))
	list, err := db.Dirty(t.Context(), c.ID, "", 10)
	must(t, err)
	equal(t, []state.Document{d}, list)
	must(t, db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		byID, err := m.Documents(t.Context(), []relais.DocumentID{"d1", "d2"})
		must(t, err)
		equal(t, map[relais.DocumentID]state.Document{"d1": d}, byID)
		inThread, err := m.InThreads(t.Context(), []string{"t1"})
		must(t, err)
		lean := d
		lean.Facts = nil
		equal(t, map[relais.DocumentID]state.Document{"d1": lean}, inThread)
		d.Tags = "[1]"
		return m.Touch(t.Context(), []state.Document{d})
	}))
	rows, err := db.DocumentRows(t.Context(), c.ID, []state.Document{{ID: "d1"}})
	must(t, err)
	d.Revision++
	equal(t, []state.Document{d}, rows)
}

func testMergeFails(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	boom := errors.New("boom")
	err := db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		must(t, m.PutDocuments(t.Context(), []state.Document{{ID: "d1", Dirty: true}}))
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("%v is not the cause", err)
	}
	list, err := db.Dirty(t.Context(), c.ID, "", 10)
	must(t, err)
	unsettled, err := db.Unsettled(t.Context())
	must(t, err)
	if len(list) > 0 || len(unsettled) > 0 {
		t.Error("half a merge was kept")
	}
}

func testThreads(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	ctx := t.Context()
	must(t, db.Merge(ctx, c.ID, 0, func(m *state.Merging) error {
		must(t, m.PutDocuments(ctx, []state.Document{{ID: "d1", Thread: "k2", Revision: 1}, {ID: "d2", Thread: "k3", Revision: 1}}))
		must(t, m.PutThreads(ctx, map[string]string{"k2": "k2", "k3": "k3", "k4": "k3"}))
		must(t, m.PutSubjects(ctx, []state.Subject{{Document: "d1", Subject: "s", Day: 3, Orphan: true, People: []string{"p", "q"}}}))
		return nil
	}))
	must(t, db.Merge(ctx, c.ID, 0, func(m *state.Merging) error {
		must(t, m.MoveThread(ctx, "k3", "k2"))
		threads, err := m.Threads(ctx, []string{"k2", "k3", "k4", "k5"})
		must(t, err)
		equal(t, map[string]string{"k2": "k2", "k3": "k2", "k4": "k2"}, threads)
		docs, err := m.Documents(ctx, []relais.DocumentID{"d1", "d2"})
		must(t, err)
		if d := docs["d2"]; d.Thread != "k2" || d.Revision != 2 || !d.Dirty || docs["d1"].Dirty {
			t.Errorf("moved: %+v", docs)
		}
		subjects, err := m.Subjects(ctx, []string{"s", "other"})
		must(t, err)
		equal(t, map[string][]state.Subject{"s": {{Document: "d1", Subject: "s", Day: 3, Orphan: true, People: []string{"p", "q"}}}}, subjects)
		return nil
	}))
}

func envelope(c relais.Case, id, root relais.DocumentID, revision int64) state.Envelope {
	return state.Envelope{ID: id, Case: c.ID, Root: root, Blob: relais.DigestOf([]byte("x")), Thread: "t", Revision: revision, Sealed: []byte(id)}
}

// testAppendedLate: a decision that was overtaken while it was appended is neither
// kept nor takes the mark of the newer one.
func testAppendedLate(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	ctx := t.Context()
	put := func(d state.Document) {
		must(t, db.Merge(ctx, c.ID, 0, func(m *state.Merging) error { return m.PutDocuments(ctx, []state.Document{d}) }))
	}
	put(state.Document{ID: "d1", Revision: 2, Dirty: true, Personal: "p"})
	must(t, db.Appended(ctx, c.ID, []state.Appended{{Root: "d1", Revision: 1, Envelopes: []state.Envelope{envelope(c, "d1", "d1", 1)}}}))
	if found, err := db.Envelopes(ctx, []relais.DocumentID{"d1"}); err != nil || len(found) != 0 {
		t.Errorf("an overtaken envelope is current: %v %v", found, err)
	}
	if list, err := db.Dirty(ctx, c.ID, "", 10); err != nil || len(list) != 1 {
		t.Errorf("the newer decision lost its mark: %v %v", list, err)
	}
}

func testWithdrawal(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	ctx := t.Context()
	put := func(d state.Document) {
		must(t, db.Merge(ctx, c.ID, 0, func(m *state.Merging) error { return m.PutDocuments(ctx, []state.Document{d}) }))
	}
	put(state.Document{ID: "d1", Revision: 1, Dirty: true})
	list := []state.Envelope{envelope(c, "a1", "d1", 1), envelope(c, "d1", "d1", 1)}
	must(t, db.Appended(ctx, c.ID, []state.Appended{{Root: "d1", Revision: 1, Envelopes: list}}))
	var all []state.Envelope
	must(t, db.EachEnvelope(ctx, func(page []state.Envelope) error { all = append(all, page...); return nil }))
	equal(t, list, all)
	thread, err := db.ThreadEnvelopes(ctx, "t")
	must(t, err)
	slices.SortFunc(thread, func(a, b state.Envelope) int { return len(a.ID) - len(b.ID) + int(a.ID[0]) - int(b.ID[0]) })
	equal(t, list, thread)
	put(state.Document{ID: "d1", Revision: 2, Dirty: true, Personal: "p"})
	must(t, db.Appended(ctx, c.ID, []state.Appended{{Root: "d1", Revision: 2, Withdrawn: []relais.DocumentID{"a1", "d1"}}}))
	found, err := db.Envelopes(ctx, []relais.DocumentID{"a1", "d1"})
	must(t, err)
	if len(found) != 0 {
		t.Errorf("withdrawn and still there: %v", found)
	}
	if cases, err := db.DirtyCases(ctx); err != nil || len(cases) != 0 {
		t.Errorf("dirty cases: %v %v", cases, err)
	}
}

func testSettle(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	ctx := t.Context()
	read(t, db, c, state.Document{ID: "d1"}, occurrence("INBOX", "1", "a"))
	unsettled, err := db.Unsettled(ctx)
	must(t, err)
	equal(t, map[relais.CaseID]int64{c.ID: 1}, unsettled)
	must(t, db.Settle(ctx, c.ID, func(m *state.Merging) error { return m.PutDiscovered(ctx, []string{"acme.example"}) }))
	must(t, db.Settled(ctx, c.ID, 1))
	if unsettled, err = db.Unsettled(ctx); err != nil || len(unsettled) != 0 {
		t.Errorf("settled, and still to settle: %v %v", unsettled, err)
	}
	found, err := db.Discovered(ctx, c.ID)
	must(t, err)
	equal(t, map[string]bool{"acme.example": true}, found)
	must(t, db.Settled(ctx, c.ID, 0)) // an old settling does not undo a newer one
	if unsettled, err = db.Unsettled(ctx); err != nil || len(unsettled) != 0 {
		t.Errorf("an old settling counted: %v %v", unsettled, err)
	}
}

func testTokens(t *testing.T, open Open) {
	db := open(t)
	r := relais.TokenRecord{Hash: relais.DigestOf([]byte("secret")), Name: "cli",
		Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Expires: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	must(t, db.PutToken(t.Context(), r))
	got, err := db.Token(t.Context(), r.Hash[:])
	must(t, err)
	equal(t, r, got)
	_, err = db.Token(t.Context(), make([]byte, 32))
	kind(t, relais.KindNotFound, err)
	all, err := db.Tokens(t.Context())
	must(t, err)
	equal(t, []relais.TokenRecord{r}, all)
}

func testHighWater(t *testing.T, open Open) {
	db := open(t)
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	for _, step := range []struct{ now, want int }{{5, 5}, {3, 5}, {7, 7}} {
		got, err := db.HighWater(context.WithoutCancel(t.Context()), day(step.now))
		must(t, err)
		if !got.Equal(day(step.want)) {
			t.Errorf("on day %d the highest is %v", step.now, got)
		}
	}
}

// testOldGeneration: what was read with clients that changed since is not merged.
func testOldGeneration(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	g, err := db.NextGeneration(t.Context())
	must(t, err)
	put := func(generation int64) error {
		return db.Merge(t.Context(), c.ID, generation, func(m *state.Merging) error {
			return m.PutDocuments(t.Context(), []state.Document{{ID: "d1", Dirty: true}})
		})
	}
	kind(t, relais.KindConflict, put(g-1))
	if cases, err := db.DirtyCases(t.Context()); err != nil || len(cases) != 0 {
		t.Errorf("an old reading was merged: %v %v", cases, err)
	}
	must(t, put(g))
}

// testAlone: one at a time for each case, whatever becomes of those who wait.
func testAlone(t *testing.T, open Open) {
	db := open(t)
	a, b := newCase(t, db, "Ann"), newCase(t, db, "Béa")
	boom := errors.New("boom")
	err := db.Alone(t.Context(), a.ID, func(ctx context.Context) error {
		impatient, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		kind(t, relais.KindCanceled, db.Alone(impatient, a.ID, func(context.Context) error {
			t.Error("two are alone")
			return nil
		}))
		must(t, db.Alone(ctx, b.ID, func(ctx context.Context) error { // another case is another matter
			return db.Merge(ctx, a.ID, 0, func(*state.Merging) error { return nil })
		}))
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("alone: %v, want the callback's error", err)
	}
	must(t, db.Alone(t.Context(), a.ID, func(context.Context) error { return nil }))
}

// testAnyText: no text from outside stops an engine or comes back as another one.
func testAnyText(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	ctx := t.Context()
	texts := []string{"a\x00b", "a\x01b", "a\x01\x02b", "caf\xe9", "\xff\xfe", "\x00", "a\\x00b", "é\u0100", "\ufffd", "a\u0085\u2028b"}
	must(t, db.Settle(ctx, c.ID, func(m *state.Merging) error { return m.PutDiscovered(ctx, texts) }))
	found, err := db.Discovered(ctx, c.ID)
	must(t, err)
	for _, s := range texts {
		if !found[s] || len(found) != len(texts) {
			t.Errorf("%q is not among the %d found", s, len(found))
		}
		must(t, db.SetMeta(ctx, s, s))
		got, err := db.Meta(ctx, s)
		must(t, err)
		equal(t, s, got)
	}
	_, err = db.CreateCase(ctx, relais.Case{Name: "n\x00\xff", Created: c.Created})
	must(t, err)
	_, err = db.Case(ctx, "N\x00\xff")
	must(t, err)
	must(t, db.RenameCase(ctx, c.ID, "r\x00"))
	var list []relais.Occurrence
	for _, s := range []string{"\x00", "\x00\x00", "\x01", "\x01\x00", "\x02", "a"} { // in the order of bytes
		list = append(list, relais.Occurrence{Owner: "o\x00", Source: "s", Folder: s, Position: s, SHA256: relais.DigestOf([]byte("x"))})
	}
	read(t, db, c, state.Document{ID: "d1", Status: relais.StatusQuarantined, Reason: "p\x00"}, list...)
	seen, err := db.Occurrences(ctx, c.ID, []relais.DocumentID{"d1"}, 10)
	must(t, err)
	equal(t, list, seen["d1"])
	b, err := db.Balance(ctx, c)
	must(t, err)
	equal(t, []relais.ReasonCount{{Code: "p\x00", Count: int64(len(list))}}, b.Reasons)
}

// testLongText: names as long as capture lets them be, which do not compress.
func testLongText(t *testing.T, open Open) {
	db := open(t)
	c := newCase(t, db, "Ann")
	long := func(n int) (s string) {
		for len(s) < n {
			s += rand.Text()
		}
		return s[:n]
	}
	b := relais.Captured{Case: c.ID, Owner: long(320), Source: long(1024)}
	o := relais.Occurrence{Owner: b.Owner, Source: b.Source, Folder: long(1024), Position: long(1024), SHA256: relais.DigestOf(nil)}
	b.Items = []relais.Item{item(c, o)}
	b.Folders = []relais.FolderMark{{Folder: o.Folder, Cursor: long(5000)}}
	b.Refused = []relais.Refusal{{ID: long(32), Case: c.ID, Source: b.Source, Folder: o.Folder, Position: long(1024), Stage: "ingest", Detail: long(9000)}}
	must(t, db.RecordCaptured(t.Context(), b))
	known, err := db.Known(t.Context(), c.ID, b.Owner, b.Source)
	must(t, err)
	if !known(o.Folder, o.Position) {
		t.Error("a captured position is not known")
	}
}
