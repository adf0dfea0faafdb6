package enrich

import (
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// maxForwards is how many subjects of messages within a text are judged.
const maxForwards = 50

// forwarded looks at the headers of messages that a text holds as a whole, forwarded or
// quoted: a marked one is withheld with what goes around it until somebody has looked.
func (p *privacyFinder) forwarded(text string) {
	sender, found := -10, 0
	n := 0
	for line := range strings.Lines(text) {
		n++
		if len(line) > 4*maxMarked {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimLeft(line, "> \t*|"), ":")
		if !ok || len(name) > 24 {
			continue
		}
		switch fold(name) {
		case "from", "de", "von", "da", "van", "exp", "expediteur", "date", "sent", "envoye", "gesendet", "enviado", "inviato", "to", "a", "an", "para":
			sender = n
		case "subject", "objet", "sujet", "betreff", "asunto", "oggetto", "onderwerp", "assunto":
			// Beside a subject stand other fields of the same header.
			if found++; found > maxForwards {
				return
			}
			if own := p.lex.ownSubject(strings.Trim(value, " *\t\r\n")); n-sender <= 6 && p.lex.marksSurely(own, inSubject) {
				p.atMost(relais.PrivacyDoubtful, p.lex.judge(own, inSubject), signalMarkForwarded)
			}
		}
	}
}
