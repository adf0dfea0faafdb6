package answer

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

type asked struct {
	text, code, query, label string
	count                    int
}

// forgiven are questions that find nothing, each with an offer it must get.
func forgiven() []asked {
	return []asked{
		{"livriason chantier", codeSpelling, "livraison chantier", "livraison au lieu de livriason", 1},
		{"reclamtion", codeSpelling, "réclamation", "réclamation au lieu de reclamtion", 1},
		{"garnitrues avoir", codeSpelling, "garnitures", "garnitures au lieu de garnitrues", 1},
		{"renouvelement motuer contract", codeSpelling, "renouvellement moteur contrat", "renouvellement au lieu de renouvelement\u00a0; moteur au lieu de motuer\u00a0; contrat au lieu de contract", 1},
		{"AQ4080", codeForm, "AQ-4080", "écrit «\u00a0AQ-4080\u00a0»", 1},
		{"AQ4080 pompe", codeForm, "AQ-4080 pompe", "écrit «\u00a0AQ-4080\u00a0»", 1},
		{"D20260418", codeForm, "D-2026-0418", "écrit «\u00a0D-2026-0418\u00a0»", 1},
		{"D-20260418", codeForm, "D-2026-0418", "écrit «\u00a0D-2026-0418\u00a0»", 1},
		{"3 480,00", codeForm, "3 480", "écrit «\u00a03 480\u00a0»", 1},
		{"intervention 48h", codeForm, `intervention "48 h"`, "écrit «\u00a048 h\u00a0»", 1},
		{"moteur 7,5kW", codeForm, `moteur "7,5 kW"`, "écrit «\u00a07,5 kW\u00a0»", 1},
		{"chantier mars 2026", codeDate, "chantier date:2026-03", "daté de mars 2026", 1},
		{"chantier march 2026", codeDate, "chantier date:2026-03", "daté de mars 2026", 1},
		{"devis 03/03/2026", codeDate, "devis date:2026-03-03", "daté du 3 mars 2026", 1},
		{"devis 03/03/26", codeDate, "devis date:2026-03-03", "daté du 3 mars 2026", 1},
		{"devis 3 mars 2026", codeDate, "devis date:2026-03-03", "daté du 3 mars 2026", 1},
		{"devis March 3, 2026", codeDate, "devis date:2026-03-03", "daté du 3 mars 2026", 1},
		{"laiterie 2026", codeDate, "laiterie date:2026", "daté de 2026", 1},
		{"complaint", codeTopic, "topic:qualite", "sujet fr qualite", 1},
		{"RDV Lebreton", codeTopic, "topic:visite Lebreton", "sujet fr visite", 1},
		{"non-conformités garnitures", codeTopic, "topic:qualite garnitures", "sujet fr qualite", 1},
		{"contrat Kervadec", codeClient, `contrat client:"Laiterie Kervadec"`, "client Laiterie Kervadec", 1},
		{"Brassery devis", codeClient, `client:"Brasserie Acme" devis`, "client Brasserie Acme", 1},
		{"chantier garnitures", codeFewer, "garnitures", "sans chantier", 1},
		{"montage zzzz", codeFewer, "montage", "sans zzzz", 1},
		{"pompes after:2030", codeFewer, "pompes", "sans after:2030-01-01", 2},
		{"lebret", codePrefix, "lebret*", "ce qui commence par lebret", 1},
		{`"pompes livraison"`, codeForm, "pompes livraison", "sans guillemets", 1},
		{"garnitures client:acmee", codeClient, `garnitures client:"Brasserie Acme"`, "client Brasserie Acme", 1},
		{`"devis promis" pompes`, codeFewer, "pompes", `sans "devis promis"`, 2},
	}
}

func questions() []string {
	var list []string
	for _, a := range forgiven() {
		list = append(list, a.text)
	}
	return list
}

func TestOffers(t *testing.T) {
	w := newWorld(t, nil)
	for _, tt := range forgiven() {
		ans := w.ask(t, Question{Text: tt.text, Lang: "fr"})
		want := relais.Offer{Code: tt.code, Query: tt.query, Label: tt.label, Count: tt.count}
		if ans.Total != 0 || !slices.Contains(ans.Offers, want) || !slices.Contains(ans.codes(), NoteNothing) {
			t.Errorf("%s: %d found, %+v", tt.text, ans.Total, ans.Offers)
		}
		if len(ans.Offers) > mostOffers {
			t.Errorf("%s: %d offers", tt.text, len(ans.Offers))
		}
		for _, o := range ans.Offers { // each finds what it says
			if again := w.ask(t, Question{Text: o.Query}); again.Total != o.Count || again.Searched != "" {
				t.Errorf("%s: %s counts %d and finds %d", tt.text, o.Query, o.Count, again.Total)
			}
		}
	}
}

func TestLabelsInEnglish(t *testing.T) {
	w := newWorld(t, nil)
	for text, want := range map[string]string{
		"livriason chantier": "livraison instead of livriason", "AQ4080": "written “AQ-4080”", "devis 3 mars 2026": "dated 3 March 2026", "complaint": "topic en qualite",
		"contrat Kervadec": "client Laiterie Kervadec", "chantier garnitures": "without garnitures", "lebret": "what begins with lebret",
	} {
		ans := w.ask(t, Question{Text: text, Lang: "en"})
		if !slices.ContainsFunc(ans.Offers, func(o relais.Offer) bool { return o.Label == want }) {
			t.Errorf("%s: %+v", text, ans.Offers)
		}
	}
}

// A sentence is answered without its words of grammar when nothing has all of them, and
// says so. Every word is wanted where something has it.
func TestSentences(t *testing.T) {
	w := newWorld(t, nil)
	for _, tt := range []struct{ text, searched, says string }{
		{"montrez-moi : où trouver la livraison au chantier ?", "", ""}, // "montrez" is no such word: it is offered without
		{"que dit le dernier mail de livraison au chantier ?", "livraison chantier", "dit, dernier, mail"},
		{"tell me about the pompe AQ-4080 please", "pompe AQ-4080", "tell, about, please"},
		{"avec M. Lebreton", "", ""},
		{"est-ce que la livraison a été faite : y a-t-il eu un message ?", "livraison", "est-ce, faite, a-t-il, eu, message"},
	} {
		ans := w.ask(t, Question{Text: tt.text, Lang: "fr"})
		if ans.Searched != tt.searched {
			t.Errorf("%s: searched %q: %+v", tt.text, ans.Searched, ans.Notes)
		}
		if tt.searched == "" {
			continue
		}
		if ans.Total == 0 || ans.codes()[0] != noteFillers || !strings.HasSuffix(ans.Notes[0].Detail, tt.says) {
			t.Errorf("%s: %d, %+v", tt.text, ans.Total, ans.Notes)
		}
		if with := ans.With("topic:prix"); with != tt.searched+" topic:prix" {
			t.Errorf("%s: narrowed by %q", tt.text, with)
		}
	}
}

// What was searched instead has pages of its own.
func TestPagesOfASentence(t *testing.T) {
	w := newWorld(t, nil)
	first := w.ask(t, Question{Text: "tell me about pompes please", Limit: 1})
	if first.Searched != "pompes" || first.Next == "" {
		t.Fatalf("%+v", first.Page)
	}
	second := w.ask(t, Question{Text: first.Searched, Limit: 1, Cursor: first.Next})
	if second.Total != 2 || len(second.Hits) != 1 || second.Hits[0].ID == first.Hits[0].ID {
		t.Errorf("%+v", second.Page)
	}
}

// A page of text is answered by its rarest words, whether it can be read as a query or not.
func TestPastedText(t *testing.T) {
	w := newWorld(t, nil)
	const page = "Bonjour, comme convenu lors de notre entretien je reviens vers vous au sujet des garnitures qui fuient depuis plusieurs semaines ; merci de nous faire parvenir l'avoir promis dans les meilleurs délais avec la copie du dossier complet"
	for _, text := range []string{page, "Objet : " + page, strings.Repeat(page+" ", 6)} {
		ans := w.ask(t, Question{Text: text, Lang: "fr"})
		if ans.Total != 1 || ans.Hits[0].ID != "d02" || !slices.Contains(ans.codes(), noteLongText) || len(ans.Offers) > 0 {
			t.Errorf("%.30s: %d, %+v", text, ans.Total, ans.Notes)
		}
		for _, word := range []string{"garnitures", "fuient", "avoir"} {
			if !strings.Contains(ans.Searched, word) && word != "avoir" { // which is grammar
				t.Errorf("%.30s: searched %q", text, ans.Searched)
			}
		}
	}
	unknown := strings.Repeat("zzz:yyyy wwww ", 20)
	_, err := w.answerer().Ask(t.Context(), Question{Text: unknown, Scope: relais.Everything()})
	if relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a text of which nothing is found: %v, want what is wrong with it", err)
	}
	of := w.ask(t, Question{Text: page + " client:acme"})
	if of.Total != 1 || !strings.HasSuffix(of.Searched, " client:acme") {
		t.Errorf("a criterion is lost: %q", of.Searched)
	}
	if of := w.ask(t, Question{Text: page + " client:beta"}); strings.Contains(of.Searched, "garnitures") || of.Searched != "" && !strings.HasSuffix(of.Searched, " client:beta") {
		t.Errorf("a criterion is lost: %q", of.Searched)
	}
	long := w.ask(t, Question{Text: "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze"})
	if long.Total != 0 || long.Searched != "" || !slices.Contains(long.codes(), NoteNothing) {
		t.Errorf("%+v", long.Page)
	}
}

// A short query that cannot be read is answered by what is wrong with it.
func TestMistakesAreNotForgiven(t *testing.T) {
	long := strings.Repeat(" garnitures avoir fuient", 10)
	for _, text := range []string{
		`"open`, "frm:ann pompes", "topic:zzz", "client:acme" + long + " frm:ann", `(pompes OR garnitures` + long, "-from:ann (" + long, strings.Repeat("garnitures ", 500),
	} {
		_, err := newWorld(t, nil).answerer().Ask(t.Context(), Question{Text: text, Scope: relais.Everything()})
		if relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// However much a question gets wrong, the engine is asked a bounded number of times, and
// not at all for what was found.
func TestEffortIsBounded(t *testing.T) {
	for text, most := range map[string]int{
		"pompe": 1, "livraison chantier": 1,
		"livriason garniturs chantyer lebretton AQ4080 mars 2026 rdv zzzzzz": 18,
		"D-20260418 AQ4080 48h 7,5kW 3480,00 12/03/2026":                     8,
	} {
		w := newWorld(t, nil)
		w.ask(t, Question{Text: text})
		if n := w.searches + w.counts; n > most {
			t.Errorf("%s: the engine was asked %d times", text, n)
		}
	}
}

func TestNoCounterNoOffers(t *testing.T) {
	a := newWorld(t, nil).answerer()
	a.deps.Counter = nil
	ans, err := a.Ask(t.Context(), Question{Text: "livriason", Scope: relais.Everything()})
	if err != nil || len(ans.Offers)+len(ans.Notes) > 0 {
		t.Errorf("%+v %v", ans, err)
	}
	if _, err := a.Ask(t.Context(), Question{Text: strings.Repeat("frm:a b ", 30), Scope: relais.Everything()}); relais.KindOf(err) != relais.KindInvalid {
		t.Error(err)
	}
}

// Little that was found gets the date it may have meant, and nothing is left out of it.
func TestPoorAnswersGetDates(t *testing.T) {
	w := newWorld(t, nil)
	ans := w.ask(t, Question{Text: "2026"}) // of a reference
	want := []relais.Offer{{Code: codeDate, Query: "date:2026", Label: "dated 2026", Count: 7}}
	if diff := cmp.Diff(want, ans.Offers); ans.Total == 0 || diff != "" {
		t.Errorf("%d found (-want +got):\n%s", ans.Total, diff)
	}
}

func TestForms(t *testing.T) {
	for text, want := range map[string][]string{
		"AQ 4080": {"AQ-4080", "AQ4080"}, "48 h": {`"48 h"`, "48h"}, "AQ4080": {"AQ-4080"}, "AQ-4080": {"AQ4080"}, "48h": {`"48 h"`}, "pompe": nil, "12": nil, "a1b2c3d4": nil,
		"F-25-3318": {"F25-3318", "F-253318", "F253318"},
	} {
		if diff := cmp.Diff(want, otherForms(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	if forms := otherForms("D20260418"); forms[0] != "D-20260418" || !slices.Contains(forms, "D-2026-0418") || len(forms) > mostForms {
		t.Errorf("%v", forms)
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"mars 2026": "2026-03", "3 mars 2026": "2026-03-03", "1er avril 2025": "2025-04-01", "March 2026": "2026-03", "March 3, 2026": "2026-03-03", "3rd March 2026": "2026-03-03",
		"févr. 2026": "2026-02", "août 2025": "2025-08", "03/03/2026": "2026-03-03", "03.03.2026": "2026-03-03", "2026-03-03": "2026-03-03", "03/2026": "2026-03", "3/3/26": "2026-03-03", "2026": "2026",
		"31 avril 2026": "", "45/13/2026": "", "mars": "", "mar 2026": "", "4080": "", "12": "", "3 480,00": "", "1999-9": "1999-09",
	} {
		d, n := dateAt(units(search.Text{Words: text}))
		got := ""
		if n > 0 {
			got = d.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Each spelling is near, none is the word itself, and none comes twice.
func TestSlips(t *testing.T) {
	for _, word := range []string{"livriason", "aprovisionement", "abcd", "zzzz", "anticonstitutionnellemen"} {
		for _, list := range [][]string{oneSlip(word), twoSlips(word)} {
			if slices.Contains(list, word) || len(unique(slices.Clone(list))) != len(list) {
				t.Errorf("%s: itself, or one twice", word)
			}
		}
		if n := len(oneSlip(word)); n > search.MaxCounts*3 {
			t.Errorf("%s: %d spellings", word, n)
		}
	}
	if !slices.Contains(oneSlip("livriason"), "livraison") || !slices.Contains(twoSlips("aprovisionement"), "approvisionnement") {
		t.Error("the word that was meant is not among the spellings")
	}
}

// Readings come by cost, each once.
func TestReadings(t *testing.T) {
	list := []unit{
		{options: []option{{text: "a"}, {text: "b", cost: 10}, {cost: 50}}},
		{options: []option{{text: "c"}, {cost: 60}, {text: "d", cost: 20}}},
		{options: []option{{text: "e"}, {cost: 30}}},
	}
	found := readings(list)
	seen := map[string]bool{}
	for i, c := range found {
		if i > 0 && c.cost < found[i-1].cost {
			t.Errorf("%d after %d", c.cost, found[i-1].cost)
		}
		seen[c.text] = true
	}
	if len(found) != 3*3*2-1 || len(seen) != len(found) || found[0].text != "a c e" {
		t.Errorf("%d readings, %d apart: %+v", len(found), len(seen), found)
	}
}
