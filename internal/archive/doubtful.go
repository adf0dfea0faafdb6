package archive

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// Doubtful lists what waits to be settled.
func (ar *Archive) Doubtful(ctx context.Context, q relais.DoubtfulQuery) (relais.DoubtfulList, error) {
	list := relais.DoubtfulList{Documents: []relais.Doubtful{}, Marks: []relais.PrivacyMark{}, Decisions: []relais.Decision{}}
	names, err := ar.caseNames(ctx)
	if err != nil {
		return list, err
	}
	after, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return list, relais.Errorf(relais.KindInvalid, "list doubtful", "the cursor is none of ours")
	}
	counts := map[state.Doubt]int64{}
	last := ""
	err = ar.on.State.EachDoubtful(ctx, q.Case, func(d state.DoubtfulRow) error {
		if !slices.ContainsFunc(d.Doubts, func(m state.Doubt) bool { return asked(q, m) }) {
			return nil
		}
		list.Total++
		for _, m := range d.Doubts {
			counts[m]++
		}
		place := placeOf(d)
		switch {
		case place <= string(after):
		case len(list.Documents) < q.Limit:
			list.Documents, last = append(list.Documents, doubtfulOf(d, names)), place
		default:
			list.Next = base64.RawURLEncoding.EncodeToString([]byte(last))
		}
		return nil
	})
	if err != nil {
		return list, err
	}
	for m, n := range counts {
		mark := relais.NewPrivacyMark(m.Rule, m.Folder)
		mark.Count = n
		list.Marks = append(list.Marks, mark)
	}
	slices.SortFunc(list.Marks, func(a, b relais.PrivacyMark) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.FolderID, b.FolderID))
	})
	decisions, err := ar.on.State.Decisions(ctx, q.Case)
	list.Decisions = append(list.Decisions, unnamed(decisions)...)
	return list, err
}

// unnamed gives decisions with the ids of folders in place of their names, which may be
// the mark.
func unnamed(list []relais.Decision) []relais.Decision {
	list = slices.Clone(list)
	for i, d := range list {
		if d.About == relais.AboutFolder {
			list[i].Target = relais.FolderID(d.Target)
		}
	}
	return list
}

// asked tells whether a query is about a mark.
func asked(q relais.DoubtfulQuery, m state.Doubt) bool {
	return (q.Rule == "" || q.Rule == m.Rule) && (q.Folder == "" || isFolder(q.Folder, m.Folder))
}

// isFolder tells whether a folder is the one of a name or an id.
func isFolder(nameOrID, folder string) bool {
	return nameOrID == folder || nameOrID == relais.FolderID(folder)
}

// placeOf gives where a document stands in the order of the list.
func placeOf(d state.DoubtfulRow) string {
	return fmt.Sprintf("%s %020d %s", d.Case, d.Date.Unix()+1<<40, d.ID)
}

func doubtfulOf(d state.DoubtfulRow, names map[relais.CaseID]string) relais.Doubtful {
	doc := relais.Doubtful{ID: d.ID, Case: names[d.Case], Date: d.Date, Size: d.Size, Copies: d.Copies}
	for _, m := range d.Doubts {
		doc.Marks = append(doc.Marks, relais.NewPrivacyMark(m.Rule, m.Folder))
	}
	return doc
}

func (ar *Archive) caseNames(ctx context.Context) (map[relais.CaseID]string, error) {
	cases, err := ar.on.State.Cases(ctx)
	names := make(map[relais.CaseID]string, len(cases))
	for _, k := range cases {
		names[k.ID] = k.Name
	}
	return names, err
}

// Disclose tells what a doubtful document is; why somebody asked is on record before.
func (ar *Archive) Disclose(ctx context.Context, id relais.DocumentID, by relais.Act) (relais.Disclosed, error) {
	c, row, err := ar.on.State.Row(ctx, id)
	if relais.KindOf(err) == relais.KindNotFound || err == nil && row.Status != relais.StatusDoubtful {
		err = relais.WithHint(relais.Errorf(relais.KindNotFound, "show doubtful", "nothing doubtful has this id"), "`relais privacy list`")
	}
	if err != nil {
		return relais.Disclosed{}, err
	}
	before, err := ar.on.State.Disclosures(ctx, c, row.ID)
	if err == nil {
		err = ar.on.State.PutDisclosure(ctx, c, row.ID, by)
	}
	if err != nil {
		return relais.Disclosed{}, err
	}
	stage, err := ar.stage(ctx)
	if err != nil {
		return relais.Disclosed{}, err
	}
	told, err := stage.Disclose(ctx, c, row)
	if err != nil {
		return told, err
	}
	names, err := ar.caseNames(ctx)
	told.Case, told.Told = names[c], before
	return told, err
}
