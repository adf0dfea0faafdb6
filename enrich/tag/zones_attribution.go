package tag

import "strings"

// attribution gives the line at which "Le ... a écrit :" or its like begins, if it
// ends at line i, which reads s; else -1. Mail programs wrap it over up to four
// lines, so it is looked for from its end, which is rare, backwards.
func (t *zoned) attribution(i int, s string) int {
	if len(s) > 300 {
		return -1
	}
	if isDated(s) && (strings.Contains(s, "GMT") || strings.HasSuffix(s, ">") || strings.HasSuffix(t.at(i+1), ">:") && len(s) < 200) {
		return i // "2016-10-24 15:36 GMT+02:00 Name <address>:", as Gmail wrote in some languages
	}
	if from := t.datedAttribution(i, s); from >= 0 {
		return from
	}
	if strings.HasSuffix(s, ":") && saysWrote(s) && strings.HasPrefix(t.at(t.next(i+1)), ">") {
		return i // "Name writes:" is an attribution if quoted lines follow
	}
	return -1
}

// datedAttribution gives the line at which an attribution begins that names a date or
// an address, as mail programs write them.
func (t *zoned) datedAttribution(i int, s string) int {
	last, ok := attributionEnd(s)
	if !ok {
		return -1
	}
	joined := s
	for j := i; j > i-4; j-- {
		if j < i {
			above := t.at(j)
			if above == "" || len(above) > 300 {
				break
			}
			joined = above + " " + joined
		}
		if opensAttribution(joined) && (last || strings.Contains(joined, "schrieb")) && strings.ContainsAny(joined, "0123456789@") {
			return j
		}
	}
	return t.senderAbove(i, s, last)
}

// senderAbove gives the line that names the sender by address, for attributions that
// begin with a name: "Name <address> wrote:".
func (t *zoned) senderAbove(i int, s string, last bool) int {
	above := t.at(i - 1)
	named := strings.Contains(above, "@") && strings.Contains(above, "<") && len(s) < 60
	switch {
	case last && strings.Contains(s, "@"):
		return i
	case named && (last || strings.Contains(above, "schrieb")):
		return i - 1
	}
	return -1
}

// attributionEnd tells whether a line may end an attribution, and whether it holds
// the verb.
func attributionEnd(s string) (verb, ok bool) {
	body := strings.TrimRight(s, " *_-")
	drawn := len(s)-len(body) >= 3
	rest, colon := strings.CutSuffix(body, ":")
	if !colon {
		rest, colon = strings.CutSuffix(body, "：")
	}
	if !colon && !drawn {
		return false, false
	}
	rest = strings.TrimRight(rest, " \u00a0\u202f")
	for _, v := range attributionVerbs() {
		if strings.Contains(rest, v) {
			return true, true
		}
	}
	return false, strings.HasSuffix(rest, "Uhr") // German puts the date after the verb
}

// attributionVerbs are the words with which mail programs say who wrote.
func attributionVerbs() [19]string {
	return [...]string{
		"a écrit", "a ecrit", "wrote", "schrieb", "escribió", "escribio", "ha scritto", "escreveu", "geschreven", "schreef",
		"skrev", "napisał", "написал", "пишет", "写道", "írta", "napsal", "kirjoitti", "a envoyé",
	}
}

// saysWrote tells whether a short line says that someone wrote, in the many ways of
// people who write that line themselves.
func saysWrote(s string) bool {
	if len(s) > 120 {
		return false
	}
	for _, v := range [...]string{"wrote", "writes", "écrit", "ecrit", "schrieb", "schreibt", "escrib", "scritto", "scrive", "escreveu", "schreef", "skrev", "said", " dit"} {
		if strings.Contains(s, v) {
			return true
		}
	}
	return false
}

// opensAttribution tells whether a line begins as attributions do: with a date, or
// with the word that goes before it.
func opensAttribution(s string) bool {
	s = strings.TrimLeft(s, "-* ")
	if s == "" {
		return false
	}
	if '0' <= s[0] && s[0] <= '9' {
		return true
	}
	for _, p := range [...]string{"Le ", "On ", "Am ", "El ", "Il ", "Em ", "Op ", "Den ", "Dnia ", "At ", "På ", "Em ", "W dniu ", "Dne "} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return strings.HasPrefix(s, "在") || strings.Contains(s[:min(len(s), 40)], " г.") || strings.Contains(s, "г. пользователь")
}

// isDated tells whether a line begins with a date as 2016-10-24 or 2013/7/20.
func isDated(s string) bool {
	if len(s) < 10 {
		return false
	}
	for i, c := range []byte(s[:8]) {
		digit := '0' <= c && c <= '9'
		if i < 4 && !digit || i == 4 && c != '-' && c != '/' || i == 5 && !digit {
			return false
		}
	}
	return true
}
