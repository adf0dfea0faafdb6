package enrich

import "github.com/relais-archive/relais/internal/relais"

// Config is what enrichers are made from. What they find is a pure function of it and
// of each input, so it holds nothing that changes while items are read: whose company
// a mail is of comes from the Owner of its Input.
type Config struct {
	Clients  []relais.Client
	Contacts []relais.Contact
	Company  CompanyWords
}

// Enrichers gives the enrichers in their order: each may rely on those above it. A new
// one is one file and one line of newEnricherSet.
func Enrichers(cfg Config) ([]Enricher, error) {
	set, err := newEnricherSet(cfg)
	return set.list, err
}

// enricherSet is the enrichers in their order, and those of them that look into the
// parts of an item, too.
type enricherSet struct {
	list    []Enricher
	privacy privacyEnricher
	clients clientEnricher
}

func newEnricherSet(cfg Config) (set enricherSet, err error) {
	topics, err := DefaultTopics()
	if err != nil {
		return set, err
	}
	words, err := wordsFor(cfg.Clients, cfg.Company)
	if err != nil {
		return set, err
	}
	set.privacy, set.clients = privacyEnricher{words}, newClientEnricher(NewClientIndex(cfg.Clients, cfg.Contacts))
	set.list = []Enricher{
		newZoneEnricher(),
		languageEnricher{detector: sharedDetector()},
		set.privacy,
		peopleEnricher{},
		set.clients,
		newTopicEnricher(topics),
	}
	return set, nil
}
