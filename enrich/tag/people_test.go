package tag

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func TestPeople(t *testing.T) {
	in := message("From: Eve@Durand.example\nTo: camille@vendeur.example\nTo: eve@durand.example\nCc: x@shop.acme.co.uk\nCc: jo@gmail.com\nCc: no-reply@tool.example\nReply-To: desk@durand.example\n\nBonjour")
	in.Mail.From[0].Name = "Eve Durand"
	var out Findings
	peopleEnricher{}.Enrich(in, &out)
	want := []relais.Person{
		{Name: "Eve Durand", Address: "eve@durand.example", Role: "from"}, {Address: "camille@vendeur.example", Role: "to"}, {Address: "x@shop.acme.co.uk", Role: "cc"},
		{Address: "jo@gmail.com", Role: "cc"}, {Address: "no-reply@tool.example", Role: "cc"}, {Address: "desk@durand.example", Role: "reply_to"},
	}
	if diff := cmp.Diff(want, out.People); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acme.co.uk", "durand.example"}, out.Correspondents); diff != "" {
		t.Errorf("correspondents (-want +got):\n%s", diff)
	}
}

func TestPeopleAreBounded(t *testing.T) {
	in := message("From: a@b.example\n\nBonjour")
	for i := range 3 * maxPeople {
		in.Mail.To = append(in.Mail.To, relais.Address{Address: fmt.Sprintf("p%d@d%d.example", i, i)})
	}
	var out Findings
	peopleEnricher{}.Enrich(in, &out)
	if len(out.People) != maxPeople || len(out.Correspondents) != maxPeople {
		t.Errorf("%d people, %d correspondents", len(out.People), len(out.Correspondents))
	}
}

func TestAutomated(t *testing.T) {
	for head, want := range map[string]bool{
		"From: eve@durand.example": false, "List-Id: <l.example>": true, "list-unsubscribe: <https://x.example>": true, "Precedence: Bulk": true, "Precedence: first-class": false,
		"Auto-Submitted: auto-replied": true, "Auto-Submitted: no": false, "From: no-reply@x.example": true, "From: ne_pas_repondre@x.example": true, "From: orders.noreply@x.example": true,
		"From: MAILER-DAEMON@x.example": true, "From: norepo@x.example": false, "From: noel@x.example": false, "From: newsletter@x.example": true,
	} {
		if got := automated(message(head + "\n\n").Mail); got != want {
			t.Errorf("%s: %v", head, got)
		}
	}
}

func TestOwnDomains(t *testing.T) {
	in := &Input{Owner: relais.Owner{Address: "rep@mail.vendeur.example", Aliases: []string{"rep@gmail.com", "rep@vendor.example"}}}
	for address, want := range map[string]bool{"luc@vendeur.example": true, "a@vendor.example": true, "rep@gmail.com": true, "eve@gmail.com": false, "eve@durand.example": false, "eve": false} {
		if got := in.IsOwn(address); got != want {
			t.Errorf("isOwn(%q) = %v", address, got)
		}
	}
}

func TestHeaderWithoutMail(t *testing.T) {
	if Header(nil, "Subject") != "" || Header(&format.Mail{}, "Subject") != "" {
		t.Error("a field of nothing")
	}
}

// TestOwnDomainIsNoClient: a list of clients that holds the owner's own company, as CRM
// exports do, makes no client of it, by whichever way its addresses are met; contacts
// that are named one by one count.
func TestOwnDomainIsNoClient(t *testing.T) {
	clients := []relais.Client{{ID: "own", Name: "Zyxwv", Domains: []string{"vendeur.example"}}, {ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}}
	set := mustEnrichers(t, Config{Clients: clients, Contacts: []relais.Contact{{ClientID: "own", Email: "buyer@vendeur.example"}}})
	for lines, want := range map[string]string{
		"From: luc@vendeur.example\nTo: camille@vendeur.example\n\nBonjour":                        "",
		"From: luc@mail.vendeur.example\nTo: camille@vendeur.example\n\nBonjour":                   "",
		"From: camille@vendeur.example\nTo: x@gmail.com\n\n\u00c9cris \u00e0 luc@vendeur.example.": "",
		"From: bob@acme.example\nTo: camille@vendeur.example\nCc: luc@vendeur.example\n\nHi":       "acme",
		"From: buyer@vendeur.example\nTo: camille@vendeur.example\n\nBonjour":                      "own",
	} {
		if got := topTag(findAll(set, message(lines)).Clients, 0); got != want {
			t.Errorf("%q: client %q, not %q", lines, got, want)
		}
	}
}
