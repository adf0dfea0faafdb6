package enrich

import (
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// TestPrivacyOfRealMail reads mail that people sorted into purely personal (1.2),
// personal at work (1.3) and the rest. Only what its writer marked is withdrawn, which
// hardly any of it is: so that the test tells how much of the rest would be lost, and
// shows how little of the personal is marked. Mail between a client and its counsel
// is withdrawn on purpose and counts apart.
func TestPrivacyOfRealMail(t *testing.T) {
	type labelled struct {
		Genre []string `json:"genre"`
		Raw   string   `json:"raw"`
	}
	list := mustEnrichers(t, Config{})
	personal, all, rest := 0, map[bool]int{}, map[string]int{}
	for _, l := range readLines[labelled](t, corpus(t, "labelled", "enron-berkeley.jsonl")) {
		m, err := format.ReadMail(strings.NewReader(l.Raw), format.DefaultLimits(), nil)
		if err != nil {
			t.Fatal(err)
		}
		in := &Input{Owner: relais.Owner{Address: "someone@enron.com"}, Kind: relais.KindMessage, Mail: m, Text: m.Text}
		p := findAll(list, in).Privacy
		private := slices.Contains(l.Genre, "1.2") || slices.Contains(l.Genre, "1.3")
		all[private]++
		switch rule := personalRule(p); {
		case rule == "":
		case strings.HasPrefix(rule, "personal_protected"):
			rest["protected"]++
		case private:
			personal++
		default:
			rest["personal"]++
		}
	}
	t.Logf("%d of %d personal withdrawn, of %d others %d as personal; protected %d", personal, all[true], all[false], rest["personal"], rest["protected"])
	if rest["personal"] > 2 {
		t.Errorf("%d messages of business withdrawn as personal", rest["personal"])
	}
}
