package tag

import (
	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
)

// Config is what enrichers are made from. What they find is a pure function of it and
// of each input, so it holds nothing that changes while items are read: whose company
// a mail is of comes from the Owner of its Input.
type Config struct {
	Clients  []relais.Client
	Contacts []relais.Contact
	Company  CompanyWords
}

// Set is the enrichers in their order: each may rely on those above it.
type Set struct {
	list    []Enricher
	privacy privacyEnricher // which looks into the parts of an item, too
	clients clientEnricher  // which is asked by itself, too
}

// NewSet makes the enrichers of a configuration. A new one is one file and one line of
// it. Its error is of relais.KindInternal: the program was built wrong.
func NewSet(cfg Config) (*Set, error) {
	topics, err := DefaultTopics()
	if err != nil {
		return nil, err
	}
	words, err := wordsFor(cfg.Clients, cfg.Company)
	if err != nil {
		return nil, err
	}
	s := &Set{privacy: privacyEnricher{words}, clients: clientEnricher{crm.NewIndex(cfg.Clients, cfg.Contacts)}}
	s.list = []Enricher{
		newZoneEnricher(),
		languageEnricher{detector: sharedDetector()},
		s.privacy,
		peopleEnricher{},
		s.clients,
		newTopicEnricher(topics),
	}
	return s, nil
}

// Find gives all that the enrichers find of an input, each asked once and in order.
func (s *Set) Find(in *Input) (out Findings) {
	for _, e := range s.list {
		e.Enrich(in, &out)
	}
	return out
}

// Clients gives the clients of an input alone, as if nothing else were known of it.
func (s *Set) Clients(in *Input) []relais.Tag {
	var out Findings
	s.clients.Enrich(in, &out)
	return out.Clients
}
