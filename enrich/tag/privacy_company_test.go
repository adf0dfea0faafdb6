package tag

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

const companyFile = "\ufeff# our own\r\n\r\npersonal word Amicale\r\ndoubtful word club photo\npersonnel dossier Jardin secret\ndouteux dossier Divers\n" +
	"personal address Lea.Martin@free.example\ndoubtful address @avocats.example\nbusiness word mon salaire net\n"

func TestCompanyWords(t *testing.T) {
	company, bad := ParseCompanyWords(companyFile)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	list := mustEnrichers(t, Config{Company: company, Clients: []relais.Client{{ID: "1", Name: "Personnel Plus"}, {ID: "2", Name: "Perso"}}})
	for _, c := range []struct{ class, subject, folder, from string }{
		{"sufficient", "AMICALE : sortie", "INBOX", ""},
		{"doubtful", "Sortie de l'amicale", "INBOX", ""},
		{"doubtful", "Le Club photo se réunit", "INBOX", ""},
		{"sufficient", "x", "Jardin secret.mbox/2024", ""},
		{"none", "x", "Jardin secret du client", ""},
		{"doubtful", "x", "divers", ""},
		{"sufficient", "x", "INBOX", "lea.martin@FREE.example"},
		{"doubtful", "x", "INBOX", "paul@paris.avocats.example"},
		{"none", "x", "INBOX", "paul@notavocats.example"},
		{"none", "Calculer mon salaire net", "INBOX", ""},
		{"doubtful", "Mon salaire", "INBOX", ""},
		{"none", "Personnel Plus : relance facture", "INBOX", ""},
		{"sufficient", "Perso : relance", "INBOX", ""},
		{"sufficient", "PERSONNEL - dentiste", "INBOX", ""},
	} {
		in := &Input{Kind: relais.KindMessage, Folder: c.folder, Mail: &format.Mail{Subject: c.subject}}
		if c.from != "" {
			in.Mail.From = []relais.Address{{Address: c.from}}
		}
		if got := findAll(list, in).Privacy; string(got.Class) != c.class {
			t.Errorf("%+v is %s: %v", c, got.Class, got.Evidence)
		}
	}
	personal, err := PersonalFolders(company)
	if err != nil || !personal("Jardin secret") || personal("Divers") {
		t.Errorf("folders of the company are not captured first (%v)", err)
	}
}

// TestCompanyWordsAreOneText checks that order and comments change nothing, and that
// what is kept reads as what was given.
func TestCompanyWordsAreOneText(t *testing.T) {
	company, _ := ParseCompanyWords(companyFile)
	lines := strings.Split(company.String(), "\n")
	again, bad := ParseCompanyWords("# x\n" + strings.Join(append(lines[3:], lines...), "\n"))
	if diff := cmp.Diff(company.String(), again.String()); diff != "" || len(bad) > 0 {
		t.Errorf("%v %s", bad, diff)
	}
}

func TestBadCompanyLines(t *testing.T) {
	_, bad := ParseCompanyWords("personal word ok\nperso\nprivate word x y\npersonal thing xy\nbusiness folder ab\npersonal address bob\npersonal folder a/b\npersonal word é\n" +
		"personal word " + strings.Repeat("a", 300) + "\npersonal word \xff\xfe\nbusiness word a b c d e f g h i\npersonal address a@b@c.d\n\npersonal word fine\n")
	var lines []int
	for _, b := range bad {
		lines = append(lines, b.Line)
	}
	if diff := cmp.Diff([]int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, lines); diff != "" {
		t.Errorf("bad lines:\n%s", diff)
	}
}
