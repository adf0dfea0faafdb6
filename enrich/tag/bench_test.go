package tag

import (
	"fmt"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// mailOf4K is a reply of some 4 KB, as most are: new text, signature, disclaimer, quote.
func mailOf4K() *Input {
	text := "Bonjour Camille,\n\n" + strings.Repeat("Suite à notre visite de jeudi, pouvez-vous revoir le prix unitaire de la pompe P40 et confirmer le délai de livraison pour Durand et Fils ?\n", 9) +
		"\nCordialement,\nEve Durand\nResponsable achats\nDurand & Fils\nTél. : +33 6 12 34 56 78\n\n" +
		"Ce message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de leur destinataire. Si vous l'avez reçu par erreur, merci d'en avertir l'expéditeur.\n\n" +
		"Le 12/03/2024 09:15, Camille Rivoire <camille@vendeur.example> a écrit :\n\n" +
		strings.Repeat("> Voici notre offre pour les pompes et la maintenance annuelle, valable jusqu'au 30 juin.\n", 22)
	in := message("From: eve.durand@gmail.com\nTo: camille@vendeur.example\nCc: max@durand.example\nCc: luc@vendeur.example\nSubject: RE: Devis 4512 Durand et Fils\nFolder: Clients/Durand et Fils\nAttachment: devis 4512.pdf\n\n")
	in.Text, in.Mail.Text = text, text
	return in
}

func manyClients(n int) ([]relais.Client, []relais.Contact) {
	clients, contacts := testClients()
	for i := range n {
		id := fmt.Sprintf("N%05d", i)
		clients = append(clients, relais.Client{ID: id, Name: fmt.Sprintf("Établissements Numéro %d Hydraulique", i), Domains: []string{fmt.Sprintf("numero%d.example", i)}})
		contacts = append(contacts, relais.Contact{ClientID: id, Email: fmt.Sprintf("achats@numero%d.example", i), Phone: fmt.Sprintf("04%08d", i)})
	}
	return clients, contacts
}

func BenchmarkEnrichers(b *testing.B) {
	clients, contacts := manyClients(20_000)
	list := mustEnrichers(b, Config{Clients: clients, Contacts: contacts})
	in := mailOf4K()
	b.SetBytes(int64(len(in.Text)))
	b.ReportAllocs()
	for b.Loop() {
		fresh := *in
		if out := findAll(list, &fresh); len(out.Clients) == 0 {
			b.Fatal("no client")
		}
	}
}

func BenchmarkEnricher(b *testing.B) {
	clients, contacts := manyClients(20_000)
	list := mustEnrichers(b, Config{Clients: clients, Contacts: contacts})
	in := mailOf4K()
	in.textWords()
	out := findAll(list, in)
	for _, e := range list {
		b.Run(e.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				again := out
				again.Clients, again.People, again.Correspondents = out.Clients, nil, nil
				e.Enrich(in, &again)
			}
		})
	}
	b.Run("words", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fresh := *in
			fresh.words = nil
			fresh.textWords()
		}
	})
}
