package archive

import (
	"context"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// Settle decides what doubtful marks mean, and has it follow at once. This process makes
// and appends what follows, wherever the stages run: see ADR 11.
func (ar *Archive) Settle(ctx context.Context, req relais.SettleRequest, by relais.Act, emit func(relais.Event)) error {
	decisions, err := ar.decisions(ctx, req, by)
	if err != nil {
		return err
	}
	stage, err := ar.stage(ctx)
	if err != nil {
		return err
	}
	var all relais.Settled
	for _, c := range sorted(decisions) {
		done, err := stage.Decide(ctx, c, decisions[c])
		if err != nil {
			return err
		}
		all = all.Plus(done)
	}
	return ar.settled(ctx, all, req.NoWait, emit)
}

// decisions gives, by case, what a request decides.
func (ar *Archive) decisions(ctx context.Context, req relais.SettleRequest, by relais.Act) (map[relais.CaseID][]relais.Decision, error) {
	list := map[relais.CaseID][]relais.Decision{}
	for _, id := range req.Documents {
		c, row, err := ar.on.State.Row(ctx, id)
		if err != nil {
			return nil, relais.WithHint(err, "`relais privacy list` shows what waits to be settled")
		}
		list[c] = append(list[c], relais.Decision{About: relais.AboutDocument, Document: row.ID, Verdict: req.Verdict, Act: by})
	}
	if len(req.Folders)+len(req.Rules) == 0 {
		return list, nil
	}
	k, err := ar.caseOf(ctx, req.Case)
	if err != nil {
		return nil, err
	}
	for _, f := range req.Folders {
		name, err := ar.folderName(ctx, k.ID, f)
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
func (ar *Archive) caseOf(ctx context.Context, name string) (relais.Case, error) {
	if name != "" {
		return ar.Cases.Case(ctx, name)
	}
	list, err := ar.Cases.List(ctx)
	if err == nil && len(list) != 1 {
		err = relais.WithHint(relais.Errorf(relais.KindInvalid, "settle", "a folder or a rule is settled in one case"), "name it with --case")
	}
	if err != nil {
		return relais.Case{}, err
	}
	return list[0], nil
}

// folderName gives the name of a folder that was named by its name or its id.
func (ar *Archive) folderName(ctx context.Context, c relais.CaseID, nameOrID string) (string, error) {
	name, found := nameOrID, !relais.IsFolderID(nameOrID)
	if found {
		return name, nil
	}
	err := ar.on.State.EachDoubtful(ctx, c, func(d state.DoubtfulRow) error {
		for _, m := range d.Doubts {
			if isFolder(nameOrID, m.Folder) {
				name, found = m.Folder, true
			}
		}
		return nil
	})
	if err == nil && !found {
		var list []relais.Decision
		list, err = ar.on.State.Decisions(ctx, c)
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
func (ar *Archive) UndoSettling(ctx context.Context, req relais.UndoRequest, by relais.Act, emit func(relais.Event)) error {
	list, err := ar.on.State.Decisions(ctx, "")
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
	stage, err := ar.stage(ctx)
	if err != nil {
		return err
	}
	done, err := stage.Undo(ctx, list[i], by)
	if err != nil {
		return err
	}
	return ar.settled(ctx, done, req.NoWait, emit)
}

// settled waits until what follows from a decision can be found, and tells of it.
func (ar *Archive) settled(ctx context.Context, done relais.Settled, noWait bool, emit func(relais.Event)) error {
	if !noWait {
		if err := ar.Wait(ctx, emit); err != nil {
			return err
		}
	}
	done.Decisions = unnamed(done.Decisions)
	emit(relais.Event{Type: "settled", Result: done})
	return nil
}
