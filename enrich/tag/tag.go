// Package tag answers one question: what is this about, and for whom? Its [Enricher]s
// say what one occurrence of a message or file says by itself: zones, language, privacy,
// people, clients, topics. They are pure, deterministic and linear in the size of their
// input, they need no file from outside and keep nothing, and they may be used by several
// goroutines at once. What the occurrences of one document and the messages of a thread
// say together is the stage's to decide.
package tag

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// Input is the subject of enrichment: one occurrence of one message or file,
// parsed, before any merging. Enrichers only read it; one goroutine at a time.
type Input struct {
	Case        relais.CaseID
	Owner       relais.Owner // whose mailbox it was found in
	Kind        relais.DocKind
	Source      string   // the label of where it was captured
	Folder      string   // decoded, "/" between levels
	Name        string   // of a file
	SavedAs     string   // of a message that was saved as a file: that file's name
	Labels      []string // beside the folder
	Mail        *format.Mail
	Text        string            // of the message or file: UTF-8, LF
	FromHTML    bool              // Text was made from HTML
	Attachments []string          // their file names
	Inner       []relais.Evidence // marks of privacy that parts of it bear themselves
	Guests      []relais.Person   // people invited by calendars among them, or by the file itself
	Received    time.Time

	words   []fold.Word // the head of Text as words
	wordsOf string      // that head
	fresh   []fold.Word // of the words, those of new text
	own     *own
}

// Findings is what one occurrence says directly, before anything is inherited from
// its thread. Enrichers add to it in the order of a [Set]: a later one may rely
// on what an earlier one found.
type Findings struct {
	Zones    []relais.Zone
	Language string // ISO 639-1, "" when unknown
	Privacy  relais.Privacy
	People   []relais.Person
	Clients  []relais.Tag // by falling confidence; Name is set
	Topics   []relais.Tag // by falling confidence; Name is filled in where they are shown

	// Correspondents are the registrable domains of the outside correspondents,
	// sorted: neither free-mail nor the owner's own. From these clients are
	// discovered, when no list of clients is known and the mail is not Automated.
	Correspondents []string
	Automated      bool // sent by a robot or to a list
}

// Enricher adds one kind of finding. It must be a pure function of its input, the
// earlier findings and what it was made from.
type Enricher interface {
	// Name is a stable word, such as "zones".
	Name() string
	// Enrich reads in and adds to out. It never fails: what it cannot tell it
	// leaves out.
	Enrich(in *Input, out *Findings)
}

// maxRead is how many bytes of a text enrichers look at: a bound on work that only
// files exceed, and what a document is about is said long before.
const maxRead = 1 << 20

// head gives the part of the text that enrichers look at.
func (in *Input) head() string { return cutAt(in.Text, maxRead) }

// textWords gives the words of the head of the text, made once for each text: a file
// is looked at before its text is read, and again after.
func (in *Input) textWords() []fold.Word {
	if head := in.head(); in.words == nil || in.wordsOf != head {
		in.words, in.wordsOf, in.fresh = fold.Words(head, make([]fold.Word, 0, len(head)/5+8)), head, nil
	}
	return in.words
}

// newWords gives those of them that are new, made once: zones do not change after the
// first enricher.
func (in *Input) newWords(out *Findings) []fold.Word {
	all := in.textWords()
	if in.fresh == nil {
		in.fresh = wordsIn(all, out.Zones, relais.ZoneNew)
	}
	return in.fresh
}

// own is what an owner's addresses tell about who cannot be a client.
type own struct {
	domains []string
}

// OwnDomains are the registrable domains of an owner's addresses that are not
// free-mail: who writes from there is the owner or a colleague.
func OwnDomains(owner relais.Owner) []string {
	var list []string
	for i := -1; i < len(owner.Aliases); i++ {
		address := owner.Address
		if i >= 0 {
			address = owner.Aliases[i]
		}
		if d := crm.Registrable(crm.HostOf(address)); d != "" && !crm.IsFreeMail(d) && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

// IsOwn tells whether an address is the owner's or a colleague's.
func (in *Input) IsOwn(address string) bool {
	return in.Owner.Is(address) || in.isOwnDomain(crm.Registrable(crm.HostOf(address)))
}

// isOwnDomain tells whether a registrable domain is the owner's company's.
func (in *Input) isOwnDomain(domain string) bool {
	if in.own == nil {
		in.own = &own{domains: OwnDomains(in.Owner)}
	}
	return slices.Contains(in.own.domains, domain)
}

// spans gives the spans of the head of the text that are in zones of a kind.
func spans(in *Input, out *Findings, kind relais.ZoneKind) []string {
	text := in.head()
	if len(out.Zones) == 0 && kind == relais.ZoneNew {
		return []string{text}
	}
	var list []string
	for _, z := range out.Zones {
		if z.Kind == kind && z.Start < len(text) {
			list = append(list, text[z.Start:min(z.End, len(text))])
		}
	}
	return list
}

// Header gives the first value of a field of a message's header, without regard to
// case (RFC 5322 section 1.2.2), or "".
func Header(m *format.Mail, name string) string {
	if m == nil {
		return ""
	}
	for _, f := range m.Header {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// cutAt cuts a string to at most n bytes, at the start of a rune.
func cutAt(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
