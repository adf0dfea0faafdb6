package crm

import (
	"strings"
	"testing"
)

// TestFreeMailListIsSorted: it is searched by halves.
func TestFreeMailListIsSorted(t *testing.T) {
	before, n := "", 0
	for line := range strings.Lines(freeMailHosts) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") && n == 0 {
			continue
		}
		if n++; line <= before || line != strings.ToLower(strings.TrimSpace(line)) || !listed(freeMailHosts, line) {
			t.Errorf("%q after %q", line, before)
		}
		before = line
	}
	if n < 4000 {
		t.Errorf("%d hosts", n)
	}
}

func TestHostsOfAnybody(t *testing.T) {
	for _, host := range []string{"gmail.com", "outlook.be", "hotmail.ca", "live.nl", "gmx.es", "yahoo.com.br", "sfr.fr", "seznam.cz", "posteo.de", "ik.me", "yopmail.com"} {
		if !IsFreeMail(host) {
			t.Errorf("%s is free mail", host)
		}
	}
	for _, host := range []string{"", "acme.example", "outlook", "outlook-pompes.fr", "mail.outlook-pompes.fr", "gmx", "livebox.example", "zzz.zz", "0", "#"} {
		if IsFreeMail(host) {
			t.Errorf("%s is a company's", host)
		}
	}
}

func TestTenants(t *testing.T) {
	for host, want := range map[string]string{
		"contoso.onmicrosoft.com": "contoso.onmicrosoft.com", "CONTOSO.mail.onmicrosoft.com": "contoso.onmicrosoft.com", "onmicrosoft.com": "",
		"mail.onmicrosoft.com": "", "a.b.onmicrosoft.com": "b.onmicrosoft.com", "acme.zendesk.com": "acme.zendesk.com", "zendesk.com": "zendesk.com",
		"shop.acme.co.uk": "acme.co.uk", "acme.github.io": "acme.github.io", "github.io": "", "notonmicrosoft.com": "notonmicrosoft.com",
	} {
		if got := Registrable(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

func TestRegistrable(t *testing.T) {
	for host, want := range map[string]string{
		"mail.acme.co.uk": "acme.co.uk", "ACME.fr.": "acme.fr", "acme.example": "acme.example", "a.b.acme.example": "acme.example", "co.uk": "", "localhost": "", "": "",
		"x y.fr": "", "usa.conoco.com": "conoco.com",
	} {
		if got := Registrable(host); got != want {
			t.Errorf("Registrable(%q) = %q, not %q", host, got, want)
		}
	}
}

func TestDiscovered(t *testing.T) {
	for domain, want := range map[string]string{"acme.co.uk": "Acme", "martin-energies.example": "Martin Energies", "3m.com": "3m", "-.com": "-.com"} {
		if got := DiscoveredName(domain); got != want {
			t.Errorf("DiscoveredName(%q) = %q, not %q", domain, got, want)
		}
	}
	if DiscoveredID("a.example") == DiscoveredID("b.example") {
		t.Error("two domains have one id")
	}
}
