package crm

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"github.com/relais-archive/relais/internal/relais"
)

func TestReadClients(t *testing.T) {
	acme := relais.Client{ID: "C1", Name: "Acme Énergies", Domains: []string{"acme.example"}}
	tests := []struct {
		name, csv string
		want      []relais.Client
		problems  []string
	}{
		{"own names", "account_id,name,domains,aliases,city,sector,siren,owner,stage\n" +
			"C1,Acme Énergies,acme.example;acme-group.example,Acme;Acmé SA,Lyon,Énergie,123456789,rep@vendor.example,client\n",
			[]relais.Client{{ID: "C1", Name: "Acme Énergies", Domains: []string{"acme.example", "acme-group.example"}, Aliases: []string{"Acme", "Acmé SA"}, City: "Lyon", Sector: "Énergie",
				SIREN: "123456789", Owner: "rep@vendor.example", Stage: "client"}}, nil},
		{"hubspot", "\ufeff\"Record ID\",\"Company name\",\"Company Domain Name\",\"City\",\"Industry\",\"Company owner\",\"Lifecycle Stage\"\n\"5123\",\"Acme, Inc.\",\"acme.example\",\"\",\"UTILITIES\",\"Jane Rep\",\"Customer\"\n",
			[]relais.Client{{ID: "5123", Name: "Acme, Inc.", Domains: []string{"acme.example"}, Sector: "UTILITIES", Owner: "Jane Rep", Stage: "Customer"}}, nil},
		{"salesforce report with title and footer", "Accounts by owner\n\n\"Account ID\",\"Account Name\",\"Website\",\"Billing City\",\"Type\"\n\"0015g00000A\",\"Acme\",\"https://www.shop.acme.co.uk/en?x=1\",\"London\",\"Customer\"\n\n\"Copyright (c) 2000-2025 a CRM, inc. All rights reserved.\"\n",
			[]relais.Client{{ID: "0015g00000A", Name: "Acme", Domains: []string{"acme.co.uk"}, City: "London", Stage: "Customer"}}, []string{"line 6: a remark of the program that wrote the file"}},
		{"french, semicolons", "Code client;Raison sociale;Site internet;Ville;N° SIRET;Propriétaire;Étape\nC1;Acme Énergies;www.acme.example;Lyon;123 456 789 00012;Camille;Client\n",
			[]relais.Client{{ID: "C1", Name: "Acme Énergies", Domains: []string{"acme.example"}, City: "Lyon", SIREN: "123456789", Owner: "Camille", Stage: "Client"}}, nil},
		{"tabs, excel's sep line, CR line ends", "sep=\t\rid\tnom\tdomaine\rC1\tAcme Énergies\tacme.example\r", []relais.Client{acme}, nil},
		{"vat number", "id,nom,TVA intracommunautaire\nC1,Acme,FR 12 123456789\n", []relais.Client{{ID: "C1", Name: "Acme", SIREN: "123456789"}}, nil},
		{"line ends and quotes in cells", "id,name,notes\nC1,\"Acme \"\"North\"\"\",\"two\nlines\"\nC2,Beta,x\n",
			[]relais.Client{{ID: "C1", Name: `Acme "North"`}, {ID: "C2", Name: "Beta"}}, nil},
		{"rows of one account are one", "id,name,domain\nC1,Acme,acme.example\nC1,Acme,acme.test\nC1,Beta,beta.example\n",
			[]relais.Client{{ID: "C1", Name: "Acme", Domains: []string{"acme.example", "acme.test"}}}, []string{"line 4: this id was used above for another name"}},
		{"rows that say too little", "id,name\n,Acme\nC2,\n\"\",\"\"\nNULL,N/A\nC3,Beta\n",
			[]relais.Client{{ID: "C3", Name: "Beta"}}, []string{"line 2: no id", "line 3: no name", "line 5: neither id nor name"}},
		{"a quote that does not end", "id,name\nC1,\"Acme\nC2,Beta\nC3,\"Gamma\"\n" + strings.Repeat("C4,Delta\n", 80),
			[]relais.Client{{ID: "C1", Name: `"Acme`}, {ID: "C2", Name: "Beta"}, {ID: "C3", Name: "Gamma"}, {ID: "C4", Name: "Delta"}},
			[]string{"line 2: a quoted cell does not end: the line was read as it stands"}},
		{"domains that are none", "id,name,website\nC1,Acme,gmail.com\nC2,Beta,https://www.linkedin.com/company/beta\nC3,Gamma,en cours\nC4,Delta,mailto:info@delta.example\n",
			[]relais.Client{{ID: "C1", Name: "Acme"}, {ID: "C2", Name: "Beta"}, {ID: "C3", Name: "Gamma"}, {ID: "C4", Name: "Delta", Domains: []string{"delta.example"}}},
			[]string{"line 2: a free-mail domain is nobody's", "line 3: a page on a shared site is no domain of the client's", "line 4: a domain is not one", "line 4: a domain is not one"}},
		{"a host is kept", "id,name,domain\nC1,Acme,usa.acme.example\n", []relais.Client{{ID: "C1", Name: "Acme", Domains: []string{"usa.acme.example"}}}, nil},
		{"a rounded SIREN", "id,name,siren\nC1,Acme,1.23E+08\n", []relais.Client{{ID: "C1", Name: "Acme"}}, []string{"line 2: SIREN is not of 9 digits (a spreadsheet may have rounded it)"}},
		{"short rows", "id,name,domain,city\nC1,Acme\n", []relais.Client{{ID: "C1", Name: "Acme"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems, err := ReadClients(strings.NewReader(tt.csv))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("clients (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.problems, texts(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func texts(problems []Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, p.String())
	}
	return list
}

func TestReadClientsCharsets(t *testing.T) {
	const csv = "id;société;ville\nC1;Énergies d'Œuvre;Besançon\n"
	want := []relais.Client{{ID: "C1", Name: "Énergies d'Œuvre", City: "Besançon"}}
	latin, err := charmap.Windows1252.NewEncoder().String(csv)
	if err != nil {
		t.Fatal(err)
	}
	var little, big []byte
	for _, u := range utf16.Encode([]rune(csv)) {
		little = append(little, byte(u), byte(u>>8))
		big = append(big, byte(u>>8), byte(u))
	}
	for name, text := range map[string]string{
		"utf-8": csv, "utf-8 with mark": "\ufeff" + csv, "windows-1252": latin,
		"utf-16 little": "\xff\xfe" + string(little), "utf-16 big": "\xfe\xff" + string(big), "utf-16 without mark": string(little),
	} {
		got, problems, err := ReadClients(strings.NewReader(text))
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", name, problems, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadClientsRefuses(t *testing.T) {
	for _, csv := range []string{"", "a,b\n1,2\n", "name,domain\nAcme,acme.example\n"} {
		if _, _, err := ReadClients(strings.NewReader(csv)); relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("%q: %v", csv, err)
		}
	}
}

func TestReadContacts(t *testing.T) {
	tests := []struct {
		name, csv string
		want      []relais.Contact
		problems  []string
	}{
		{"own names", "account_id,name,email,phone,title\nC1,Paul Martin,Paul.Martin@Acme.example,+33 4 72 00 00 00,Acheteur\n",
			[]relais.Contact{{ClientID: "C1", Name: "Paul Martin", Email: "paul.martin@acme.example", Phone: "+33 4 72 00 00 00", Title: "Acheteur"}}, nil},
		{"hubspot", "Record ID,First Name,Last Name,Email,Phone Number,Associated Company ID\n9,Paul,Martin,paul@acme.example,,5123\n",
			[]relais.Contact{{ClientID: "5123", Name: "Paul Martin", Email: "paul@acme.example"}}, nil},
		{"french, two addresses, two numbers", "Code client;Prénom;Nom;Courriel;Téléphone;Portable;Fonction\nC1;Paul;Martin;paul@acme.example, pm@acme.example;04 72 00 00 00;06 00 00 00 00;Acheteur\n",
			[]relais.Contact{
				{ClientID: "C1", Name: "Paul Martin", Email: "paul@acme.example", Phone: "04 72 00 00 00", Title: "Acheteur"},
				{ClientID: "C1", Name: "Paul Martin", Email: "pm@acme.example", Phone: "06 00 00 00 00", Title: "Acheteur"},
			}, nil},
		{"what cannot be reached", "account_id,name,email\nC1,Paul,\nC1,Anne,anne at acme\n,Eve,eve@acme.example\n", nil,
			[]string{"line 2: neither address nor telephone number", "line 3: an address is not one", "line 3: an address is not one", "line 3: an address is not one", "line 3: neither address nor telephone number", "line 4: no client id"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems, err := ReadContacts(strings.NewReader(tt.csv))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.problems, texts(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	if got, _, err := ReadContacts(nil); got != nil || err != nil {
		t.Errorf("no file: %v %v", got, err)
	}
}

func FuzzReadClients(f *testing.F) {
	f.Add([]byte("id,name,domain\nC1,\"A\"\"c\nme\",acme.example\n"))
	f.Add([]byte("sep=;\nid;nom\n\";\n"))
	f.Add([]byte("\xff\xfei\x00d\x00;\x00n\x00o\x00m\x00\n\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, problems, err := ReadClients(strings.NewReader(string(raw)))
		seen := map[string]bool{}
		for _, c := range list {
			if c.ID == "" || c.Name == "" || seen[c.ID] || err != nil {
				t.Fatalf("%+v %v", list, err)
			}
			seen[c.ID] = true
		}
		lines := strings.Count(decodeTable(raw), "\n") + 1
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines {
				t.Fatalf("problem at line %d of %d", p.Line, lines)
			}
		}
	})
}
