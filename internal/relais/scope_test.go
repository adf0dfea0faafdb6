package relais

import (
	"testing"
	"time"
)

func TestScopeSeesAllAndShowsCases(t *testing.T) {
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		grant      Grant
		all, shows bool // everything, and the case c1
	}{
		"everything":      {Grant{AllCases: true, AllClients: true, Unattributed: true}, true, true},
		"since a day":     {Grant{AllCases: true, AllClients: true, Unattributed: true, After: day}, false, true},
		"until a day":     {Grant{AllCases: true, AllClients: true, Unattributed: true, Before: day}, false, true},
		"business":        {Grant{AllCases: true, AllClients: true}, false, true},
		"a client":        {Grant{AllCases: true, Clients: []string{"acme"}, Unattributed: true}, false, true},
		"the case":        {Grant{Cases: []CaseID{"c0", "c1"}, AllClients: true, Unattributed: true}, false, true},
		"another case":    {Grant{Cases: []CaseID{"c2"}, AllClients: true, Unattributed: true}, false, false},
		"nothing granted": {Grant{}, false, false},
	} {
		s := Scope{Grants: []Grant{{}, tt.grant}}
		if s.SeesAll() != tt.all || s.ShowsCase("c1") != tt.shows {
			t.Errorf("%s: sees all %t, shows the case %t", name, s.SeesAll(), s.ShowsCase("c1"))
		}
	}
	if s := (Scope{}); s.SeesAll() || s.ShowsCase("c1") {
		t.Error("without a grant something is seen")
	}
}
