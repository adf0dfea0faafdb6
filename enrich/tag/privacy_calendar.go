package tag

import (
	"io"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// calendar looks at the appointments of an iCalendar object. CLASS:PRIVATE (RFC 5545
// section 3.8.1.3) is the padlock that a person sets; CONFIDENTIAL is what programs
// also write for what is the company's secret. One of many that is private does not
// mark the others for sure.
func (m *innerMarks) calendar(p innerPart, body io.Reader) error {
	var all, private, confidential int
	var within []string
	var failed error
	for line, err := range unfolded(body) {
		failed = err
		name, _, value := contentLine(line)
		switch name {
		case "BEGIN":
			if within = append(within, strings.ToUpper(value)); len(within) > 10 {
				within = within[1:]
			}
			if isAppointment(within) {
				all++
			}
			continue
		case "END":
			within = within[:max(len(within)-1, 0)]
			continue
		}
		if !isAppointment(within) {
			continue
		}
		switch name {
		case "CLASS":
			switch strings.ToUpper(value) {
			case "PRIVATE":
				private++
			case "CONFIDENTIAL":
				confidential++
			}
		case "SUMMARY":
			summary := m.finder.lex.ownSubject(unescapeText(value))
			m.finder.atMost(relais.PrivacyDoubtful, m.finder.lex.judge(summary, inSubject), signalMarkAppointment)
		case "CATEGORIES":
			for _, c := range splitLabels(unescapeText(value), ",") {
				m.finder.atMost(relais.PrivacyDoubtful, m.finder.lex.judge(c, inFolder), signalMarkAppointment)
			}
		}
	}
	switch {
	case private > 0 && private == all && !p.within && (p.invitation || p.depth == 0):
		m.finder.take(mark{class: relais.PrivacySufficient, word: "private"}, signalMarkAppointment)
	case private > 0:
		m.finder.take(mark{class: relais.PrivacyDoubtful, word: "private"}, signalMarkAppointment)
	case confidential > 0:
		m.finder.take(mark{class: relais.PrivacyDoubtful, word: "confidential"}, signalMarkAppointment)
	}
	return failed
}

// isAppointment tells whether the innermost open component is an event, task or note.
func isAppointment(within []string) bool {
	if len(within) == 0 {
		return false
	}
	switch within[len(within)-1] {
	case "VEVENT", "VTODO", "VJOURNAL":
		return true
	}
	return false
}

// unescapeText undoes the escapes of a text value (RFC 5545 section 3.3.11).
func unescapeText(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, " ", `\N`, " ").Replace(s)
}
