package tag

import (
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// The signals that tie a message or file to a client, as they stand in evidence.
const (
	signalContact       = "contact"        // an address that is a contact's
	SignalDomain        = "domain"         // an address at a client's domain
	signalContactDomain = "contact_domain" // an address at a domain of a client's contacts
	signalQuoted        = "quoted"         // such an address, of the sender of a quoted or forwarded message
	signalQuotedOther   = "quoted_other"   // such an address elsewhere in quoted text
	signalMeeting       = "meeting"        // such an address, of a guest whom only an invitation names
	signalWritten       = "address"        // such an address in new text or signature
	signalSIREN         = "siren"          // a SIREN, SIRET or French VAT number
	signalPhone         = "phone"          // a contact's telephone number
	signalSubject       = "subject"        // a name in the subject
	signalText          = "text"           // a name in new text
	signalListed        = "listed"         // a name in a file, or among several in a note between colleagues, with its line
	signalSignature     = "signature"      // a name in a signature
	signalAttachment    = "attachment"     // a name in an attachment's file name
	signalFile          = "file_name"      // a name in the file's name
	signalHeading       = "heading"        // the one name at the head of a file: the client that a quote or contract is for
	signalFolder        = "folder"         // a name in the folder's
	SignalThread        = "thread"         // another message of the thread
)

// signalWeight gives the chance, in thousandths, that a client is the right one when
// this signal alone points to it.
//
// How they were set: on the generated mailbox every signal is always right, so it sets
// no weight, but checks that none spoils another. On the rep's real mail of the corpus
// (TestClientsOfRealMail prints both tables), addresses at a client's domain made the
// truth; names in the text alone were never right, being news of the market, nor were
// addresses in quoted lists of recipients: both stay under relais.ShownConfidence, so
// that alone they lead to review. These two were lowered after those errors were read,
// so that mail tests them no more. The rest is judgement, in the order of the design:
// no weight was fitted.
func signalWeight(signal string) int {
	switch signal {
	case signalContact:
		return 970
	case SignalDomain:
		return 930
	case signalContactDomain:
		return 850
	case signalSIREN:
		return 950
	case signalFolder:
		return 850
	case signalSubject, signalFile:
		return 800
	case signalHeading:
		return 750
	case signalQuoted, signalPhone:
		return 700
	case signalAttachment, signalSignature:
		return 650
	case signalWritten, signalMeeting:
		return 600
	case signalListed: // shown, but not once a thread has passed it on
		return 550
	case signalText:
		return 450
	case signalQuotedOther:
		return 300
	}
	return 0
}

// Shares, in thousandths, of a signal's weight.
const (
	shareCopied    = 850 // an address in Cc or Bcc
	shareRobot     = 700 // a robot's address
	shareOneWord   = 700 // a name of one word
	shareOneListed = 920 // the same, in a list
	maxClientTags  = 200 // a list may name them all
	maxDetail      = 100
	maxTextAddress = 100 // addresses in text that are looked up
	headingBytes   = 400 // of a file: letterhead, title, addressee
)

type clientEnricher struct{ index *crm.Index }

func (clientEnricher) Name() string { return "client" }

func (e clientEnricher) Enrich(in *Input, out *Findings) {
	if e.index.Empty() {
		return
	}
	c := clientFinder{index: e.index, in: in, out: out, found: map[string][]relais.Evidence{}}
	c.correspondents()
	if !out.Automated {
		c.textAddresses()
		c.numbers()
		c.mentions()
		c.settleGeneric()
	}
	out.Clients = tagsOf(c.found, maxClientTags)
	for i := range out.Clients {
		out.Clients[i].Name = e.index.NameOf(out.Clients[i].ID)
	}
}

// clientFinder gathers the evidence of one message or file.
type clientFinder struct {
	index   *crm.Index
	in      *Input
	out     *Findings
	found   map[string][]relais.Evidence
	generic map[string][]relais.Evidence // counts only beside other evidence
}

// add adds evidence for clients that share it: the more they are, the less it says.
func (c *clientFinder) add(ids []string, signal, detail string, share int) {
	weight := signalWeight(signal) * share / 1000 / len(ids)
	for _, id := range ids {
		c.found[id] = append(c.found[id], relais.Evidence{Signal: signal, Detail: cutAt(detail, maxDetail), Weight: weight})
	}
}

// correspondents looks up the addresses of the header. Of a list or a newsletter only
// a contact's own address counts; of a robot at a client's, its domain as well.
func (c *clientFinder) correspondents() {
	listed := Header(c.in.Mail, "List-Id") != "" || Header(c.in.Mail, "List-Unsubscribe") != ""
	for _, p := range c.out.People {
		share := 1000
		if p.Role == "cc" || p.Role == "bcc" {
			share = shareCopied
		}
		contact, host := signalContact, ""
		if isGuest(p) {
			contact, host = signalMeeting, signalMeeting
		}
		if ids := c.index.ByAddress(p.Address); len(ids) > 0 {
			c.add(ids, contact, p.Address, share)
			continue
		}
		if listed || p.Address == "" {
			continue
		}
		if c.out.Automated {
			share = share * shareRobot / 1000
		}
		c.addHost(crm.HostOf(p.Address), host, share)
	}
}

// addHost adds what an address's host says, under a signal of its own or the given one.
func (c *clientFinder) addHost(host, signal string, share int) {
	domain, known := c.index.ByHost(host)
	if domain == "" || c.in.isOwnDomain(crm.Registrable(host)) {
		return
	}
	if signal == "" {
		signal = SignalDomain
		if known.Contacts {
			signal = signalContactDomain
		}
	}
	c.add(known.Clients, signal, domain, share)
}

// textAddresses looks up addresses in the text: of forwarded senders, above all.
func (c *clientFinder) textAddresses() {
	text := c.in.head()
	seen := map[string]bool{}
	for at, n := 0, 0; n < maxTextAddress; n++ {
		start, end := nextAddress(text, at)
		if end < 0 {
			return
		}
		at = end
		address := strings.ToLower(text[start:end])
		signal := signalWritten
		if zoneAt(c.out.Zones, start) == relais.ZoneQuote {
			signal = signalQuotedOther
			if isQuotedSender(text, start, end) {
				signal = signalQuoted
			}
		}
		if seen[signal+address] {
			continue
		}
		seen[signal+address] = true
		if ids := c.index.ByAddress(address); len(ids) > 0 {
			c.add(ids, signal, address, 1000)
		} else {
			c.addHost(crm.HostOf(address), signal, 1000)
		}
	}
}

// numbers looks up the numbers of new text and signatures.
func (c *clientFinder) numbers() {
	if !c.index.HasNumbers() {
		return
	}
	for _, kind := range [...]relais.ZoneKind{relais.ZoneNew, relais.ZoneSignature} {
		for _, text := range spans(c.in, c.out, kind) {
			eachNumber(text, func(digits string) {
				if known, ok := c.index.ByNumber(digits); ok {
					signal := signalSIREN
					if known.Phone {
						signal = signalPhone
					}
					c.add(known.Clients, signal, digits, 1000)
				}
			})
		}
	}
}

// mentions looks for names where people put them.
func (c *clientFinder) mentions() {
	if c.in.Mail != nil {
		c.names(c.in.Mail.Subject, signalSubject)
	}
	if c.in.Kind == relais.KindFile {
		c.names(c.in.Name, signalFile)
	}
	for segment := range strings.SplitSeq(c.in.Folder, "/") {
		c.names(segment, signalFolder)
	}
	for i, name := range c.in.Attachments {
		if i == 100 {
			break
		}
		c.names(name, signalAttachment)
	}
	c.heading()
	c.inText()
}

// inText looks for names in the text. The rep's own papers (a list of
// accounts, a report, a note for the successor) are about each client that they name;
// mail exchanged with others mostly is not.
func (c *clientFinder) inText() {
	var fresh []crm.Match
	text := c.in.head()
	c.index.Names(c.in.textWords(), func(m crm.Match) {
		if inAddress(text, m.Start, m.End) {
			return
		}
		switch zoneAt(c.out.Zones, m.Start) {
		case relais.ZoneNew:
			fresh = append(fresh, m)
		case relais.ZoneSignature:
			c.named(m, signalSignature, text[m.Start:m.End], "")
		}
	})
	if !c.ownPaper(fresh) {
		for _, m := range fresh {
			c.named(m, signalText, text[m.Start:m.End], "")
		}
		return
	}
	line, at, seen := 1, 0, map[string]bool{}
	for _, m := range fresh {
		line, at = line+strings.Count(text[at:m.Start], "\n"), m.Start
		if key := strings.Join(m.Clients, " "); !seen[key] {
			seen[key] = true
			c.named(m, signalListed, text[m.Start:m.End], ", l. "+strconv.Itoa(line))
		}
	}
}

// ownPaper tells whether a text was written in the house: a file, or a message between
// colleagues that names several clients.
func (c *clientFinder) ownPaper(names []crm.Match) bool {
	if c.in.Mail == nil {
		return true
	}
	for _, p := range c.out.People {
		if p.Address != "" && !c.in.IsOwn(p.Address) {
			return false
		}
	}
	return len(c.out.People) > 0 && slices.ContainsFunc(names, func(m crm.Match) bool { return !slices.Equal(m.Clients, names[0].Clients) })
}

// heading looks for the client that a file is made out to. A head that names several
// is that of a list or a report, and does not tell who the file is for.
func (c *clientFinder) heading() {
	if c.in.Kind != relais.KindFile {
		return
	}
	text := cutAt(c.in.Text, headingBytes)
	var found []crm.Match
	clients := map[string]bool{}
	c.index.Names(fold.Words(text, nil), func(m crm.Match) {
		if !inAddress(text, m.Start, m.End) {
			found = append(found, m)
			clients[strings.Join(m.Clients, " ")] = true
		}
	})
	if len(clients) == 1 {
		c.named(found[0], signalHeading, text[found[0].Start:found[0].End], "")
	}
}

// names looks for names in a short text.
func (c *clientFinder) names(text, signal string) {
	if text == "" {
		return
	}
	text = cutAt(text, 1000)
	c.index.Names(fold.Words(text, nil), func(m crm.Match) {
		m.Capital = m.Capital || signal != signalSubject
		c.named(m, signal, text[m.Start:m.End], "")
	})
}

// named adds a name, and where it stands. One of a single word is a common word without
// its capital.
func (c *clientFinder) named(m crm.Match, signal, text, place string) {
	detail, share := strings.Join(strings.Fields(text), " ")+place, 1000
	if m.Words == 1 {
		if !m.Capital {
			return
		}
		share = shareOneWord
		if signal == signalListed {
			share = shareOneListed
		}
	}
	if m.Generic {
		if c.generic == nil {
			c.generic = map[string][]relais.Evidence{}
		}
		for _, id := range m.Clients {
			weight := signalWeight(signal) * share / 1000 / 2 / len(m.Clients)
			c.generic[id] = append(c.generic[id], relais.Evidence{Signal: signal, Detail: cutAt(detail, maxDetail), Weight: weight})
		}
		return
	}
	c.add(m.Clients, signal, detail, share)
}

// settleGeneric lets names of generic words add to what other evidence shows.
func (c *clientFinder) settleGeneric() {
	for id, evidence := range c.generic {
		if len(c.found[id]) > 0 {
			c.found[id] = append(c.found[id], evidence...)
		}
	}
}
