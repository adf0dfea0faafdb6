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
// one is one file and one line here.
func Enrichers(cfg Config) ([]Enricher, error) {
	topics, err := DefaultTopics()
	if err != nil {
		return nil, err
	}
	words, err := wordsFor(cfg.Clients, cfg.Company)
	if err != nil {
		return nil, err
	}
	return []Enricher{
		newZoneEnricher(),
		languageEnricher{detector: sharedDetector()},
		privacyEnricher{words},
		peopleEnricher{},
		newClientEnricher(NewClientIndex(cfg.Clients, cfg.Contacts)),
		newTopicEnricher(topics),
	}, nil
}
