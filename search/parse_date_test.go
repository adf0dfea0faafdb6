package search

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func TestReadDate(t *testing.T) {
	for _, tc := range []struct {
		s    string
		want string // "" when it is no date
	}{
		{"2021", "2021"}, {"2021-03", "2021-03"}, {"2021-3", "2021-03"}, {"2021-03-15", "2021-03-15"}, {"2021/03/15", "2021-03-15"},
		{"15/03/2021", "2021-03-15"}, {"5.3.2021", "2021-03-05"}, {"15-03-2021", "2021-03-15"}, {"03/2021", "2021-03"},
		{"2020-02-29", "2020-02-29"},
		{"2021-02-29", ""}, {"31/04/2021", ""}, {"2021-13", ""}, {"2021-00", ""}, {"21", ""}, {"15/03/21", ""}, {"15/03", ""},
		{"2021-03-15-01", ""}, {"2021-003-15", ""}, {"999", ""}, {"9999", ""}, {"hier", ""}, {"", ""}, {"-", ""}, {"2021-+3", ""},
		{"2021-03-1500", ""}, {"123456789012", ""},
	} {
		got := ""
		if d, ok := relais.ReadCalendarDate(tc.s); ok && d.Exists() {
			got = d.String()
		}
		if got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.s, got, tc.want)
		}
	}
}

func TestFixDate(t *testing.T) {
	for _, tc := range []struct{ s, want string }{
		{"03/15/2021", "2021-03-15"}, {"2021-15-03", "2021-03-15"}, {"31/02/2021", "2021-02-28"}, {"2020-02-31", "2020-02-29"},
		{"31/04/2021", "2021-04-30"}, {"15/03/21", "2021-03-15"}, {"1/3/21", "2021-03-01"},
		{"15/15/2021", ""}, {"99/03/2021", ""}, {"2021-13", ""}, {"demain", ""}, {"", ""}, {"//////", ""},
	} {
		if got := fixDate(tc.s); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.s, got, tc.want)
		}
	}
}

// TestDaysOfLocation checks that days are those of the archive's zone, whose days of
// change have 23 and 25 hours, or begin at one o'clock.
func TestDaysOfLocation(t *testing.T) {
	for _, tc := range []struct {
		zone, query string
		hours       int
		begins      string
	}{
		{"Europe/Paris", "date:2021-03-28", 23, "2021-03-27T23:00Z"},
		{"Europe/Paris", "date:2021-10-31", 25, "2021-10-30T22:00Z"},
		{"America/Montreal", "date:2021-07-14", 24, "2021-07-14T04:00Z"},
		{"Pacific/Auckland", "date:2021-01-01", 24, "2020-12-31T11:00Z"},
		{"UTC", "date:2020", 366 * 24, "2020-01-01T00:00Z"},
	} {
		loc, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Skip("no time zones here")
		}
		n, err := Parse(tc.query, ParseOptions{Location: loc})
		if err != nil {
			t.Fatal(err)
		}
		d := n.(Days)
		if got := d.From.UTC().Format("2006-01-02T15:04Z07:00"); got != tc.begins {
			t.Errorf("%s in %s begins %s, want %s", tc.query, tc.zone, got, tc.begins)
		}
		if got := d.Until.Sub(d.From); got != time.Duration(tc.hours)*time.Hour {
			t.Errorf("%s in %s lasts %v, want %d h", tc.query, tc.zone, got, tc.hours)
		}
	}
}

// TestPeriods counts back from a leap day and from ends of months, late in the day.
func TestPeriods(t *testing.T) {
	for _, tc := range []struct{ now, query, want string }{
		{"2024-02-29", "newer_than:1y", "2023-02-28"},
		{"2024-02-29", "newer_than:4a", "2020-02-29"},
		{"2024-03-31", "newer_than:1m", "2024-02-29"},
		{"2024-05-31", "newer_than:3mois", "2024-02-29"},
		{"2024-01-15", "newer_than:1m", "2023-12-15"},
		{"2024-01-15", "newer_than:13m", "2022-12-15"},
		{"2024-03-01", "newer_than:1d", "2024-02-29"},
		{"2024-03-01", "newer_than:2semaines", "2024-02-16"},
		{"2024-03-01", "newer_than:0d", "2024-03-01"},
		{"2024-03-01", "newer_than:366j", "2023-03-01"},
	} {
		now, err := time.Parse(time.DateOnly, tc.now)
		if err != nil {
			t.Fatal(err)
		}
		n, err := Parse(tc.query, ParseOptions{Now: now.Add(23 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if got := n.(Days).From.Format(time.DateOnly); got != tc.want {
			t.Errorf("%s on %s: got %s, want %s", tc.query, tc.now, got, tc.want)
		}
	}
}

// TestPeriodsMeet checks that newer_than and older_than of one period share no day
// and leave none out.
func TestPeriodsMeet(t *testing.T) {
	opt := testOptions(t)
	for _, period := range []string{"1d", "3w", "1m", "7y"} {
		newer, err := Parse("newer_than:"+period, opt)
		if err != nil {
			t.Fatal(err)
		}
		older, err := Parse("older_than:"+period, opt)
		if err != nil {
			t.Fatal(err)
		}
		if !newer.(Days).From.Equal(older.(Days).Until) {
			t.Errorf("%s: %v and %v", period, newer, older)
		}
	}
}

func TestScale(t *testing.T) {
	for _, tc := range []struct {
		query string
		want  Bytes
	}{
		{"larger:1k", Bytes{Over: 1 << 10}}, {"larger:1Ko", Bytes{Over: 1 << 10}}, {"larger:2MiB", Bytes{Over: 2 << 20}},
		{"smaller:0.5M", Bytes{Under: 1 << 19}}, {"smaller:1,5G", Bytes{Under: 3 << 29}}, {"larger:12o", Bytes{Over: 12}},
	} {
		n, err := Parse(tc.query, ParseOptions{})
		if err != nil || n != tc.want {
			t.Errorf("%s: got %v, %v; want %v", tc.query, n, err, tc.want)
		}
	}
	for _, query := range []string{"larger:1T", "larger:M", "larger:1,5,5M", "larger:99999999999G", "larger:5000000000G", "larger:0.1", "larger:NaN", "larger:0x10"} {
		if n, err := Parse(query, ParseOptions{}); err == nil {
			t.Errorf("%s is read as %v", query, n)
		}
	}
}

// TestUndated: what has no date is asked for in either language, and said so.
func TestUndated(t *testing.T) {
	for query, want := range map[string]struct {
		node                    Node
		format, english, french string
	}{
		"date:none":            {Undated{}, "date:none", "without a date", "sans date"},
		"date:NONE":            {Undated{}, "date:none", "without a date", "sans date"},
		"date:undated":         {Undated{}, "date:none", "without a date", "sans date"},
		"date:aucune":          {Undated{}, "date:none", "without a date", "sans date"},
		"-date:sans":           {Not{Undated{}}, "-date:none", "not without a date", "sauf sans date"},
		"date:none OR date:22": {},
	} {
		n, err := Parse(query, testOptions(t))
		if want.node == nil {
			if err == nil {
				t.Errorf("%s is taken for %#v", query, n)
			}
			continue
		}
		if d := cmp.Diff(want.node, n); d != "" || err != nil {
			t.Errorf("%s: %v %s", query, err, d)
			continue
		}
		if got := Format(n); got != want.format {
			t.Errorf("%s is written %s", query, got)
		}
		if en, fr := Describe(n, "en"), Describe(n, "fr"); en != want.english || fr != want.french {
			t.Errorf("%s is described %q, %q", query, en, fr)
		}
	}
	for _, query := range []string{"after:none", "before:none", "date:none..2021"} {
		if _, err := Parse(query, testOptions(t)); err == nil {
			t.Errorf("%s is taken", query)
		}
	}
}
