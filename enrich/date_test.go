package enrich

import (
	"testing"
	"time"

	"github.com/relais-archive/relais/enrich/extract"
)

// TestFileDate: a file's own properties before its time, and neither where it cannot be true.
func TestFileDate(t *testing.T) {
	day := func(y, m, d int) time.Time {
		return time.Date(y, time.Month(m), d, 9, 30, 0, 500, time.FixedZone("", 3600))
	}
	now := day(2026, 3, 1)
	none := time.Time{}
	for name, c := range map[string]struct {
		own  extract.Dates
		file time.Time
		want time.Time
		from string
	}{
		"changed":              {extract.Dates{Created: day(2024, 10, 23), Modified: day(2024, 10, 24)}, day(2019, 5, 6), day(2024, 10, 24), "document"},
		"made":                 {extract.Dates{Created: day(2024, 10, 23)}, day(2019, 5, 6), day(2024, 10, 23), "document"},
		"says nothing":         {extract.Dates{}, day(2019, 5, 6), day(2019, 5, 6), "file"},
		"no date at all":       {extract.Dates{}, none, none, ""},
		"year 1":               {extract.Dates{Created: day(2024, 10, 23), Modified: day(1, 1, 1)}, day(2019, 5, 6), day(2024, 10, 23), "document"},
		"Windows' first":       {extract.Dates{Created: day(1601, 1, 1), Modified: day(1601, 1, 1)}, day(2019, 5, 6), day(2019, 5, 6), "file"},
		"OLE's first":          {extract.Dates{Modified: day(1899, 12, 30)}, day(2019, 5, 6), day(2019, 5, 6), "file"},
		"Unix's first":         {extract.Dates{Modified: time.Unix(0, 0)}, day(2019, 5, 6), day(2019, 5, 6), "file"},
		"DOS's first":          {extract.Dates{Modified: day(1980, 1, 1)}, day(2019, 5, 6), day(2019, 5, 6), "file"},
		"Excel's template":     {extract.Dates{Created: time.Date(2006, 9, 16, 0, 0, 0, 0, time.UTC)}, day(2019, 5, 6), day(2019, 5, 6), "file"},
		"changed since":        {extract.Dates{Created: time.Date(2006, 9, 16, 0, 0, 0, 0, time.UTC), Modified: day(2024, 10, 24)}, day(2019, 5, 6), day(2024, 10, 24), "document"},
		"to come":              {extract.Dates{Modified: day(2031, 1, 1)}, day(2019, 5, 6), day(2019, 5, 6), "file"},
		"today, zone unknown":  {extract.Dates{Modified: now.Add(14 * time.Hour)}, day(2019, 5, 6), now.Add(14 * time.Hour), "document"},
		"file of a bare zip":   {extract.Dates{}, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), none, ""},
		"file's clock unset":   {extract.Dates{}, time.Unix(0, 0), none, ""},
		"file's clock ahead":   {extract.Dates{}, day(2107, 1, 1), none, ""},
		"document before file": {extract.Dates{Modified: day(1995, 1, 1)}, day(1994, 1, 1), day(1995, 1, 1), "document"},
	} {
		got, from := fileDate(c.own, c.file, now)
		if want := c.want.Truncate(time.Second); c.from == dateOfDocument && !got.Equal(want) || c.from != dateOfDocument && !got.Equal(c.want) || from != c.from {
			t.Errorf("%s: %v from %q, not %v from %q", name, got, from, c.want, c.from)
		}
	}
}
