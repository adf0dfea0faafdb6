package enrich_test

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/sqlitefile"
)

// spoilFacts changes a byte of what is known of every document of a bench, as a bad disk
// would.
func (b *bench) spoilFacts() {
	b.t.Helper()
	f, err := sqlitefile.Open(b.file, sqlitefile.Options{Readers: 1})
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.Write.QueryContext(b.t.Context(), `SELECT id, facts FROM documents WHERE facts IS NOT NULL`)
	if err != nil {
		b.t.Fatal(err)
	}
	spoiled := map[string][]byte{}
	for rows.Next() {
		var id string
		var facts []byte
		if err := rows.Scan(&id, &facts); err != nil {
			b.t.Fatal(err)
		}
		spoiled[id] = append([]byte{}, facts...)
		spoiled[id][len(facts)/2] ^= 4
	}
	if err := rows.Close(); err != nil || len(spoiled) == 0 {
		b.t.Fatal(len(spoiled), err)
	}
	for id, facts := range spoiled {
		if _, err := f.Write.ExecContext(b.t.Context(), `UPDATE documents SET facts = ? WHERE id = ?`, facts, id); err != nil {
			b.t.Fatal(err)
		}
	}
}

// A document whose facts are damaged is withdrawn by whatever mark should withdraw it, and
// what it was read as stops nothing else.
func TestDamagedFacts(t *testing.T) {
	text := func(id, subject, more string) string {
		return message(id, "bob@acme.example", owner, subject, "Mon, 2 Mar 2026 09:00:00 +0000", more, "Texte "+id+".")
	}
	first := text("m1@x.example", "Pompes", "")
	answer := text("m2@x.example", "Re: Pompes", "In-Reply-To: <m1@x.example>\r\n")
	for name, tc := range map[string]struct {
		before, after []mail
		served        string // the texts that are served in the end
	}{
		"a marked copy":                    {[]mail{{"INBOX", "1", first}}, []mail{{"Personnel", "1", first}}, ""},
		"a copy":                           {[]mail{{"INBOX", "1", first}}, []mail{{"Archive", "1", first}}, "m1"},
		"a marked message that it answers": {[]mail{{"INBOX", "2", answer}}, []mail{{"Personnel", "1", first}}, ""},
		"another in its thread": {[]mail{{"INBOX", "1", first}},
			[]mail{{"INBOX", "2", answer}, {"INBOX", "3", text("m3@x.example", "Devis", "")}}, "m1 m2 m3"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}})
			b.run(tc.before, 1)
			b.spoilFacts()
			b.run(tc.after, 2)
			served := ""
			for _, text := range b.served() {
				served += text
			}
			for _, id := range []string{"m1", "m2", "m3"} {
				if is := strings.Contains(served, "Texte "+id+"@"); is != strings.Contains(tc.served, id) {
					t.Errorf("%s is served: %v", id, is)
				}
			}
		})
	}
}
