package enrich_test

import (
	"testing"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/relais"
)

func TestDecidable(t *testing.T) {
	owners := []relais.Owner{{Address: owner, Aliases: []string{"a@old.example"}}}
	for text, want := range map[string]string{"Acme.example": "acme.example", " @acme.co.uk ": "acme.co.uk", "mail.acme.example": "", "gmail.com": "", "outlook.be": "",
		"pumps.example": "", "old.example": "", "": "", "x y": "", "co.uk": "", "bob@acme.example": ""} {
		got, err := enrich.DecidableDomain(text, owners)
		if got != want || (err == nil) != (want != "") || err != nil && relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("domain %q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{" Bob@Acme.example": "bob@acme.example", owner: "", "A@old.example": "", "acme.example": "", "@x": "", "x@": "", "Bob <b@x.example>": ""} {
		got, err := enrich.DecidableAddress(text, owners)
		if got != want || (err == nil) != (want != "") || err != nil && relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("address %q: %q, %v", text, got, err)
		}
	}
}
