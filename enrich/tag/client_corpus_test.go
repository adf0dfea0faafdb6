package tag

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// deanClients are the organisations that a power trader dealt with, by domain.
func deanClients(t testing.TB) []relais.Client {
	t.Helper()
	byName := map[string]*relais.Client{}
	var list []*relais.Client
	for i, line := range strings.Split(readFile(t, corpus(t, "labelled", "client-domains-dean-c.tsv")), "\n") {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if i == 0 || len(f) < 2 {
			continue
		}
		c := byName[f[1]]
		if c == nil {
			c = &relais.Client{ID: f[1], Name: f[1]}
			byName[f[1]], list = c, append(list, c)
		}
		c.Domains = append(c.Domains, f[0])
	}
	var clients []relais.Client
	for _, c := range list {
		clients = append(clients, *c)
	}
	return clients
}

// TestClientsOfRealMail scores client tags on a rep's real mail. Its labels were made
// from addresses, so that domains are right by construction; what it tells is that
// nothing else spoils them, and how often a name alone is right. A message that names
// a client without being exchanged with it counts as wrong, which it may not be.
func TestClientsOfRealMail(t *testing.T) {
	type label struct {
		ID      string   `json:"id"`
		Clients []string `json:"clients"`
	}
	labels := readLines[label](t, corpus(t, "labelled", "clients-dean-c.jsonl"))
	root := filepath.Dir(corpus(t, "mail"))
	list := mustEnrichers(t, Config{Clients: deanClients(t)})
	type cell struct{ right, all int }
	alone, bins := map[string]cell{}, map[int]cell{}
	var all score
	for _, l := range labels {
		f, err := os.Open(filepath.Join(root, l.ID))
		if err != nil {
			t.Fatal(err)
		}
		m, err := format.ReadMail(f, format.DefaultLimits(), nil)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		in := &Input{Owner: relais.Owner{Address: "clint.dean@enron.com"}, Kind: relais.KindMessage, Mail: m, Text: m.Text}
		out := findAll(list, in)
		all.true += len(l.Clients)
		for _, tag := range out.Clients {
			right := slices.Contains(l.Clients, tag.ID)
			if tag.Confidence >= relais.ShownConfidence {
				all.said++
				if right {
					all.right++
				} else if testing.Verbose() {
					t.Logf("%s: %s by %v, not %v", strings.TrimPrefix(l.ID, "mail/enron-maildir/"), tag.ID, tag.Evidence, l.Clients)
				}
			}
			key, bin := strings.Join(uniqueSignals(tag.Evidence), "+"), tag.Confidence/100*100
			c, r := alone[key], bins[bin]
			c.all, r.all = c.all+1, r.all+1
			if right {
				c.right, r.right = c.right+1, r.right+1
			}
			alone[key], bins[bin] = c, r
		}
	}
	t.Logf("%d messages: %v", len(labels), all)
	for k, c := range alone {
		t.Logf("%s: right %d of %d", k, c.right, c.all)
	}
	for _, from := range slices.Sorted(maps.Keys(bins)) {
		t.Logf("confidence from %d: right %d of %d", from, bins[from].right, bins[from].all)
	}
	if c := bins[900]; percent(c.right, c.all) < 98 {
		t.Errorf("900 is right %d times of %d", c.right, c.all)
	}
	if all.f1() < 90 {
		t.Error("lower than it was")
	}
}
