package statetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// Fill gives a state some of everything, and n documents.
func Fill(t testing.TB, db *state.DB, n int) relais.Case {
	t.Helper()
	ctx := t.Context()
	c, err := db.CreateCase(ctx, relais.Case{Name: "Ann", Purpose: "é", Created: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)})
	if err == nil {
		err = db.AddOwner(ctx, c.ID, relais.Owner{Address: "ann@x.example", Aliases: []string{"a@x.example"}})
	}
	if err == nil {
		_, err = db.PutClients(ctx, []relais.Client{{ID: "c1", Name: "Acme"}, {ID: "c\x00\xff", Name: "Béta"}},
			[]relais.Contact{{ClientID: "c1", Email: "a@acme.example"}})
	}
	if err == nil {
		err = db.PutToken(ctx, relais.TokenRecord{Hash: relais.DigestOf([]byte("t")), Name: "cli"})
	}
	if err == nil {
		err = db.Settle(ctx, c.ID, func(m *state.Merging) error { return m.PutDiscovered(ctx, []string{"a\x00", "a\xff", "é", "a"}) })
	}
	if err == nil {
		err = db.Settle(ctx, c.ID, func(m *state.Merging) error {
			_, err := m.PutDecision(ctx, relais.Decision{About: relais.AboutFolder, Target: "é\x00", Verdict: relais.Personal})
			return err
		})
	}
	if err == nil {
		_, err = db.Decide(ctx, []relais.Decision{{Kind: relais.DecideTopic, About: relais.AboutAddress, Target: "é\xff@x.example", Value: "prix", Verdict: relais.IsNot,
			Since: 1, Act: relais.Act{At: c.Created}}})
	}
	if err == nil {
		err = db.PutDisclosure(ctx, c.ID, documentOf(1), relais.Act{Actor: "local", At: c.Created, Reason: "é\xff"})
	}
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < n; from += 200 {
		fillBatch(ctx, t, db, c, from, min(from+200, n))
	}
	return c
}

// fillBatch adds documents the way the stages do: blobs, account, merge, envelopes.
func fillBatch(ctx context.Context, t testing.TB, db *state.DB, c relais.Case, from, to int) {
	t.Helper()
	b, blobs := captured(c), map[relais.Digest]relais.Location{}
	var done []state.Appended
	for i := from; i < to; i++ {
		o := occurrence("INBOX", fmt.Sprintf("%06d", i), fmt.Sprint(i))
		b.Items = append(b.Items, item(c, o))
		blobs[o.SHA256] = relais.Location{Pack: "p1", Offset: int64(i), Length: 9, Size: 10, Codec: 1}
		id := documentOf(i)
		e := envelope(c, id, id, 1)
		e.Sealed = make([]byte, 2000)
		done = append(done, state.Appended{Root: id, Revision: 1, Envelopes: []state.Envelope{e}})
	}
	b.Warned = []relais.Warned{{Folder: "INBOX", Position: fmt.Sprintf("%06d", from), Code: relais.WarnMailbox, Count: 2}}
	announced := int64(to)
	b.Folders = []relais.FolderMark{{Folder: "INBOX", Cursor: fmt.Sprint(to), Announced: &announced}, {Folder: "Sent"}}
	err := errors.Join(db.PutBlobs(ctx, blobs, false), db.RecordCaptured(ctx, b))
	if err == nil {
		err = db.Merge(ctx, c.ID, 1, func(m *state.Merging) error { return mergeBatch(ctx, m, c, b.Items, from) })
	}
	if err == nil {
		err = db.Appended(ctx, c.ID, done[:len(done)-1])
	}
	if err != nil {
		t.Fatal(err)
	}
}

func documentOf(i int) relais.DocumentID {
	return relais.NewDocumentID("c1", relais.ContentID(fmt.Sprint(i)))
}

func mergeBatch(ctx context.Context, m *state.Merging, c relais.Case, items []relais.Item, from int) error {
	var docs []state.Document
	var readings []state.Reading
	var subjects []state.Subject
	threads, keys, ids := map[string]string{}, make([]string, len(items)), make([]relais.DocumentID, len(items))
	extractions := map[relais.Digest]string{}
	for n, it := range items {
		id := documentOf(from + n)
		key := it.Occurrence.SHA256.String()[:32]
		d := state.Document{ID: id, Generation: 1, Facts: make([]byte, 1500), Blob: it.Occurrence.SHA256, Thread: key, Day: 20000,
			Clients: map[string]int{"c1": 900}, Domains: map[string]state.Exchange{"acme.example": state.ExchangeSent},
			Topics: map[string]int{"prix": 800}, Sent: 1_728_000_000, Tags: "[]", Members: []relais.DocumentID{id}, Revision: 1, Dirty: true,
			People: []string{"p" + key, "q"}}
		r := state.Reading{Item: it, Document: id, Generation: 1}
		if n%50 == 7 {
			d.Facts, d.Personal, d.Status, d.Reason = nil, "personal_folder", relais.StatusQuarantined, "personal_folder"
		}
		if n%50 == 8 {
			d.Doubts, d.Status, d.Reason = []state.Doubt{{Rule: "subject", Folder: "INBOX"}}, relais.StatusDoubtful, "doubtful_subject"
			d.Earlier = state.Marks{Personal: "personal_label"}
		}
		if n%50 == 9 {
			r.Document = ""
			r.Refusal = &relais.Refusal{ID: it.Occurrence.Key(), Case: c.ID, Source: "Maildir", Folder: "INBOX", Stage: "enrich", Code: "x"}
		}
		docs, readings = append(docs, d), append(readings, r)
		subjects = append(subjects, state.Subject{Subject: key, Document: id, Day: 20000, People: []string{"p", "q"}})
		threads[key], keys[n], ids[n] = key, key, id
		extractions[it.Occurrence.SHA256] = "{}"
	}
	_, e1 := m.Documents(ctx, ids)
	_, e2 := m.Threads(ctx, keys)
	_, e3 := m.Subjects(ctx, keys)
	_, e4 := m.InThreads(ctx, keys)
	_, e5 := m.ExchangedWith(ctx, []string{"q"}) // from now on, this is kept up
	return errors.Join(e1, e2, e3, e4, e5, m.PutThreads(ctx, threads), m.PutSubjects(ctx, subjects), m.PutDocuments(ctx, docs),
		m.PutReadings(ctx, readings), m.PutExtractions(ctx, "v1", extractions))
}

// Change does to a filled state what time does: rows change, go and come.
func Change(t testing.TB, db *state.DB, c relais.Case) {
	t.Helper()
	ctx := t.Context()
	if err := errors.Join(
		db.RenameCase(ctx, c.ID, "Anna"),
		db.DropBlobs(ctx, []relais.Digest{relais.DigestOf([]byte("7")), relais.DigestOf([]byte("700"))}),
		db.SetMeta(ctx, "new\x00", "\xff"),
		db.Settle(ctx, c.ID, func(m *state.Merging) error { return m.PutDiscovered(ctx, []string{"a\xfe"}) }),
		db.Merge(ctx, c.ID, 1, func(m *state.Merging) error {
			return m.Touch(ctx, []state.Document{{ID: documentOf(3), Thread: "x", Tags: "y"}, {ID: documentOf(900), Thread: "x", Tags: "z"}})
		}),
		db.Appended(ctx, c.ID, []state.Appended{{Root: documentOf(3), Revision: 2, Withdrawn: []relais.DocumentID{documentOf(4)}}}),
	); err != nil {
		t.Fatal(err)
	}
}

// Bench measures the writes and reads that each message costs, in batches of 256.
func Bench(b *testing.B, db *state.DB) {
	c := Fill(b, db, 1)
	n := 1000
	from := n
	for b.Loop() {
		fillBatch(b.Context(), b, db, c, n, n+256)
		n += 256
	}
	b.ReportMetric(float64(n-from)/b.Elapsed().Seconds(), "messages/s")
}
