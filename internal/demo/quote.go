package demo

import (
	"fmt"
	"html"
	"strings"
)

// maxQuoted is how many messages back an answer still quotes.
const maxQuoted = 3

// signature is what stands under a letter.
func (l *letter) signature() string {
	p := l.from
	switch {
	case l.manner.name == "phone":
		return "Envoyé de mon iPhone"
	case l.manner.bare || p.title == "":
		return ""
	}
	lines := []string{p.name, p.title}
	if p.company != "" {
		lines = append(lines, p.company)
	}
	if p.phone != "" {
		lines = append(lines, "Tél. "+p.phone)
	}
	if p.domain() == companyDomain {
		lines = append(lines, "12 quai des Turbines, 00120 Port-Verdanne - www.verdanne.example")
	}
	return "-- \n" + strings.Join(lines, "\n") + disclaimer(p)
}

func disclaimer(p *person) string {
	switch p.client {
	case "C04":
		return "\n\nCe message et ses pièces jointes sont confidentiels et destinés à l'usage exclusif de leurs destinataires. " +
			"Si vous l'avez reçu par erreur, merci d'en avertir l'expéditeur et de le détruire."
	case "C05":
		return "\n\nPensez à l'environnement avant d'imprimer ce message. Chimie Astrolis, site Seveso seuil haut : visites sur plan de prévention."
	case "C08":
		return "\n\nThis e-mail is confidential and intended solely for the addressee. If you have received it in error, please delete it and notify the sender."
	}
	return ""
}

// attribution is the line, or the block, above what is quoted.
func (l *letter) attribution() string {
	q := l.parent
	switch {
	case (l.manner.boxed || l.forward) && l.lang == "en":
		return fmt.Sprintf("From: %s\nSent: %s\nTo: %s\nSubject: %s\n", q.from.address(), q.date.Format("02 January 2006 15:04"), names(q.to), q.subject)
	case l.manner.boxed || l.forward:
		return fmt.Sprintf("De : %s\nEnvoyé : %s %s %s\nÀ : %s\nObjet : %s\n", q.from.address(), weekdayFR(q.date.Weekday()),
			longDate(q.date, "fr"), q.date.Format("15:04"), names(q.to), q.subject)
	case l.lang == "en":
		return fmt.Sprintf("On %s, %s wrote:", q.date.Format("Mon, 2 Jan 2006 at 15:04"), q.from.address())
	case l.manner.name == "thunderbird":
		return fmt.Sprintf("Le %s à %s, %s a écrit :", q.date.Format("02/01/2006"), q.date.Format("15:04"), q.from.name)
	}
	return fmt.Sprintf("Le %s. %s à %s, %s a écrit :", weekdayFR(q.date.Weekday())[:3], longDate(q.date, "fr"), q.date.Format("15:04"), q.from.address())
}

func names(list []*person) string {
	all := make([]string, len(list))
	for i, p := range list {
		all[i] = p.name
	}
	return strings.Join(all, "; ")
}

// plain is the whole text: what was written, the signature, what is quoted.
func (l *letter) plain(depth int) string {
	text := l.text
	if s := l.signature(); s != "" {
		text += "\n\n" + s
	}
	if l.parent == nil || depth == 0 || l.manner.fresh {
		return text
	}
	quoted := l.parent.plain(depth - 1)
	if l.manner.boxed || l.forward {
		rule := "________________________________\n"
		if l.forward {
			rule = "-------- Message transféré --------\n"
		}
		return text + "\n\n" + rule + l.attribution() + "\n" + quoted
	}
	return text + "\n\n" + l.attribution() + "\n> " + strings.ReplaceAll(quoted, "\n", "\n> ")
}

// markup is the same as HTML.
func (l *letter) markup(depth int) string {
	var b strings.Builder
	b.WriteString(paragraphs(l.text))
	if s := l.signature(); s != "" {
		fmt.Fprintf(&b, "<div class=\"signature\">%s</div>\r\n", paragraphs(s))
	}
	if l.parent == nil || depth == 0 || l.manner.fresh {
		return b.String()
	}
	quoted := l.parent.markup(depth - 1)
	if l.manner.boxed || l.forward {
		fmt.Fprintf(&b, "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">%s</div>\r\n%s", paragraphs(l.attribution()), quoted)
	} else {
		fmt.Fprintf(&b, "<div>%s</div>\r\n<blockquote type=\"cite\" style=\"margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex\">%s</blockquote>\r\n",
			paragraphs(l.attribution()), quoted)
	}
	return b.String()
}

func paragraphs(text string) string {
	var b strings.Builder
	for _, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		p = strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\r\n")
		b.WriteString("<p>" + p + "</p>\r\n")
	}
	return b.String()
}

func page(title, body string) string {
	return "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html\"><title>" + html.EscapeString(title) +
		"</title><style>p { margin: 0 0 8pt; font-family: Calibri, sans-serif; font-size: 11pt; }</style></head>\r\n<body lang=\"FR\">\r\n" + body + "</body></html>\r\n"
}
