package searchtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// generator makes corpora and queries at random, from few words so that much is
// found. The same seed makes the same.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator {
	return generator{rand.New(rand.NewPCG(seed, 0x72656c616973))}
}

func pick[T any](g generator, list ...T) T { return list[g.IntN(len(list))] }

// chance is true p times in a hundred.
func (g generator) chance(p int) bool { return g.IntN(100) < p }

func vocabulary() []string {
	return strings.Fields(`devis Devis pompe pompes négociation négociations négocier le la de l'offre offres
		prix baisse chevaux cheval réclamation qualité livraison livraisons REF-2023/145 12 450,00 compte-rendu
		order orders delivery delivered price pricing the of quote quotes jean.dupont@acme.example Müller
		cœur aujourd'hui 06 12 34 56 78 contrat contrats renouvellement 東京 O'Neil don't Été été`)
}

// words gives n words at most.
func (g generator) words(n int) string {
	w := make([]string, g.IntN(n+1))
	for i := range w {
		w[i] = pick(g, vocabulary()...)
	}
	return strings.Join(w, pick(g, " ", " ", " ", ", ", "\n"))
}

func clients() []relais.Tag {
	return []relais.Tag{{ID: "K-1", Name: "Acme Pompes SA"}, {ID: "K-1", Name: "Acme"}, {ID: "K-2", Name: "Société Générale d'Été"},
		{ID: "K-3", Name: "Orders & Sons"}, {ID: "acme", Name: "Other"}, {ID: "K-4"}}
}

func topics() []relais.Tag {
	return []relais.Tag{{ID: "prix", Name: "Prix"}, {ID: "livraison", Name: "Livraison"}, {ID: "interne", Name: "Interne"}, {ID: "autre"}}
}

func people() []relais.Address {
	return []relais.Address{{Name: "Jean Dupont", Address: "jean.dupont@acme.example"}, {Address: "Paul@Example.org"},
		{Name: "Zoë Müller", Address: "zoe@muller.example"}, {Name: "Devis"}, {Address: "orders@acme.example"}}
}

func folders() []string {
	return []string{"INBOX", "Clients", "Clients/Acme", "Clients/Acme/Été 2021", "Envoyés", "", "Clients d'hier"}
}

func mediaTypeNames() []string {
	return []string{"application/pdf", "image/png", "text/plain", "application/zip", "Application/PDF", ""}
}

func (g generator) people(n int) []relais.Address {
	var l []relais.Address
	for range g.IntN(n + 1) {
		l = append(l, pick(g, people()...))
	}
	return l
}

// tags gives some tags, each id once.
func (g generator) tags(all []relais.Tag) []relais.Tag {
	var l []relais.Tag
	seen := make(map[string]bool)
	for range g.IntN(3) {
		t := pick(g, all...)
		t.Confidence = pick(g, 100, 499, 500, 900)
		if !seen[t.ID] {
			l, seen[t.ID] = append(l, t), true
		}
	}
	return l
}

func (g generator) date() time.Time {
	if g.chance(10) {
		return time.Time{}
	}
	base := pick(g, time.Date(2019, 12, 31, 23, 59, 59, 999e6, time.UTC), time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1965, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 11, 1, 0, 0, 0, 0, time.UTC))
	return base.Add(time.Duration(g.IntN(90))*12*time.Hour + time.Duration(g.IntN(3))*time.Millisecond).In(time.FixedZone("", 3600*(g.IntN(5)-2)))
}

// entry makes a document of a number and a revision.
func (g generator) entry(n int, revision int64) search.Entry {
	c := pick(g, "c1", "c2", "c3")
	d := relais.Document{
		ID: id(n), Content: relais.ContentID(fmt.Sprintf("1m%04d", n/2)), Case: map[string]string{"c1": "Départ Martin", "c2": "Durand", "c3": "Martin 2"}[c],
		Kind:   pick(g, relais.KindMessage, relais.KindAttachment, relais.KindFile),
		Thread: fmt.Sprintf("T%d", g.IntN(5)), MessageID: fmt.Sprintf("Msg%d@Host", n), Subject: g.words(4), Date: g.date(),
		To: g.people(2), Cc: g.people(1), Bcc: g.people(1), Language: pick(g, "fr", "en", ""), Name: g.words(2),
		MediaType: pick(g, mediaTypeNames()...), Size: int64(g.IntN(5)) << 10, Clients: g.tags(clients()), Topics: g.tags(topics()),
	}
	if g.chance(30) {
		d.Unread, d.Extraction = relais.UnreadLocked, pick(g, relais.ExtractionPartial, relais.ExtractionFailed, relais.ExtractionNone)
	}
	if from := pick(g, people()...); g.chance(90) {
		d.From = &from
	}
	for range g.IntN(3) {
		d.Occurrences = append(d.Occurrences, relais.Occurrence{Owner: pick(g, "rep@example.org", "two@example.org"), Folder: pick(g, folders()...)})
	}
	for range g.IntN(3) {
		d.Attachments = append(d.Attachments, relais.Attachment{Name: g.words(2), MediaType: pick(g, mediaTypeNames()...), Inline: g.chance(30)})
	}
	e := search.Entry{Envelope: relais.Envelope{Format: relais.EnvelopeFormat, CaseID: relais.CaseID(c), Revision: revision, Document: d}, Text: g.words(12)}
	e.Envelope.Document.Zones = g.zones(e.Text)
	return e
}

func id(n int) relais.DocumentID { return relais.DocumentID(fmt.Sprintf("d%031d", n)) }

// zones cuts a text between words.
func (g generator) zones(text string) []relais.Zone {
	var zones []relais.Zone
	if g.chance(40) {
		return nil
	}
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], ' '); i >= 0 && g.chance(70) {
			end = start + i + 1
		}
		zones = append(zones, relais.Zone{Kind: pick(g, relais.ZoneNew, relais.ZoneQuote, relais.ZoneSignature), Start: start, End: end})
		start = end
	}
	return zones
}

// batch makes a batch of changes: new documents, newer and older versions of others,
// tags alone, removals.
func (g generator) batch(o *oracle, documents, size int) []search.Entry {
	var entries []search.Entry
	for range size {
		n := g.IntN(documents)
		old, held := o.docs[id(n)]
		revision := int64(1 + g.IntN(9))
		e := g.entry(n, revision)
		switch {
		case held && g.chance(30):
			e.Text, e.Envelope.Document = old.Text, old.Envelope.Document
			e.Envelope.Document.Clients = g.tags(clients())
		case g.chance(10):
			e = search.Entry{Removed: true, Envelope: relais.Envelope{Document: relais.Document{ID: id(n)}, Revision: pick(g, 0, revision)}}
		}
		entries = append(entries, e)
	}
	return entries
}

// node makes a tree.
func (g generator) node(depth int) search.Node {
	if depth > 0 && g.chance(50) {
		switch g.IntN(4) {
		case 0, 1:
			return search.And(g.nodes(depth))
		case 2:
			return search.Or(g.nodes(depth))
		}
		return search.Not{Of: g.node(depth - 1)}
	}
	switch g.IntN(10) {
	case 0, 1, 2, 3:
		return g.text()
	case 4:
		if g.chance(20) {
			return search.Undated{}
		}
		return search.Days{From: g.date(), Until: g.date()}
	case 5:
		return search.Bytes{Over: int64(g.IntN(3)) << 10, Under: int64(g.IntN(6)) << 10}
	case 6:
		return pick[search.Node](g, search.Nothing{}, search.And{}, search.Or{}, g.text())
	}
	return g.value()
}

func (g generator) nodes(depth int) []search.Node {
	l := make([]search.Node, 1+g.IntN(3))
	for i := range l {
		l[i] = g.node(depth - 1)
	}
	return l
}

// text makes a clause, of words cut short where their beginning is looked for.
func (g generator) text() search.Text {
	t := search.Text{In: pick(g, search.InAll, search.InAll, search.InSubject, search.InFrom, search.InTo, search.InCc, search.InWith, search.InFilename)}
	t.Words = pick(g, pick(g, vocabulary()...), g.words(2), pick(g, people()...).String())
	t.Phrase, t.Prefix = g.chance(30), g.chance(30)
	if r := []rune(t.Words); t.Prefix && len(r) > 1 {
		t.Words = string(r[:1+g.IntN(len(r))])
	}
	return t
}

func (g generator) value() search.Value {
	switch f := pick(g, search.ByClient, search.ByClient, search.ByTopic, search.ByOwner, search.ByCase, search.ByFolder, search.ByThread,
		search.ByKind, search.ByType, search.ByLanguage, search.ByID, search.ByAttachment, search.ByUncertain, search.ByState); f {
	case search.ByClient, search.ByUncertain:
		return search.Value{Field: f, Value: pick(g, "k-1", "acme", "pompes", "Acme pompes", "generale d'ete", "pomp", "!", "")}
	case search.ByTopic:
		return search.Value{Field: f, Value: pick(g, topics()...).ID}
	case search.ByOwner:
		return search.Value{Field: f, Value: pick(g, "REP@example.org", "two@example.org", "rep")}
	case search.ByCase:
		return search.Value{Field: f, Value: pick(g, "c1", "martin", "depart martin", "durand", "mart")}
	case search.ByFolder:
		return search.Value{Field: f, Value: pick(g, "clients", "Clients/Acme", "ete", "inbox", "envoyes", "Client", "/")}
	case search.ByThread:
		return search.Value{Field: f, Value: pick(g, "T1", "t2", "T", "")}
	case search.ByKind:
		return search.Value{Field: f, Value: pick(g, "message", "File", "note")}
	case search.ByType:
		return search.Value{Field: f, Value: pick(g, "pdf", "mail", "other", "image/png", "TEXT")}
	case search.ByLanguage:
		return search.Value{Field: f, Value: pick(g, "fr", "EN", "")}
	case search.ByAttachment:
		return search.Value{Field: f, Value: pick(g, "yes", "no", "maybe")}
	case search.ByState:
		return search.Value{Field: f, Value: pick(g, search.StateUncertain, "certain", "unreadable", "Partial", "")}
	default:
		return search.Value{Field: f, Value: pick(g, string(id(g.IntN(20))), "1M0003", "<msg4@host>", "msg5@HOST", "")}
	}
}

// scope makes a scope, occasionally of everything or nothing.
func (g generator) scope() relais.Scope {
	if g.chance(20) {
		return relais.Everything()
	}
	var s relais.Scope
	for range g.IntN(3) {
		grant := relais.Grant{AllCases: g.chance(50), AllClients: g.chance(50), Unattributed: g.chance(30)}
		for range g.IntN(3) {
			grant.Cases = append(grant.Cases, pick(g, relais.CaseID("c1"), "c2", "c9"))
			grant.Clients = append(grant.Clients, pick(g, clients()...).ID)
		}
		if g.chance(30) {
			grant.After = g.date()
		}
		if g.chance(30) {
			grant.Before = g.date()
		}
		s.Grants = append(s.Grants, grant)
	}
	return s
}

// request makes a request of everything that an answer can hold.
func (g generator) request() search.Request {
	req := search.Request{Scope: g.scope(), Order: pick(g, search.Newest, search.Oldest, ""), Limit: pick(g, 1, 3, 20, 1000),
		Facets: facets(), FacetSize: pick(g, 1, 3, 100), Histogram: true}
	if g.chance(95) {
		req.Query = g.node(3)
	}
	return req
}

// facets lists every facet.
func facets() []search.Field {
	return []search.Field{search.FacetClient, search.FacetTopic, search.FacetCase, search.FacetKind,
		search.FacetType, search.FacetLanguage, search.FacetYear, search.FacetFrom}
}
