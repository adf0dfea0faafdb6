package tag

import (
	"strings"

	"github.com/relais-archive/relais/internal/fold"
)

// markQuotes marks what is quoted: lines that begin with ">", what follows the line
// that introduces a reply or a forward, and blocks of header lines.
//
// Without ">" nobody can tell where a quote ends: it then reaches to the end of the
// text, as mail programs that quote like that put the answer above.
func (t *zoned) markQuotes() {
	for i := 0; i < len(t.lines); {
		s := t.at(i)
		switch {
		case s == "":
			i++
		case s[0] == '>':
			i = t.markBlock(i)
		default:
			from, open := t.introduction(i, s)
			if from < 0 {
				i++
				continue
			}
			to := t.next(i + 1)
			if !strings.HasPrefix(t.at(to), ">") && (open || t.next(0) < from) {
				to = len(t.lines)
			}
			t.mark(from, to, lineQuote)
			i = to
		}
	}
}

// markBlock marks lines that begin with ">" from i on, with the blank lines between
// them, and gives the first line after them.
func (t *zoned) markBlock(i int) int {
	for i < len(t.lines) && strings.HasPrefix(t.at(i), ">") {
		t.lines[i].kind = lineQuote
		i++
		if n := t.next(i); strings.HasPrefix(t.at(n), ">") {
			t.mark(i, n, lineQuote)
			i = n
		}
	}
	return i
}

// introduction gives the first of the lines that introduce a quote, if line i, which
// reads s, ends them, and else -1. The quote is open when it reaches to the end of the
// text even with nothing above it, as forwards do; what follows a lone "Le ... a
// écrit :" is rather an answer whose quote was deleted.
func (t *zoned) introduction(i int, s string) (from int, open bool) {
	switch {
	case isSeparator(s):
		return t.withRule(i), true
	case t.isHeaderBlock(i, s):
		return t.withRule(t.withLotusHead(i)), true
	}
	return t.attribution(i, s), false
}

// withRule gives i, or the line of dashes or underscores above it.
func (t *zoned) withRule(i int) int {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		s := t.at(j)
		if s == "" {
			continue
		}
		if len(s) >= 5 && isRule(s) {
			return j
		}
		break
	}
	return i
}

// isRule tells whether a line is drawn: only characters that lines are drawn with.
func isRule(s string) bool {
	return s != "" && strings.Trim(s, "-_=*#~+. \u2014\u2013\u2500") == ""
}

// isSeparator tells whether a line says that another message follows.
func isSeparator(s string) bool {
	switch s[0] {
	case '-', '_', '*', '=', 'D', 'd', 'B', 'b', 'A', 'I', 'M', 'm':
	default:
		return false
	}
	if len(s) > 200 {
		return false
	}
	core := fold.String(s)
	switch core {
	case "debut du message reexpedie", "debut du message transfere", "begin forwarded message", "message transfere",
		"anfang der weitergeleiteten nachricht", "inicio del mensaje reenviado", "inizio messaggio inoltrato",
		"inicio da mensagem reencaminhada", "begin doorgestuurd bericht":
		return strings.HasSuffix(s, ":") || isDrawn(s)
	}
	return isDrawn(s) && isSeparatorText(core)
}

// isDrawn tells whether a line begins with a drawn part, bold marks aside.
func isDrawn(s string) bool {
	s = strings.TrimLeft(s, "* ")
	return strings.HasPrefix(s, "--") || strings.HasPrefix(s, "__") || strings.HasPrefix(s, "==")
}

func isSeparatorText(core string) bool {
	switch core {
	case "message d origine", "message original", "original message", "forwarded message", "message transfere", "message reexpedie",
		"original appointment", "rendez vous d origine", "mensaje original", "mensaje reenviado", "forwarded mail",
		"ursprungliche nachricht", "original nachricht", "originalnachricht", "weitergeleitete nachricht", "urspr nachricht",
		"messaggio originale", "messaggio inoltrato", "oorspronkelijk bericht", "doorgestuurd bericht",
		"mensagem original", "mensagem encaminhada", "ursprungligt meddelande", "oprindelig meddelelse":
		return true
	}
	// Lotus Notes writes who forwarded, and when, between the dashes.
	return strings.HasPrefix(core, "forwarded by ") || strings.HasPrefix(core, "transfere par ") || strings.HasPrefix(core, "reexpedie par ")
}

// A header block is a line "From:", or its like in another language, with at least
// two other header lines, one of them a date or subject, within the next lines.
const headerBlockLines = 8

type headerLabel uint8

const (
	labelNone headerLabel = 0
	labelFrom headerLabel = 1 << iota
	labelDate
	labelTo
	labelCc
	labelSubject
	labelReply
)

func (t *zoned) isHeaderBlock(i int, s string) bool {
	first := labelOf(s)
	if first != labelFrom && first != labelTo {
		return false
	}
	seen := labelNone
	for j := i + 1; j < len(t.lines) && j <= i+headerBlockLines; j++ {
		seen |= labelOf(t.at(j))
	}
	if first == labelTo { // Lotus Notes: name and date above, then To, cc, Subject
		return seen&labelCc != 0 && seen&labelSubject != 0
	}
	return seen&(labelDate|labelSubject) != 0 && seen&(labelTo|labelSubject|labelReply) != 0 && seen&(seen-1) != 0
}

// withLotusHead gives i, or for a block that begins with "To:" the lines above it
// that hold the sender's name and the date.
func (t *zoned) withLotusHead(i int) int {
	if labelOf(t.at(i)) != labelTo {
		return i
	}
	j := i
	for j > 0 && j > i-4 && t.at(j-1) != "" && len(t.at(j-1)) < 100 {
		j--
	}
	for k := j; k < i; k++ {
		if strings.ContainsAny(t.at(k), "0123456789") {
			return j
		}
	}
	return i
}

// labelOf gives the header field that a line of a quoted message shows.
func labelOf(s string) headerLabel {
	s = strings.TrimLeft(s, "*_ ")
	if len(s) < 2 || len(s) > 1000 {
		return labelNone
	}
	colon := strings.IndexByte(s[:min(len(s), 24)], ':')
	if colon < 1 {
		return labelNone
	}
	switch fold.String(s[:colon]) {
	case "from", "de", "von", "da", "van", "od", "fra", "fran", "expediteur", "от":
		return labelFrom
	case "sent", "date", "envoye", "envoye le", "gesendet", "datum", "enviado", "enviado el", "enviada em", "data", "inviato", "verzonden",
		"fecha", "skickat", "sendt", "дата", "sent on":
		return labelDate
	case "to", "a", "an", "para", "aan", "pour", "till", "til", "destinataire", "кому":
		return labelTo
	case "cc", "copie", "copie a", "kopie", "copia", "cci", "bcc":
		return labelCc
	case "subject", "objet", "sujet", "betreff", "asunto", "oggetto", "onderwerp", "assunto", "amne", "emne", "тема":
		return labelSubject
	case "reply to", "repondre a", "risposta", "antwort an", "responder a", "rispondi a":
		return labelReply
	}
	return labelNone
}
