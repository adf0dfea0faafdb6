package state

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// Marks is what marks a document as private.
type Marks struct {
	Personal string  `json:"personal,omitempty"` // the rule that says so for sure, or ""
	Doubts   []Doubt `json:"doubts,omitempty"`   // sorted, each once

	// Of names the documents whose marks these were, where an occurrence of theirs was
	// read anew as another document before the others were.
	Of []relais.DocumentID `json:"of,omitempty"`
}

// Doubt is one mark that may be meant as private: the rule that saw it, and the folder
// of the copy that bears it. Never the word itself.
type Doubt struct {
	Rule   string `json:"rule"`
	Folder string `json:"folder"`
}

// None tells whether nothing is marked.
func (m Marks) None() bool { return m.Personal == "" && len(m.Doubts) == 0 }

// Unite gives the marks of both: the smaller of two rules, and every doubt once.
func (m Marks) Unite(other Marks) Marks {
	if m.Personal == "" || other.Personal != "" && other.Personal < m.Personal {
		m.Personal = other.Personal
	}
	m.Doubts = slices.Concat(m.Doubts, other.Doubts)
	slices.SortFunc(m.Doubts, func(a, b Doubt) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Folder, b.Folder)) })
	m.Doubts = slices.Compact(m.Doubts)
	m.Of = slices.Concat(m.Of, other.Of)
	slices.Sort(m.Of)
	m.Of = slices.Compact(m.Of)
	return m
}

// encodeDoubts and encodeMarks give "" for nothing, which most documents bear.
func encodeDoubts(list []Doubt) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

func encodeMarks(m Marks) (string, error) {
	if m.None() {
		return "", nil
	}
	b, err := json.Marshal(m)
	return string(b), err
}

func decodeJSON[V any](s string, v *V) error {
	if s == "" {
		return nil
	}
	return garbled(json.Unmarshal([]byte(s), v))
}

// Unread gives those of the documents of which an occurrence was last read before a
// generation.
func (m *Merging) Unread(ctx context.Context, ids []relais.DocumentID, generation int64) (map[relais.DocumentID]bool, error) {
	found := map[relais.DocumentID]bool{}
	err := eachIn(ctx, m.tx, `SELECT DISTINCT document FROM occurrences
		WHERE case_id = $1 AND outcome = 'read' AND generation < $2 AND document IN (?)`, []any{string(m.c), generation}, ids, func(r row) error {
		var id relais.DocumentID
		err := r.Scan(&id)
		found[id] = true
		return err
	})
	return found, err
}

// Withheld gives those of the ids that are withheld, without facts.
func (m *Merging) Withheld(ctx context.Context, ids []relais.DocumentID) (map[relais.DocumentID]Document, error) {
	return documentsIn(ctx, m.tx, m.c, withoutFacts(), "status <> '' AND id", ids)
}

// Awaiting gives every document that is withheld by the marks of others.
func (m *Merging) Awaiting(ctx context.Context) (map[relais.DocumentID]Document, error) {
	found := map[relais.DocumentID]Document{}
	err := each(ctx, m.tx, `SELECT `+documentColumns+` FROM documents WHERE case_id = $1 AND status <> '' AND earlier LIKE '%"of":%'`,
		[]any{string(m.c)}, func(r row) error {
			d, err := scanDocument(r)
			found[d.ID] = d
			return err
		})
	return found, err
}
