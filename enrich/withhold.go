package enrich

import (
	"context"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// doubtsOf gives the doubtful marks of an item that lies in a folder.
func doubtsOf(p relais.Privacy, folder string) []state.Doubt {
	if p.Class != relais.PrivacyDoubtful {
		return nil
	}
	var list []state.Doubt
	for _, e := range p.Evidence {
		list = append(list, state.Doubt{Rule: e.Signal, Folder: folder})
	}
	return state.Marks{Doubts: list}.Unite(state.Marks{}).Doubts
}

// judgeAll tells of the documents of a merge, whose readings are recorded, which are
// withheld, and what the others give.
func (s *Stage) judgeAll(ctx context.Context, m *state.Merging, docs map[relais.DocumentID]*decided) error {
	if err := s.dropEarlier(ctx, m, docs); err != nil {
		return err
	}
	v, err := verdictsOn(ctx, m, sortedKeys(docs))
	if err != nil {
		return err
	}
	for _, d := range docs {
		address(d)
		v.judge(&d.row)
		project(d)
	}
	return nil
}

// address notes on a row when a document is of and with whom it was exchanged, withheld
// or not: what people decide of an address or a domain finds it by that, and so does
// whoever undoes it.
func address(d *decided) {
	d.row.Day, d.row.Sent, d.row.People = 0, 0, nil
	if d.facts != nil {
		d.row.Day, d.row.Sent, d.row.People = dayOf(d.facts.Document.Date), secondsOf(d.facts.Document.Date), peopleOf(d.facts)
	}
}

// dropEarlier lets the marks of an earlier reading fall once every occurrence was read
// again, including the occurrences of documents that some of them were then read as. From
// then on only what the current rules find counts.
func (s *Stage) dropEarlier(ctx context.Context, m *state.Merging, docs map[relais.DocumentID]*decided) error {
	var ids []relais.DocumentID
	for _, id := range sortedKeys(docs) {
		if !docs[id].row.Earlier.None() {
			ids = append(ids, id)
		}
	}
	all := slices.Clone(ids)
	for _, id := range ids {
		all = append(all, docs[id].row.Earlier.Of...)
	}
	unread, err := m.Unread(ctx, uniteIDs(all, nil), s.generation)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if row := &docs[id].row; !unread[id] && !slices.ContainsFunc(row.Earlier.Of, func(of relais.DocumentID) bool { return unread[of] }) {
			row.Earlier = state.Marks{}
		}
	}
	return nil
}

// verdicts is what people decided that may concern some documents.
type verdicts struct {
	documents map[relais.DocumentID]relais.Verdict
	marks     []relais.Decision            // on folders and rules, in the order they were made
	who       map[string][]relais.Decision // on addresses and domains, by their digests: that all with them is personal
}

func verdictsOn(ctx context.Context, m *state.Merging, ids []relais.DocumentID) (v verdicts, err error) {
	marks, some, err := m.Decisions(ctx)
	if err == nil && some {
		v.documents, err = m.Decided(ctx, ids)
	}
	v.who = map[string][]relais.Decision{}
	for _, d := range marks {
		if d.About == relais.AboutAddress || d.About == relais.AboutDomain {
			v.who[whoOf(d)] = append(v.who[whoOf(d)], d)
		} else {
			v.marks = append(v.marks, d)
		}
	}
	return v, err
}

// The reasons for which a document is withheld, beside the rules of sure marks.
const (
	reasonDecided  = "personal_decided"
	reasonDoubtful = "doubtful_" // and the rule
)

// judge tells whether a document is withheld, and why. A sure mark quarantines it,
// whatever anybody decided. What was decided of the document itself comes next, then that
// all with an address or a domain is personal; then each
// doubtful mark withholds it, unless the last decision on the mark's folder or rule says
// what is meant: personal, by one of them, is personal.
func (v verdicts) judge(row *state.Document) {
	row.Status, row.Reason = "", ""
	marks := row.Marks()
	if marks.Personal != "" {
		row.Status, row.Reason = relais.StatusQuarantined, marks.Personal
		return
	}
	if verdict, ok := v.documents[row.ID]; ok {
		if verdict == relais.Personal {
			row.Status, row.Reason = relais.StatusQuarantined, reasonDecided
		}
		return
	}
	if v.exchanged(row) {
		row.Status, row.Reason = relais.StatusQuarantined, reasonDecided
		return
	}
	for _, doubt := range marks.Doubts {
		switch verdict := v.on(doubt); {
		case verdict == relais.Personal:
			row.Status, row.Reason = relais.StatusQuarantined, reasonDecided
			return
		case verdict == "" && row.Status == "":
			row.Status, row.Reason = relais.StatusDoubtful, reasonDoubtful+doubt.Rule
		}
	}
}

// exchanged tells whether a document was exchanged with somebody with whom, then, all is
// personal.
func (v verdicts) exchanged(row *state.Document) bool {
	return slices.ContainsFunc(row.People, func(who string) bool {
		return slices.ContainsFunc(v.who[who], func(d relais.Decision) bool { return d.Covers(row.Day) })
	})
}

// on gives what was decided last that covers a mark, "" when nothing was.
func (v verdicts) on(doubt state.Doubt) (last relais.Verdict) {
	for _, d := range v.marks {
		if covers(d, doubt) {
			last = d.Verdict
		}
	}
	return last
}

// covers tells whether a decision is on the folder or the rule of a mark.
func covers(d relais.Decision, doubt state.Doubt) bool {
	return d.About == relais.AboutFolder && d.Target == doubt.Folder || d.About == relais.AboutRule && d.Target == doubt.Rule
}

// shown tells whether a document whose facts are loaded has envelopes.
func shown(d decided) bool { return d.facts != nil && d.row.Status == "" }

// project fills a row with what its document gives to its thread and its case: nothing
// as long as it is withheld, when all it says stays in its sealed facts.
func project(d *decided) {
	row := &d.row
	row.Clients, row.Topics, row.Domains = nil, nil, nil
	if d.facts == nil || row.Status != "" {
		row.Tags = ""
		return
	}
	doc := d.facts.Document
	row.Topics, row.Domains = passedTopics(doc), d.facts.Domains
	row.Clients = make(map[string]int, len(doc.Clients))
	for _, a := range d.facts.Attachments {
		for _, t := range a.Document.Clients {
			row.Clients[t.ID] = 0 // what an attachment alone says is passed on by nobody
		}
	}
	for _, t := range doc.Clients {
		row.Clients[t.ID] = t.Confidence
	}
}
