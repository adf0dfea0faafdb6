package enrich

import (
	"context"
	"maps"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// Redecide has whole threads of a case inherit again, and follow what people decided,
// from what was found of their documents: no mail is read. Of those that change
// envelopes are appended; it gives their number. Nothing outside the threads is touched.
func (s *Stage) Redecide(ctx context.Context, c relais.CaseID, threads []string) (changed int64, err error) {
	err = s.state.Alone(ctx, c, func(ctx context.Context) error {
		return s.follow(ctx, c, nil, &changed, func(context.Context, *state.Merging) ([]string, error) { return threads, nil })
	})
	return changed, err
}

// Follow has the documents of every case follow the decisions, made and undone, that
// they do not follow yet, and gives the number of those that change. That they do not is
// on record since the decision was: what a crash leaves, the next who follows does. The
// process that was asked to decide does so itself, see ADR 11; stages do when they start
// and when they have nothing to read. It begins with what a process that was killed while
// it decided had marked and not appended: no stage may have anything to do that would
// have it look.
func (s *Stage) Follow(ctx context.Context) (changed int64, err error) {
	if err := s.appendLeft(ctx); err != nil {
		return 0, err
	}
	return s.followPending(ctx)
}

func (s *Stage) followPending(ctx context.Context) (changed int64, err error) {
	pending, err := s.state.PendingDecisions(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range slices.Sorted(maps.Keys(pending)) {
		if err := s.state.Alone(ctx, c, func(ctx context.Context) error { return s.followCase(ctx, c, &changed) }); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// followCase has a case, that is this process's alone, follow what it does not yet: who
// was waited for may have done so.
func (s *Stage) followCase(ctx context.Context, c relais.CaseID, changed *int64) error {
	pending, err := s.state.PendingDecisions(ctx)
	if err != nil || len(pending[c]) == 0 {
		return err
	}
	var tags, privacy []relais.Decision
	for _, d := range pending[c] {
		if d.Kind == relais.DecidePrivacy {
			privacy = append(privacy, d)
		} else {
			tags = append(tags, d)
		}
	}
	if len(privacy) > 0 {
		if err := s.followPrivacy(ctx, c, privacy, changed); err != nil {
			return err
		}
	}
	if len(tags) == 0 {
		return nil
	}
	return s.follow(ctx, c, tags, changed, func(ctx context.Context, m *state.Merging) ([]string, error) {
		return threadsConcerned(ctx, m, tags)
	})
}

// followPrivacy judges anew what decisions on privacy, brought from elsewhere, concern.
func (s *Stage) followPrivacy(ctx context.Context, c relais.CaseID, list []relais.Decision, changed *int64) error {
	done, err := s.redecideAlone(ctx, c, list, func(m *state.Merging, _ *relais.Settled) (all []relais.DocumentID, err error) {
		for _, d := range list {
			ids, err := concernedBy(ctx, m, d)
			if err != nil {
				return nil, err
			}
			all = append(all, ids...)
		}
		return all, nil
	})
	*changed += done.Professional + done.Personal + done.Doubtful
	return err
}

// followThreads is how many threads inherit again at once.
const followThreads = 500

// follow has threads inherit again, and appends what changes. What was decided stands as
// pending no more from the transaction on in which the documents are marked.
func (s *Stage) follow(ctx context.Context, c relais.CaseID, followed []relais.Decision, changed *int64,
	concerned func(context.Context, *state.Merging) ([]string, error),
) error {
	var touched int64
	err := s.state.Redecide(ctx, c, s.generation, followed, func(m *state.Merging) error {
		touched = 0
		threads, err := concerned(ctx, m)
		if err != nil {
			return err
		}
		found, err := m.Discovered(ctx)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(threads, followThreads) {
			rows, err := s.inheritAnew(ctx, m, some, found)
			if err != nil {
				return err
			}
			touched += int64(len(rows))
		}
		return nil
	})
	if err != nil {
		return err
	}
	*changed += touched
	return s.recoverCase(ctx, c)
}

// inheritAnew has threads inherit again, and touches the documents that change.
func (s *Stage) inheritAnew(ctx context.Context, m *state.Merging, threads []string, found map[string]bool) ([]state.Document, error) {
	members, err := m.InThreads(ctx, threads)
	if err != nil {
		return nil, err
	}
	changed, err := inheritWhole(ctx, m, members, found)
	if err != nil {
		return nil, err
	}
	rows := make([]state.Document, 0, len(changed))
	for _, id := range sortedKeys(changed) {
		row := members[id]
		row.Tags = changed[id]
		rows = append(rows, row)
	}
	return s.touch(ctx, m, rows)
}

// Unfollowed gives the documents, by case and thread, whose rows do not say what they
// inherit and what was decided of them: what is worked out again from all that is
// remembered. What is on its way is no fault.
func (s *Stage) Unfollowed(ctx context.Context) (map[relais.CaseID]map[string][]relais.DocumentID, error) {
	pending, err := s.state.PendingDecisions(ctx)
	if err != nil {
		return nil, err
	}
	cases, err := s.state.Cases(ctx)
	if err != nil {
		return nil, err
	}
	found := map[relais.CaseID]map[string][]relais.DocumentID{}
	for _, c := range cases {
		if len(pending[c.ID]) > 0 {
			continue
		}
		err := s.state.Settle(ctx, c.ID, func(m *state.Merging) error {
			threads, err := unfollowed(ctx, m)
			if len(threads) > 0 {
				found[c.ID] = threads
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func unfollowed(ctx context.Context, m *state.Merging) (map[string][]relais.DocumentID, error) {
	docs := map[relais.DocumentID]state.Document{}
	if err := m.All(ctx, func(d state.Document) error { docs[d.ID] = d; return nil }); err != nil {
		return nil, err
	}
	found, err := m.Discovered(ctx)
	if err != nil {
		return nil, err
	}
	r, err := rulingsOn(ctx, m, sortedKeys(docs))
	if err != nil {
		return nil, err
	}
	changed, err := r.inheritance(docs, found)
	threads := map[string][]relais.DocumentID{}
	for _, id := range sortedKeys(changed) {
		if d := docs[id]; !d.Dirty {
			threads[d.Thread] = append(threads[d.Thread], id)
		}
	}
	return threads, err
}

// rulingsOn gives what people decided that may concern documents, beside privacy.
func rulingsOn(ctx context.Context, m *state.Merging, ids []relais.DocumentID) (r rulings, err error) {
	wide, nearer, err := m.Rulings(ctx)
	if err != nil {
		return r, err
	}
	var near map[relais.DocumentID][]relais.Decision
	if nearer {
		near, err = m.RuledOn(ctx, ids)
	}
	return newRulings(wide, near), err
}

// threadsConcerned gives the threads whose documents decisions may change.
func threadsConcerned(ctx context.Context, m *state.Merging, list []relais.Decision) ([]string, error) {
	var people []string
	var ids []relais.DocumentID
	var ofClients []relais.Decision
	for _, d := range list {
		switch d.About {
		case relais.AboutAddress, relais.AboutDomain:
			people = append(people, whoOf(d))
		case relais.AboutClient:
			ofClients = append(ofClients, d)
		default:
			some, err := m.OfBytes(ctx, d.Target)
			if err != nil {
				return nil, err
			}
			ids = append(ids, some...)
		}
	}
	some, err := m.ExchangedWith(ctx, people)
	if err != nil {
		return nil, err
	}
	threads, err := m.ThreadsOf(ctx, append(ids, some...))
	if err != nil || len(ofClients) == 0 {
		return threads, err
	}
	of, err := threadsOfClients(ctx, m, ofClients)
	threads = append(threads, of...)
	slices.Sort(threads)
	return slices.Compact(threads), err
}

// threadsOfClients gives the threads with a document of which some client was found or
// decided, under whatever name it is shown or was. No column says so: all rows of the
// case are looked at.
func threadsOfClients(ctx context.Context, m *state.Merging, list []relais.Decision) (threads []string, err error) {
	wide, _, err := m.Rulings(ctx)
	if err != nil {
		return nil, err
	}
	found, err := m.Discovered(ctx)
	if err != nil {
		return nil, err
	}
	names := namesOf(list, wide)
	err = m.All(ctx, func(d state.Document) error {
		ids := clientsFound(d, found)
		in, err := decodeInherited(d.Tags)
		if err != nil {
			return err
		}
		for _, t := range in.Clients {
			ids = append(ids, t.ID)
		}
		for _, t := range in.ruled().Clients {
			ids = append(ids, t.ID)
		}
		if slices.ContainsFunc(ids, func(id string) bool { return names[id] }) {
			threads = append(threads, d.Thread)
		}
		return nil
	})
	slices.Sort(threads)
	return slices.Compact(threads), err
}

// namesOf gives the clients of decisions, and all that are or were one with them.
func namesOf(list, wide []relais.Decision) map[string]bool {
	names := map[string]bool{}
	for _, d := range list {
		names[d.Target] = true
	}
	for grown := true; grown; {
		grown = false
		for _, d := range slices.Concat(list, wide) {
			if d.Kind == relais.DecideMerge && names[d.Value] != names[d.Target] {
				names[d.Target], names[d.Value], grown = true, true, true
			}
		}
	}
	return names
}
