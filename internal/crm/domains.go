package crm

import (
	"cmp"
	_ "embed" // freemail.txt
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Registrable gives the part of a host name that someone registered, by the public
// suffix list: "mail.acme.co.uk" is of "acme.co.uk"; under a suffix at which each label
// is another customer's, that of the customer. What has none is "".
func Registrable(host string) string {
	host = strings.Trim(strings.ToLower(host), ". ")
	if host == "" || len(host) > 253 || strings.ContainsAny(host, " /@[]:") {
		return ""
	}
	if tenant, shared := tenantOf(host); shared {
		return tenant
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return d
}

// tenantOf gives the customer's part of a host under a shared suffix that the public
// suffix list does not name. The suffix itself belongs to no customer: "".
func tenantOf(host string) (tenant string, shared bool) {
	for _, suffix := range [...]string{
		"mail.onmicrosoft.com", "onmicrosoft.com", "onmicrosoft.de", "onmicrosoft.us", "onmschina.cn", "sharepoint.com",
		"atlassian.net", "freshdesk.com", "myshopify.com", "zendesk.com",
	} {
		if host == suffix { // Zendesk's own people write from there
			return "", suffix != "zendesk.com"
		}
		if rest, ok := strings.CutSuffix(host, "."+suffix); ok {
			return rest[strings.LastIndexByte(rest, '.')+1:] + "." + strings.TrimPrefix(suffix, "mail."), true
		}
	}
	return "", false
}

// HostOf gives the part of an address after the last "@".
func HostOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// freeMailHosts is a list of hosts, sorted, one a line: a program's constant.
//
//go:embed freemail.txt
var freeMailHosts string

// IsFreeMail tells whether anyone may have an address at a registrable domain: it
// tells nothing about the holder's employer. Besides the hosts of a list, these are the
// national names of the great providers: outlook.be, hotmail.ca, gmx.es.
func IsFreeMail(domain string) bool {
	label, suffix, _ := strings.Cut(domain, ".")
	switch label {
	case "outlook", "hotmail", "live", "gmx", "yahoo", "ymail", "msn", "windowslive":
		return suffix != "" && Registrable(domain) == domain
	}
	return listed(freeMailHosts, domain)
}

// listed tells whether a sorted text has a line.
func listed(list, line string) bool {
	for list != "" {
		start := strings.LastIndexByte(list[:len(list)/2], '\n') + 1
		found, rest, _ := strings.Cut(list[start:], "\n")
		switch cmp.Compare(line, found) {
		case 0:
			return true
		case -1:
			list = list[:start]
		default:
			list = rest
		}
	}
	return false
}

// DiscoveredID gives the id of the client discovered behind a registrable
// domain. It is the same in every case and every archive.
func DiscoveredID(domain string) string { return "domain:" + domain }

// ClientName gives the name under which a client is shown that no list names.
func ClientName(id string) string {
	return DiscoveredName(strings.TrimPrefix(id, DiscoveredID("")))
}

// DiscoveredName gives the name under which a discovered client is shown, until
// someone gives it a better one: the domain without its public suffix, in words.
func DiscoveredName(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	words := strings.FieldsFunc(label, func(r rune) bool { return r == '-' || r == '_' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	if len(words) == 0 {
		return domain
	}
	return strings.Join(words, " ")
}
