package enrich

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// TestPassedTopics: what may be personal neither gives a topic nor takes one, and what
// is among colleagues or a newsletter keeps what it is.
func TestPassedTopics(t *testing.T) {
	tags := func(ids ...string) (list []relais.Tag) {
		for _, id := range ids {
			list = append(list, relais.Tag{ID: id, Confidence: 600})
		}
		return list
	}
	long := []relais.Zone{{Kind: relais.ZoneNew, End: 60}, {Kind: relais.ZoneQuote, Start: 60, End: 900}, {Kind: relais.ZoneNew, Start: 900, End: 941}}
	for name, tc := range map[string]struct {
		doc  relais.Document
		want map[string]int
	}{
		"gives":            {relais.Document{Kind: relais.KindMessage, Topics: tags("prix", "interne", "facture")}, map[string]int{"prix": 600, "facture": 600}},
		"takes":            {relais.Document{Kind: relais.KindMessage, Topics: tags("autre"), Zones: long[:2]}, map[string]int{"autre": 600}},
		"too long to take": {relais.Document{Kind: relais.KindMessage, Topics: tags("autre"), Zones: long}, map[string]int{}},
		"among colleagues": {relais.Document{Kind: relais.KindMessage, Topics: tags("interne")}, map[string]int{}},
		"a file":           {relais.Document{Kind: relais.KindFile, Topics: tags("prix")}, nil},
	} {
		if diff := cmp.Diff(tc.want, passedTopics(tc.doc)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestInheritedOfTheFirstSchema: a list is of clients.
func TestInheritedOfTheFirstSchema(t *testing.T) {
	for _, in := range []inherited{{}, {Clients: []relais.Tag{{ID: "c1"}}}, {Topics: []relais.Tag{{ID: "prix", Confidence: 500}}}} {
		s, err := encodeInherited(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeInherited(s)
		if diff := cmp.Diff(in, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	got, err := decodeInherited(`[{"id":"c1","confidence":0}]`)
	if err != nil || len(got.Clients) != 1 || got.Clients[0].ID != "c1" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := decodeInherited(`{"clients":`); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("cut off: %v", err)
	}
}
