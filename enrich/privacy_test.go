package enrich

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func privacyOf(in Input) relais.Privacy {
	var out Findings
	privacyEnricher{}.Enrich(&in, &out)
	return out.Privacy
}

// TestPrivacyTraps reads lines of class, place and text: what marks an item, and what
// only looks as if it did.
func TestPrivacyTraps(t *testing.T) {
	for line := range strings.Lines(readFile(t, filepath.Join("testdata", "privacy.tsv"))) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 3 {
			continue
		}
		in := Input{Kind: relais.KindMessage, Folder: "INBOX", Mail: &format.Mail{}}
		switch f[1] {
		case "subject":
			in.Mail.Subject = f[2]
		case "folder":
			in.Folder = f[2]
		case "label":
			in.Labels = []string{f[2]}
		case "file":
			in.Kind, in.Mail, in.Name = relais.KindFile, nil, f[2]
		case "attachment":
			in.Attachments = []string{f[2]}
		case "from":
			in.Mail.From = []relais.Address{{Address: f[2]}}
		case "sensitivity":
			in.Mail.Header = format.Header{{Name: "Sensitivity", Value: f[2]}}
		default:
			t.Fatalf("place %q", f[1])
		}
		if got := privacyOf(in); string(got.Class) != f[0] {
			t.Errorf("%s %q is %s, not %s: %v", f[1], f[2], got.Class, f[0], got.Evidence)
		} else if (got.Class == relais.PrivacyNone) != (len(got.Evidence) == 0) {
			t.Errorf("%s %q is %s with evidence %v", f[1], f[2], got.Class, got.Evidence)
		}
	}
}

func TestPrivacyEvidence(t *testing.T) {
	in := Input{
		Kind: relais.KindMessage, Folder: "Clients/CSE Renault", Labels: []string{"Perso"},
		Mail: &format.Mail{Subject: "TR: RE : [PERSONNEL] Dîner", Header: format.Header{{Name: "X-Gmail-Labels", Value: "Inbox,CATEGORY_PERSONAL"}}},
	}
	want := relais.Privacy{Class: relais.PrivacySufficient, Evidence: []relais.Evidence{
		{Signal: "label", Detail: "perso", Weight: weightSufficient},
		{Signal: "subject", Detail: "personnel", Weight: weightSufficient},
	}}
	if diff := cmp.Diff(want, privacyOf(in)); diff != "" {
		t.Errorf("privacy (-want +got):\n%s", diff)
	}
}

func TestPersonalFolder(t *testing.T) {
	for name, want := range map[string]bool{
		"Personnel": true, "INBOX/Perso": true, "Mes mails perso": true, "Privé/Vacances": true, "Avocat": true, "CSE": true,
		"INBOX": false, "Clients/Personnel Plus": false, "Données personnelles": false, "Clients/CSE": false, "Secteur privé": false, "": false,
	} {
		if got := PersonalFolder(name); got != want {
			t.Errorf("PersonalFolder(%q) = %v", name, got)
		}
	}
}

func FuzzPrivacy(f *testing.F) {
	f.Add("[perso", "Privé/")
	f.Add("**personnel** (", "/")
	f.Fuzz(func(t *testing.T, subject, folder string) {
		p := privacyOf(Input{Kind: relais.KindMessage, Folder: folder, Labels: []string{folder}, Mail: &format.Mail{Subject: subject}, Attachments: []string{subject}})
		if p.Class == "" || (p.Class == relais.PrivacyNone) != (len(p.Evidence) == 0) {
			t.Errorf("%+v", p)
		}
	})
}
