package enrich

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// signalMarkReference is the doubt of a message that names a marked one in its
// References or In-Reply-To: what is answered may be quoted, and what is marked was said
// once for all of it. A subject alone ties nothing.
const signalMarkReference = "reference"

// doubtReplies makes messages doubtful that name a marked one, whichever of the two is read
// first: messages of this merge, and of earlier ones in the threads of those that are
// marked in this. The doubt is worked out anew each time from what the document shows
// and which messages are marked at this generation, so that order does not matter.
// Threads must have been made.
func (s *Stage) doubtReplies(ctx context.Context, c relais.CaseID, m *state.Merging, docs map[relais.DocumentID]*decided, readings []reading) error {
	marked := map[string]string{} // key -> thread
	for _, g := range readings {
		if g.refusal == nil && g.personal != "" && g.links.id != "" {
			marked[s.markedKey(g.links.id)] = docs[g.document].row.Thread
		}
	}
	known, err := m.Threads(ctx, sortedKeys(marked))
	if err != nil {
		return err
	}
	fresh := map[string]bool{}
	var threads []string
	for key, thread := range marked {
		if _, had := known[key]; !had {
			fresh[key] = true
			threads = append(threads, thread)
		}
	}
	if err := m.PutThreads(ctx, marked); err != nil {
		return err
	}
	if len(fresh) > 0 {
		slices.Sort(threads)
		if err := s.addReplies(ctx, c, m, docs, fresh, slices.Compact(threads)); err != nil {
			return err
		}
	}
	return s.doubtNamed(ctx, m, docs)
}

// awaitMarked makes documents that are read again keep the doubt of naming a marked
// message until the marked messages of their conversation have been read again too: only
// then is it known which of the marks the newer rules still see.
func awaitMarked(ctx context.Context, m *state.Merging, docs map[relais.DocumentID]*decided, rows map[relais.DocumentID]state.Document) error {
	waiting := map[string][]*decided{}
	for id, row := range rows {
		d := docs[id]
		if row.Generation < d.row.Generation && slices.ContainsFunc(d.row.Earlier.Doubts, byReference) {
			waiting[row.Thread] = append(waiting[row.Thread], d)
		}
	}
	members, err := m.InThreads(ctx, sortedKeys(waiting))
	for id, member := range members {
		if member.Status != relais.StatusQuarantined {
			continue
		}
		for _, d := range waiting[member.Thread] {
			d.row.Earlier = d.row.Earlier.Unite(state.Marks{Of: []relais.DocumentID{id}})
		}
	}
	return err
}

func byReference(d state.Doubt) bool { return d.Rule == signalMarkReference }

// markedKey is the key, among those of threads, under which it stands that a message of
// a Message-ID was found marked at this generation.
func (s *Stage) markedKey(id string) string {
	return threadKey("marked at "+strconv.FormatInt(s.generation, 10), id)
}

// addReplies adds to a merge the documents of some threads that name a message which is
// now known to be marked. Those of an earlier generation will be read again.
func (s *Stage) addReplies(ctx context.Context, c relais.CaseID, m *state.Merging, docs map[relais.DocumentID]*decided, fresh map[string]bool, threads []string) error {
	members, err := m.InThreads(ctx, threads)
	if err != nil {
		return err
	}
	var ids []relais.DocumentID
	for _, id := range sortedKeys(members) {
		if row := members[id]; docs[id] == nil && row.Personal == "" && row.Generation == s.generation {
			ids = append(ids, id)
		}
	}
	for some := range slices.Chunk(ids, mergeItems) {
		rows, err := m.Documents(ctx, some)
		if err != nil {
			return err
		}
		opened, err := s.openRows(ctx, c, slices.Collect(maps.Values(rows)))
		if err != nil {
			return err
		}
		for id, d := range opened {
			names := d.facts != nil && slices.ContainsFunc(s.namedKeys(d.facts), func(key string) bool { return fresh[key] })
			if !names && !d.damaged() { // damaged ones may name it
				continue
			}
			d.raise()
			docs[id] = d
		}
	}
	return nil
}

// namedKeys gives the keys of the messages that a document names.
func (s *Stage) namedKeys(f *facts) []string {
	var keys []string
	for _, id := range append(slices.Clone(f.Document.References), f.Document.InReplyTo) {
		if id != "" && id != f.Document.MessageID {
			keys = append(keys, s.markedKey(id))
		}
	}
	return keys
}

// doubtNamed gives the documents of a merge the doubt, or takes it from them.
func (s *Stage) doubtNamed(ctx context.Context, m *state.Merging, docs map[relais.DocumentID]*decided) error {
	named := map[relais.DocumentID][]string{}
	var keys []string
	for id, d := range docs {
		if d.facts != nil && d.facts.Document.Kind == relais.KindMessage {
			named[id] = s.namedKeys(d.facts)
			keys = append(keys, named[id]...)
		}
	}
	slices.Sort(keys)
	marked, err := m.Threads(ctx, slices.Compact(keys))
	if err != nil {
		return err
	}
	for id, list := range named {
		d := docs[id]
		d.row.Doubts = slices.DeleteFunc(slices.Clone(d.row.Doubts), byReference)
		p := &d.facts.Document.Privacy
		p.Evidence = slices.DeleteFunc(slices.Clone(p.Evidence), func(e relais.Evidence) bool { return e.Signal == signalMarkReference })
		if slices.ContainsFunc(list, func(key string) bool { _, is := marked[key]; return is }) {
			d.row.Doubts = append(d.row.Doubts, state.Doubt{Rule: signalMarkReference, Folder: d.facts.Occurrence.Folder})
			p.Evidence = append(p.Evidence, relais.Evidence{Signal: signalMarkReference, Weight: tag.WeightDoubtful})
		}
		d.row.Doubts = state.Marks{Doubts: d.row.Doubts}.Unite(state.Marks{}).Doubts
		p.Evidence, p.Class = tag.UniteEvidence(p.Evidence, nil), relais.PrivacyNone
		if len(p.Evidence) > 0 {
			p.Class = relais.PrivacyDoubtful
		} else {
			p.Evidence = nil
		}
	}
	return nil
}
