package search

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/analysis"
)

// TestZones: zones that lie, as those of a damaged envelope, lose no text.
func TestZones(t *testing.T) {
	zone := func(start, end int) relais.Zone { return relais.Zone{Kind: relais.ZoneQuote, Start: start, End: end} }
	for _, tc := range []struct {
		zones []relais.Zone
		want  string
	}{
		{nil, "new:abcdef"},
		{[]relais.Zone{zone(0, 6)}, "quote:abcdef"},
		{[]relais.Zone{zone(2, 4)}, "new:ab quote:cd new:ef"},
		{[]relais.Zone{zone(2, 99)}, "new:ab quote:cdef"},
		{[]relais.Zone{zone(-5, 2)}, "quote:ab new:cdef"},
		{[]relais.Zone{zone(4, 2), zone(0, 3), zone(1, 5)}, "quote:abc quote:de new:f"},
		{[]relais.Zone{zone(99, 100)}, "new:abcdef"},
	} {
		var got []string
		for _, p := range appendZones(nil, "abcdef", tc.zones) {
			if p.Text != "" {
				got = append(got, p.In.String()+":"+p.Text)
			}
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%v: %s, want %s", tc.zones, s, tc.want)
		}
	}
}

func TestColumns(t *testing.T) {
	w := NewPoster(analysis.New())
	for range 2 { // a writer keeps nothing of the document before
		var got [ColumnCount]string
		for c, text := range w.Columns([]Part{{ColumnTo, "Jean Dupont"}, {ColumnTo, "j@acme.fr"}, {ColumnSubject, "offres offres"}, {ColumnNew, ""}}) {
			got[c] = string(text)
		}
		if got[ColumnTo] != "jean dupont = j acme fr " && got[ColumnTo] != "=acme jean dupont = j acm fr " {
			t.Errorf("recipients %q", got[ColumnTo])
		}
		if !strings.HasPrefix(got[ColumnSubject], "=offres offr") || strings.Count(got[ColumnSubject], "=offres") != 1 || got[ColumnNew] != "" {
			t.Errorf("subject %q, text %q", got[ColumnSubject], got[ColumnNew])
		}
	}
}
