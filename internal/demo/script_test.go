package demo

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseScenes(t *testing.T) {
	scenes, err := parseScenes(`# a comment
=== one
client: C01

@ 12 09:41 solene.jaouen > me, x; cc y
subject: Prix : pompes
attach: quote D-{y}-1
  A | b | 1 | 2
attach: png p.png
Bonjour,

- un point

@ 3 18:00 me > solene.jaouen
Merci.
=== two
client: -

@ 0 07:00 me > x
a`)
	if err != nil {
		t.Fatal(err)
	}
	want := []scene{
		{name: "one", head: map[string]string{"client": "C01"}, steps: []step{
			{days: 12, hour: 9, minute: 41, from: "solene.jaouen", to: []string{"me", "x"}, cc: []string{"y"},
				head:   map[string]string{"subject": "Prix : pompes", "attach": "png p.png"},
				attach: []attachment{{kind: "quote", name: "D-{y}-1", lines: []string{"A | b | 1 | 2"}}, {kind: "png", name: "p.png"}},
				text:   "Bonjour,\n\n- un point"},
			{days: 3, hour: 18, from: "me", to: []string{"solene.jaouen"}, head: map[string]string{}, text: "Merci."},
		}},
		{name: "two", head: map[string]string{"client": "-"}, steps: []step{
			{hour: 7, from: "me", to: []string{"x"}, head: map[string]string{}, text: "a"},
		}},
	}
	if diff := cmp.Diff(want, scenes, cmp.AllowUnexported(scene{}, step{}, attachment{})); diff != "" {
		t.Error(diff)
	}
}

// A slip of the pen in a script is told with the place.
func TestScriptErrors(t *testing.T) {
	for name, text := range map[string]string{
		"no recipients": "=== a\n\n@ 1 09:00 me\nx", "no number": "=== a\n\n@ one 09:00 me > x\nx", "no time": "=== a\n\n@ 1 nine me > x\nx",
	} {
		_, err := readScenes(fstest.MapFS{"s/a.txt": {Data: []byte(text)}}, "s")
		if err == nil || !strings.Contains(err.Error(), "s/a.txt") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := readCast(script)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nobody":      "=== a\nclient: C01\n\n@ 1 09:00 me > nobody.known\nsubject: s\nx",
		"odd file":    "=== a\nclient: C01\n\n@ 1 09:00 me > solene.jaouen\nsubject: s\nattach: tape t\nx",
		"odd figures": "=== a\nclient: C01\n\n@ 1 09:00 me > solene.jaouen\nsubject: s\nattach: quote q\n  a | b | many | 2\nx",
	} {
		scenes, err := parseScenes(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&stage{cast: c}).play(scenes[0]); err == nil {
			t.Errorf("%s: played", name)
		}
	}
}

func TestExpand(t *testing.T) {
	at := time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)
	v := values{at: at, named: map[string]string{"ref": "AQ-4080"}, contact: &person{name: "Solène Jaouen"}}
	for in, want := range map[string]string{
		"{ref} {prenom} {y} {mois}": "AQ-4080 Solène 2025 mars", "le {j+12}": "le 17 mars", "{d:0}": "30 octobre 2026",
		"{unknown} {": "{unknown} {", "[PRIVÉ]": "[PRIVÉ]", "{j-2}": "3 mars",
	} {
		if got := v.expand(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
	v.choose, v.lang, v.same = seeded("t", 0), "en", map[string]int{}
	for range 20 {
		if got := v.expand("[1:a|b|c] [1:A|B|C]"); strings.ToUpper(got[:1]) != got[2:] {
			t.Errorf("chosen apart: %q", got)
		}
	}
	if got := v.expand("[a|a] {j+1} [{ref}|{ref}]"); got != "a 4 March AQ-4080" {
		t.Errorf("%q", got)
	}
}

func TestEuros(t *testing.T) {
	for v, want := range map[float64]string{0: "0,00", 12.5: "12,50", 3480: "3 480,00", 158900: "158 900,00", 1234567.891: "1 234 567,89"} {
		if got := euros(v); got != want {
			t.Errorf("%v gives %q", v, got)
		}
	}
}

func FuzzParseScenes(f *testing.F) {
	f.Add("=== a\nclient: C01\n\n@ 1 09:00 me > x\nattach: pdf a\n  b\ntext")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parseScenes(text) })
}
