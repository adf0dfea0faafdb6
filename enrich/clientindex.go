package enrich

import (
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// ClientIndex finds known clients in messages and files. It is built once and never
// changes. Looking anything up in it takes time that does not depend on how many
// clients there are.
type ClientIndex struct {
	names     map[string]string   // the clients' names by id
	addresses map[string][]string // contacts' addresses: ids
	domains   map[string]domainOf // hosts: ids
	numbers   map[string]numberOf // SIREN numbers and ends of telephone numbers: ids
	phrases   map[uint64]nameOf   // hashed names: ids
	starts    map[uint64]int      // hashed first words of names: words of the longest
}

type domainOf struct {
	ids      []string
	contacts bool // known from contacts' addresses only
}

type numberOf struct {
	ids    []string
	signal string
}

type nameOf struct {
	ids     []string
	words   int
	generic bool // made of words that many names share
}

// maxNameWords is how many words of a name are looked at: five tell companies apart.
const maxNameWords = 5

// NewClientIndex makes the index of some clients and their contacts. Contacts of
// unknown clients are passed over, and so are free-mail domains, which some CRM
// exports give for a client's.
func NewClientIndex(clients []relais.Client, contacts []relais.Contact) *ClientIndex {
	x := &ClientIndex{
		names: make(map[string]string, len(clients)), addresses: map[string][]string{}, domains: map[string]domainOf{},
		numbers: map[string]numberOf{}, phrases: map[uint64]nameOf{}, starts: map[uint64]int{},
	}
	for _, c := range clients {
		x.names[c.ID] = c.Name
		for _, d := range c.Domains {
			x.addDomain(d, c.ID, false)
		}
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			x.addName(n, c.ID)
		}
		if siren := digitsOf(c.SIREN); len(siren) == 9 || len(siren) == 14 { // a SIRET begins with the SIREN
			x.addNumber(siren[:9], c.ID, signalSIREN)
		}
	}
	for _, c := range contacts {
		if _, known := x.names[c.ClientID]; known {
			x.addContact(c)
		}
	}
	return x
}

func (x *ClientIndex) addContact(c relais.Contact) {
	if address := strings.ToLower(strings.TrimSpace(c.Email)); strings.Contains(address, "@") {
		x.addresses[address] = addID(x.addresses[address], c.ClientID)
		x.addDomain(registrable(hostOf(address)), c.ClientID, true)
	}
	if phone := digitsOf(c.Phone); len(phone) >= 9 {
		x.addNumber(phone[len(phone)-9:], c.ClientID, signalPhone)
	}
}

// addDomain adds a host as it is given: "usa.acme.com" is not all of "acme.com". What
// a list of clients says of a domain outweighs what contacts' addresses let guess.
func (x *ClientIndex) addDomain(host, id string, contacts bool) {
	host = strings.ToLower(strings.Trim(host, ". "))
	if d := registrable(host); d == "" || isFreeMail(d) {
		return
	}
	known, ok := x.domains[host]
	switch {
	case ok && contacts && !known.contacts:
		return
	case ok && known.contacts && !contacts:
		known = domainOf{}
	}
	x.domains[host] = domainOf{ids: addID(known.ids, id), contacts: contacts}
}

func (x *ClientIndex) addNumber(digits, id, signal string) {
	known := x.numbers[digits]
	x.numbers[digits] = numberOf{ids: addID(known.ids, id), signal: signal}
}

func (x *ClientIndex) addName(name, id string) {
	hashes, generic := nameWords(name)
	if len(hashes) == 0 {
		return
	}
	phrase := uint64(hashStart)
	for _, h := range hashes {
		phrase = join(phrase, h)
	}
	known := x.phrases[phrase]
	x.phrases[phrase] = nameOf{ids: addID(known.ids, id), words: len(hashes), generic: generic}
	x.starts[hashes[0]] = max(x.starts[hashes[0]], len(hashes))
}

// nameWords gives the hashed words by which a name is found: without legal forms and
// the "et" of "Martin et Fils", which people write or not. It tells whether they are
// all words that many names share.
func nameWords(name string) (hashes []uint64, generic bool) {
	generic = true
	folded := strings.Fields(fold(name))
	for _, w := range folded {
		if isLegalForm(w) && len(folded) > 1 || isConnector(w) {
			continue
		}
		full, _ := hashWord([]byte(w))
		hashes = append(hashes, full)
		generic = generic && (isGeneric(w) || len(w) < 3 && len(folded) < 3)
		if len(hashes) == maxNameWords {
			break
		}
	}
	if len(hashes) == 1 {
		generic = generic || slices.ContainsFunc(folded, isPersonName)
	}
	return hashes, generic
}

// match is a name found in a text.
type match struct {
	name       nameOf
	start, end int // bytes
	capital    bool
}

// find calls fn for the names in a text, at each place the longest one.
func (x *ClientIndex) find(list []word, skip connectors, fn func(match)) {
	for i := 0; i < len(list); {
		longest, ok := x.starts[list[i].full]
		if !ok {
			i++
			continue
		}
		m, last := x.longest(list, i, longest, skip)
		if last < i {
			i++
			continue
		}
		m.start, m.end, m.capital = int(list[i].start), int(list[last].end), list[i].upper
		fn(m)
		i = last + 1
	}
}

// longest gives the longest name that begins at word i, and its last word; less than
// i when there is none.
func (x *ClientIndex) longest(list []word, i, most int, skip connectors) (m match, last int) {
	last = -1
	phrase, n := uint64(hashStart), 0
	for j := i; j < len(list) && n < most; j++ {
		if j > i && list[j].apart {
			break
		}
		if j > i && skip.has(list[j].full) {
			continue
		}
		phrase = join(phrase, list[j].full)
		n++
		if name, ok := x.phrases[phrase]; ok {
			m.name, last = name, j
		}
	}
	return m, last
}

// connectors are the hashes of words that names have or leave out.
type connectors [3]uint64

func (c connectors) has(w uint64) bool { return w == c[0] || w == c[1] || w == c[2] }

func newConnectors() connectors {
	var c connectors
	for i, w := range [...]string{"et", "and", "und"} {
		c[i], _ = hashWord([]byte(w))
	}
	return c
}

func isConnector(w string) bool { return w == "et" || w == "and" || w == "und" }

// byHost gives the clients of a host: those of the longest part of it that is known.
func (x *ClientIndex) byHost(host string) (domain string, found domainOf) {
	for host != "" {
		if found, ok := x.domains[host]; ok {
			return host, found
		}
		_, above, ok := strings.Cut(host, ".")
		if !ok {
			break
		}
		host = above
	}
	return "", domainOf{}
}

// addID adds an id to a short sorted list.
func addID(list []string, id string) []string {
	i, found := slices.BinarySearch(list, id)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), i, id)
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
