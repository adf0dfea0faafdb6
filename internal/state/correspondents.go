package state

import (
	"context"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// putCorrespondents has documents found by those that their rows name, and by no other.
// It must come before the rows are written: these say what was found before.
func (m *Merging) putCorrespondents(ctx context.Context, docs []Document) error {
	ids := make([]relais.DocumentID, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	had := make(map[relais.DocumentID][]string, len(docs))
	err := eachIn(ctx, m.tx, `SELECT id, people FROM documents WHERE case_id = $1 AND people <> '' AND id IN (?)`, []any{string(m.c)}, ids, func(r row) error {
		var id relais.DocumentID
		var people string
		err := r.Scan(&id, &people)
		had[id] = strings.Fields(people)
		return err
	})
	if err != nil {
		return err
	}
	var come [][]any
	for _, d := range docs {
		if err := m.forget(ctx, d.ID, without(had[d.ID], d.People)); err != nil {
			return err
		}
		for _, who := range without(d.People, had[d.ID]) {
			come = append(come, []any{string(m.c), who, string(d.ID)})
		}
	}
	return insertRows(ctx, m.tx, `INSERT INTO correspondents (case_id, who, document)`, "", come)
}

func (m *Merging) forget(ctx context.Context, id relais.DocumentID, who []string) error {
	return execIn(ctx, m.tx, `DELETE FROM correspondents WHERE case_id = $1 AND document = $2 AND who IN (?)`, []any{string(m.c), string(id)}, who)
}

func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(others, s) })
}
