package state_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/state/statetest"
)

// operation is one thing that is asked of a filled state.
type operation struct {
	name string
	do   func(ctx context.Context, db *state.DB, c relais.Case) error
}

// failed gives the error of what also answers.
func failed[T any](_ T, err error) error { return err }

func docID(i int) relais.DocumentID {
	return relais.NewDocumentID("c1", relais.ContentID(fmt.Sprint(i)))
}

func digestOf(i int) relais.Digest { return relais.DigestOf([]byte(fmt.Sprint(i))) }

func keyOf(i int) string { return digestOf(i).String()[:32] }

func occurrenceOf(i int) relais.Occurrence {
	return relais.Occurrence{Owner: "ann@x.example", Source: "Maildir", Folder: "INBOX", Position: fmt.Sprintf("%06d", i), SHA256: digestOf(i)}
}

// ruling says that what is exchanged with an address is not about prices.
func ruling(name string) relais.Decision {
	return relais.Decision{Kind: relais.DecideTopic, About: relais.AboutAddress, Target: name + "@y.example", Value: "prix", Verdict: relais.IsNot,
		Since: 1, Act: relais.Act{At: time.Unix(1000, 0).UTC(), Actor: "local"}}
}

// merging asks of a merge.
func merging(name string, fn func(ctx context.Context, m *state.Merging) error) operation {
	return operation{name, func(ctx context.Context, db *state.DB, c relais.Case) error {
		generation, err := db.Generation(ctx)
		if err != nil {
			return err
		}
		return db.Merge(ctx, c.ID, generation, func(m *state.Merging) error { return fn(ctx, m) })
	}}
}

func reads() []operation {
	ids := []relais.DocumentID{docID(1), docID(2), docID(8)}
	keys := []string{occurrenceOf(1).Key(), occurrenceOf(2).Key()}
	return []operation{
		{"Blobs", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.Blobs(ctx, []relais.Digest{digestOf(1), digestOf(2)}))
		}},
		{"EachBlob", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return db.EachBlob(ctx, func(relais.Digest, relais.Location) error { return nil })
		}},
		{"Cases", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Cases(ctx)) }},
		{"Case", func(ctx context.Context, db *state.DB, c relais.Case) error { return failed(db.Case(ctx, c.Name)) }},
		{"Generation", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Generation(ctx)) }},
		{"Meta", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Meta(ctx, "x")) }},
		{"Clients", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			_, _, err := db.Clients(ctx)
			return err
		}},
		{"PendingDecisions", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.PendingDecisions(ctx)) }},
		{"MergedClients", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.MergedClients(ctx)) }},
		{"BytesOf", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.BytesOf(ctx, c.ID, docID(1)))
		}},
		{"Decisions", func(ctx context.Context, db *state.DB, c relais.Case) error { return failed(db.Decisions(ctx, c.ID)) }},
		{"AllDecisions", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.AllDecisions(ctx, c.ID))
		}},
		{"DocumentRows", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.DocumentRows(ctx, c.ID, []state.Document{{ID: docID(1)}}))
		}},
		{"Dirty", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.Dirty(ctx, c.ID, "", 5))
		}},
		{"DirtyCases", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.DirtyCases(ctx)) }},
		{"EachDoubtful", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return db.EachDoubtful(ctx, c.ID, func(state.DoubtfulRow) error { return nil })
		}},
		{"CountDoubtful", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.CountDoubtful(ctx)) }},
		{"Row", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			_, _, err := db.Row(ctx, docID(1))
			return err
		}},
		{"Disclosures", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.Disclosures(ctx, c.ID, docID(1)))
		}},
		{"Envelopes", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Envelopes(ctx, ids)) }},
		{"SealedBy", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.SealedBy(ctx, ids)) }},
		{"ThreadEnvelopes", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.ThreadEnvelopes(ctx, "t"))
		}},
		{"EachEnvelope", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return db.EachEnvelope(ctx, func([]state.Envelope) error { return nil })
		}},
		{"Extractions", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.Extractions(ctx, "v1", []relais.Digest{digestOf(1)}))
		}},
		{"Cursor", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.Cursor(ctx, c.ID, "ann@x.example", "Maildir", "INBOX"))
		}},
		{"Known", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.Known(ctx, c.ID, "ann@x.example", "Maildir"))
		}},
		{"Held", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			_, _, err := db.Held(ctx)
			return err
		}},
		{"ReadAt", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.ReadAt(ctx, c.ID, keys))
		}},
		{"Unrecorded", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.Unrecorded(ctx, c.ID, keys))
		}},
		{"Refusals", func(ctx context.Context, db *state.DB, c relais.Case) error { return failed(db.Refusals(ctx, c.ID)) }},
		{"Occurrences", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.Occurrences(ctx, c.ID, ids, 3))
		}},
		{"Balance", func(ctx context.Context, db *state.DB, c relais.Case) error { return failed(db.Balance(ctx, c)) }},
		{"RefusedRecords", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.RefusedRecords(ctx, c.ID))
		}},
		{"CopiesAt", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return failed(db.CopiesAt(ctx, c.ID, "ann@x.example", "Maildir", "INBOX", occurrenceOf(1).Position))
		}},
		{"Discovered", func(ctx context.Context, db *state.DB, c relais.Case) error { return failed(db.Discovered(ctx, c.ID)) }},
		{"Unsettled", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Unsettled(ctx)) }},
		{"Token", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			d := relais.DigestOf([]byte("t"))
			return failed(db.Token(ctx, d[:]))
		}},
		{"Tokens", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Tokens(ctx)) }},
		{"Now", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Now(ctx)) }},
		{"Try", func(ctx context.Context, db *state.DB, _ relais.Case) error { return db.Try(ctx) }},
		{"UnreadTotals", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.UnreadTotals(ctx)) }},
		{"Unsound", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Unsound(ctx)) }},
		{"EachAppended", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return db.EachAppended(ctx, func([]relais.DocumentID) error { return nil })
		}},
		{"Coming", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.Coming(ctx)) }},
		merging("what is read in a merge", func(ctx context.Context, m *state.Merging) error {
			_, _, e1 := m.Rulings(ctx)
			_, _, e2 := m.Decisions(ctx)
			return errors.Join(e1, e2, failed(m.RuledOn(ctx, ids)), failed(m.ExchangedWith(ctx, []string{"q"})), failed(m.ThreadsOf(ctx, ids)),
				failed(m.Decided(ctx, ids)), failed(m.Doubted(ctx, func(state.Doubt) bool { return true })), failed(m.BytesOf(ctx, docID(1))),
				failed(m.OfBytes(ctx, digestOf(1).String())), failed(m.Documents(ctx, ids)), failed(m.InThreads(ctx, []string{keyOf(1)})),
				m.All(ctx, func(state.Document) error { return nil }), failed(m.Unread(ctx, ids, 1)), failed(m.Withheld(ctx, ids)),
				failed(m.Awaiting(ctx)), failed(m.ReadAs(ctx, keys)), failed(m.Threads(ctx, []string{keyOf(1)})),
				failed(m.Subjects(ctx, []string{keyOf(1)})), failed(m.Discovered(ctx)), failed(m.Bereft(ctx, ids)), failed(m.Members(ctx, ids)))
		}),
	}
}

func writes() []operation {
	return []operation{
		{"CreateCase", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.CreateCase(ctx, relais.Case{Name: "Bob"}))
		}},
		{"RenameCase", func(ctx context.Context, db *state.DB, c relais.Case) error { return db.RenameCase(ctx, c.ID, "Annie") }},
		{"UpdateCase", func(ctx context.Context, db *state.DB, c relais.Case) error {
			c.Purpose = "other"
			return db.UpdateCase(ctx, c)
		}},
		{"AddOwner", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return db.AddOwner(ctx, c.ID, relais.Owner{Address: "ann@x.example", Aliases: []string{"b@x.example"}})
		}},
		{"PutBlobs", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return db.PutBlobs(ctx, map[relais.Digest]relais.Location{digestOf(1): {Pack: "p2", Length: 1, Size: 1}}, true)
		}},
		{"DropBlobs", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return db.DropBlobs(ctx, []relais.Digest{digestOf(2)})
		}},
		{"NextGeneration", func(ctx context.Context, db *state.DB, _ relais.Case) error { return failed(db.NextGeneration(ctx)) }},
		{"SetMeta", func(ctx context.Context, db *state.DB, _ relais.Case) error { return db.SetMeta(ctx, "x", "y") }},
		{"InitMeta", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.InitMeta(ctx, "z", "y"))
		}},
		{"PutClients", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.PutClients(ctx, []relais.Client{{ID: "c1", Name: "Acme SA"}}, []relais.Contact{{ClientID: "c1", Email: "b@acme.example"}}))
		}},
		{"Decide", func(ctx context.Context, db *state.DB, c relais.Case) error {
			near := ruling("near")
			near.Case, near.About, near.Target, near.Since = c.ID, relais.AboutDocument, digestOf(1).String(), 0
			return failed(db.Decide(ctx, []relais.Decision{ruling("a"), near, {Kind: relais.DecideMerge, About: relais.AboutClient, Target: "c1", Value: "c2",
				Verdict: relais.Is, Act: near.Act}}))
		}},
		{"ImportDecisions", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			d := ruling("imported")
			d.ID = "imported"
			return failed(db.ImportDecisions(ctx, []relais.Decision{d}))
		}},
		{"UndoDecided", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.UndoDecided(ctx, "imported", relais.Act{At: time.Unix(2000, 0).UTC()}))
		}},
		{"Redecide", func(ctx context.Context, db *state.DB, c relais.Case) error {
			pending, err := db.PendingDecisions(ctx)
			if err != nil {
				return err
			}
			generation, err := db.Generation(ctx)
			if err != nil {
				return err
			}
			return db.Redecide(ctx, c.ID, generation, pending[c.ID], func(m *state.Merging) error { return m.Followed(ctx, pending[c.ID]) })
		}},
		{"PutDisclosure", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return db.PutDisclosure(ctx, c.ID, docID(2), relais.Act{Actor: "local", At: c.Created})
		}},
		{"Appended", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return db.Appended(ctx, c.ID, []state.Appended{{Root: docID(3), Revision: 2, Withdrawn: []relais.DocumentID{docID(4)},
				Envelopes: []state.Envelope{{ID: docID(3), Case: c.ID, Root: docID(3), Thread: "t", Revision: 2, Sealed: []byte("x")}}}})
		}},
		{"MarkAll", func(ctx context.Context, db *state.DB, _ relais.Case) error { return db.MarkAll(ctx) }},
		{"CaptureAgain", func(ctx context.Context, db *state.DB, _ relais.Case) error { return db.CaptureAgain(ctx) }},
		{"RecordCaptured", func(ctx context.Context, db *state.DB, c relais.Case) error {
			left := occurrenceOf(71)
			announced := int64(90)
			return db.RecordCaptured(ctx, relais.Captured{Case: c.ID, Owner: left.Owner, Source: left.Source,
				Items:    []relais.Item{{Format: 1, Case: c.ID, Kind: relais.KindMessage, Occurrence: occurrenceOf(70)}},
				Excluded: []relais.Left{{Folder: "INBOX", Position: left.Position, Rule: "since"}},
				Refused: []relais.Refusal{{ID: occurrenceOf(72).Key(), Case: c.ID, Source: left.Source, Folder: "INBOX", Position: "000072",
					Stage: "ingest", Code: "x"}},
				Folders: []relais.FolderMark{{Folder: "INBOX", Cursor: "73", Announced: &announced, Complete: true}},
				Warned:  []relais.Warned{{Folder: "INBOX", Position: "000070", Code: relais.WarnMailbox, Count: 2}}})
		}},
		{"Supersede", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return db.Supersede(ctx, c.ID, []string{occurrenceOf(5).Key()})
		}},
		{"Settled", func(ctx context.Context, db *state.DB, c relais.Case) error { return db.Settled(ctx, c.ID, 1) }},
		{"PutToken", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return db.PutToken(ctx, relais.TokenRecord{Hash: digestOf(1), Name: "x"})
		}},
		{"HighWater", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return failed(db.HighWater(ctx, time.Unix(3000, 0)))
		}},
		{"RefuseRecords", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return db.RefuseRecords(ctx, []relais.Refusal{{ID: "r", Case: c.ID, Stage: "enrich", Code: "x", Record: &relais.RefusedRecord{Topic: "raw"}}})
		}},
		{"ForgetRecords", func(ctx context.Context, db *state.DB, _ relais.Case) error { return db.ForgetRecords(ctx, "raw") }},
		{"ForgetExtractions", func(ctx context.Context, db *state.DB, _ relais.Case) error {
			return db.ForgetExtractions(ctx, "v1", func(string) bool { return true })
		}},
		merging("what is written in a merge", func(ctx context.Context, m *state.Merging) error {
			d := state.Document{ID: docID(80), Generation: 1, Facts: []byte("x"), Thread: "t80", Day: 20000, Tags: "[]", Revision: 1, Dirty: true,
				Domains: map[string]state.Exchange{"b.example": state.ExchangeSent}, People: []string{"p", "q"}}
			return errors.Join(m.PutThreads(ctx, map[string]string{"k80": "t80"}), m.MoveThread(ctx, keyOf(9), "t80"),
				m.PutSubjects(ctx, []state.Subject{{Subject: "s", Document: docID(80), Day: 20000, People: []string{"p"}}}),
				m.PutDocuments(ctx, []state.Document{d}), m.Touch(ctx, []state.Document{{ID: docID(3), Thread: "x", Tags: "y"}}),
				m.PutReadings(ctx, []state.Reading{{Item: relais.Item{Occurrence: occurrenceOf(6)}, Document: docID(80), Generation: 1}}),
				m.PutExtractions(ctx, "v2", map[relais.Digest]string{digestOf(1): "{}"}), m.PutDiscovered(ctx, []string{"new.example"}))
		}),
		{"Settle", func(ctx context.Context, db *state.DB, c relais.Case) error {
			return db.Settle(ctx, c.ID, func(m *state.Merging) error {
				d, err := m.PutDecision(ctx, relais.Decision{About: relais.AboutFolder, Target: "x", Verdict: relais.Personal})
				return errors.Join(err, m.UndoDecision(ctx, d.ID, relais.Act{At: time.Unix(3000, 0).UTC()}))
			})
		}},
	}
}

// TestEveryFailureIsTold: whichever step of whatever is asked the database fails, the
// asker gets an error, and asking again does what failed.
func TestEveryFailureIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	plain, err := state.OpenSQLite(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	c := statetest.Fill(t, plain, 60)
	db, fault, err := state.OpenFailing(file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	each := func(list []operation) {
		for _, o := range list {
			failEachStep(t, fault, o.name, func() error { return o.do(t.Context(), db, c) })
		}
	}
	each(reads())
	other := newSQLite(t)
	silent := func(string, int64) {}
	failEachStep(t, fault, "Copy from", func() error { return state.Copy(t.Context(), db, other, nil, silent) })
	statetest.Change(t, other, c)
	failEachStep(t, fault, "Copy to", func() error { return state.Copy(t.Context(), other, db, nil, silent) })
	each(writes())
}

// failEachStep fails the first step, then the second, until all is done with none failed.
func failEachStep(t *testing.T, fault *state.Fault, name string, do func() error) {
	t.Helper()
	for n := 0; ; n++ {
		fault.Fail(n)
		err := do()
		hit := fault.Heal()
		if hit != errors.Is(err, state.ErrFailed) || !hit && err != nil {
			t.Errorf("%s, step %d failed: %t, told: %v", name, n, hit, err)
			return
		}
		if !hit {
			if n == 0 {
				t.Errorf("%s took no step", name)
			}
			return
		}
	}
}
