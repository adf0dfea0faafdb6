package enrich

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// What people decide of clients and topics enters tagging here. Of each client or topic
// that somebody decided of, the decision on the nearest thing counts: the document, its
// thread, an address it was exchanged with, such a domain, a client of it. Of two on one
// thing the later counts. Where things of one level say different, as two addresses may,
// the one that says "it is" does: so that the order in which people decided of different
// things never matters.

// rulings is what people decided that may concern some documents, beside privacy.
type rulings struct {
	who    map[string][]relais.Decision            // of addresses and domains, by their digests, in the order they count
	client map[string][]relais.Decision            // of clients, by the name they are shown under
	near   map[relais.DocumentID][]relais.Decision // of documents and of the threads they stand for
	merges map[string]string                       // the client that each merged client is one with
}

// newRulings takes decisions on addresses, domains and clients in the order they count,
// and those on documents and threads.
func newRulings(wide []relais.Decision, near map[relais.DocumentID][]relais.Decision) rulings {
	r := rulings{who: map[string][]relais.Decision{}, client: map[string][]relais.Decision{}, near: near, merges: relais.Merges(wide)}
	for _, d := range wide {
		switch {
		case d.About != relais.AboutClient:
			who := whoOf(d)
			r.who[who] = append(r.who[who], d)
		case d.Kind == relais.DecideTopic:
			shown := relais.Survivor(r.merges, d.Target)
			r.client[shown] = append(r.client[shown], d)
		case d.Kind == relais.DecideClient && relais.Survivor(r.merges, d.Target) == d.Target: // one that is another since is none no more
			r.client[d.Target] = append(r.client[d.Target], d)
		}
	}
	return r
}

// none tells whether nobody decided anything.
func (r rulings) none() bool { return len(r.who)+len(r.client)+len(r.merges)+len(r.near) == 0 }

// ruled is what was decided of one document, as its row keeps it.
type ruled struct {
	Clients []ruling          `json:"clients,omitempty"`
	Topics  []ruling          `json:"topics,omitempty"`
	Merged  map[string]string `json:"merged,omitempty"` // of the clients found of it, those that are another
}

// ruling is what was decided of one client or topic.
type ruling struct {
	ID  string       `json:"id"`
	Not bool         `json:"not,omitempty"`
	By  relais.About `json:"by"` // what the decision was about
}

func (on ruled) empty() bool { return len(on.Clients)+len(on.Topics)+len(on.Merged) == 0 }

// onThread gives what was decided of each document of a thread, and puts these as
// inheritance is to see them. Where nobody decided anything both are as they were.
func (r rulings) onThread(thread []state.Document, discovered map[string]bool) []ruled {
	on := make([]ruled, len(thread))
	if r.none() {
		return on
	}
	var whole []relais.Decision
	for _, d := range thread {
		for _, decision := range r.near[d.ID] {
			if decision.About == relais.AboutThread {
				whole = append(whole, decision)
			}
		}
	}
	for i, d := range thread {
		if on[i] = r.on(d, whole, discovered); !on[i].empty() {
			thread[i] = on[i].view(d, discovered)
		}
	}
	return on
}

// decided adds to what a document, as inheritance sees it, inherits what people decided:
// it inherits nothing that they say it is not.
func (r rulings) decided(on ruled, d state.Document, in inherited, discovered map[string]bool) inherited {
	if r.none() {
		return in
	}
	in.Clients, in.Topics = without(in.Clients, on.Clients), without(in.Topics, on.Topics)
	shown := map[string]bool{}
	for id := range sure(d, discovered) {
		shown[relais.Survivor(r.merges, id)] = true
	}
	for _, t := range in.Clients {
		shown[t.ID] = shown[t.ID] || tag.Confidence(t.Evidence) >= relais.ShownConfidence
	}
	if on = r.withClients(on, shown, d.Day); !on.empty() {
		in.Ruled = &on
	}
	return in
}

// poll gathers decisions: what counts of each client or topic.
type poll map[string]vote

// vote is what the decisions on one client or topic say: those of the nearest level, by
// what they are about.
type vote struct {
	about   relais.About
	targets map[string]relais.Verdict
}

// cast adds a decision, after all that count less.
func (b poll) cast(id string, d relais.Decision) {
	v, known := b[id]
	switch {
	case known && v.about.Level() < d.About.Level():
		return
	case !known || v.about != d.About:
		v = vote{about: d.About, targets: map[string]relais.Verdict{}}
	}
	v.targets[d.Target] = d.Verdict
	b[id] = v
}

// rulings gives what counts, by id.
func (b poll) rulings() (list []ruling) {
	for _, id := range sortedKeys(b) {
		v := b[id]
		is := slices.Contains(slices.Collect(maps.Values(v.targets)), relais.Is)
		list = append(list, ruling{ID: id, Not: !is, By: v.about})
	}
	return list
}

// on gives what was decided of a document and of its thread, whose decisions are given,
// all but what was decided of its clients.
func (r rulings) on(d state.Document, thread []relais.Decision, discovered map[string]bool) ruled {
	if d.Status != "" {
		d.People = nil // what is withheld gives nothing, whatever people decided of whom it is from
	}
	clients, topics := poll{}, poll{}
	cast := func(decision relais.Decision) {
		switch {
		case !decision.Covers(d.Day):
		case decision.Kind == relais.DecideClient:
			clients.cast(relais.Survivor(r.merges, decision.Value), decision)
		case decision.Kind == relais.DecideTopic:
			topics.cast(decision.Value, decision)
		}
	}
	for _, decision := range r.near[d.ID] {
		if decision.About == relais.AboutDocument {
			cast(decision)
		}
	}
	for _, decision := range thread {
		cast(decision)
	}
	for _, who := range d.People {
		for _, decision := range r.who[who] {
			cast(decision)
		}
	}
	for _, id := range r.shownOf(d, discovered) {
		for _, decision := range r.client[id] {
			if decision.Kind == relais.DecideClient { // a client that is none; topics of clients come last
				cast(decision)
			}
		}
	}
	return ruled{Clients: clients.rulings(), Topics: topics.rulings(), Merged: r.mergedOf(d, discovered)}
}

// shownOf gives the clients that rules found of a document, as they are shown.
func (r rulings) shownOf(d state.Document, discovered map[string]bool) []string {
	ids := clientsFound(d, discovered)
	for i, id := range ids {
		ids[i] = relais.Survivor(r.merges, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// mergedOf gives those of the clients found of a document that are another's.
func (r rulings) mergedOf(d state.Document, discovered map[string]bool) map[string]string {
	var merged map[string]string
	for _, id := range clientsFound(d, discovered) {
		if into := relais.Survivor(r.merges, id); into != id {
			if merged == nil {
				merged = map[string]string{}
			}
			merged[id] = into
		}
	}
	return merged
}

// clientsFound gives the clients that rules found of a document, discovered ones too.
func clientsFound(d state.Document, discovered map[string]bool) []string {
	ids := sortedKeys(d.Clients)
	for _, domain := range sortedKeys(d.Domains) {
		if discovered[domain] {
			ids = append(ids, crm.DiscoveredID(domain))
		}
	}
	return ids
}

// withClients adds what was decided of the clients that a document is shown under: of
// their topics, where nothing nearer was decided.
func (r rulings) withClients(on ruled, shown map[string]bool, day int64) ruled {
	topics, nearer := poll{}, map[string]bool{}
	for _, t := range on.Topics {
		nearer[t.ID] = true
	}
	for _, id := range sortedKeys(shown) {
		for _, d := range r.client[id] {
			if d.Kind == relais.DecideTopic && shown[id] && d.Covers(day) && !nearer[d.Value] {
				topics.cast(d.Value, d)
			}
		}
	}
	on.Topics = slices.Concat(on.Topics, topics.rulings())
	slices.SortFunc(on.Topics, func(a, b ruling) int { return strings.Compare(a.ID, b.ID) })
	return on
}

// view gives a document as inheritance is to see it: its clients, discovered ones among
// them, under the names they are shown by, and what people decided as sure as can be.
func (on ruled) view(d state.Document, discovered map[string]bool) state.Document {
	clients := map[string]int{}
	for id, confidence := range d.Clients {
		id = on.shownAs(id)
		clients[id] = max(clients[id], confidence)
	}
	for _, id := range clientsFound(state.Document{Domains: d.Domains}, discovered) {
		id = on.shownAs(id)
		clients[id] = max(clients[id], discoveredWeight)
	}
	topics := maps.Clone(d.Topics)
	if topics == nil {
		topics = map[string]int{}
	}
	rule(clients, on.Clients)
	rule(topics, on.Topics)
	if slices.ContainsFunc(on.Topics, func(t ruling) bool { return !t.Not }) {
		delete(topics, tag.TopicOther)
	}
	d.Clients, d.Topics, d.Domains = clients, topics, nil
	return d
}

func rule(tags map[string]int, list []ruling) {
	for _, t := range list {
		if delete(tags, t.ID); !t.Not {
			tags[t.ID] = weightPerson
		}
	}
}

// shownAs gives the client that one which was found is.
func (on ruled) shownAs(id string) string {
	if into, ok := on.Merged[id]; ok {
		return into
	}
	return id
}

// without drops the tags that people decided it is not.
func without(tags []relais.Tag, list []ruling) []relais.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t relais.Tag) bool {
		return slices.ContainsFunc(list, func(r ruling) bool { return r.Not && r.ID == t.ID })
	})
}

// clients gives the tags of clients as people decided: merged ones as one, what it is
// not without, and, unless they come from elsewhere, what it is.
func (on ruled) clients(tags []relais.Tag, name func(string) string, add bool) []relais.Tag {
	if on.empty() {
		return tags
	}
	var list []relais.Tag
	for _, t := range tags {
		if into := on.shownAs(t.ID); into != t.ID {
			t.ID, t.Name = into, name(into)
		}
		list = tag.UniteClients(list, []relais.Tag{t})
	}
	list = without(list, on.Clients)
	if add {
		list = decidedTags(list, on.Clients, name)
	}
	return list
}

// topics gives the tags of topics as people decided. What is of no other topic any more
// is of none.
func (on ruled) topics(tags []relais.Tag) []relais.Tag {
	if len(on.Topics) == 0 {
		return tags
	}
	list := decidedTags(without(tags, on.Topics), on.Topics, func(string) string { return "" })
	if len(list) > 1 {
		list = slices.DeleteFunc(list, func(t relais.Tag) bool { return t.ID == tag.TopicOther && !byPeople(t) })
	}
	if len(list) == 0 && len(tags) > 0 {
		list = []relais.Tag{{ID: tag.TopicOther, Confidence: 500}}
	}
	return list
}

// byPeople tells whether people decided a tag.
func byPeople(t relais.Tag) bool {
	return slices.ContainsFunc(t.Evidence, func(e relais.Evidence) bool { return e.Signal == signalPerson })
}

// decidedTags adds what people decided that it is, as sure as can be.
func decidedTags(tags []relais.Tag, list []ruling, name func(string) string) []relais.Tag {
	for _, r := range list {
		if r.Not {
			continue
		}
		e := relais.Evidence{Signal: signalPerson, Detail: string(r.By), Weight: weightPerson}
		tags = tag.Unite(tags, []relais.Tag{{ID: r.ID, Name: name(r.ID), Confidence: weightPerson, Evidence: []relais.Evidence{e}}})
	}
	return tags
}

// whoOf gives the digest by which documents exchanged with the address or the domain of a
// decision are found.
func whoOf(d relais.Decision) string {
	if d.About == relais.AboutDomain {
		return who("domain", d.Target)
	}
	return who("address", d.Target)
}

func who(kind, value string) string {
	h := sha256.Sum256([]byte("relais/who/1 " + kind + " " + value))
	return hex.EncodeToString(h[:8])
}

// peopleOf gives the digests of those a document was exchanged with, and of their
// registrable domains: not of the owner, nor of hosts where anyone may have an address.
func peopleOf(f *facts) (list []string) {
	owner := f.Occurrence.Owner
	own := crm.Registrable(crm.HostOf(owner))
	for _, p := range f.Document.People {
		if p.Address == "" || p.Address == owner {
			continue
		}
		list = append(list, who("address", p.Address))
		if domain := crm.Registrable(crm.HostOf(p.Address)); domain != "" && domain != own && !crm.IsFreeMail(domain) {
			list = append(list, who("domain", domain))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
