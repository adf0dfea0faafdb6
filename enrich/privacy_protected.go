package enrich

import (
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// protectedFolder tells how far a folder, folded, is of exchanges that the employer
// may not read: with staff representatives, unions, occupational health, lawyers.
func protectedFolder(level string) mark {
	switch level {
	case "cse", "cse perso", "comite social et economique", "comite d entreprise", "chsct", "irp", "elus cse", "elu cse", "mandat cse", "mandat syndical", "mandats",
		"syndicat", "syndicats", "syndical", "section syndicale", "cgt", "cfdt", "cfe cgc", "cftc", "unsa", "delegue syndical", "delegues syndicaux",
		"delegue du personnel", "delegues du personnel", "representants du personnel", "representant du personnel", "prud hommes", "prudhommes", "inspection du travail",
		"medecine du travail", "medecin du travail", "sante au travail", "visite medicale", "dossier medical", "avocat", "avocats", "mon avocat", "avocat client",
		"works council", "trade union", "occupational health", "occupational medicine", "my lawyer", "attorney client", "legal privilege":
		return mark{class: relais.PrivacySufficient, protected: true, word: level}
	case "ce", "fo", "union", "lawyer", "lawyers", "attorney", "juridique perso":
		return mark{class: relais.PrivacyDoubtful, protected: true, word: level}
	}
	return mark{class: relais.PrivacyNone}
}

// protectedSubject tells the same of a folded subject: an explicit mark suffices, the
// mention of such bodies is doubtful, for they are also news and topics.
func protectedSubject(subject string) mark {
	for _, p := range [...]string{
		"confidentiel avocat client", "confidentiel avocat", "avocat client confidentiel", "correspondance avocat client", "secret avocat client",
		"attorney client privileged", "attorney client privilege", "privileged and confidential attorney", "confidentiel syndical", "confidentiel cse", "confidentiel medical", "secret medical",
	} {
		if hasPhrase(subject, p) {
			return mark{class: relais.PrivacySufficient, protected: true, word: p}
		}
	}
	for _, p := range [...]string{
		"cse", "delegue du personnel", "delegues du personnel", "delegue syndical", "delegues syndicaux", "representant du personnel", "representants du personnel", "section syndicale",
		"medecine du travail", "medecin du travail", "sante au travail", "visite medicale", "prud hommes", "prudhommes", "mon avocat", "avocat", "privileged and confidential",
		"works council", "trade union", "occupational health",
	} {
		if hasPhrase(subject, p) {
			return mark{class: relais.PrivacyDoubtful, protected: true, word: p}
		}
	}
	return mark{class: relais.PrivacyNone}
}

// protectedAddress gives the part of an address that says it is such a body's, or "".
func protectedAddress(address string) string {
	local, host, _ := strings.Cut(address, "@")
	for _, part := range strings.FieldsFunc(local, isAddressMark) {
		switch part {
		case "cse", "chsct", "syndicat", "cgt", "cfdt", "cftc", "unsa", "avocat", "avocats", "medecin", "prudhommes":
			return part
		}
	}
	for _, part := range strings.FieldsFunc(host, isAddressMark) {
		switch part {
		case "avocat", "avocats", "cgt", "cfdt", "cftc", "unsa", "presanse", "medecine", "syndicat":
			return part
		}
	}
	return ""
}

func isAddressMark(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '+' }
