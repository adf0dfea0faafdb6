package main

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// spoil changes what the archive of a program remembers, while the program does not run.
func (p *program) spoil(change func(db *state.DB, c relais.Case, d state.Envelope, at relais.Occurrence)) {
	p.t.Helper()
	db, err := state.OpenSQLite(p.t.Context(), filepath.Join(p.dir, "archive", "state.db"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	cases, err := db.Cases(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	var one state.Envelope // of a message without attachments
	if err := db.EachEnvelope(p.t.Context(), func(page []state.Envelope) error {
		members := map[relais.DocumentID]int{}
		for _, e := range page {
			members[e.Root]++
		}
		one = page[slices.IndexFunc(page, func(e state.Envelope) bool { return members[e.Root] == 1 })]
		return nil
	}); err != nil {
		p.t.Fatal(err)
	}
	seen, err := db.Occurrences(p.t.Context(), cases[0].ID, []relais.DocumentID{one.Root}, 10)
	if err != nil || len(seen[one.Root]) != 1 {
		p.t.Fatal(seen, err)
	}
	change(db, cases[0], one, seen[one.Root][0])
}

// TestGhostsAreFoundAndMended: verify names what does not hang together, and reindex
// mends it.
func TestGhostsAreFoundAndMended(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 20)
	whole := newProgram(t)
	whole.must(ingestArgs(mail)...)
	want := whole.export()
	merge := func(t *testing.T, db *state.DB, c relais.Case, fn func(*state.Merging) error) {
		t.Helper()
		if err := db.Merge(t.Context(), c.ID, 1<<40, fn); err != nil {
			t.Fatal(err)
		}
	}
	read := func(o relais.Occurrence, id relais.DocumentID) state.Reading {
		return state.Reading{Item: relais.Item{Occurrence: o}, Document: id}
	}
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, db *state.DB, c relais.Case, d state.Envelope, at relais.Occurrence)
		says  []string // by verify, before the document's id
		lost  bool     // the document is gone for good
	}{
		{"read as nothing", func(t *testing.T, db *state.DB, c relais.Case, _ state.Envelope, at relais.Occurrence) {
			merge(t, db, c, func(m *state.Merging) error { return m.PutReadings(t.Context(), []state.Reading{read(at, "dnone")}) })
		}, []string{"document_unseen", "occurrence_undocumented"}, false},
		{"refused, and still there", func(t *testing.T, db *state.DB, c relais.Case, _ state.Envelope, at relais.Occurrence) {
			r := read(at, "")
			r.Refusal = &relais.Refusal{ID: at.Key(), Case: c.ID, Stage: "enrich", Code: "damaged"}
			merge(t, db, c, func(m *state.Merging) error { return m.PutReadings(t.Context(), []state.Reading{r}) })
		}, []string{"document_unseen"}, true},
		{"its envelope lost", func(t *testing.T, db *state.DB, c relais.Case, d state.Envelope, _ relais.Occurrence) {
			a := state.Appended{Root: d.Root, Revision: d.Revision, Withdrawn: []relais.DocumentID{d.ID}}
			if err := db.Appended(t.Context(), c.ID, []state.Appended{a}); err != nil {
				t.Fatal(err)
			}
		}, []string{"envelopes_differ", "index_extra", "record_unknown"}, false},
		{"unknown but to the stream", func(t *testing.T, db *state.DB, c relais.Case, d state.Envelope, at relais.Occurrence) {
			r := read(at, "")
			r.Refusal = &relais.Refusal{ID: at.Key(), Case: c.ID, Stage: "enrich", Code: "damaged"}
			merge(t, db, c, func(m *state.Merging) error {
				return errors.Join(m.PutReadings(t.Context(), []state.Reading{r}),
					m.PutDocuments(t.Context(), []state.Document{{ID: d.Root, Revision: d.Revision}}))
			})
			a := state.Appended{Root: d.Root, Revision: d.Revision, Withdrawn: []relais.DocumentID{d.ID}}
			if err := db.Appended(t.Context(), c.ID, []state.Appended{a}); err != nil {
				t.Fatal(err)
			}
		}, []string{"index_extra", "record_unknown"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := whole.beside(t)
			var id string
			p.spoil(func(db *state.DB, c relais.Case, d state.Envelope, at relais.Occurrence) {
				id = string(d.ID)
				tc.spoil(t, db, c, d, at)
			})
			r := p.run("verify", "--read-data")
			if r.code != exitDamaged {
				t.Fatalf("verify: exit %d\n%s%s", r.code, r.out, r.err)
			}
			for _, code := range tc.says {
				if !strings.Contains(r.out, code) || code != "occurrence_undocumented" && !strings.Contains(r.out, id) {
					t.Errorf("verify does not say %s %s:\n%s", code, id, r.out)
				}
			}
			p.must("reindex")
			p.must("verify", "--read-data")
			if got := p.export(); got != want != tc.lost || strings.Contains(got, id) == tc.lost {
				t.Errorf("after reindex: %s", firstDifference(want, got))
			}
		})
	}
}
