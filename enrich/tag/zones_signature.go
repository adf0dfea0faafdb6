package tag

import (
	"math/bits"
	"strings"

	"github.com/relais-archive/relais/internal/fold"
)

// How much may follow the line that begins a signature, in lines that are not blank.
const (
	maxSignature     = 30 // after "-- " (RFC 3676 section 4.3)
	maxClosing       = 14 // after "Cordialement,"
	maxWeakSignature = 12 // after a drawn line, or without any mark
	maxMobile        = 8  // after "Envoyé de mon iPhone"
)

// markSignatures marks the tail of each run of new lines where it is a signature.
func (t *zoned) markSignatures() {
	for i := 0; i < len(t.lines); {
		if t.lines[i].kind != lineNew {
			i++
			continue
		}
		end := i
		for end < len(t.lines) && (t.lines[end].kind == lineNew || t.lines[end].kind == lineDisclaimer) {
			end++
		}
		if s := t.signature(i, end); s < end {
			for ; s < end; s++ {
				if t.lines[s].kind == lineNew {
					t.lines[s].kind = lineSignature
				}
			}
		}
		i = end
	}
}

// signature gives the line at which the signature of a run of lines begins, or end.
// It looks at the run from its end, as far as a signature may reach.
func (t *zoned) signature(from, end int) int {
	found := end
	tail, first := tail{}, t.next(from)
	for i := end - 1; i >= from && tail.lines <= maxSignature; i-- {
		s := t.at(i)
		if s == "" || t.lines[i].kind == lineDisclaimer {
			tail.afterBlank = true
			continue
		}
		if tail.beginsAt(s, i == first) {
			found = i
		}
		tail.add(s)
	}
	if found == end {
		found = t.contactBlock(from, end)
	}
	return found
}

// tail is what is known of the lines below the one that is looked at.
type tail struct {
	lines      int // that are not blank
	long       int // of them, those too long for a signature
	afterBlank bool
}

func (t *tail) add(s string) {
	t.lines++
	if len(s) > 110 {
		t.long++
	}
	t.afterBlank = false
}

// beginsAt tells whether a line that reads s begins a signature, given what is below.
// A message of nothing but thanks is no signature.
func (t *tail) beginsAt(s string, first bool) bool {
	switch {
	case s == "--" || s == "\u2014" || s == "\u2013" || s == "-":
		return true
	case isRule(s) && len(s) > 1 && s[0] != '#':
		return t.lines <= maxWeakSignature && t.long == 0
	case len(s) > 140:
		return false
	case isMobile(s):
		return t.lines <= maxMobile
	case len(s) <= 60:
		strong, weak := closing(fold.String(s))
		return strong && t.lines <= maxClosing && t.long <= 1 || weak && !first && t.lines > 0 && t.lines <= 6 && t.long == 0
	}
	return false
}

// closing tells whether a folded line is one with which letters end. Weak ones end
// sentences as well.
func closing(s string) (strong, weak bool) {
	for _, p := range [...]string{
		"cordialement", "bien cordialement", "tres cordialement", "sincerement", "bien a vous", "bien a toi", "cdlt", "cdt", "salutations",
		"meilleures salutations", "sinceres salutations", "respectueusement", "amicalement", "bonne journee", "bonne reception", "bien sincerement",
		"avec mes remerciements", "dans l attente de", "je vous prie d agreer", "veuillez agreer", "bonne fin de journee", "bon week end",
		"best regards", "kind regards", "warm regards", "regards", "best wishes", "sincerely", "yours sincerely", "yours faithfully",
		"yours truly", "kindest regards", "with best regards", "many thanks and regards", "thanks and regards",
		"mit freundlichen grussen", "freundliche grusse", "mit freundlichem gruss", "viele grusse", "beste grusse", "mfg", "mit lieben grussen", "liebe grusse",
		"saludos", "un saludo", "atentamente", "saludos cordiales", "cordiali saluti", "distinti saluti", "un cordiale saluto",
		"met vriendelijke groet", "vriendelijke groeten", "hartelijke groet", "atenciosamente", "com os melhores cumprimentos", "cumprimentos",
	} {
		if hasWordPrefix(s, p) && len(s) <= len(p)+25 {
			return true, false
		}
	}
	for _, p := range [...]string{"merci", "thanks", "thank you", "cheers", "best", "merci d avance", "many thanks", "a bientot", "danke", "gracias", "grazie", "bedankt"} {
		if s == p {
			return false, true
		}
	}
	return false, false
}

func hasWordPrefix(s, prefix string) bool {
	return strings.HasPrefix(s, prefix) && (len(s) == len(prefix) || s[len(prefix)] == ' ')
}

// isMobile tells whether a line is what a telephone or a mail program adds.
func isMobile(s string) bool {
	switch s[0] {
	case 'E', 'S', 'V', 'I', 'G', 'T', 'D', 'N', 'C', 'Y', 'F', '(', '[', 'O', 'U', 'e', 's', 'W':
	default:
		return false
	}
	f := fold.String(s)
	for _, p := range [...]string{
		"envoye de mon", "envoye depuis", "envoye a partir de", "envoye du", "envoye par mon", "envoye de outlook", "telecharger outlook", "obtenir outlook",
		"sent from my", "sent from", "sent via", "sent with", "get outlook for", "sent by my",
		"von meinem", "gesendet von", "gesendet mit", "diese nachricht wurde von meinem", "enviado desde mi", "enviado desde", "enviado do meu",
		"inviato da", "verstuurd vanaf", "verzonden vanaf", "sendt fra", "skickat fran", "wyslane z", "from my iphone", "yahoo mail",
	} {
		if hasWordPrefix(f, p) {
			return true
		}
	}
	return false
}

// contactBlock gives the line at which the last paragraph of a run begins, when that
// is a signature without any closing: short lines, two of which say how to reach
// someone, below some other text.
func (t *zoned) contactBlock(from, end int) int {
	last := end
	for last > from && (t.at(last-1) == "" || t.lines[last-1].kind == lineDisclaimer) {
		last--
	}
	first, contacts := last, 0
	for first > from && t.at(first-1) != "" {
		first--
		s := t.at(first)
		if len(s) > 100 || last-first > maxWeakSignature {
			return end
		}
		if isContact(s) {
			contacts++
		}
	}
	if contacts < 2 || t.next(from) >= first {
		return end
	}
	return first
}

// isContact tells whether a line says how to reach someone: a number, an address, a site.
func isContact(s string) bool {
	digits := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	return digits >= 8 && 2*digits >= len(s)-12 || strings.Contains(s, "@") && !strings.Contains(s, " @") ||
		strings.Contains(s, "www.") || strings.Contains(s, "http")
}

// markDisclaimers marks the paragraphs that hold a disclaimer: they speak of the
// message itself and of at least three other things that disclaimers speak of.
func (t *zoned) markDisclaimers(list []fold.Word, meanings map[uint64]uint64) {
	w := 0
	for i := 0; i < len(t.lines); {
		if i = t.next(i); i == len(t.lines) {
			return
		}
		end := i
		seen := uint64(0)
		for end < len(t.lines) && t.at(end) != "" && t.lines[end].kind == t.lines[i].kind {
			for ; w < len(list) && list[w].Start < t.lines[end].end; w++ {
				seen |= meanings[list[w].Full]
			}
			end++
		}
		if t.lines[i].kind == lineNew && isDisclaimer(seen) {
			t.mark(i, end, lineDisclaimer)
		}
		i = end
	}
}

// Bits of meaning that make a disclaimer by themselves, two together.
const (
	meansMessage uint64 = 1 << iota
	meansPrint
	meansNature
	meansOthers // the first of the rest
)

func isDisclaimer(seen uint64) bool {
	return seen&meansMessage != 0 && bits.OnesCount64(seen&^(meansOthers-1)) >= 3 || seen&meansPrint != 0 && seen&meansNature != 0
}

// disclaimerWords gives the words of disclaimers; words of one meaning share a bit.
func disclaimerWords() map[uint64]uint64 {
	words := map[uint64]uint64{}
	for i, meaning := range [...]string{
		"message email mail courriel courrier nachricht mensaje messaggio bericht mensagem communication transmission correo",
		"imprimer print printing drucken imprimir stampare printen",
		"environnement environment umwelt medio ambiente milieu",
		"confidentiel confidentiels confidentielle confidentielles confidential confidentiality confidentialite vertrauliche vertraulich confidencial riservato vertrouwelijk confidenciais privileged proprietary",
		"destinataire destinataires recipient recipients addressee addressees empfanger destinatario destinatari geadresseerde intended intention bestimmt",
		"erreur error irrtumlich irrtum errore fout",
		"detruire destroy delete effacer supprimer vernichten loschen eliminar cancellare verwijderen eliminarlo distruggere",
		"expediteur sender absender remitente mittente afzender remetente notify avertir informer",
		"exclusive exclusif exclusivement solely exclusivo ausschliesslich uitsluitend unauthorized unauthorised nonautorisee autorisee interdite interdit prohibited strictly strictement untersagt verboten",
		"diffusion divulgation dissemination disclosure disclose distribution copying reproduction publication copie weitergabe difusion divulgacion diffusione verspreiding",
		"integrite integrity virus viruses alteration altere responsabilite liability responsibility",
	} {
		for w := range strings.FieldsSeq(meaning) {
			full, _ := fold.Hash([]byte(w))
			words[full] |= 1 << i
		}
	}
	return words
}
