package archive

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TestReadDecisions: all or none, with the line of what is wrong; of a case by its id, or
// else by its name.
func TestReadDecisions(t *testing.T) {
	cases := []relais.Case{{ID: "c1", Name: "Ann leaves"}}
	good := relais.Decision{ID: "c-1", Kind: relais.DecideClient, About: relais.AboutDocument, Target: relais.DigestOf([]byte("x")).String(), Case: "c1",
		Value: "acme", Verdict: relais.Is, Act: relais.Act{Actor: "local", At: time.Unix(1, 0)}}
	line := func(change func(*relais.Decision)) string {
		d := good
		change(&d)
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	same := line(func(*relais.Decision) {})
	elsewhere := line(func(d *relais.Decision) { d.Case, d.CaseName = "c9", "ann LEAVES" })
	for name, tc := range map[string]struct {
		text, says string
		read       int
	}{
		"two":              {same + "\n" + elsewhere, "", 2},
		"none":             {"", "", 0},
		"another's case":   {same + line(func(d *relais.Decision) { d.Case, d.CaseName = "c9", "Bob leaves" }), `line 2: read a decision: there is no case "Bob leaves"`, 0},
		"no JSON":          {same + "{", "line 2", 0},
		"no id":            {line(func(d *relais.Decision) { d.ID = "" }), "no id", 0},
		"no target":        {line(func(d *relais.Decision) { d.Target, d.Document = "", "d1" }), "no id, or no target", 0},
		"no sense":         {line(func(d *relais.Decision) { d.Verdict = relais.Personal }), "line 1", 0},
		"a line too long":  {line(func(d *relais.Decision) { d.Reason = strings.Repeat("x", maxDecisionLine) }), "too long", 0},
		"of the archive":   {line(func(d *relais.Decision) { d.About, d.Target, d.Case = relais.AboutDomain, "x.example", "" }), "", 1},
		"a domain's case":  {line(func(d *relais.Decision) { d.About, d.Target = relais.AboutDomain, "x.example" }), "of no case", 0},
		"text for a bytes": {line(func(d *relais.Decision) { d.Target = "../x" }), "SHA-256", 0},
	} {
		list, err := readDecisions(strings.NewReader(tc.text), cases)
		switch {
		case (err == nil) != (tc.says == "") || len(list) != tc.read:
			t.Errorf("%s: %d read, %v", name, len(list), err)
		case err != nil && (relais.KindOf(err) != relais.KindInvalid || !strings.Contains(err.Error(), tc.says)):
			t.Errorf("%s: %v", name, err)
		}
		for _, d := range list {
			if d.About == relais.AboutDocument && d.Case != "c1" || d.CaseName != "" {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}

func TestTopicNamed(t *testing.T) {
	for name, want := range map[string]string{"prix": "prix", "PRIX": "prix", "contrat": "contrat", "nothing": ""} {
		if got, err := topicNamed(name); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
