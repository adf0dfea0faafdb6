package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// Doubtful lists what waits to be settled.
func (ar *archive) Doubtful(ctx context.Context, q relais.DoubtfulQuery) (relais.DoubtfulList, error) {
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
	err = ar.state.EachDoubtful(ctx, q.Case, func(d state.DoubtfulRow) error {
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
	decisions, err := ar.state.Decisions(ctx, q.Case)
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

func (ar *archive) caseNames(ctx context.Context) (map[relais.CaseID]string, error) {
	cases, err := ar.state.Cases(ctx)
	names := make(map[relais.CaseID]string, len(cases))
	for _, k := range cases {
		names[k.ID] = k.Name
	}
	return names, err
}

// Disclose tells what a doubtful document is; why somebody asked is on record before.
func (ar *archive) Disclose(ctx context.Context, id relais.DocumentID, by relais.Act) (relais.Disclosed, error) {
	c, row, err := ar.state.Row(ctx, id)
	if relais.KindOf(err) == relais.KindNotFound || err == nil && row.Status != relais.StatusDoubtful {
		err = relais.WithHint(relais.Errorf(relais.KindNotFound, "show doubtful", "nothing doubtful has this id"), "`relais privacy list`")
	}
	if err != nil {
		return relais.Disclosed{}, err
	}
	before, err := ar.state.Disclosures(ctx, c, row.ID)
	if err == nil {
		err = ar.state.PutDisclosure(ctx, c, row.ID, by)
	}
	if err != nil {
		return relais.Disclosed{}, err
	}
	stage, err := ar.pipeline.newStage(ctx)
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

// Settle decides what doubtful marks mean, and has it follow at once. This process makes
// and appends what follows, wherever the stages run: see ADR 11.
func (o *operator) Settle(ctx context.Context, req relais.SettleRequest, by relais.Act, emit func(relais.Event)) error {
	decisions, err := o.decisions(ctx, req, by)
	if err != nil {
		return err
	}
	stage, err := o.ar.pipeline.newStage(ctx)
	if err != nil {
		return err
	}
	var all relais.Settled
	for _, c := range sortedIDs(decisions) {
		done, err := stage.Decide(ctx, c, decisions[c])
		if err != nil {
			return err
		}
		all = all.Plus(done)
	}
	return o.settled(ctx, all, req.NoWait, emit)
}

// decisions gives, by case, what a request decides.
func (o *operator) decisions(ctx context.Context, req relais.SettleRequest, by relais.Act) (map[relais.CaseID][]relais.Decision, error) {
	list := map[relais.CaseID][]relais.Decision{}
	for _, id := range req.Documents {
		c, row, err := o.ar.state.Row(ctx, id)
		if err != nil {
			return nil, relais.WithHint(err, "`relais privacy list` shows what waits to be settled")
		}
		list[c] = append(list[c], relais.Decision{About: relais.AboutDocument, Document: row.ID, Verdict: req.Verdict, Act: by})
	}
	if len(req.Folders)+len(req.Rules) == 0 {
		return list, nil
	}
	k, err := o.caseOf(ctx, req.Case)
	if err != nil {
		return nil, err
	}
	for _, f := range req.Folders {
		name, err := o.folderName(ctx, k.ID, f)
		if err != nil {
			return nil, err
		}
		list[k.ID] = append(list[k.ID], relais.Decision{About: relais.AboutFolder, Target: name, Verdict: req.Verdict, Act: by})
	}
	for _, r := range req.Rules {
		r = strings.TrimPrefix(r, "doubtful_") // as reasons of the balance say it
		list[k.ID] = append(list[k.ID], relais.Decision{About: relais.AboutRule, Target: r, Verdict: req.Verdict, Act: by})
	}
	return list, nil
}

// caseOf gives the case of a name, or the only one there is.
func (o *operator) caseOf(ctx context.Context, name string) (relais.Case, error) {
	if name != "" {
		return o.ar.cases.Case(ctx, name)
	}
	list, err := o.ar.cases.List(ctx)
	if err == nil && len(list) != 1 {
		err = relais.WithHint(relais.Errorf(relais.KindInvalid, "settle", "a folder or a rule is settled in one case"), "name it with --case")
	}
	if err != nil {
		return relais.Case{}, err
	}
	return list[0], nil
}

// folderName gives the name of a folder that was named by its name or its id.
func (o *operator) folderName(ctx context.Context, c relais.CaseID, nameOrID string) (string, error) {
	name, found := nameOrID, !relais.IsFolderID(nameOrID)
	if found {
		return name, nil
	}
	err := o.ar.state.EachDoubtful(ctx, c, func(d state.DoubtfulRow) error {
		for _, m := range d.Doubts {
			if isFolder(nameOrID, m.Folder) {
				name, found = m.Folder, true
			}
		}
		return nil
	})
	if err == nil && !found {
		var list []relais.Decision
		list, err = o.ar.state.Decisions(ctx, c)
		for _, d := range list {
			if d.About == relais.AboutFolder && isFolder(nameOrID, d.Target) {
				name, found = d.Target, true
			}
		}
	}
	if err == nil && !found {
		err = relais.WithHint(relais.Errorf(relais.KindNotFound, "settle", "no doubtful mark was met in folder %s", nameOrID), "`relais privacy list` shows the folders")
	}
	return name, err
}

// UndoSettling undoes a decision.
func (o *operator) UndoSettling(ctx context.Context, req relais.UndoRequest, by relais.Act, emit func(relais.Event)) error {
	list, err := o.ar.state.Decisions(ctx, "")
	if err != nil {
		return err
	}
	slices.Reverse(list) // of several on one document the last is undone first
	i := slices.IndexFunc(list, func(d relais.Decision) bool {
		return d.Undone == nil && (d.ID == req.ID || d.About == relais.AboutDocument && string(d.Document) == req.ID)
	})
	if i < 0 {
		return relais.WithHint(relais.Errorf(relais.KindNotFound, "undo", "no decision that counts has this id"), "`relais privacy list --settled`")
	}
	stage, err := o.ar.pipeline.newStage(ctx)
	if err != nil {
		return err
	}
	done, err := stage.Undo(ctx, list[i], by)
	if err != nil {
		return err
	}
	return o.settled(ctx, done, req.NoWait, emit)
}

// settled waits until what follows from a decision can be found, and tells of it.
func (o *operator) settled(ctx context.Context, done relais.Settled, noWait bool, emit func(relais.Event)) error {
	if !noWait {
		if err := o.Wait(ctx, emit); err != nil {
			return err
		}
	}
	done.Decisions = unnamed(done.Decisions)
	emit(relais.Event{Type: "settled", Result: done})
	return nil
}
