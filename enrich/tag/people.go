package tag

import (
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// peopleEnricher tells who wrote and received a message, or is invited by a calendar,
// whether a robot sent it, and which outside domains its correspondents are from.
type peopleEnricher struct{}

func (peopleEnricher) Name() string { return "people" }

// maxPeople is how many people a message is said to be exchanged with: a message to
// more is a mailing.
const maxPeople = 200

func (peopleEnricher) Enrich(in *Input, out *Findings) {
	parts := in.Guests // of a calendar that is a file of its own
	if in.Mail != nil {
		out.Automated = automated(in.Mail)
		parts = append(participants(in.Mail), in.Guests...)
	}
	seen := make(map[string]bool, len(parts))
	for _, p := range parts {
		key := p.Address
		if key == "" {
			key = p.Name
		}
		if key == "" || seen[key] || len(out.People) == maxPeople {
			continue
		}
		seen[key] = true
		out.People = append(out.People, p)
		if domain := outside(in, p.Address); domain != "" && !isGuest(p) {
			out.Correspondents = append(out.Correspondents, domain)
		}
	}
	slices.Sort(out.Correspondents)
	out.Correspondents = slices.Compact(out.Correspondents)
}

// participants gives the people of a message's header with their roles, senders first.
func participants(m *format.Mail) []relais.Person {
	list := make([]relais.Person, 0, len(m.From)+len(m.To)+len(m.Cc)+2)
	for _, field := range [...]struct {
		role string
		list []relais.Address
	}{{"from", m.From}, {"from", m.Sender}, {"to", m.To}, {"cc", m.Cc}, {"bcc", m.Bcc}, {"reply_to", m.ReplyTo}} {
		for _, a := range field.list {
			list = append(list, relais.Person{Name: a.Name, Address: strings.ToLower(a.Address), Role: field.role})
		}
	}
	return list
}

// isGuest tells whether only an invitation names someone. Guests may be anyone's: no
// client is discovered from their domains.
func isGuest(p relais.Person) bool { return p.Role == roleGuest || p.Role == roleOrganizer }

// outside gives the registrable domain of a correspondent whose organisation may be
// a client, else "".
func outside(in *Input, address string) string {
	if address == "" || isRobot(address) {
		return ""
	}
	domain := crm.Registrable(crm.HostOf(address))
	if domain == "" || crm.IsFreeMail(domain) || in.isOwnDomain(domain) {
		return ""
	}
	return domain
}

// automated tells whether a message was sent by a robot or to a list: RFC 2919
// (List-Id), RFC 2369 (List-Unsubscribe), RFC 3834 (Auto-Submitted, and Precedence,
// which is older than any of them), or the name of the sender's mailbox.
func automated(m *format.Mail) bool {
	if Header(m, "List-Id") != "" || Header(m, "List-Unsubscribe") != "" {
		return true
	}
	switch strings.ToLower(strings.TrimSpace(Header(m, "Precedence"))) {
	case "bulk", "list", "junk", "auto_reply":
		return true
	}
	if v := strings.ToLower(strings.TrimSpace(Header(m, "Auto-Submitted"))); v != "" && v != "no" {
		return true
	}
	return len(m.From) > 0 && isRobot(strings.ToLower(m.From[0].Address))
}

// isRobot tells whether an address is one that no person reads.
func isRobot(address string) bool {
	local, _, _ := strings.Cut(address, "@")
	if strings.ContainsAny(local, "-_.") {
		local = strings.Map(func(r rune) rune {
			if r == '-' || r == '_' || r == '.' {
				return -1
			}
			return r
		}, local)
	}
	for _, p := range [...]string{"noreply", "donotreply", "nepasrepondre", "pasdereponse", "mailerdaemon", "postmaster", "bounce", "newsletter", "nonreply"} {
		if strings.HasPrefix(local, p) || p == "noreply" && strings.HasSuffix(local, p) {
			return true
		}
	}
	switch local {
	case "notification", "notifications", "alert", "alerts", "alertes", "daemon", "robot", "automailer", "listserv", "majordomo":
		return true
	}
	return false
}
