package access

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/relais-archive/relais/internal/relais"
)

func day(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }

func TestLocalSeesEverything(t *testing.T) {
	if diff := cmp.Diff(relais.Everything(), Local().Scope(day(1))); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
}

func TestScopeIsOfLiveGrants(t *testing.T) {
	acme := relais.Grant{AllCases: true, Clients: []string{"acme"}}
	durand := relais.Grant{Cases: []relais.CaseID{"c1"}, AllClients: true}
	p := Principal{Name: "marie", Grants: []Grant{
		{Grant: acme, From: day(10), Until: day(20)},
		{Grant: durand, From: day(15)},
	}}
	for name, tt := range map[string]struct {
		now  time.Time
		want []relais.Grant
	}{
		"before both":              {day(9), nil},
		"the first day":            {day(10), []relais.Grant{acme}},
		"both":                     {day(15), []relais.Grant{acme, durand}},
		"the last moment":          {day(20).Add(-1), []relais.Grant{acme, durand}},
		"the end is not included":  {day(20), []relais.Grant{durand}},
		"one has no end":           {day(20).AddDate(30, 0, 0), []relais.Grant{durand}},
		"the clock's zero is past": {time.Time{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.Scope(tt.now)
			if diff := cmp.Diff(tt.want, got.Grants); diff != "" {
				t.Errorf("grants (-want +got):\n%s", diff)
			}
			if got.Empty() != (len(tt.want) == 0) {
				t.Errorf("empty: %t", got.Empty())
			}
		})
	}
}

func TestZeroPrincipalSeesNothing(t *testing.T) {
	if s := (Principal{}).Scope(day(1)); !s.Empty() {
		t.Errorf("scope %+v", s)
	}
}
