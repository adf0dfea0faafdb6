package tag

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/fold"
)

// maxPrefixes is how many prefixes of a subject are undone.
const maxPrefixes = 24

// ownSubject undoes what others than the sender put before a subject: the prefixes of
// replies, forwards and answers of machines, the tags of gateways and lists; and the
// quotes around all of it. A tag that is itself a mark stays.
func (l *privateWords) ownSubject(s string) string {
	s = cutAt(strings.TrimSpace(s), maxMarked)
	for range maxPrefixes {
		rest, ok := l.cutPrefix(s)
		if !ok {
			return s
		}
		s = strings.TrimSpace(rest)
	}
	return s
}

func (l *privateWords) cutPrefix(s string) (rest string, ok bool) {
	if rest, ok = l.cutTag(s); ok {
		return rest, true
	}
	if rest, ok = l.cutHead(s); ok {
		return rest, true
	}
	return unquote(s)
}

// cutTag cuts a leading tag in brackets or stars, "[EXTERNAL]", "***SPAM***"; round
// brackets, which people write too, only around a gateway's word. Of "[Fwd: subject]"
// the subject stays.
func (l *privateWords) cutTag(s string) (rest string, ok bool) {
	first, n := utf8.DecodeRuneInString(s)
	closing := map[rune]string{'[': "]", '{': "}", '<': ">", '【': "】", '(': ")", '*': "*", '#': "#", '_': "_"}[first]
	if closing == "" {
		return s, false
	}
	body := s[n:]
	if first == '*' || first == '#' || first == '_' {
		body = strings.TrimLeft(body, closing)
	}
	content, rest, found := strings.Cut(body, closing)
	if !found || fold.String(content) == "" {
		return s, false
	}
	if inner, forwarded := l.cutHead(content); forwarded && strings.TrimSpace(strings.Trim(rest, closing)) == "" {
		return inner, true
	}
	if l.marksSurely(content, inSubject) || first == '(' && !l.gateways[wordsOnly(content)] {
		return s, false
	}
	return strings.TrimLeft(rest, closing+" :-"), true
}

// cutHead cuts what stands before a colon, if it is a known prefix: "Re:", "RE[2] :",
// "Réponse automatique :"; a gateway's word also before a dash or bar.
func (l *privateWords) cutHead(s string) (rest string, ok bool) {
	for i, r := range s {
		if i > 80 {
			break
		}
		dash := strings.ContainsRune("-\u2013\u2014|", r)
		if !dash && r != ':' && r != '\uFF1A' {
			continue
		}
		head := wordsOnly(s[:i])
		if l.gateways[head] || !dash && l.replies[head] {
			return s[i+utf8.RuneLen(r):], true
		}
		if !dash {
			break
		}
	}
	return s, false
}

// wordsOnly folds a prefix without the count of "Re[2]" and "Re^3".
func wordsOnly(s string) string {
	return strings.TrimRight(fold.String(s), "0123456789 ")
}

// unquote takes the quotes off a subject that stands within them as a whole.
func unquote(s string) (string, bool) {
	first, n := utf8.DecodeRuneInString(s)
	last, m := utf8.DecodeLastRuneInString(s)
	if len(s) <= n+m || !isQuote(first) || !isQuote(last) {
		return s, false
	}
	return s[n : len(s)-m], true
}

func isQuote(r rune) bool {
	return r == '"' || r == '\'' || r == '`' || unicode.Is(unicode.Pi, r) || unicode.Is(unicode.Pf, r) || r == '\u201E' || r == '\u201A'
}

// quoted gives the parts of a subject that stand within double quotes: `Read: "Perso:
// dinner" (yesterday)` speaks of another message.
func quoted(s string) []string {
	var list []string
	start := -1
	for i, r := range s {
		switch {
		case r != '"' && r != '«' && r != '»' && r != '\u201C' && r != '\u201D' && r != '\u201E':
		case start < 0:
			start = i + utf8.RuneLen(r)
		default:
			list = append(list, s[start:i])
			start = -1
		}
	}
	return list
}
