package search

import (
	"reflect"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/analysis"
)

// TestFieldNames checks that no name means two operators, and that each is found as
// it is typed: folded, it is itself.
func TestFieldNames(t *testing.T) {
	seen := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		for _, name := range append([]string{f.name}, f.aliases...) {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
			if lookup(name) != f || analysis.FoldPrefix(name) != name || !isName(name) {
				t.Errorf("%s is not found by its name", name)
			}
		}
		if f.kind == textField && string(f.text) != f.name {
			t.Errorf("%s: Format would write %s", f.name, f.text)
		}
		if (f.kind == valueField || f.kind == choiceField) && string(f.value) != f.name {
			t.Errorf("%s: Format would write %s", f.name, f.value)
		}
	}
}

// TestAliases checks that the French names ask the same as the English ones, in any
// case, with or without accents.
func TestAliases(t *testing.T) {
	for _, tc := range []struct{ english, french string }{
		{"from:x", "de:x"}, {"to:x", "à:x"}, {"to:x", "A:x"}, {"with:x", "avec:x"}, {"subject:x", "Objet:x"}, {"topic:prix", "sujet:prix"},
		{"owner:x", "propriétaire:x"}, {"owner:x", "proprietaire:x"}, {"case:x", "départ:x"}, {"folder:x", "dossier:x"}, {"thread:x", "fil:x"},
		{"filename:x", "fichier:x"}, {"has:attachment", "pj:oui"}, {"is:uncertain", "est:incertain"}, {"is:unreadable", "est:illisible"}, {"is:partial", "est:Partielle"}, {"attachment:no", "pj:non"}, {"lang:fr", "langue:français"},
		{"after:2021-03-15", "après:15/03/2021"}, {"before:2021", "AVANT:2021"}, {"kind:message", "genre:courriel"},
		{"newer_than:90d", "newer_than:90j"}, {"newer_than:1y", "newer_than:1an"}, {"larger:1M", "larger:1Mo"}, {"type:sheet", "type:tableur"},
		{"a OR b", "a OU b"}, {"a NOT b", "a SAUF b"}, {"a NOT b", "a NON b"}, {"a AND b", "a ET b"},
	} {
		english, err := Parse(tc.english, testOptions(t))
		if err != nil {
			t.Fatal(err)
		}
		french, err := Parse(tc.french, testOptions(t))
		if err != nil || !reflect.DeepEqual(english, french) {
			t.Errorf("%s is %s, %s is %s (%v)", tc.english, tree(english), tc.french, tree(french), err)
		}
	}
}

func TestChoices(t *testing.T) {
	for _, f := range []ValueField{ByKind, ByType, ByLanguage, ByAttachment} {
		for _, c := range choices(f) {
			if v := choose(f, c); v == "" {
				t.Errorf("%s: %s is suggested, but not taken", f, c)
			}
		}
	}
	for _, family := range []string{
		relais.FamilyPDF, relais.FamilyWord, relais.FamilySheet, relais.FamilySlides, relais.FamilyImage, relais.FamilyText,
		relais.FamilyArchive, relais.FamilyMail, relais.FamilyCalendar, relais.FamilyOther,
	} {
		if got := chooseType(family); got != family {
			t.Errorf("%s is taken for %q", family, got)
		}
	}
	for _, kind := range []relais.DocKind{relais.KindMessage, relais.KindAttachment, relais.KindFile, relais.KindNote} {
		if got := chooseKind(string(kind)); got != string(kind) {
			t.Errorf("%s is taken for %q", kind, got)
		}
	}
	for _, bad := range []string{"", "/", "a/", "/b", "a/b/c"} {
		if got := chooseType(bad); got != "" {
			t.Errorf("type %q is taken for %q", bad, got)
		}
	}
}

// TestColons tells what is an operator from what is text.
func TestColons(t *testing.T) {
	for _, text := range []string{
		"http://a", "HTTPS://a", "mailto:a@b", "12:30", "RE:", "Re:devis", "Réf:145", "a:", "xyz:", "urgent: b", `C:\a`, "C:/a", "a::b",
		"from::b", ":a", "::", "é1:b", "x-y:z", "sujet-objet:a", "tva:FR12", "siren:123456789", "10.0.0.1:8080", "localhost:8080",
	} {
		p := parser{query: text, analyzer: analysis.New()}
		if f, _, ok := p.operator(); ok && (f == nil || !strings.HasPrefix(text, "a:")) {
			t.Errorf("%s is read as an operator", text)
		}
	}
	for _, operator := range []string{"from:a", "À:b", "xyz:b", `xyz:"b"`, "xyz:(b)", "size:1M", "depuis:2021"} {
		p := parser{query: operator, analyzer: analysis.New()}
		if _, start, ok := p.operator(); !ok || start != 0 || operator[p.pos-1] != ':' {
			t.Errorf("%s is not read as an operator", operator)
		}
	}
}

func TestIDWithoutBrackets(t *testing.T) {
	for _, q := range []string{"id:<a@b.example>", `id:"<a@b.example>"`, "id:a@b.example"} {
		if got := mustParse(t, q); got != (Value{ByID, "a@b.example"}) {
			t.Errorf("%s: got %v", q, got)
		}
	}
}
