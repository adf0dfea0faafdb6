package relais

import "time"

// ShownConfidence is the least confidence, in thousandths, at which a client tag
// makes a document part of that client's history.
const ShownConfidence = 500

// Scope is what a principal may see: the union of its grants. The zero Scope sees
// nothing. Every read takes one; an item outside answers like an unknown one.
type Scope struct {
	Grants []Grant `json:"grants,omitempty"`
}

// Grant opens a part of the archive. All its conditions must hold.
type Grant struct {
	AllCases   bool      `json:"all_cases,omitempty"`
	Cases      []CaseID  `json:"cases,omitempty"`
	AllClients bool      `json:"all_clients,omitempty"`
	Clients    []string  `json:"clients,omitempty"` // client ids
	After      time.Time `json:"after,omitzero"`    // documents dated then or later
	Before     time.Time `json:"before,omitzero"`   // documents dated earlier
	// Unattributed also opens documents that are tied to no client or to no business
	// topic: only compliance has it.
	Unattributed bool `json:"unattributed,omitempty"`
}

// Everything is the scope of compliance, and of the local user of an archive that
// has no users yet. Quarantined items are in no scope at all.
func Everything() Scope {
	return Scope{Grants: []Grant{{AllCases: true, AllClients: true, Unattributed: true}}}
}

// Empty tells whether nothing can be seen.
func (s Scope) Empty() bool { return len(s.Grants) == 0 }

// SeesAll tells whether some grant shows everything that is in any scope.
func (s Scope) SeesAll() bool {
	for _, g := range s.Grants {
		if g.AllCases && g.AllClients && g.Unattributed && g.After.IsZero() && g.Before.IsZero() {
			return true
		}
	}
	return false
}

// ShowsCase tells whether some grant is of a case, and so whether its name may be told.
func (s Scope) ShowsCase(c CaseID) bool {
	for _, g := range s.Grants {
		if g.AllCases || contains(g.Cases, c) {
			return true
		}
	}
	return false
}

// PrivateTopics are the topics of the default taxonomy that are not business.
func PrivateTopics() []string { return []string{"interne", "newsletter", "autre"} }

// Allows tells whether the scope shows a document. Engines apply the same rule as
// a filter of their own.
func (s Scope) Allows(c CaseID, d *Document) bool {
	for _, g := range s.Grants {
		if g.allows(c, d) {
			return true
		}
	}
	return false
}

func (g Grant) allows(c CaseID, d *Document) bool {
	switch {
	case !g.AllCases && !contains(g.Cases, c):
		return false
	case !g.After.IsZero() && d.Date.Before(g.After):
		return false
	case !g.Before.IsZero() && !d.Date.Before(g.Before):
		return false
	case g.Unattributed && g.AllClients:
		return true
	}
	return g.client(d) && (g.Unattributed || Business(d.Topics))
}

func (g Grant) client(d *Document) bool {
	for _, t := range d.Clients {
		if t.Confidence >= ShownConfidence && (g.AllClients || contains(g.Clients, t.ID)) {
			return true
		}
	}
	return false
}

// Business tells whether some topic is a business one.
func Business(topics []Tag) bool {
	private := PrivateTopics()
	for _, t := range topics {
		if !contains(private, t.ID) {
			return true
		}
	}
	return false
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}
