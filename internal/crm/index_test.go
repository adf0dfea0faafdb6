package crm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

func testIndex() *Index {
	return NewIndex([]relais.Client{
		{ID: "c1", Name: "Durand et Fils SARL", Aliases: []string{"Durand Pompes"}, Domains: []string{"Durand.example.", "shop.durand.example", "gmail.com", "localhost"}, SIREN: "552 100 554"},
		{ID: "c2", Name: "Énergies du Lac", Domains: []string{"lac.example"}, SIREN: "732 829 320 00074"},
		{ID: "c3", Name: "Énergies", SIREN: "12"},
		{ID: "c4", Name: "Durand"},
		{ID: "c5", Name: "Durand"},
		{ID: "c6", Name: "Martin"},
		{ID: "c7", Name: "SA"},
		{ID: "c8", Name: "Du Lac"}, // which stands within another name
	}, []relais.Contact{
		{ClientID: "c2", Email: " Lea@Lac.example ", Phone: "+33 (0)4 72 00 11 22"},
		{ClientID: "c4", Email: "lea@lac.example", Phone: "04 72 00 11"},
		{ClientID: "c4", Email: "jo@mail.durand-seul.example"},
		{ClientID: "c3", Email: "jo@gmail.com"},
		{ClientID: "nobody", Email: "a@nowhere.example", Phone: "+33 4 99 99 99 99"},
		{ClientID: "c5", Email: "no address"},
	})
}

func TestByAddress(t *testing.T) {
	x := testIndex()
	for address, want := range map[string][]string{
		"lea@lac.example": {"c2", "c4"}, "jo@gmail.com": {"c3"}, "a@nowhere.example": nil, "no address": nil, "": nil,
	} {
		if diff := cmp.Diff(want, x.ByAddress(address)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", address, diff)
		}
	}
}

// TestByHost: the longest part that is known; what a list says of a domain outweighs what
// contacts' addresses let guess; anybody's domains are no client's.
func TestByHost(t *testing.T) {
	x := testIndex()
	type found struct {
		Host string
		Domain
	}
	for host, want := range map[string]found{
		"durand.example":           {"durand.example", Domain{Clients: []string{"c1"}}},
		"mail.durand.example":      {"durand.example", Domain{Clients: []string{"c1"}}},
		"a.shop.durand.example":    {"shop.durand.example", Domain{Clients: []string{"c1"}}},
		"lac.example":              {"lac.example", Domain{Clients: []string{"c2"}}}, // of c4 only by a contact
		"x.durand-seul.example":    {"durand-seul.example", Domain{Clients: []string{"c4"}, Contacts: true}},
		"gmail.com":                {},
		"localhost":                {},
		"nowhere.example":          {},
		"example":                  {},
		"notdurand.example":        {},
		"durand.example.elsewhere": {},
		"":                         {},
	} {
		host, domain := x.ByHost(host)
		if diff := cmp.Diff(want, found{host, domain}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestListOutweighsContacts: whichever of the two is added first.
func TestListOutweighsContacts(t *testing.T) {
	x := NewIndex(nil, nil)
	x.addDomain("a.example", "guessed", true)
	x.addDomain("a.example", "listed", false)
	x.addDomain("a.example", "guessed too", true)
	if _, d := x.ByHost("a.example"); d.Contacts || len(d.Clients) != 1 || d.Clients[0] != "listed" {
		t.Errorf("%+v", d)
	}
}

func TestByNumber(t *testing.T) {
	x := testIndex()
	for digits, want := range map[string]Number{
		"552100554": {Clients: []string{"c1"}}, "732829320": {Clients: []string{"c2"}}, "472001122": {Clients: []string{"c2"}, Phone: true},
		"12": {}, "04720011": {}, "499999999": {}, "": {},
	} {
		got, known := x.ByNumber(digits)
		if diff := cmp.Diff(want, got); diff != "" || known != (want.Clients != nil) {
			t.Errorf("%q, known: %v (-want +got):\n%s", digits, known, diff)
		}
	}
	if !x.HasNumbers() || NewIndex([]relais.Client{{ID: "c", Name: "Durand"}}, nil).HasNumbers() {
		t.Error("whether there are numbers is told wrongly")
	}
}

// TestNames: names are found as people write them, at each place the longest.
func TestNames(t *testing.T) {
	x := testIndex()
	type found struct {
		Text    string
		Clients string
		Words   int
		Generic bool
		Capital bool
	}
	fils := func(text string, capital bool) found { return found{text, "c1", 2, false, capital} }
	for text, want := range map[string][]found{
		"Pour Durand et Fils, merci":         {fils("Durand et Fils", true)},
		"DURAND FILS et DURAND & fils":       {fils("DURAND FILS", true), fils("DURAND & fils", true)},
		"durand et fils sarl":                {fils("durand et fils", false)},
		"Chez Durand.":                       {{"Durand", "c4 c5", 1, true, true}}, // a family name and nothing else
		"Durand Pompes ou Durand":            {{"Durand Pompes", "c1", 2, false, true}, {"Durand", "c4 c5", 1, true, true}},
		"Durand\n\nPompes":                   {{"Durand", "c4 c5", 1, true, true}}, // parted by a blank line
		"energies du lac":                    {{"energies du lac", "c2", 3, false, false}},
		"Énergies":                           {{"Énergies", "c3", 1, true, true}},
		"M. Martin":                          {{"Martin", "c6", 1, true, true}},
		"SA":                                 {{"SA", "c7", 1, true, true}},
		"Durandal, le lac et ses fils":       nil,
		"":                                   nil,
		strings.Repeat("Durand ", 3) + "SAS": {{"Durand", "c4 c5", 1, true, true}, {"Durand", "c4 c5", 1, true, true}, {"Durand", "c4 c5", 1, true, true}},
	} {
		var got []found
		x.Names(fold.Words(text, nil), func(m Match) {
			got = append(got, found{text[m.Start:m.End], strings.Join(m.Clients, " "), m.Words, m.Generic, m.Capital})
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestEmptyIndex(t *testing.T) {
	none := NewIndex(nil, []relais.Contact{{ClientID: "c1", Email: "a@b.example"}})
	if !none.Empty() || testIndex().Empty() || none.NameOf("c1") != "" || testIndex().NameOf("c2") != "Énergies du Lac" {
		t.Error("whether clients are known, and how they are called, is told wrongly")
	}
	none.Names(fold.Words("Durand", nil), func(m Match) { t.Errorf("%+v", m) })
}

// TestSharedWords: words that many names share are told from those of one company.
func TestSharedWords(t *testing.T) {
	for word, in := range map[string][3]bool{ // legal form, generic, person's name
		"sarl": {true}, "groupe": {1: true}, "paris": {1: true}, "martin": {2: true}, "durand": {2: true}, "hydroval": {}, "": {},
	} {
		if got := [3]bool{isLegalForm(word), isGeneric(word), isPersonName(word)}; got != in {
			t.Errorf("%q: %v", word, got)
		}
	}
}
