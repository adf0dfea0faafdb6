package enrich

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
		if !isFreeMail(host) {
			t.Errorf("%s is free mail", host)
		}
	}
	for _, host := range []string{"", "acme.example", "outlook", "outlook-pompes.fr", "mail.outlook-pompes.fr", "gmx", "livebox.example", "zzz.zz", "0", "#"} {
		if isFreeMail(host) {
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
		if got := registrable(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}
