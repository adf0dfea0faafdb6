package tag

import (
	"strings"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// maxForwards is how many subjects of messages within a text are judged.
const maxForwards = 50

// headerLines is how many lines apart two fields of one header in a text may stand.
const headerLines = 6

// forwarded looks at the headers of messages that a text holds as a whole, forwarded or
// quoted: a marked one is withheld with what goes around it until somebody has looked.
// A subject is one where other fields of a header stand by, in any order.
func (p *privacyFinder) forwarded(text string) {
	n, other, found := 0, -headerLines, 0
	subject, at := "", 0 // that waits for another field
	for line := range strings.Lines(text) {
		n++
		if len(line) > 4*maxMarked {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimLeft(line, "> \t*|"), ":")
		if !ok || len(name) > 24 {
			continue
		}
		switch fold.String(name) {
		case "from", "de", "von", "da", "van", "exp", "expediteur", "date", "datum", "fecha", "data", "sent", "envoye", "gesendet", "enviado", "inviato", "to", "a", "an", "pour", "para":
			other = n
		case "subject", "objet", "sujet", "betreff", "asunto", "oggetto", "onderwerp", "assunto":
			if found++; found > maxForwards {
				return
			}
			subject, at = p.lex.ownSubject(strings.Trim(value, " *\t\r\n")), n
		default:
			continue
		}
		if subject != "" && max(n-at, n-other) <= headerLines {
			if p.lex.marksSurely(subject, inSubject) {
				p.atMost(relais.PrivacyDoubtful, p.lex.judge(subject, inSubject), signalMarkForwarded)
			}
			subject = ""
		}
	}
}
