package tag

import (
	"strings"

	"golang.org/x/text/width"
)

// baseSubject cuts the marks of replies, forwards and answers that programs write
// themselves (RFC 5256 section 2.1, in more languages than its own) and tells whether
// there were any. The text is folded to lower case and single spaces.
func baseSubject(s string) (base string, reply bool) {
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	for {
		cut := cutMark(s)
		if cut == s {
			return s, reply
		}
		s, reply = cut, true
	}
}

// ThreadSubject gives the base subject of RFC 5256 section 2.1: blobs ("[EXTERNAL]", the
// name of a list) are cut, too, wherever they stand among the marks, unless nothing is
// left.
func ThreadSubject(s string) (base string, reply bool) {
	base, reply = baseSubject(s)
	for {
		cut := cutBlob(base)
		if cut == base {
			return base, reply
		}
		var more bool
		base, more = baseSubject(cut)
		reply = reply || more
	}
}

// cutBlob cuts one leading "[...]", or what a gateway writes in other brackets, and the
// brackets around a whole "[fwd: ...]".
func cutBlob(s string) string {
	if inner, ok := strings.CutPrefix(s, "[fwd:"); ok && strings.HasSuffix(inner, "]") {
		return strings.TrimSpace(strings.TrimSuffix(inner, "]"))
	}
	for _, pair := range [...][2]string{{"[", "]"}, {"{", "}"}, {"***", "***"}} {
		inner, ok := strings.CutPrefix(s, pair[0])
		if !ok {
			continue
		}
		_, rest, ok := strings.Cut(inner, pair[1])
		if rest = strings.TrimSpace(rest); ok && rest != "" {
			return rest
		}
	}
	return s
}

// maxMark is how many bytes the mark of a reply may have.
const maxMark = 60

// cutMark cuts one leading "re:", "tr :", "re[2]:" or a "(fwd)" at the end.
func cutMark(s string) string {
	if t, ok := strings.CutSuffix(s, "(fwd)"); ok {
		return strings.TrimSpace(t)
	}
	i := strings.IndexAny(s, ":：")
	if i < 0 || i > maxMark {
		return s
	}
	head, rest := s[:i], strings.TrimPrefix(strings.TrimPrefix(s[i:], ":"), "：")
	if isReplyMark(width.Narrow.String(strings.TrimSpace(head))) {
		return strings.TrimSpace(rest)
	}
	return s
}

// isReplyMark tells what mail programs, calendars and robots write before the subject
// of what they answer or pass on, with the count that some add: "re[2]", "re(2)", "re^2".
func isReplyMark(head string) bool {
	head = strings.TrimRight(head, "0123456789[]()^*. ")
	switch head {
	case "re", "fw", "fwd", "forward", "forwarded": // RFC 5256
		return true
	case "ré", "rép", "rep", "réf", "ref", "tr", "réponse", "fwd tr", "trans": // French
		return true
	case "aw", "antw", "antwort", "wg", "weitergeleitet": // German
		return true
	case "rv", "resp", "respuesta", "reenv", "res", "enc", "r", "i", "rif", "inoltra", "inoltrato": // Spanish, Portuguese, Italian
		return true
	case "sv", "vs", "vb", "vl", "doorst", "odp", "pd", "ha", "továbbítás", "vá", "ynt", "ilt", "atb", "bls", "trs", "απ", "σχετ", "πρθ", "ответ", "отв", "пересл": // Nordic, Dutch, Polish, Hungarian, Turkish, Welsh, Malay, Greek, Russian
		return true
	case "回复", "回覆", "答复", "答覆", "转发", "轉寄", "轉發", "返信", "転送", "회신", "답장", "전달", "השב", "הועבר", "رد", "إعادة توجيه":
		return true
	case "accepté", "acceptée", "refusé", "refusée", "provisoire", "accepted", "declined", "tentative", "tentatively accepted",
		"zugesagt", "abgelehnt", "mit vorbehalt", "aceptado", "aceptada", "rechazado", "rechazada", "accettato", "rifiutato", "geaccepteerd": // answers to invitations
		return true
	case "réponse automatique", "automatic reply", "autoreply", "auto reply", "automatische antwort", "automatisch antwoord", "respuesta automática", "risposta automatica", "resposta automática",
		"absence du bureau", "out of office", "abwesenheitsnotiz", "fuera de la oficina", "fuori sede", "message d'absence": // robots
		return true
	case "lu", "read", "gelesen", "leído", "letto", "non lu", "not read", "non remis", "undeliverable", "unzustellbar", "remis", "delivered", "accusé de réception": // receipts
		return true
	}
	return false
}
