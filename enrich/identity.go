package enrich

import (
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Identity gives the content id of a message, version 1: what two copies of it share
// however they travelled. A date that was read from a Received field does not count,
// for it belongs to one journey. The body is the plain text, or the HTML of a message
// that has no other.
func Identity(m *format.Mail) relais.ContentID {
	id := relais.MessageIdentity{
		From: addrSpecs(m.From), To: addrSpecs(m.To), Cc: addrSpecs(m.Cc),
		MessageID: m.MessageID, Subject: norm.NFC.String(m.Subject), Body: m.Text,
	}
	if m.DateSource == "header" && !m.Date.IsZero() {
		id.Date = m.Date.UTC().Format(time.RFC3339)
	}
	if strings.TrimSpace(id.Body) == "" {
		id.Body = m.HTML
	}
	id.Body = norm.NFC.String(id.Body)
	for _, a := range m.Attachments {
		if a.Within == "" {
			id.Attachments = append(id.Attachments, a.SHA256)
		}
	}
	return id.Content()
}

// addrSpecs gives addresses in lower case; one that has none is known by its name.
func addrSpecs(list []relais.Address) []string {
	specs := make([]string, 0, len(list))
	for _, a := range list {
		spec := a.Address
		if spec == "" {
			spec = a.Name
		}
		specs = append(specs, norm.NFC.String(strings.ToLower(spec)))
	}
	return specs
}
