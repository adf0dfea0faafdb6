package tag

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

func zonesOf(text string) []relais.Zone {
	in := &Input{Kind: relais.KindMessage, Mail: &format.Mail{Text: text}, Text: text}
	var out Findings
	newZoneEnricher().Enrich(in, &out)
	return out.Zones
}

// TestZones reads texts whose lines begin with the letter of their zone and a bar:
// n new, q quote, s signature, d disclaimer.
func TestZones(t *testing.T) {
	raw := readFile(t, filepath.Join("testdata", "zones.txt"))
	for name, body := range sections(raw) {
		t.Run(name, func(t *testing.T) {
			var text, want strings.Builder
			for line := range strings.Lines(body) {
				kind, rest, ok := strings.Cut(line, "|")
				if !ok {
					t.Fatalf("line without a bar: %q", line)
				}
				text.WriteString(rest)
				want.WriteString(kind)
			}
			if diff := cmp.Diff(want.String(), linesAs(text.String(), zonesOf(text.String()))); diff != "" {
				t.Errorf("zones by line (-want +got):\n%s\n%s", diff, text.String())
			}
		})
	}
}

// sections splits a file at lines "=== name".
func sections(raw string) map[string]string {
	found := map[string]string{}
	for _, part := range strings.Split("\n"+raw, "\n=== ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		found[name] = strings.TrimRight(body, "\n") + "\n"
	}
	return found
}

// linesAs gives the letter of the zone of each line.
func linesAs(text string, zones []relais.Zone) string {
	var b strings.Builder
	offset := 0
	for line := range strings.Lines(text) {
		for _, z := range zones {
			if z.Start <= offset && offset < z.End {
				b.WriteByte(z.Kind[0])
			}
		}
		offset += len(line)
	}
	return b.String()
}

func TestZonesOfFiles(t *testing.T) {
	in := &Input{Kind: relais.KindFile, Text: "> not a reply\n-- \nnor a signature\n"}
	var out Findings
	newZoneEnricher().Enrich(in, &out)
	if out.Zones != nil {
		t.Errorf("a file has zones: %v", out.Zones)
	}
}

func TestZonesBeyondTheHead(t *testing.T) {
	text := "Bonjour,\n" + strings.Repeat("Une ligne de plus.\n", maxRead/10)
	zones := zonesOf(text)
	checkZones(t, text, zones)
	if len(zones) != 1 || zones[0].End != len(text) {
		t.Errorf("zones: %v", zones)
	}
}

// checkZones checks what callers rely on: zones are sorted, touch, cover the text
// and differ from their neighbours.
func checkZones(t testing.TB, text string, zones []relais.Zone) {
	t.Helper()
	at := 0
	for i, z := range zones {
		if z.Start != at || z.End <= z.Start {
			t.Fatalf("zone %d is %v, the text is covered up to %d", i, z, at)
		}
		if i > 0 && zones[i-1].Kind == z.Kind {
			t.Fatalf("zones %d and %d are both %s", i-1, i, z.Kind)
		}
		at = z.End
	}
	if at != len(text) {
		t.Fatalf("zones end at %d of %d", at, len(text))
	}
}

func FuzzZones(f *testing.F) {
	for _, body := range sections(readFile(f, filepath.Join("testdata", "zones.txt"))) {
		f.Add(body)
	}
	f.Add("> \n--\n>")
	f.Add("De : \nEnvoyé : \nÀ : \nObjet : \n")
	f.Fuzz(func(t *testing.T, text string) { checkZones(t, text, zonesOf(text)) })
}

// TestZonesOnReplies scores the quotes and signatures of discourse's set of replies.
// Its "trimmed" keeps quotes that answers stand between, and closings; ours are
// quotes and signatures, so lines with ">" and closings are left out of the count.
// Rules were changed after errors of the first half only; of the other, replies were
// leafed through beforehand, but never scored against.
func TestZonesOnReplies(t *testing.T) {
	dir := corpus(t, "mail", "quotes", "email_reply_trimmer")
	files, err := os.ReadDir(filepath.Join(dir, "emails"))
	if err != nil {
		t.Fatal(err)
	}
	var exact, near, all [2]int
	for _, f := range files {
		half := 0
		if heldOut(f.Name()) {
			half = 1
		}
		text := strings.ReplaceAll(readFile(t, filepath.Join(dir, "emails", f.Name())), "\r\n", "\n")
		want := lineSet(readFile(t, filepath.Join(dir, "trimmed", f.Name())))
		got := lineSet(newOnly(text, zonesOf(text)))
		all[half]++
		score := likeness(want, got)
		if score == 1 {
			exact[half]++
		}
		if score >= 0.85 {
			near[half]++
		} else if half == 0 || os.Getenv("RELAIS_SHOW") == "all" {
			t.Logf("%s: %.2f\nwant %q\n got %q", f.Name(), score, want, got)
		}
	}
	for half, name := range []string{"tuned on", "held out"} {
		t.Logf("%s: %d replies, the same %.1f %%, nearly %.1f %%", name, all[half], percent(exact[half], all[half]), percent(near[half], all[half]))
	}
	if percent(near[1], all[1]) < 80 || percent(near[0], all[0]) < 85 {
		t.Error("fewer replies are read right than were once")
	}
}

func newOnly(text string, zones []relais.Zone) string {
	var b strings.Builder
	for _, z := range zones {
		if z.Kind == relais.ZoneNew {
			b.WriteString(text[z.Start:z.End])
		}
	}
	return b.String()
}

// lineSet gives the lines that both ways of cutting should keep.
func lineSet(s string) []string {
	var list []string
	for line := range strings.Lines(s) {
		line = strings.Join(strings.Fields(line), " ")
		if strong, weak := closing(fold.String(line)); (strong || weak) && len(list) > 0 {
			break
		}
		if line != "" && line[0] != '>' {
			list = append(list, line)
		}
	}
	return list
}

// likeness is twice the lines in common over the lines of both.
func likeness(a, b []string) float64 {
	if len(a)+len(b) == 0 {
		return 1
	}
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	common := 0
	for _, s := range b {
		if count[s] > 0 {
			count[s]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b))
}
