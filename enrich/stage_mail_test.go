package enrich

import (
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// TestArrival dates messages without any date of their own: by what tells when they
// came, never by a file's time.
func TestArrival(t *testing.T) {
	at := time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		from, name, position string
		want                 time.Time
		source               string
	}{
		{relais.ReceivedInternal, "", "0000000007", at, "internal"},
		{relais.ReceivedSeparator, "", "000000000000", at, "separator"},
		{relais.ReceivedMaildir, "", "1741078800.M1P2.host", at, "maildir"},
		{relais.ReceivedFile, "", "letter.host", time.Time{}, ""},
		{relais.ReceivedFile, "a.eml", "a.eml", time.Time{}, ""},
		{"", "a.eml", "a.eml", time.Time{}, ""},
		{"", "", "1741165200.M1P2.host", at.AddDate(0, 0, 1), "maildir"},
		{"", "", "1741165200.0000000007", at, "internal"},
		{"", "", "000000004711", at, "separator"},
		{"", "", "letter.host", time.Time{}, ""},
	} {
		it := relais.Item{Name: c.name, Received: at, ReceivedFrom: c.from, Occurrence: relais.Occurrence{Position: c.position}}
		if got, source := arrival(it); !got.Equal(c.want) || source != c.source {
			t.Errorf("%+v: %v from %q", c, got, source)
		}
	}
	if got, source := arrival(relais.Item{ReceivedFrom: relais.ReceivedSeparator}); !got.IsZero() || source != "" {
		t.Errorf("a separator without date: %v from %q", got, source)
	}
}
