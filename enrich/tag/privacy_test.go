package tag

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
	lex, err := sharedPrivateWords()
	if err != nil {
		panic(err)
	}
	privacyEnricher{lex}.Enrich(&in, &out)
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
		case "saved":
			in.SavedAs = f[2]
		case "source":
			in.Source = f[2]
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

// TestPrivacyOfLabelFields reads fields as programs write them: the class must be that of
// what people put into them.
func TestPrivacyOfLabelFields(t *testing.T) {
	for _, c := range []struct{ class, fields string }{
		{"sufficient", "X-Gmail-Labels: =?UTF-8?Q?Bo=C3=AEte_de_r=C3=A9ception,Perso,Ouvert?="},
		{"sufficient", "X-Gmail-Labels: =?UTF-8?Q?Importants,Pe?=\n =?UTF-8?Q?rso?="},
		{"sufficient", "X-Gmail-Labels: =?UTF-8?B?UHJpdsOpLE1lc3NhZ2VzIGVudm95w6lz?="},
		{"sufficient", "X-Gmail-Labels: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3FPerso=3F=3D?="},
		{"sufficient", "X-Gmail-Labels: Inbox,=?UTF-8?Q?Priv=C3=A9"},
		{"sufficient", `X-Gmail-Labels: Inbox,"Perso, divers"`},
		{"sufficient", "X-Gmail-Labels: Inbox,Personal,Opened"},
		{"none", "X-Gmail-Labels: =?UTF-8?Q?Ouvert,Cat=C3=A9gori?=\n =?UTF-8?Q?e=C2=A0:_E-mails_personnels?="},
		{"none", "X-Gmail-Labels: Inbox,Important,Category Personal"},
		{"none", "X-Gmail-Labels: =?UTF-8?Q?Kategorie:_=22Pers=C3=B6nlich=22?="},
		{"none", "X-Gmail-Labels: Inbox,Gestion du personnel"},
		{"sufficient", `X-GM-LABELS: "\\Inbox" Perso "Clients A"`},
		{"sufficient", `X-GM-LABELS: "\\Important" "Mes mails perso"`},
		{"none", `X-GM-LABELS: "\\Important" "Gestion du personnel"`},
		{"sufficient", "X-Mozilla-Keys: nonjunk perso"},
		{"sufficient", "X-Mozilla-Keys: priv&aok-                  "},
		{"doubtful", "X-Mozilla-Keys: nonjunk $label3"},
		{"none", "X-Mozilla-Keys: nonjunk $label1"},
		{"sufficient", "X-Keywords: $Forwarded Perso NonJunk"},
		{"sufficient", "X-Keywords: Perso, NonJunk"},
		{"sufficient", "X-Keywords: NonJunk\nX-Keywords: Perso"},
		{"sufficient", "X-KEYWORDS: NonJunk; Perso"},
		{"sufficient", "Keywords: =?UTF-8?Q?Priv=C3=A9?="},
		{"sufficient", "Keywords: perso urgent"},
		{"sufficient", "Keywords: devis, pompes\nKeywords: Personnel"},
		{"none", "Keywords: gestion du personnel, devis"},
		{"none", "Keywords: private label, personal computer"},
		{"sufficient", "X-Label: perso"},
		{"sufficient", "X-Evolution-Tags: perso"},
		{"doubtful", "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=Personal"},
		{"none", "msip_labels: MSIP_Label_1_Name=Confidential"},
		{"sufficient", "Sensitivity: Normal\nSensitivity: Private"},
		{"sufficient", "Subject: Devis\nSubject: Perso - photos"},
		{"sufficient", "Subject: Perso - photos\nSubject: Devis"},
	} {
		m, err := format.ReadMail(strings.NewReader(c.fields+"\n\ntext"), format.DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := privacyOf(Input{Kind: relais.KindMessage, Folder: "INBOX", Mail: m}); string(got.Class) != c.class {
			t.Errorf("%q is %s, not %s: %v", c.fields, got.Class, c.class, got.Evidence)
		}
	}
}

func TestPersonalFolders(t *testing.T) {
	personal, err := PersonalFolders(CompanyWords{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"Personnel": true, "INBOX/Perso": true, "Mes mails perso": true, "Privé/Vacances": true, "Avocat": true, "CSE": true,
		"Takeout/Mail/Perso.mbox": true, "PERSONNEL.sbd/Notaire": true, "Priv&AOk-.sbd": true, "Famille": false,
		"INBOX": false, "Clients/Personnel Plus": false, "Données personnelles": false, "Clients/CSE": false, "Secteur privé": false, "": false,
	} {
		if got := personal(name); got != want {
			t.Errorf("%q is personal: %v", name, got)
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
