package extract

import (
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/format"
)

// TestBodyText takes the form of a body that says what was meant, and loses no word of
// the other.
func TestBodyText(t *testing.T) {
	const order = "<html><body><p>Nous confirmons la commande CMD-7781 de 40 vannes papillon au prix de 129 euros pièce, remise comprise.</p></body></html>"
	const ordered = "Nous confirmons la commande CMD-7781 de 40 vannes papillon au prix de 129 euros pièce, remise comprise."
	for name, c := range map[string]struct {
		text, html string
		beside     bool
		want       string
		fromHTML   bool
	}{
		"plain alone":        {"bonjour", "", false, "bonjour", false},
		"HTML alone":         {"", order, false, ordered, true},
		"blank":              {"\u00a0\n \n", order, false, ordered, true},
		"stub":               {"This message requires HTML.", order, false, ordered + "\n\nThis message requires HTML.", true},
		"dots":               {"--\n..\n", order, false, ordered, true},
		"a link":             {"https://mail.client.example/v/1", order, false, ordered, true},
		"an excerpt":         {"Nous confirmons la commande", order, false, ordered, true},
		"same":               {ordered, order, false, ordered, false},
		"same, other breaks": {strings.ReplaceAll(ordered, " de ", "\nde "), order, false, strings.ReplaceAll(ordered, " de ", "\nde "), false},
		"accents lost":       {strings.ReplaceAll(ordered, "è", "e"), order, false, strings.ReplaceAll(ordered, "è", "e"), false},
		"plain says more":    {ordered + "\nP.-S. : palissandre", order, false, ordered + "\nP.-S. : palissandre", false},
		"HTML says more":     {ordered, order + "<p>Livraison en mai</p>", false, ordered + "\n\nLivraison en mai", false},
		"HTML stub":          {ordered, "<p>Texte seul</p>", false, ordered + "\n\nTexte seul", false},
		"link behind words":  {"Voir le devis https://x.example/devis/9", "<p>Voir le <a href='https://x.example/devis/9'>devis</a></p>", false, "Voir le devis https://x.example/devis/9", false},
		"beside":             {"Début", "<p>Suite</p>", true, "Début\n\nSuite", false},
	} {
		text, fromHTML, _ := BodyText(&format.Mail{Text: c.text, HTML: c.html, HTMLBeside: c.beside}, format.DefaultLimits())
		if strings.TrimSpace(text) != c.want || fromHTML != c.fromHTML {
			t.Errorf("%s: got %q (%t), want %q", name, text, fromHTML, c.want)
		}
	}
}
