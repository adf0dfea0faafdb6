package state

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

// Decide records decisions, after all others, with the cases whose documents are to
// follow them; until they do the decisions stand as pending. A merge of clients that
// would close a circle is of relais.KindConflict, and then none is recorded.
func (db *DB) Decide(ctx context.Context, list []relais.Decision) (made []relais.Decision, err error) {
	err = db.decisive(ctx, "decide", casesOf(list), func(tx session) error {
		made = nil
		for _, d := range list {
			if err := d.Check(); err != nil {
				return err
			}
			if err := refuseCircle(ctx, tx, d); err != nil {
				return err
			}
			d, err := putDecision(ctx, tx, d)
			if err != nil {
				return err
			}
			if err := await(ctx, tx, d); err != nil {
				return err
			}
			made = append(made, d)
		}
		return nil
	})
	return made, err
}

// UndoDecided makes a decision count no more, as Decide records one, and gives it.
// relais.KindNotFound when no decision that counts has the id.
func (db *DB) UndoDecided(ctx context.Context, id string, by relais.Act) (undone relais.Decision, err error) {
	err = db.decisive(ctx, "undo a decision", nil, func(tx session) error {
		found, err := decisionsIn(ctx, tx, []string{id})
		if err != nil {
			return err
		}
		d, ok := found[id]
		if !ok || d.Undone != nil {
			return relais.Errorf(relais.KindNotFound, "undo a decision", "no decision that counts has the id %s", id)
		}
		d.Undone = &by
		undone = d
		if err := markUndone(ctx, tx, id, by); err != nil {
			return err
		}
		return await(ctx, tx, d)
	})
	return undone, err
}

// ImportDecisions records decisions that another archive, or this one, has exported:
// those whose id is known are left as they are, but for what was undone since. They
// count in the order of their time, then of their id, so that whatever is brought first
// the same decisions count. It gives those that are new or undone now.
func (db *DB) ImportDecisions(ctx context.Context, list []relais.Decision) (changed []relais.Decision, err error) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b relais.Decision) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	ids := make([]string, len(list))
	for i, d := range list {
		ids[i] = d.ID
	}
	err = db.decisive(ctx, "import decisions", casesOf(list), func(tx session) error {
		changed = nil
		have, err := decisionsIn(ctx, tx, ids)
		if err != nil {
			return err
		}
		for _, d := range list {
			known, ok := have[d.ID]
			switch {
			case !ok:
				err = insertDecision(ctx, tx, d, d.At.UnixMicro())
			case known.Undone == nil && d.Undone != nil:
				err = markUndone(ctx, tx, d.ID, *d.Undone)
			default:
				continue
			}
			if err == nil {
				err = await(ctx, tx, d)
			}
			if err != nil {
				return err
			}
			have[d.ID], changed = d, append(changed, d)
		}
		return nil
	})
	return changed, err
}

// decisive runs fn while nobody else decides anything of the archive or of some cases,
// and no case is made.
func (db *DB) decisive(ctx context.Context, op string, cases []relais.CaseID, fn func(session) error) error {
	return db.locked(ctx, op, lockCases, func(tx session) error {
		for _, c := range cases {
			if err := tx.lock(ctx, lockCase+string(c)); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// casesOf gives the cases of decisions, in the order in which they are locked.
func casesOf(list []relais.Decision) []relais.CaseID {
	found := map[relais.CaseID]bool{}
	for _, d := range list {
		if d.Case != "" {
			found[d.Case] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// refuseCircle refuses a merge of clients that would not count, since it would close a
// circle.
func refuseCircle(ctx context.Context, tx session, d relais.Decision) error {
	if d.Kind != relais.DecideMerge {
		return nil
	}
	have, err := live(ctx, tx, "", `kind = 'merge'`)
	if err != nil {
		return err
	}
	if merges := relais.Merges(append(have, d)); merges[d.Target] != d.Value {
		return relais.WithHint(relais.Errorf(relais.KindConflict, "decide", "client %s is %s already: the two would be each other", d.Value, d.Target),
			"`relais decisions list` shows what was merged, `relais decisions undo` undoes it")
	}
	return nil
}

// await has the documents of the cases that a decision may concern follow it.
func await(ctx context.Context, tx session, d relais.Decision) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO decisions_pending (case_id, decision)
		SELECT id, $1 FROM cases WHERE $2 = '' OR id = $2 ON CONFLICT (case_id, decision) DO NOTHING`, d.ID, string(d.Case))
	return err
}

func markUndone(ctx context.Context, tx session, id string, by relais.Act) error {
	_, err := tx.ExecContext(ctx, `UPDATE decisions SET undone_by = $1, undone_at = $2, undone_reason = $3 WHERE id = $4`,
		by.Actor, formatTime(by.At), by.Reason, id)
	return err
}

func decisionsIn(ctx context.Context, s session, ids []string) (map[string]relais.Decision, error) {
	found := make(map[string]relais.Decision, len(ids))
	err := eachIn(ctx, s, `SELECT `+decisionColumns+` FROM decisions WHERE id IN (?)`, nil, ids, func(r row) error {
		d, err := scanDecision(r)
		found[d.ID] = d
		return err
	})
	return found, err
}

// live gives decisions of a case and of the archive that are not undone, those of a
// condition, in the order they count.
func live(ctx context.Context, s session, c relais.CaseID, where string) (list []relais.Decision, err error) {
	err = each(ctx, s, `SELECT `+decisionColumns+` FROM decisions
		WHERE case_id IN ('', $1) AND undone_at = '' AND `+where+` ORDER BY ranked, id`, []any{string(c)}, func(r row) error {
		d, err := scanDecision(r)
		list = append(list, d)
		return err
	})
	return list, err
}

// PendingDecisions gives, by case, the decisions that its documents do not follow yet,
// undone ones among them.
func (db *DB) PendingDecisions(ctx context.Context) (map[relais.CaseID][]relais.Decision, error) {
	pending := map[relais.CaseID][]relais.Decision{}
	err := each(ctx, db.write, `SELECT p.case_id, `+qualified("d")+` FROM decisions_pending p
		JOIN decisions d ON d.id = p.decision ORDER BY p.case_id, d.ranked, d.id`, nil, func(r row) error {
		var c relais.CaseID
		d, err := scanDecision(r, &c)
		pending[c] = append(pending[c], d)
		return err
	})
	return pending, unavailable("list pending decisions", err)
}

// MergedClients lists the clients that are one with another, by id, under the one that
// none merged further.
func (db *DB) MergedClients(ctx context.Context) ([]relais.MergedClient, error) {
	decisions, err := live(ctx, db.read, "", `kind = 'merge'`)
	if err != nil || len(decisions) == 0 {
		return nil, unavailable("list merged clients", err)
	}
	into := relais.Merges(decisions)
	list := make([]relais.MergedClient, 0, len(into))
	for _, id := range slices.Sorted(maps.Keys(into)) {
		list = append(list, relais.MergedClient{ID: id, Into: relais.Survivor(into, id)})
	}
	return list, unavailable("list merged clients", db.nameMerged(ctx, list))
}

func (db *DB) nameMerged(ctx context.Context, list []relais.MergedClient) error {
	at := make(map[string]int, len(list))
	for i, m := range list {
		at[m.ID] = i
	}
	return eachIn(ctx, db.read, `SELECT body FROM clients WHERE id IN (?)`, nil, slices.Sorted(maps.Keys(at)), func(r row) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var c relais.Client
		if err := json.Unmarshal([]byte(body), &c); err != nil {
			return garbled(err)
		}
		list[at[c.ID]].Name = c.Name
		return nil
	})
}

// BytesOf gives the digest of a document's smallest occurrence, by which what people decide
// of it is kept; relais.KindNotFound when it has none.
func (db *DB) BytesOf(ctx context.Context, c relais.CaseID, id relais.DocumentID) (relais.Digest, error) {
	d, err := (&Merging{tx: db.read, c: c}).BytesOf(ctx, id)
	if err == nil && d.IsZero() {
		err = relais.Errorf(relais.KindNotFound, "find document", "no document has the id %s", id)
	}
	return d, unavailable("find document", err)
}

// Redecide runs fn as Merge does, to have documents follow what was decided, and leaves
// the case settled as it was; the decisions then stand as pending no more.
func (db *DB) Redecide(ctx context.Context, c relais.CaseID, generation int64, followed []relais.Decision, fn func(*Merging) error) error {
	err := db.lockedBoth(ctx, "redecide", lockCase+string(c), lockGeneration, func(tx session) error {
		if err := refuseOld(ctx, tx, generation); err != nil {
			return err
		}
		m := &Merging{tx: tx, c: c}
		if err := fn(m); err != nil {
			return err
		}
		return m.Followed(ctx, followed)
	})
	if err == nil {
		db.dialect.merged(ctx)
	}
	return err
}

// Followed has decisions stand as pending no more in the case.
func (m *Merging) Followed(ctx context.Context, list []relais.Decision) error {
	ids := make([]string, len(list))
	for i, d := range list {
		ids[i] = d.ID
	}
	return execIn(ctx, m.tx, `DELETE FROM decisions_pending WHERE case_id = $1 AND decision IN (?)`, []any{string(m.c)}, ids)
}

// Rulings gives what was decided of addresses, domains and clients, and which are one, in
// the order it counts; and whether anything of this case was decided of a document or a
// thread, beside its privacy.
func (m *Merging) Rulings(ctx context.Context) (list []relais.Decision, nearer bool, err error) {
	list, err = live(ctx, m.tx, "", `kind <> 'privacy'`)
	if err != nil {
		return nil, false, err
	}
	err = each(ctx, m.tx, `SELECT 1 FROM decisions WHERE case_id = $1 AND kind <> 'privacy' AND undone_at = '' LIMIT 1`,
		[]any{string(m.c)}, func(row) error { nearer = true; return nil })
	return list, nearer, err
}

// RuledOn gives what was decided, beside privacy, of documents and of the threads that
// they are named to stand for: of the bytes of any of their occurrences. In the order it
// counts, of those that somebody decided of.
func (m *Merging) RuledOn(ctx context.Context, ids []relais.DocumentID) (map[relais.DocumentID][]relais.Decision, error) {
	found := map[relais.DocumentID][]relais.Decision{}
	err := eachIn(ctx, m.tx, `SELECT DISTINCT o.document, d.ranked, `+qualified("d")+` FROM occurrences o
		JOIN decisions d ON d.case_id = o.case_id AND d.kind IN ('client', 'topic') AND d.about IN ('document', 'thread')
			AND d.target = o.sha256 AND d.undone_at = ''
		WHERE o.case_id = $1 AND o.outcome = 'read' AND o.document IN (?) ORDER BY d.ranked, d.id`, []any{string(m.c)}, ids, func(r row) error {
		var id relais.DocumentID
		var ranked int64
		d, err := scanDecision(r, &id, &ranked)
		found[id] = append(found[id], d)
		return err
	})
	return found, err
}

// ExchangedWith gives the documents that were exchanged with some people or domains, by
// their digests.
func (m *Merging) ExchangedWith(ctx context.Context, who []string) (ids []relais.DocumentID, err error) {
	if len(who) == 0 {
		return nil, nil
	}
	if err := m.makeCorrespondents(ctx); err != nil {
		return nil, err
	}
	err = eachIn(ctx, m.tx, `SELECT DISTINCT document FROM correspondents WHERE case_id = $1 AND who IN (?)`, []any{string(m.c)}, who, func(r row) error {
		var id relais.DocumentID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// ThreadsOf gives the threads that documents are in, each once.
func (m *Merging) ThreadsOf(ctx context.Context, ids []relais.DocumentID) (threads []string, err error) {
	err = eachIn(ctx, m.tx, `SELECT DISTINCT thread FROM documents WHERE case_id = $1 AND id IN (?)`, []any{string(m.c)}, ids, func(r row) error {
		var thread string
		err := r.Scan(&thread)
		threads = append(threads, thread)
		return err
	})
	slices.Sort(threads)
	return slices.Compact(threads), err
}
