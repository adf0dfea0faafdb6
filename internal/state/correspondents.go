package state

import (
	"context"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// The table of correspondents of a case is made once somebody decides of an address or a
// domain, from what the rows of documents say, and is kept up from then on: to write it for
// every document captured would cost an ingest a fifteenth of its time, and most archives
// never ask. A row that names nobody says that a case has it.

// hasCorrespondents tells whether the case has its table of correspondents.
func (m *Merging) hasCorrespondents(ctx context.Context) (has bool, err error) {
	err = each(ctx, m.tx, `SELECT 1 FROM correspondents WHERE case_id = $1 AND who = ''`, []any{string(m.c)}, func(row) error { has = true; return nil })
	return has, err
}

// peoplePage is how many documents are asked at once for whom they were exchanged with.
const peoplePage = 4096

// makeCorrespondents makes the case's table of correspondents, unless it is there.
func (m *Merging) makeCorrespondents(ctx context.Context) error {
	if has, err := m.hasCorrespondents(ctx); err != nil || has {
		return err
	}
	const insert = `INSERT INTO correspondents (case_id, who, document)`
	for last, more := "", true; more; {
		var rows [][]any
		read := 0
		err := each(ctx, m.tx, `SELECT id, people FROM documents WHERE case_id = $1 AND id > $2 AND people <> '' ORDER BY id LIMIT $3`,
			[]any{string(m.c), last, peoplePage}, func(r row) error {
				var people string
				err := r.Scan(&last, &people)
				for _, who := range strings.Fields(people) {
					rows = append(rows, []any{string(m.c), who, last})
				}
				read++
				return err
			})
		if err == nil {
			err = insertRows(ctx, m.tx, insert, "", rows)
		}
		if err != nil {
			return err
		}
		more = read == peoplePage
	}
	return insertRows(ctx, m.tx, insert, "", [][]any{{string(m.c), "", ""}})
}

// putCorrespondents has documents found by those that their rows name, and by no other.
// It must come before the rows are written: these say what was found before.
func (m *Merging) putCorrespondents(ctx context.Context, docs []Document) error {
	if has, err := m.hasCorrespondents(ctx); err != nil || !has {
		return err
	}
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
