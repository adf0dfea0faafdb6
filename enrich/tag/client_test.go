package tag

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func testClients() ([]relais.Client, []relais.Contact) {
	return []relais.Client{
			{ID: "C1", Name: "Martin Énergies SAS", Domains: []string{"martin-energies.example"}, SIREN: "123 456 789", Aliases: []string{"MARTEN"}},
			{ID: "C2", Name: "Martin Énergies Lyon", Domains: []string{"lyon.martin-energies.example"}},
			{ID: "C3", Name: "Durand & Fils", Domains: []string{"durand.example", "gmail.com"}},
			{ID: "C4", Name: "Services Transport", Domains: []string{"st.example"}},
			{ID: "C5", Name: "Total"},
			{ID: "C6", Name: "Zephirox"},
			{ID: "C7", Name: "Doublon Nord", Domains: []string{"shared.example"}},
			{ID: "C8", Name: "Doublon Nord", Domains: []string{"shared.example"}},
		}, []relais.Contact{
			{ClientID: "C3", Name: "Eve Durand", Email: "Eve.Durand@gmail.com", Phone: "+33 6 12 34 56 78"},
			{ClientID: "C6", Name: "Zoe", Email: "zoe@zephirox.test"},
			{ClientID: "none", Email: "a@nowhere.example"},
		}
}

// message is a test message by its header lines and text.
func message(lines string) *Input {
	head, text, _ := strings.Cut(lines, "\n\n")
	m := &format.Mail{Text: text}
	in := &Input{Owner: relais.Owner{Address: "camille@vendeur.example", Aliases: []string{"camille@gmail.com"}}, Kind: relais.KindMessage, Mail: m, Text: text}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		list := []relais.Address{{Address: value}}
		switch name {
		case "From":
			m.From = append(m.From, list...)
		case "To":
			m.To = append(m.To, list...)
		case "Cc":
			m.Cc = append(m.Cc, list...)
		case "Reply-To":
			m.ReplyTo = append(m.ReplyTo, list...)
		case "Subject":
			m.Subject = value
		case "Folder":
			in.Folder = value
		case "Attachment":
			in.Attachments = append(in.Attachments, value)
		default:
			m.Header = append(m.Header, format.HeaderField{Name: name, Value: value})
		}
	}
	return in
}

func TestClient(t *testing.T) {
	const among = "From: camille@vendeur.example\nTo: luc@vendeur.example\n"
	tests := []struct{ name, message, want string }{
		{"contact", "From: eve.durand@gmail.com\nTo: camille@vendeur.example\n\nBonjour", "C3 contact"},
		{"contact in copy", "From: camille@vendeur.example\nCc: eve.durand@gmail.com\n\nBonjour", "C3 contact"},
		{"domain", "From: x@martin-energies.example\n\nBonjour", "C1 domain"},
		{"host below a domain", "From: x@mail.martin-energies.example\n\nBonjour", "C1 domain"},
		{"longest host wins", "From: x@lyon.martin-energies.example\n\nBonjour", "C2 domain"},
		{"free-mail in a client's record", "From: someone@gmail.com\n\nBonjour", ""},
		{"domain of contacts", "From: max@zephirox.test\n\nBonjour", "C6 contact_domain"},
		{"unknown client's contact", "From: a@nowhere.example\n\nBonjour", ""},
		{"reply to", "From: relay@crm.example\nReply-To: x@durand.example\n\nBonjour", "C3 domain"},
		{"shared domain", "From: x@shared.example\n\nBonjour", "C7 domain;C8 domain"},
		{"name in subject", among + "Subject: Point Martin Énergies\n\nBonjour", "C1 subject"},
		{"accents and case", among + "Subject: point MARTIN ENERGIES\n\nBonjour", "C1 subject"},
		{"longest name wins", among + "Subject: Martin Energies Lyon\n\nBonjour", "C2 subject"},
		{"alias", among + "Subject: Devis Marten\n\nBonjour", "C1 subject"},
		{"names have their word bounds", among + "Subject: Zephiroxane\n\nBonjour", ""},
		{"and or not", among + "Subject: Durand et Fils, Durand Fils\n\nBonjour", "C3 subject"},
		{"a name does not span clauses", among + "Subject: pour Durand : Fils\n\nBonjour", ""},
		{"one word wants its capital", among + "Subject: zephirox\n\nBonjour", ""},
		{"a generic name is nothing", among + "Subject: Services Transport et Total\n\nBonjour", ""},
		{"a generic name beside its domain", "From: x@st.example\nSubject: Services Transport\n\nBonjour", "C4 domain subject"},
		{"shared name", among + "Subject: Doublon Nord\n\nBonjour", "C7 subject;C8 subject"},
		{"name in text", among + "Subject: Point\n\nJ'ai vu Martin\nÉnergies hier.", "C1 text"},
		{"a note that names several", among + "Subject: Point\n\nMartin Énergies : Eve décide.\n\nZephirox : perdu.", "C1 listed;C6 listed"},
		{"the same to somebody else", "From: camille@vendeur.example\nTo: luc@home.example\nSubject: Point\n\nMartin Énergies : Eve décide.\n\nZephirox : perdu.", "C1 text;C6 text"},
		{"a note that quotes several", among + "Subject: Point\n\nVu.\n\n> Martin Énergies : Eve décide.\n> Zephirox : perdu.", ""},
		{"not in a quote", among + "Subject: Point\n\nOui.\n\n> J'ai vu Martin Énergies hier.", ""},
		{"signature", "From: x@home.example\n\nBonjour, voici le bon.\n\n-- \nJo\nMartin Énergies\n", "C1 signature"},
		{"folder", among + "Folder: Clients/Martin Energies\n\nBonjour", "C1 folder"},
		{"attachment", among + "Attachment: devis_martin-energies_v2.pdf\n\nBonjour", "C1 attachment"},
		{"siren", among + "\nSIREN 123 456 789 à rappeler", "C1 siren"},
		{"siret", among + "\nSIRET : 12345678900012", "C1 siren"},
		{"vat", among + "\nTVA FR 12 123456789 et FR12123456789", "C1 siren"},
		{"other numbers", among + "\nCommande 1234567891, dossier 12345678, 0123456789012345678901", ""},
		{"phone", among + "\nAppelle Eve au 06.12.34.56.78", "C3 phone"},
		{"phone abroad", among + "\nAppelle Eve au +33 (0)6 12 34 56 78", "C3 phone"},
		{"forwarded", among + "\nPour info\n\n---------- Forwarded message ----------\nFrom: Jo <x@martin-energies.example>\nDate: 3 mars\nSubject: Devis\nTo: camille@vendeur.example\n\nBonjour", "C1 quoted"},
		{"answered", among + "\nVu\n\nLe 3 mars 2025, Jo <x@martin-energies.example>\na écrit :\n\n> Bonjour", "C1 quoted"},
		{"quoted recipient", among + "\nVu\n\n-----Message d'origine-----\nDe : Luc <luc@vendeur.example>\nÀ : Jo <x@martin-energies.example>\nObjet : Devis\n\nBonjour", "C1 quoted_other"},
		{"address in text", among + "\nÉcris à x@martin-energies.example.", "C1 address"},
		{"own domain", "From: luc@vendeur.example\nTo: camille@vendeur.example\n\nBonjour", ""},
		{"newsletter names nobody", "From: news@martin-energies.example\nList-Id: <news.example>\nSubject: Martin Énergies\n\nMartin Énergies", ""},
		{"newsletter of a contact", "From: eve.durand@gmail.com\nList-Id: <news.example>\nSubject: Martin Énergies\n\nBonjour", "C3 contact"},
		{"robot of a client", "From: no-reply@durand.example\nSubject: Martin Énergies\n\nCommande", "C3 domain"},
	}
	clients, contacts := testClients()
	list := mustEnrichers(t, Config{Clients: clients, Contacts: contacts})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, tag := range findAll(list, message(tt.message)).Clients {
				got = append(got, tag.ID+" "+strings.Join(uniqueSignals(tag.Evidence), " "))
			}
			if s := strings.Join(got, ";"); s != tt.want {
				t.Errorf("clients %q, not %q", s, tt.want)
			}
		})
	}
}

func TestClientEvidence(t *testing.T) {
	clients, contacts := testClients()
	list := mustEnrichers(t, Config{Clients: clients, Contacts: contacts})
	got := findAll(list, message("From: x@shared.example\nTo: camille@vendeur.example\nCc: no-reply@martin-energies.example\nSubject: Martin  Énergies\n\nBonjour")).Clients
	want := []relais.Tag{
		{ID: "C1", Name: "Martin Énergies SAS", Confidence: 958, Evidence: []relais.Evidence{{Signal: "subject", Detail: "Martin Énergies", Weight: 800}, {Signal: "domain", Detail: "martin-energies.example", Weight: 790}}},
		{ID: "C7", Name: "Doublon Nord", Confidence: 465, Evidence: []relais.Evidence{{Signal: "domain", Detail: "shared.example", Weight: 465}}},
		{ID: "C8", Name: "Doublon Nord", Confidence: 465, Evidence: []relais.Evidence{{Signal: "domain", Detail: "shared.example", Weight: 465}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
}

func TestClientOfFile(t *testing.T) {
	clients, contacts := testClients()
	list := mustEnrichers(t, Config{Clients: clients, Contacts: contacts})
	in := &Input{Owner: relais.Owner{Address: "camille@vendeur.example"}, Kind: relais.KindFile, Folder: "Affaires/2024", Name: "Offre Zephirox.xlsx", Text: "> Offre pour Durand et Fils"}
	var got []string
	for _, tag := range findAll(list, in).Clients {
		got = append(got, tag.ID+" "+tag.Evidence[0].Signal)
	}
	if diff := cmp.Diff([]string{"C3 heading", "C6 file_name"}, got); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
}

// TestListOfClients: a file that names many is about each, less surely, and says where.
func TestListOfClients(t *testing.T) {
	var clients []relais.Client
	var text strings.Builder
	for i := range 60 {
		name := string(rune('A'+i/8)) + "ko" + string(rune('a'+i%8)) + "mar Industries"
		clients = append(clients, relais.Client{ID: "L" + string(rune('0'+i)), Name: name})
		text.WriteString("- " + name + " : voir " + name + "\n")
	}
	got := findAll(mustEnrichers(t, Config{Clients: clients}), &Input{Kind: relais.KindFile, Name: "passation.txt", Text: text.String()}).Clients
	if len(got) != len(clients) {
		t.Fatalf("%d of %d clients", len(got), len(clients))
	}
	for _, tag := range got {
		if tag.Confidence < relais.ShownConfidence || tag.Confidence > 600 || len(tag.Evidence) != 1 || !strings.Contains(tag.Evidence[0].Detail, ", l. ") {
			t.Errorf("%+v", tag)
		}
	}
}

// TestHeadThatNamesSeveral: a list of clients is not one client's file.
func TestHeadThatNamesSeveral(t *testing.T) {
	clients, contacts := testClients()
	list := mustEnrichers(t, Config{Clients: clients, Contacts: contacts})
	in := &Input{Owner: relais.Owner{Address: "camille@vendeur.example"}, Kind: relais.KindFile, Name: "suivi.txt", Text: "Durand et Fils : relancer. Zephirox : perdu."}
	for _, tag := range findAll(list, in).Clients {
		for _, e := range tag.Evidence {
			if e.Signal == signalHeading {
				t.Errorf("%s by the head of a list", tag.ID)
			}
		}
	}
}

// TestReadTwice checks that a file whose text comes later is read anew.
func TestReadTwice(t *testing.T) {
	list := mustEnrichers(t, Config{})
	in := &Input{Kind: relais.KindFile, Name: "x.txt"}
	before := findAll(list, in)
	in.Text = "Veuillez trouver la facture impayée, merci de procéder au virement."
	after := findAll(list, in)
	if topTag(before.Topics, 0) != TopicOther || topTag(after.Topics, 0) != "facture" || after.Language != "fr" {
		t.Errorf("before %v, after %v %s", before.Topics, after.Topics, after.Language)
	}
}

// TestClientsOfRealFiles tells whose the files of a folder are by their names.
func TestClientsOfRealFiles(t *testing.T) {
	type label struct{ ID, Client string }
	labels := readLines[label](t, corpus(t, "labelled", "clients-files.jsonl"))
	var clients []relais.Client
	for _, l := range labels {
		clients = append(clients, relais.Client{ID: l.Client, Name: l.Client})
	}
	list := mustEnrichers(t, Config{Clients: clients})
	var s score
	for _, l := range labels {
		in := &Input{Kind: relais.KindFile, Folder: "Documents", Name: l.ID[strings.LastIndexByte(l.ID, '/')+1:]}
		s.add(topTag(findAll(list, in).Clients, relais.ShownConfidence), l.Client)
	}
	t.Logf("%v", s)
	if s.f1() < 75 {
		t.Error("lower than it was")
	}
}

func TestConfidence(t *testing.T) {
	e := func(signal string, weight int) relais.Evidence {
		return relais.Evidence{Signal: signal, Weight: weight}
	}
	for _, tt := range []struct {
		evidence []relais.Evidence
		want     int
	}{
		{nil, 0},
		{[]relais.Evidence{e("a", 700)}, 700},
		{[]relais.Evidence{e("a", 700), e("a", 700)}, 700},
		{[]relais.Evidence{e("a", 300), e("a", 700)}, 700},
		{[]relais.Evidence{e("a", 500), e("b", 500)}, 750},
		{[]relais.Evidence{e("a", 1000)}, maxConfidence},
		{[]relais.Evidence{e("a", -5), e("b", 2000)}, maxConfidence},
	} {
		if got := Confidence(tt.evidence); got != tt.want {
			t.Errorf("Confidence(%v) = %d, not %d", tt.evidence, got, tt.want)
		}
	}
}

// TestConfidenceOrder checks that order does not matter, nor repeats, and that more
// evidence never means less confidence.
func TestConfidenceOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var list []relais.Evidence
		for range 1 + r.IntN(8) {
			list = append(list, relais.Evidence{Signal: string(rune('a' + r.IntN(4))), Detail: string(rune('x' + r.IntN(2))), Weight: r.IntN(1001)})
		}
		want := Confidence(list)
		more := append(list[:len(list):len(list)], list[r.IntN(len(list))])
		r.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
		if got := Confidence(more); got != want {
			t.Fatalf("%v: %d, shuffled and repeated %d", list, want, got)
		}
		if fewer := Confidence(list[1:]); fewer > want {
			t.Fatalf("%v: %d, without the first %d", list, want, fewer)
		}
	}
}

func FuzzClientText(f *testing.F) {
	f.Add("FR 12 123456789 x@durand.example +33 (0)6 12 34 56 78")
	f.Add("@a@b@@c.d 0000000000000000000")
	clients, contacts := testClients()
	list := mustEnrichers(f, Config{Clients: clients, Contacts: contacts})
	f.Fuzz(func(t *testing.T, text string) {
		out := findAll(list, message("From: a@b.example\nSubject: x\n\n"+text))
		again := findAll(list, message("From: a@b.example\nSubject: x\n\n"+text))
		if diff := cmp.Diff(out, again); diff != "" {
			t.Errorf("two readings differ:\n%s", diff)
		}
		for at := 0; ; {
			start, end := nextAddress(text, at)
			if end < 0 {
				break
			}
			if start < at || end <= start {
				t.Fatalf("address %d to %d after %d", start, end, at)
			}
			at = end
		}
	})
}
