package format

import (
	"testing"
	"time"
)

func TestMaildirTime(t *testing.T) {
	for name, want := range map[string]time.Time{
		"1741078800.M1P2.host:2,S": time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC),
		"1741078800.host":          time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC),
		"1741078800":               {},
		"12.eml":                   {},
		"99999999999.host":         {},
		"letter.host":              {},
	} {
		got, ok := MaildirTime(name)
		if ok != !want.IsZero() || ok && !got.Equal(want) {
			t.Errorf("%s: %v, %t", name, got, ok)
		}
	}
}
