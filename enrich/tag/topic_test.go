package tag

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

func TestTaxonomy(t *testing.T) {
	topics, err := DefaultTopics()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, topic := range topics {
		ids = append(ids, topic.ID)
		if topic.FR == "" || topic.EN == "" {
			t.Errorf("%s has no name", topic.ID)
		}
		for _, list := range [][]string{topic.Strong, topic.Medium, topic.Weak} {
			for _, term := range list {
				if len(fold.Words(term, nil)) == 0 {
					t.Errorf("%s: %q is no word", topic.ID, term)
				}
			}
		}
	}
	want := "prospection visite prix negociation appel_offres commande livraison facture qualite technique contrat formation concurrence interne newsletter autre"
	got := strings.Fields(want)
	for _, id := range got {
		if !slices.Contains(ids, id) {
			t.Errorf("no topic %s", id)
		}
	}
	if len(ids) != len(got) {
		t.Errorf("topics %v", ids)
	}
	for _, id := range relais.PrivateTopics() {
		if !slices.Contains(ids, id) {
			t.Errorf("no private topic %s", id)
		}
	}
}

// TestTopic reads what reps write, in their own words: the first topic must be right.
func TestTopic(t *testing.T) {
	const head = "From: eve@durand.example\nTo: camille@vendeur.example\nSubject: "
	tests := []struct{ message, want string }{
		{head + "Votre devis 4512\n\nBonjour, pouvez-vous revoir le prix unitaire de la pompe ?", "prix"},
		{head + "Hausse tarifaire au 1er janvier\n\nNous ne pouvons accepter 6 %.", "prix"},
		{head + "Dernier effort avant signature\n\nVotre concurrent est moins cher, faites un geste commercial et revoyez votre offre : notre prix cible est 12 EUR.", "negociation"},
		{head + "Commande 4500123\n\nVeuillez trouver notre bon de commande. Merci de nous adresser l'accusé de réception.", "commande"},
		{head + "Purchase order 4500123\n\nPlease confirm.", "commande"},
		{head + "Où est le camion ?\n\nLe transporteur n'est pas passé, la livraison était prévue hier. Pouvez-vous donner le numéro de suivi ?", "livraison"},
		{head + "Late delivery\n\nThe shipment has not arrived.", "livraison"},
		{head + "Relance : factures échues\n\nSauf erreur, la facture 2211 reste impayée. Merci de procéder au virement.", "facture"},
		{head + "Fuite sur la P40\n\nTrois pompes sont défectueuses, nous ouvrons une réclamation et demandons un rapport 8D.", "qualite"},
		{head + "Complaint: leaking valves\n\nThey are all faulty.", "qualite"},
		{head + "Question\n\nQuel est le débit maximal à 6 bars ? Pouvez-vous envoyer la fiche technique et le schéma électrique ?", "technique"},
		{head + "Renouvellement du contrat cadre\n\nLe préavis court jusqu'en mars, un avenant suffit.", "contrat"},
		{head + "RDV jeudi ?\n\nJe vous propose un créneau à 14 h, voici l'ordre du jour.", "visite"},
		{head + "Minutes of meeting\n\nAttendees: all.", "visite"},
		{head + "Appel d'offres station de relevage\n\nLe DCE est en ligne, date limite de remise le 12.", "appel_offres"},
		{head + "Invitation to tender\n\nBids are due on Friday.", "appel_offres"},
		{head + "Formation des opérateurs\n\nDeux stagiaires pour la session de juin.", "formation"},
		{head + "Ce que propose la concurrence\n\nLeur offre concurrente est à 10 % de moins.", "concurrence"},
		{head + "Suite au salon\n\nNous serions intéressés par votre gamme, envoyez-moi votre documentation : c'est un premier contact.", "prospection"},
		{"From: luc@vendeur.example\nTo: camille@vendeur.example\nSubject: Déjeuner\n\nOn mange où ?", "interne"},
		{"From: luc@vendeur.example\nTo: camille@vendeur.example\nSubject: Notes de frais de mars\n\nMerci de les déposer.", "interne"},
		{"From: eau@mag.example\nList-Unsubscribe: <https://mag.example>\nList-Id: <mag>\nSubject: Commandes et livraisons : les tendances\n\nVos factures", "newsletter"},
		{head + "Commande\n\nLe transporteur a perdu le reliquat, une nouvelle expédition est-elle prévue ?", "livraison"},
		{head + "Retard de commande\n\nToujours rien.", "livraison"},
		{head + "Commande 88123\n\nVoir ci-joint.", "commande"},
		{head + "RE: Votre devis 4512\n\nLes vis sont arrivées cassées, je vous retourne le lot défectueux.", "qualite"},
		{head + "Re: Devis 4512\n\nBien reçu, merci.", "prix"},
		{head + "Re: Re: your quotation\n\nToo expensive. Can you come down, or match their price?", "negociation"},
		{head + "Bonjour\n\nL'automate affiche un code erreur et la machine ne démarre plus.", "technique"},
		{head + "Question\n\nCould you send the datasheet? Is it compatible with our drive?", "technique"},
		{head + "Bonjour\n\nNous recherchons un fournisseur de vannes et avons trouvé vos coordonnées sur le salon.", "prospection"},
		{head + "Colis\n\nLe colis est arrivé cassé, photos jointes.", "qualite"},
		{head + "ETA?\n\nHas it shipped yet? Customs asked for the packing list.", "livraison"},
		{head + "Merci\n\nBonne réception, dans l'attente de votre retour.", "autre"},
		{head + "Hello\n\nÀ bientôt.", "autre"},
		{head + "TR: pour info\n\n-----Message d'origine-----\nDe : Eve\nEnvoyé : lundi\nObjet : x\n\nLa facture 12 reste impayée, la comptabilité attend le virement.", "facture"},
		{head + "Documents\nAttachment: Facture_2024-118.pdf\n\nVoir ci-joint.", "facture"},
		{head + "Documents\nFolder: Litiges/Réclamations 2024\n\nVoir ci-joint.", "qualite"},
	}
	list := mustEnrichers(t, Config{})
	for _, tt := range tests {
		out := findAll(list, message(tt.message))
		if got := topTag(out.Topics, 0); got != tt.want {
			t.Errorf("%q taken for %q, not %q:\n%v", tt.message, got, tt.want, out.Topics)
		}
		checkTopics(t, out.Topics)
	}
}

// checkTopics checks what callers rely on.
func checkTopics(t testing.TB, tags []relais.Tag) {
	t.Helper()
	if len(tags) == 0 || len(tags) > maxTopics {
		t.Errorf("%d topics", len(tags))
	}
	seen := map[string]bool{}
	for i, tag := range tags {
		if seen[tag.ID] || tag.Confidence <= 0 || tag.Confidence > maxConfidence || i > 0 && tags[i-1].Confidence < tag.Confidence {
			t.Errorf("topics %v", tags)
		}
		if tag.ID != TopicOther && len(tag.Evidence) == 0 {
			t.Errorf("%s without evidence", tag.ID)
		}
		seen[tag.ID] = true
	}
}

func TestTopicEvidence(t *testing.T) {
	list := mustEnrichers(t, Config{})
	tags := findAll(list, message("From: eve@durand.example\nTo: camille@vendeur.example\nSubject: Facture 12\n\nLa facture est impayée.")).Topics
	want := []relais.Evidence{{Signal: "subject", Detail: "facture"}, {Signal: "text", Detail: "impayée"}}
	if len(tags) != 1 || len(tags[0].Evidence) != len(want) {
		t.Fatalf("topics %v", tags)
	}
	for i, e := range tags[0].Evidence {
		if e.Weight <= 0 || e.Weight >= 1000 {
			t.Errorf("weight %d", e.Weight)
		}
		if e.Weight = 0; e != want[i] {
			t.Errorf("evidence %v, not %v", e, want[i])
		}
	}
}

func FuzzTopics(f *testing.F) {
	f.Add("Facture", "commande livraison\n> prix", "Litiges")
	list := mustEnrichers(f, Config{})
	f.Fuzz(func(t *testing.T, subject, text, folder string) {
		in := message("From: eve@durand.example\n\n")
		in.Mail.Subject, in.Mail.Text, in.Text, in.Folder = subject, text, text, folder
		checkTopics(t, findAll(list, in).Topics)
	})
}

// TestTerms finds every term in its own text: one that another list's phrase hides, or
// that no text could hold, would never be missed.
func TestTerms(t *testing.T) {
	topics, err := DefaultTopics()
	if err != nil {
		t.Fatal(err)
	}
	x := newLexicon(topics)
	for i, topic := range topics {
		for _, list := range [][]string{topic.Strong, topic.Medium, topic.Weak, topic.Silent} {
			for _, text := range list {
				for _, form := range wordForms(strings.ReplaceAll(text, "#", "4512")) {
					if !foundWhole(x, form, i) {
						t.Errorf("%s: %q is not found in itself", topic.ID, form)
					}
				}
			}
		}
	}
}

// foundWhole tells whether all of a text is one term of a topic.
func foundWhole(x *lexicon, text string, topic int) bool {
	list, whole := fold.Words(text, nil), false
	x.find(text, list, func(terms []term, first, last int) {
		whole = whole || first == 0 && last == len(list)-1 && slices.ContainsFunc(terms, func(t term) bool { return t.topic == topic })
	})
	return whole
}

func TestPhrases(t *testing.T) {
	x := newLexicon([]Topic{{ID: "a", Strong: []string{"retard de livraison", "commande #", "expédier~", "renew~ contract", "schedule~", "8d", "former vos"}, Weak: []string{"commande"}, Silent: []string{"commande publique"}}})
	for text, want := range map[string]string{
		"retard livraison": "retard livraison=6", "Retards de la livraison": "Retards de la livraison=6", "retard de la de la livraison": "", "retard. livraison": "retard. livraison=6", "retard ; livraison": "",
		"commande 4512": "commande 4512=6", "commande CF2511032": "commande CF2511032=6", "commande du 8D": "commande=1 8D=6", "commandes": "commandes=1", "la commande publique": "commande publique=0",
		"expédient": "expédient=6", "expédia": "", "expédierons": "expédierons=6", "expédiée": "expédiée=6", "expédiez et expédié": "expédiez=6 expédié=6", "expédition": "",
		"renewing your contracts": "renewing your contracts=6", "scheduled scheduling": "scheduled=6 scheduling=6", "former vos": "former vos=6", "former": "",
	} {
		var got []string
		list := fold.Words(text, nil)
		x.find(text, list, func(terms []term, first, last int) {
			got = append(got, fmt.Sprintf("%s=%d", text[list[first].Start:list[last].End], terms[0].weight))
		})
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: found %q, not %q", text, s, want)
		}
	}
}

// TestTopicNamesAreTheirOwn: who searches by a name must not get another topic.
func TestTopicNamesAreTheirOwn(t *testing.T) {
	topics, err := DefaultTopics()
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, topic := range topics {
		for _, name := range append(topic.Names(), topic.ID) {
			name = strings.ToLower(name)
			if had, ok := of[name]; ok && had != topic.ID {
				t.Errorf("%q is %s and %s", name, had, topic.ID)
			}
			of[name] = topic.ID
		}
	}
	for name, id := range map[string]string{"price": "prix", "quote": "prix", "meeting": "visite", "tender": "appel_offres", "complaint": "qualite", "renewal": "contrat", "support": "technique"} {
		if of[name] != id {
			t.Errorf("%q is %q, want %s", name, of[name], id)
		}
	}
}
