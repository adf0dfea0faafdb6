package enrich

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/relais-archive/relais/internal/relais"
)

// registrable gives the part of a host name that someone registered, by the public
// suffix list: "mail.acme.co.uk" is of "acme.co.uk". What has none is "".
func registrable(host string) string {
	host = strings.Trim(strings.ToLower(host), ". ")
	if host == "" || len(host) > 253 || strings.ContainsAny(host, " /@[]:") {
		return ""
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return d
}

// hostOf gives the part of an address after the last "@".
func hostOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// isFreeMail tells whether anyone may have an address at a registrable domain: it
// says nothing of whom the holder works for.
func isFreeMail(domain string) bool {
	switch domain {
	case "gmail.com", "googlemail.com", "outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "hotmail.co.uk", "hotmail.be", "hotmail.de",
		"hotmail.es", "hotmail.it", "live.com", "live.fr", "live.be", "live.co.uk", "msn.com", "yahoo.com", "yahoo.fr", "yahoo.co.uk",
		"yahoo.de", "yahoo.es", "yahoo.it", "yahoo.ca", "ymail.com", "rocketmail.com", "icloud.com", "me.com", "mac.com", "aol.com", "aol.fr",
		"orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "neuf.fr", "laposte.net", "bbox.fr", "numericable.fr", "club-internet.fr", "aliceadsl.fr",
		"cegetel.net", "voila.fr", "noos.fr", "9online.fr", "dbmail.com", "proton.me", "protonmail.com", "protonmail.ch", "pm.me", "tutanota.com",
		"tutamail.com", "gmx.com", "gmx.fr", "gmx.net", "gmx.de", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "mail.com", "mail.ru",
		"yandex.ru", "yandex.com", "zoho.com", "fastmail.com", "fastmail.fm", "hushmail.com", "libero.it", "tiscali.it", "virgilio.it", "alice.it",
		"skynet.be", "telenet.be", "proximus.be", "voo.be", "bluewin.ch", "sunrise.ch", "ziggo.nl", "kpnmail.nl", "xs4all.nl", "planet.nl", "home.nl",
		"telefonica.net", "terra.es", "sapo.pt", "btinternet.com", "virginmedia.com", "sky.com", "talktalk.net", "ntlworld.com", "blueyonder.co.uk",
		"comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net", "earthlink.net", "rr.com", "juno.com",
		"shaw.ca", "rogers.com", "videotron.ca", "sympatico.ca", "qq.com", "163.com", "126.com", "sina.com", "naver.com", "hanmail.net",
		"bigpond.com", "optusnet.com.au", "uol.com.br", "bol.com.br", "terra.com.br", "excite.com", "hotbot.com", "usa.net", "mindspring.com",
		"swbell.net", "pacbell.net", "netzero.net", "prodigy.net", "compuserve.com", "aol.co.uk", "mailinator.com", "yopmail.com":
		return true
	}
	return false
}

// ownDomains are the registrable domains of an owner's addresses that are not
// free-mail: who writes from there is the owner or a colleague.
func ownDomains(owner relais.Owner) []string {
	var list []string
	for i := -1; i < len(owner.Aliases); i++ {
		address := owner.Address
		if i >= 0 {
			address = owner.Aliases[i]
		}
		if d := registrable(hostOf(address)); d != "" && !isFreeMail(d) && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

// DiscoveredClientID gives the id of the client discovered behind a registrable
// domain. It is the same in every case and every archive.
func DiscoveredClientID(domain string) string { return "domain:" + domain }

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
