package ui

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// Every key that a template names exists.
func TestTemplatesSayWhatExists(t *testing.T) {
	known := messages()
	files, err := templates.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`[{(]+(?:if |with )?([tn]) "([^"]+)"`)
	for _, f := range files {
		text, err := templates.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllSubmatch(text, -1) {
			keys := []string{string(m[2])}
			if string(m[1]) == "n" {
				keys = []string{keys[0] + "_one", keys[0] + "_other"}
			}
			for _, k := range keys {
				if known[k] == nil {
					t.Errorf("%s: no message %q", f.Name(), k)
				}
			}
		}
	}
}

func TestTimeline(t *testing.T) {
	tl := NewTimeline([]Bar{{Period: "2024-01", Count: 1}, {Period: "2024-02"}, {Period: "2024-03", Count: 1000}})
	heights := []int{tl.Bars[0].Height, tl.Bars[1].Height, tl.Bars[2].Height}
	if diff := cmp.Diff([]int{2, 0, height}, heights); diff != "" || tl.Top().Period != "2024-03" || tl.Width() != 30 || tl.Bars[2].Y != 0 {
		t.Errorf("%+v", tl)
	}
}

func TestEveryViewRenders(t *testing.T) {
	pages := New(time.UTC)
	bars := NewTimeline([]Bar{{Period: "2024-01", Count: 1, Link: "/?q=x"}, {Period: "2024-02", Count: 2, Link: "/?q=y"}})
	for _, v := range []View{
		Search{}, Search{Fault: &Fault{Detail: "d", Before: "a"}}, Search{Problem: "p"}, Search{Timeline: bars, Facets: []Facet{{Field: "kind", Values: []Choice{{Value: "file"}}}}},
		Document{}, Thread{}, Thread{Messages: []Message{{}}}, Clients{}, Clients{Clients: []Client{{}}}, Privacy{}, Privacy{Next: "/x", List: relais.DoubtfulList{Documents: []relais.Doubtful{{}}, Marks: []relais.PrivacyMark{{}}}}, Login{Wrong: true, Next: "/x"}, Failure{Problem: relais.Problem{Code: "not_found"}},
	} {
		for _, lang := range Languages() {
			var b bytes.Buffer
			if err := pages.Render(&b, lang, v); err != nil || !strings.HasSuffix(strings.TrimSpace(b.String()), "</html>") {
				t.Errorf("%T in %s: %v", v, lang, err)
			}
		}
	}
	if got := pages.Name(French, "topic", "prix"); got != "Prix et devis" {
		t.Errorf("topic %q", got)
	}
}

func TestTheWayToTheOtherLanguage(t *testing.T) {
	for path, want := range map[string]string{"/": "/?lang=fr", "/?q=x": "/?q=x&lang=fr"} {
		if got := (Frame{Path: path}).In(French); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func BenchmarkRenderSearch(b *testing.B) {
	pages := New(time.UTC)
	hit := relais.Hit{ID: "d1", Kind: relais.KindMessage, Subject: "Prix des pompes", From: &relais.Address{Name: "Ann"}, Date: time.Unix(0, 0), Thread: "t1",
		Snippet: strings.Repeat("le \ue000prix\ue001 ", 30), Clients: []relais.Tag{{ID: "a", Name: "Acme", Confidence: 990}}, Topics: []relais.Tag{{ID: "prix"}}}
	v := Search{Page: relais.Page{Total: 20}}
	for range 20 {
		v.Page.Hits = append(v.Page.Hits, hit)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := pages.Render(io.Discard, French, v); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDatesSayWhatTheyAre: pages name the zone of their times, show days in it, and
// say so where there is no date.
func TestDatesSayWhatTheyAre(t *testing.T) {
	paris := time.FixedZone("Europe/Paris", 3600)
	pages := New(paris)
	at := time.Date(2024, 12, 31, 23, 30, 0, 0, time.UTC)
	view := Search{
		Page:   relais.Page{Total: 2, Hits: []relais.Hit{{ID: "a", Date: at}, {ID: "b"}}},
		Facets: []Facet{{Field: "year", Values: []Choice{{Value: "2025", Count: 1}, {Value: "none", Count: 1}}}},
	}
	file := Document{Document: relais.Document{ID: "a", Kind: relais.KindFile, Date: at, DateSource: "document"}}
	for _, c := range []struct {
		view View
		lang Lang
		says []string
	}{
		{view, English, []string{"Europe/Paris", "1 January 2025", "no date", "Undated"}},
		{view, French, []string{"Europe/Paris", "1er janvier 2025", "sans date", "Sans date"}},
		{file, English, []string{"1 January 2025, 00:30", "as the file itself says"}},
		{file, French, []string{"1er janvier 2025 à 00:30", "inscrite dans le fichier"}},
		{Document{}, English, []string{"no date"}},
	} {
		var b bytes.Buffer
		if err := pages.Render(&b, c.lang, c.view); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(b.String(), "\u00a0", " ")
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%T in %s does not say %q", c.view, c.lang, want)
			}
		}
		if strings.Contains(text, "0001") {
			t.Errorf("%T in %s shows the year 1", c.view, c.lang)
		}
	}
}
