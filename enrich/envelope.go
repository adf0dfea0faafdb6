package enrich

import (
	"encoding/json"
	"slices"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// envelope is an envelope and its encoding.
type envelope struct {
	relais.Envelope
	body []byte
}

// envelopes makes the envelopes of a message or file, and of its attachments: a
// pure function of its row, its facts and where it was seen.
func (s *Stage) envelopes(c relais.CaseID, d decided, seen []relais.Occurrence, discovered map[string]bool) ([]envelope, error) {
	root := relais.Envelope{
		Format: relais.EnvelopeFormat, CaseID: c, Revision: d.row.Revision,
		Versions: relais.Versions{Rules: RulesVersion, Clients: s.generation},
		TextBlob: d.facts.TextBlob, Blob: d.row.Blob, Document: d.facts.Document,
	}
	doc := &root.Document
	doc.Thread, doc.Occurrences = "t"+d.row.Thread, head(seen, maxOccurrences)
	if len(seen) > maxOccurrences {
		doc.Warnings = warnTruncated(doc.Warnings)
	}
	have, err := decodeInherited(d.row.Tags)
	if err != nil {
		return nil, err
	}
	if doc.Privacy.Class == relais.PrivacyDoubtful {
		doc.Privacy = byPerson(doc.Privacy)
	}
	on := have.ruled()
	doc.Clients = on.clients(s.clients(d, discovered, have.Clients), s.clientName, true)
	if len(have.Topics) > 0 {
		doc.Topics = have.Topics
	}
	doc.Topics = on.topics(doc.Topics)
	list := []envelope{{Envelope: root}}
	for _, a := range d.facts.Attachments {
		e := root
		e.TextBlob, e.Member, e.Document = a.TextBlob, a.Member, a.Document
		e.Document.Thread = doc.Thread
		e.Document.Clients = tag.UniteClients(fromMessage(doc.ID, doc.Clients), on.clients(a.Document.Clients, s.clientName, false))
		e.Document.Topics = fromMessage(doc.ID, doc.Topics)
		e.Document.Occurrences = doc.Occurrences
		list = append(list, envelope{Envelope: e})
	}
	for i := range list {
		if list[i].body, err = fit(&list[i].Envelope); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// byPerson gives what is said of a document with doubtful marks that is shown all the
// same: somebody decided that it is professional.
func byPerson(p relais.Privacy) relais.Privacy {
	return relais.Privacy{Class: relais.PrivacyNone,
		Evidence: tag.UniteEvidence(p.Evidence, []relais.Evidence{{Signal: signalPerson, Weight: weightPerson}})}
}

// signalPerson is the evidence of what somebody decided; no rule weighs as much.
const (
	signalPerson = "person"
	weightPerson = 1000
)

// clients puts together what a document's own text, its correspondents' domains and
// its thread say.
func (s *Stage) clients(d decided, discovered map[string]bool, inherited []relais.Tag) []relais.Tag {
	tags := slices.Clone(d.facts.Document.Clients)
	for _, domain := range sortedKeys(d.row.Domains) {
		if discovered[domain] {
			tags = tag.UniteClients(tags, []relais.Tag{{
				ID: crm.DiscoveredID(domain), Name: crm.DiscoveredName(domain), Confidence: discoveredWeight,
				Evidence: []relais.Evidence{{Signal: tag.SignalDomain, Detail: domain, Weight: discoveredWeight}},
			}})
		}
	}
	for i, t := range inherited {
		inherited[i].Name = s.clientName(t.ID)
		inherited[i].Confidence = tag.Confidence(t.Evidence)
	}
	return tag.UniteClients(tags, inherited)
}

func (s *Stage) clientName(id string) string {
	if name, ok := s.reader.names[id]; ok {
		return name
	}
	return crm.ClientName(id)
}

// fromMessage gives an attachment the tags of its message.
func fromMessage(message relais.DocumentID, tags []relais.Tag) []relais.Tag {
	list := make([]relais.Tag, len(tags))
	for i, t := range tags {
		list[i] = relais.Tag{ID: t.ID, Name: t.Name, Confidence: t.Confidence,
			Evidence: []relais.Evidence{{Signal: "message", Detail: string(message), Weight: t.Confidence}}}
	}
	return list
}

// fit encodes an envelope, and cuts one that is too large for a stream, longest
// lists first, and says so on the document.
func fit(e *relais.Envelope) ([]byte, error) {
	body, err := encodeEnvelope(e)
	for n := 500; err == nil && len(body) > relais.MaxEnvelope && n > 0; n /= 4 {
		d := &e.Document
		d.References = head(d.References, n)
		d.To, d.Cc, d.Bcc = head(d.To, n), head(d.Cc, n), head(d.Bcc, n)
		d.People, d.Attachments, d.Occurrences = head(d.People, n), head(d.Attachments, n), head(d.Occurrences, n)
		d.Zones, d.Clients = head(d.Zones, 4*n), head(d.Clients, n)
		d.Warnings = warnTruncated(head(d.Warnings, n))
		body, err = encodeEnvelope(e)
	}
	if err == nil && len(body) > relais.MaxEnvelope {
		e.Document.Subject, e.Document.Name = clip(e.Document.Subject), clip(e.Document.Name)
		e.Document.MessageID, e.Document.InReplyTo = clip(e.Document.MessageID), clip(e.Document.InReplyTo)
		body, err = encodeEnvelope(e)
	}
	return body, err
}

// warnTruncated adds, once, that an envelope does not show all that is known.
func warnTruncated(list []relais.Warning) []relais.Warning {
	const code = "envelope_truncated"
	if slices.ContainsFunc(list, func(w relais.Warning) bool { return w.Code == code }) {
		return list
	}
	return append(slices.Clip(list), relais.Warning{Code: code})
}

func encodeEnvelope(e *relais.Envelope) ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, relais.E(relais.KindInternal, "encode envelope", err)
	}
	return b, nil
}

func head[T any](list []T, n int) []T { return slices.Clone(list[:min(len(list), n)]) }

func clip(s string) string {
	const most = 1000
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// needsFacts tells whether a document's envelopes cannot be made from what is in memory.
func needsFacts(d decided) bool { return d.facts == nil && d.row.Status == "" }

func rowsOf(list []decided, want func(decided) bool) []state.Document {
	var rows []state.Document
	for _, d := range list {
		if want(d) {
			rows = append(rows, d.row)
		}
	}
	return rows
}
