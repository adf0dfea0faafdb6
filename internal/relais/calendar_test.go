package relais

import (
	"testing"
	"time"
)

func TestDaysAreReadInEveryForm(t *testing.T) {
	for in, want := range map[string]string{
		"2026-10-01": "2026-10-01", "01/10/2026": "2026-10-01", "1.10.2026": "2026-10-01", " 2026/10/01 ": "2026-10-01",
		"29/02/2024": "2024-02-29",
		"2026-10":    "", "2026": "", "10/2026": "", "29/02/2026": "", "2026-13-01": "", "01/10/26": "", "": "", "tomorrow": "",
		"2026-10-01T00:00:00Z": "", "0000-01-01": "",
	} {
		d, err := ReadDay("read day", in)
		switch {
		case want == "" && KindOf(err) != KindInvalid:
			t.Errorf("%q: %v, %v", in, d, err)
		case want != "" && (err != nil || d.String() != want):
			t.Errorf("%q: %v, %v; want %s", in, d, err, want)
		}
	}
}

func TestASpanEndsWhereTheNextBegins(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"2026-10-25": "2026-10-25T00:00:00+02:00 2026-10-26T00:00:00+01:00", // a day of 25 hours
		"2026-12":    "2026-12-01T00:00:00+01:00 2027-01-01T00:00:00+01:00",
		"2026":       "2026-01-01T00:00:00+01:00 2027-01-01T00:00:00+01:00",
		"31/12/2026": "2026-12-31T00:00:00+01:00 2027-01-01T00:00:00+01:00",
	} {
		d, ok := ReadCalendarDate(in)
		if got := d.Start(paris).Format(time.RFC3339) + " " + d.End(paris).Format(time.RFC3339); !ok || got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
