package enrich

import (
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// markOf tells how far a subject or a file's name marks what it names as personal.
func markOf(text string) mark {
	text = strings.TrimSpace(cutAt(text, 500))
	folded := fold(text)
	if word, rest := leadingMark(folded); word != "" {
		if rest == "" || setOff(text, len(strings.Fields(word))) {
			return mark{class: relais.PrivacySufficient, word: word}
		}
	}
	if word := bracketed(text); word != "" {
		return mark{class: relais.PrivacySufficient, word: word}
	}
	if word := trailingMark(text, folded); word != "" {
		return mark{class: relais.PrivacySufficient, word: word}
	}
	for _, p := range [...]string{
		"message personnel", "mail personnel", "mail perso", "mails perso", "courrier personnel", "courriel personnel", "correspondance privee", "message prive",
		"strictement personnel", "strictement prive", "personnel et confidentiel", "prive et confidentiel", "confidentiel personnel",
		"ne pas ouvrir personnel", "personal and confidential", "private and confidential personal", "strictly personal", "strictly private", "personal message", "private message",
	} {
		if hasPhrase(folded, p) {
			return mark{class: relais.PrivacySufficient, word: p}
		}
	}
	return doubtfulMark(folded)
}

// isMark tells whether folded words are a mark of what is personal.
func isMark(s string) bool {
	switch s {
	case "personnel", "personnelle", "personnels", "personnelles", "perso", "persos", "prive", "privee", "prives", "privees", "private", "personal", "privat", "privado", "privata", "privato",
		"personnel et confidentiel", "confidentiel et personnel", "personnel confidentiel", "confidentiel personnel", "prive et confidentiel", "confidentiel et prive",
		"strictement personnel", "strictement prive", "strictement confidentiel et personnel", "tres personnel",
		"personal and confidential", "personal confidential", "private and personal", "strictly personal", "strictly private",
		"personnel et prive", "prive et personnel", "message personnel", "message prive", "mail perso", "mail personnel", "vie privee perso":
		return true
	}
	return false
}

// leadingMark gives the longest mark with which folded text begins, and what follows.
func leadingMark(folded string) (word, rest string) {
	for n, end := 0, 0; n < 5 && end <= len(folded); n++ {
		next := strings.IndexByte(folded[end:], ' ')
		if next < 0 {
			next = len(folded)
		} else {
			next += end
		}
		if isMark(folded[:next]) {
			word, rest = folded[:next], strings.TrimSpace(folded[next:])
		}
		end = next + 1
	}
	return word, rest
}

// setOff tells whether something other than a space parts the first n words of a text
// from the rest: "PRIVÉ - dîner", "Perso : vacances", "[Personnel] notaire".
func setOff(text string, n int) bool {
	list := splitWords(text, nil)
	if len(list) <= n {
		return true
	}
	if n == 1 && list[0].start > 0 && strings.ContainsAny(text[:list[0].start], "[({*#") {
		return true
	}
	gap := text[list[n-1].end:list[n].start]
	if gap == "-" || gap == "_" { // "private-label" is a compound, "perso-photos" is not
		return doubtfulMark(fold(text)).class != relais.PrivacyNone
	}
	return strings.Trim(gap, " '\u2019.&") != ""
}

// bracketed gives the mark that stands between brackets or stars anywhere in a text.
func bracketed(text string) string {
	for _, pair := range [...]string{"[]", "()", "{}", "**", "##", "<>"} {
		rest := text
		for {
			i := strings.IndexByte(rest, pair[0])
			if i < 0 {
				break
			}
			rest = rest[i+1:]
			end := strings.IndexByte(rest, pair[1])
			if end < 0 {
				break
			}
			if f := fold(rest[:end]); isMark(f) {
				return f
			}
			rest = rest[end:]
			if pair[0] != pair[1] {
				rest = rest[1:]
			}
		}
	}
	return ""
}

// trailingMark gives a mark that ends a text, set off from the rest: "Dîner - perso"; and
// "perso" at the end of a few words, "Photos perso", which means nothing else.
func trailingMark(text, folded string) string {
	cut := strings.LastIndexByte(folded, ' ')
	last := folded[cut+1:]
	if cut < 0 || !isMark(last) {
		return ""
	}
	list := splitWords(text, nil)
	n := len(list)
	if n < 2 {
		return ""
	}
	gap := text[list[n-2].end:list[n-1].start]
	if strings.ContainsAny(gap, "-\u2013\u2014:|/") && strings.Contains(gap, " ") {
		return last
	}
	if last == "perso" && n <= 3 {
		return last
	}
	return ""
}

// doubtfulMark looks for words that may mark something, outside the phrases in which
// they are known to mean something else.
func doubtfulMark(folded string) mark {
	words := strings.Fields(folded)
	for i, w := range words {
		before, after := "", ""
		if i > 0 {
			before = words[i-1]
		}
		if i+1 < len(words) {
			after = words[i+1]
		}
		switch w {
		case "perso", "persos":
			return mark{class: relais.PrivacyDoubtful, word: w}
		case "personnel", "personnelle", "personnels", "personnelles", "personal":
			if !isStaff(before, after) {
				return mark{class: relais.PrivacyDoubtful, word: w}
			}
		case "prive", "privee", "prives", "privees", "private":
			if !isPrivateBusiness(before, after) {
				return mark{class: relais.PrivacyDoubtful, word: w}
			}
		}
	}
	return mark{class: relais.PrivacyNone}
}

// isStaff tells whether "personnel" between two words means the staff, personal data,
// or a thing that companies give each person.
func isStaff(before, after string) bool {
	switch before {
	case "du", "le", "au", "de", "des", "notre", "votre", "leur", "ce", "un", "tout", "en", "chef", "delegue", "donnees", "donnee", "effets", "espace", "code", "mot", "assistant",
		"protection", "equipement", "formation", "compte", "acces", "data", "key", "military", "sales", "developpement", "coaching", "apport", "no", "abus":
		return true
	}
	switch after {
	case "soignant", "technique", "administratif", "navigant", "interimaire", "commercial", "encadrant", "medical", "roulant", "enseignant", "ouvrier", "qualifie", "de", "du", "des", "et",
		"data", "protective", "assistant", "information", "computer", "injury", "loan", "care", "trainer", "development", "hygiene", "shopper", "service":
		return true
	}
	return false
}

// isPrivateBusiness tells whether "private" between two words is a word of business.
func isPrivateBusiness(before, after string) bool {
	switch before {
	case "secteur", "espace", "cle", "vie", "acces", "banque", "droit", "reseau", "etablissement", "clinique", "entreprise", "label", "marque", "zone", "parking", "hopital", "ecole", "client",
		"public", "marche", "marches", "domaine", "investisseur", "investisseurs", "acteurs", "fonds", "the", "organisme", "promoteur", "societe", "cloud", "semi", "reseaux":
		return true
	}
	switch after {
	case "label", "labels", "equity", "cloud", "sector", "bank", "banking", "company", "network", "key", "limited", "ltd", "placement", "investor", "investors", "client", "clients", "de", "d",
		"public", "sale", "sales", "event", "link", "channel", "beta", "preview", "room", "cible", "et", "customers", "wealth", "foundation", "hospital", "clinic", "practice", "investment":
		return true
	}
	return false
}

// folderMark tells how far the name of one level of a folder marks what is in it. A
// folder named "Personnel" is one of the rep's own, not of the staff's.
func folderMark(level string) mark {
	folded := fold(level)
	switch {
	case folded == "":
		return mark{class: relais.PrivacyNone}
	case folded == "donnees personnelles":
		return mark{class: relais.PrivacyDoubtful, word: folded} // CEDH, Libert v. France: a disk of that name did not suffice
	case isMark(folded):
		return mark{class: relais.PrivacySufficient, word: folded}
	}
	for _, p := range [...]string{
		"dossier personnel", "dossiers personnels", "dossier perso", "dossiers perso", "documents personnels", "documents perso", "docs perso", "mails perso", "mails personnels",
		"messages personnels", "messages perso", "courrier personnel", "courrier perso", "affaires personnelles", "affaires perso", "photos perso", "photos personnelles", "mes affaires personnelles",
		"fichiers personnels", "fichiers perso", "personal files", "personal stuff", "personal mail", "personal email", "private files", "private stuff", "private mail", "my private", "my personal", "vie perso", "zone perso",
	} {
		if hasPhrase(folded, p) {
			return mark{class: relais.PrivacySufficient, word: p}
		}
	}
	return markOf(level)
}

// hasPhrase tells whether folded words hold a phrase, whole words only.
func hasPhrase(folded, phrase string) bool {
	for from := 0; ; {
		i := strings.Index(folded[from:], phrase)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(phrase)
		if (i == 0 || folded[i-1] == ' ') && (end == len(folded) || folded[end] == ' ') {
			return true
		}
		from = i + 1
	}
}
