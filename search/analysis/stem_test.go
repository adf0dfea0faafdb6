package analysis

import (
	"strings"
	"testing"
)

// TestForms checks which forms of words have one term, and which must not.
func TestForms(t *testing.T) {
	a := New()
	term := func(w string) string { return strings.Join(a.Terms(nil, w), " ") }
	for _, line := range []string{
		"commande commandes commandé commandées commander commandez",
		"livré livrée livrés livrer livrez livraient livrerait",
		"négociation négociations négocier négocié",
		"facture factures facturer facturation",
		"réclamation réclamations réclamer",
		"client clients", "canaux canal", "local locaux locale", "bureau bureaux", "jeu jeux", "tuyau tuyaux",
		"premier première premières", "industriel industrielle industriels", "nombreux nombreuse nombreuses",
		"actif active actifs", "technique techniques technical", "payé paye", "offre offres",
		"order orders ordered ordering", "company companies", "planned plan planning", "delivery deliveries",
		"price prices pricing priced", "invoice invoices invoiced invoicing", "reply replies replied replying",
		"process processes processed", "customer customers", "call calls called calling",
		"12450 12.450 12'450", "Été ete ÉTÉ", "œuvre oeuvres",
	} {
		words := strings.Fields(line)
		for _, w := range words[1:] {
			if term(w) != term(words[0]) {
				t.Errorf("%s is %s, but %s is %s", words[0], term(words[0]), w, term(w))
			}
		}
	}
	for _, pair := range []string{
		"forme formation", "fils filles", "équipe équipement", "port portail", "livre livraison", "station stage",
		"don donne", "home homme", "need nez", "produit production", "relation relais", "devis devise", "offre offer",
		"opération opéra", "contrat contrainte", "poste postal", "some somme", "speed sp",
	} {
		x, y, _ := strings.Cut(pair, " ")
		if term(x) == term(y) {
			t.Errorf("%s and %s are one: %s", x, y, term(x))
		}
	}
}

func TestStopWordsStay(t *testing.T) {
	for _, w := range []string{"elles", "leurs", "votre", "comment", "were", "these", "notre"} {
		if got := New().Terms(nil, w); len(got) != 1 || got[0] != w || !IsStop(w) {
			t.Errorf("%s gives %v: stop words must be their own terms, and no others'", w, got)
		}
	}
	if IsStop("devis") {
		t.Error("devis is no stop word")
	}
}

// TestStem pins what each step does, so that a change of terms is seen, and Version
// raised.
func TestStem(t *testing.T) {
	for _, tc := range []struct{ word, want string }{
		{"clients", "client"}, {"process", "proces"}, {"bureaux", "bureau"}, {"tuyaux", "tuyau"}, {"jeux", "jeu"}, {"bijoux", "bijou"},
		{"locaux", "local"}, {"taux", "taux"}, {"prix", "prix"}, {"deux", "deu"},
		{"shipping", "ship"}, {"string", "string"}, {"shipped", "ship"}, {"need", "need"}, {"agreed", "agreed"}, {"pied", "pied"},
		{"livree", "livr"}, {"idee", "ide"}, {"premiere", "premi"}, {"mere", "mer"},
		{"commander", "command"}, {"payer", "payer"}, {"livrez", "livr"}, {"livraient", "livr"}, {"livrerait", "livr"},
		{"commandait", "command"}, {"portrait", "portr"}, {"extrait", "extrait"}, {"commandera", "command"}, {"camera", "camera"},
		{"facturation", "factur"}, {"formation", "formation"}, {"publique", "public"}, {"medical", "medic"}, {"nombreuse", "nombreu"},
		{"annuelle", "annuel"}, {"fille", "fill"}, {"company", "compani"}, {"active", "actif"},
	} {
		if got := string(stem([]byte(tc.word))); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.word, got, tc.want)
		}
	}
}

func FuzzStem(f *testing.F) {
	f.Add("facturations")
	f.Add("eeee")
	f.Fuzz(func(t *testing.T, word string) {
		var b []byte
		for _, c := range []byte(word) {
			if 'a' <= c && c <= 'z' && len(b) < MaxTerm {
				b = append(b, c)
			}
		}
		if len(b) < 4 {
			return
		}
		before := len(b)
		if got := stem(b); len(got) < 2 || len(got) > before {
			t.Fatalf("%s: got %q", word, got)
		}
	})
}
