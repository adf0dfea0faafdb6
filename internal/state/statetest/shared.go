package statetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// TestShared runs the suite of states that several processes have open at once:
// each call of an Open stands for a process.
func TestShared(t *testing.T, storage func(t *testing.T) Open) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"OpenedByManyAtOnce", testOpenedAtOnce}, {"AloneAcrossProcesses", testAloneShared},
		{"OneCaseOfAName", testCasesAtOnce}, {"MergesInOneOrder", testMergesAtOnce},
		{"GenerationsAndMerges", testGenerationsAtOnce}, {"CapturesAndMerges", testCapturesAtOnce},
		{"BlobsMovedByAnother", testBlobsMoved}, {"BlobsAtOnce", testBlobsAtOnce}, {"OwnersAtOnce", testOwnersAtOnce},
	} {
		t.Run("Shared/"+tc.name, func(t *testing.T) { tc.run(t, storage(t)) })
	}
}

// processes runs fn in n at once and waits for all.
func processes(n int, fn func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { fn(i) })
	}
	all.Wait()
}

func opened(t *testing.T, open Open, n int) []*state.DB {
	list := make([]*state.DB, n)
	for i := range list {
		list[i] = open(t)
	}
	return list
}

func testOpenedAtOnce(t *testing.T, open Open) {
	processes(4, func(int) {
		if _, err := open(t).Generation(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// testAloneShared: work under way in one process is waited for by the others, and
// merges go on inside of it.
func testAloneShared(t *testing.T, open Open) {
	dbs := opened(t, open, 3)
	c := newCase(t, dbs[0], "Ann")
	count := 0 // no lock: Alone is the lock
	processes(12, func(i int) {
		db := dbs[i%len(dbs)]
		err := db.Alone(t.Context(), c.ID, func(ctx context.Context) error {
			was := count
			err := db.Merge(ctx, c.ID, 0, func(m *state.Merging) error {
				return m.PutDocuments(ctx, []state.Document{{ID: relais.DocumentID(fmt.Sprint(i)), Revision: 1}})
			})
			count = was + 1
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if count != 12 {
		t.Errorf("%d of 12 were alone", count)
	}
}

func testCasesAtOnce(t *testing.T, open Open) {
	dbs := opened(t, open, 4)
	errs := make([]error, len(dbs))
	processes(len(dbs), func(i int) { _, errs[i] = dbs[i].CreateCase(t.Context(), relais.Case{Name: "Ann"}) })
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else {
			kind(t, relais.KindConflict, err)
		}
	}
	if list, err := dbs[0].Cases(t.Context()); err != nil || len(list) != 1 || made != 1 {
		t.Errorf("%d cases, made by %d (%v)", len(list), made, err)
	}
}

func testOwnersAtOnce(t *testing.T, open Open) {
	dbs := opened(t, open, 4)
	c := newCase(t, dbs[0], "Ann")
	processes(len(dbs), func(i int) {
		o := relais.Owner{Address: "ann@x.example", Aliases: []string{fmt.Sprintf("a%d@x.example", i)}}
		if err := dbs[i].AddOwner(t.Context(), c.ID, o); err != nil {
			t.Error(err)
		}
	})
	got, err := dbs[0].Case(t.Context(), "Ann")
	must(t, err)
	if len(got.Owners) != 1 || len(got.Owners[0].Aliases) != len(dbs) {
		t.Errorf("owners: %v", got.Owners)
	}
}

// testMergesAtOnce: what each merge reads, it may rely on: revisions count up by
// one, though appends clear marks meanwhile.
func testMergesAtOnce(t *testing.T, open Open) {
	dbs := opened(t, open, 3)
	c := newCase(t, dbs[0], "Ann")
	ids := []relais.DocumentID{"d1", "d2", "d3"}
	const rounds = 8
	processes(len(dbs), func(i int) {
		for range rounds {
			rows, err := raise(t.Context(), dbs[i], c, ids)
			if err == nil {
				err = dbs[i].Appended(t.Context(), c.ID, rows)
			}
			if err != nil {
				t.Error(err)
			}
			slices.Reverse(rows)
		}
	})
	must(t, dbs[0].Merge(t.Context(), c.ID, 0, func(m *state.Merging) error {
		docs, err := m.Documents(t.Context(), ids)
		for _, d := range docs {
			if want := int64(len(dbs) * rounds); d.Revision != want {
				t.Errorf("%s is at revision %d after %d merges", d.ID, d.Revision, want)
			}
		}
		return err
	}))
	found, err := dbs[0].Envelopes(t.Context(), ids)
	must(t, err)
	dirty, err := dbs[0].Dirty(t.Context(), c.ID, "", 10)
	must(t, err)
	for _, d := range dirty { // decided and overtaken: whoever overtook it has appended
		t.Errorf("%s stays marked", d.ID)
	}
	for _, id := range ids {
		if found[id].Revision != int64(len(dbs)*rounds) {
			t.Errorf("the envelope of %s is of revision %d", id, found[id].Revision)
		}
	}
}

// raise merges documents at their next revision and gives what is to be appended.
func raise(ctx context.Context, db *state.DB, c relais.Case, ids []relais.DocumentID) ([]state.Appended, error) {
	var list []state.Appended
	err := db.Merge(ctx, c.ID, 0, func(m *state.Merging) error {
		docs, err := m.Documents(ctx, ids)
		if err != nil {
			return err
		}
		var rows []state.Document
		for _, id := range ids {
			d := docs[id]
			d.ID, d.Dirty, d.Revision = id, true, d.Revision+1
			rows = append(rows, d)
			list = append(list, state.Appended{Root: id, Revision: d.Revision, Envelopes: []state.Envelope{envelope(c, id, id, d.Revision)}})
		}
		return m.PutDocuments(ctx, rows)
	})
	return list, err
}

// testGenerationsAtOnce: once a generation has risen, no merge of the one before
// it comes in, whoever does what.
func testGenerationsAtOnce(t *testing.T, open Open) {
	dbs := opened(t, open, 3)
	c := newCase(t, dbs[0], "Ann")
	processes(len(dbs), func(i int) {
		for range 10 {
			if i == 0 {
				if _, err := dbs[i].NextGeneration(t.Context()); err != nil {
					t.Error(err)
				}
				continue
			}
			mergeAtLast(t, dbs[i], c, relais.DocumentID(fmt.Sprintf("d%d", i)))
		}
	})
	if g, err := dbs[1].Generation(t.Context()); err != nil || g != 10 {
		t.Errorf("generation %d (%v)", g, err)
	}
}

// mergeAtLast merges a document at the current generation, beginning anew while it
// rises; inside of a merge it must be the one read before it.
func mergeAtLast(t *testing.T, db *state.DB, c relais.Case, id relais.DocumentID) {
	ctx := t.Context()
	for {
		g, err := db.Generation(ctx)
		if err == nil {
			err = db.Merge(ctx, c.ID, g, func(m *state.Merging) error {
				if now, err := db.Generation(ctx); err != nil || now != g {
					t.Errorf("a merge of generation %d at generation %d (%v)", g, now, err)
				}
				return m.PutDocuments(ctx, []state.Document{{ID: id, Generation: g}})
			})
		}
		if relais.KindOf(err) == relais.KindConflict {
			continue
		}
		if err != nil {
			t.Error(err)
		}
		return
	}
}

// testCapturesAtOnce: the same mailbox captured twice while it is read counts once,
// and nobody waits for one who waits for him.
func testCapturesAtOnce(t *testing.T, open Open) {
	dbs := opened(t, open, 3)
	c := newCase(t, dbs[0], "Ann")
	var list []relais.Occurrence
	for i := range 60 {
		list = append(list, occurrence("INBOX", fmt.Sprint(i), fmt.Sprint(i)))
	}
	processes(6, func(i int) {
		mine := slices.Clone(list)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		db, err := dbs[i%len(dbs)], error(nil)
		if i < 4 {
			err = db.RecordCaptured(t.Context(), captured(c, mine...))
		} else {
			err = db.Merge(t.Context(), c.ID, 0, func(m *state.Merging) error { return putAll(t.Context(), m, c, mine) })
		}
		if err != nil {
			t.Error(err)
		}
	})
	b, err := dbs[0].Balance(t.Context(), c)
	must(t, err)
	equal(t, relais.Counts{Seen: 60, Stored: 60}, b.Counts)
}

func putAll(ctx context.Context, m *state.Merging, c relais.Case, list []relais.Occurrence) error {
	var docs []state.Document
	var readings []state.Reading
	for _, o := range list {
		id := relais.DocumentID("d" + o.Position)
		docs = append(docs, state.Document{ID: id, Revision: 1})
		readings = append(readings, state.Reading{Item: item(c, o), Document: id})
	}
	return errors.Join(m.PutDocuments(ctx, docs), m.PutReadings(ctx, readings))
}

// testBlobsMoved: what another process has moved or dropped is not where it was.
func testBlobsMoved(t *testing.T, open Open) {
	one, other := open(t), open(t)
	a, b := relais.DigestOf([]byte("a")), relais.DigestOf([]byte("b"))
	at := func(pack string) relais.Location { return relais.Location{Pack: pack, Length: 1, Size: 1} }
	must(t, one.PutBlobs(t.Context(), map[relais.Digest]relais.Location{a: at("p1"), b: at("p1")}, false))
	must(t, other.PutBlobs(t.Context(), map[relais.Digest]relais.Location{a: at("p2")}, true))
	must(t, other.DropBlobs(t.Context(), []relais.Digest{b}))
	got, err := one.Blobs(t.Context(), []relais.Digest{a, b})
	must(t, err)
	equal(t, map[relais.Digest]relais.Location{a: at("p2")}, got)
}

// testBlobsAtOnce: several put the same blobs while they are moved and dropped.
func testBlobsAtOnce(t *testing.T, open Open) {
	dbs := opened(t, open, 4)
	locations := map[relais.Digest]relais.Location{}
	var digests []relais.Digest
	for i := range 300 {
		d := relais.DigestOf([]byte(fmt.Sprint(i)))
		digests = append(digests, d)
		locations[d] = relais.Location{Pack: "p", Offset: int64(i), Length: 1, Size: 1}
	}
	processes(len(dbs), func(i int) {
		for range 5 {
			err := dbs[i].PutBlobs(t.Context(), locations, i == 0)
			if err == nil && i == 1 {
				err = dbs[i].DropBlobs(t.Context(), digests[:150])
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
	must(t, dbs[0].PutBlobs(t.Context(), locations, false))
	got, err := dbs[3].Blobs(t.Context(), digests)
	must(t, err)
	equal(t, locations, got)
}
