package enrich

import (
	"slices"
	"strings"

	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
)

// DecidableDomain gives the registrable domain about which somebody may decide whose it
// is, in lower case. Those at which anyone may have an address, and those of the owners
// of mailboxes, with whom everything is exchanged, are nobody's: relais.KindInvalid.
func DecidableDomain(text string, owners []relais.Owner) (string, error) {
	domain := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "@")
	own := slices.ContainsFunc(owners, func(o relais.Owner) bool { return slices.Contains(tag.OwnDomains(o), domain) })
	switch known := crm.Registrable(domain); {
	case known == "":
		return "", relais.Errorf(relais.KindInvalid, "decide", "%q is no domain that somebody registered", text)
	case known != domain:
		return "", relais.WithHint(relais.Errorf(relais.KindInvalid, "decide", "%s is part of %s", domain, known), "decide of "+known)
	case crm.IsFreeMail(domain):
		return "", relais.WithHint(relais.Errorf(relais.KindInvalid, "decide", "anyone may have an address at %s", domain), "decide of an address")
	case own:
		return "", relais.Errorf(relais.KindInvalid, "decide", "%s is the owner's own domain: everything was exchanged with it", domain)
	}
	return domain, nil
}

// DecidableAddress gives a mail address about which somebody may decide whose it is, in
// lower case: not an owner's.
func DecidableAddress(text string, owners []relais.Owner) (string, error) {
	address := strings.ToLower(strings.TrimSpace(text))
	local, host, found := strings.Cut(address, "@")
	switch {
	case !found || local == "" || host == "" || strings.ContainsAny(address, " <>"):
		return "", relais.Errorf(relais.KindInvalid, "decide", "%q is no mail address", text)
	case slices.ContainsFunc(owners, func(o relais.Owner) bool { return o.Is(address) }):
		return "", relais.Errorf(relais.KindInvalid, "decide", "the address is the owner's: everything was exchanged with it")
	}
	return address, nil
}
