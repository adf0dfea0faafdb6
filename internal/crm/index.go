package crm

import (
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// Index finds known clients in messages and files. It is built once and never
// changes. Looking anything up in it takes time that does not depend on how many
// clients there are.
type Index struct {
	names     map[string]string   // the clients' names by id
	addresses map[string][]string // contacts' addresses: ids
	domains   map[string]Domain   // hosts: ids
	numbers   map[string]Number   // SIREN numbers and ends of telephone numbers: ids
	phrases   map[uint64]Name     // hashed names: ids
	starts    map[uint64]int      // hashed first words of names: words of the longest
	skip      connectors
}

// Domain is whose a host is.
type Domain struct {
	Clients  []string // ids, sorted
	Contacts bool     // known from contacts' addresses only
}

// Number is whose a SIREN or a telephone number is.
type Number struct {
	Clients []string // ids, sorted
	Phone   bool     // a contact's telephone number, else a company's own
}

// Name is whose a name or alias is.
type Name struct {
	Clients []string // ids, sorted
	Words   int
	Generic bool // made of words that many names share: no evidence by itself
}

// maxNameWords is how many words of a name are looked at: five tell companies apart.
const maxNameWords = 5

// NewIndex makes the index of some clients and their contacts. Contacts of
// unknown clients are passed over, and so are free-mail domains, which some CRM
// exports give for a client's.
func NewIndex(clients []relais.Client, contacts []relais.Contact) *Index {
	x := &Index{
		names: make(map[string]string, len(clients)), addresses: map[string][]string{}, domains: map[string]Domain{},
		numbers: map[string]Number{}, phrases: map[uint64]Name{}, starts: map[uint64]int{}, skip: newConnectors(),
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
			x.addNumber(siren[:9], c.ID, false)
		}
	}
	for _, c := range contacts {
		if _, known := x.names[c.ClientID]; known {
			x.addContact(c)
		}
	}
	return x
}

func (x *Index) addContact(c relais.Contact) {
	if address := strings.ToLower(strings.TrimSpace(c.Email)); strings.Contains(address, "@") {
		x.addresses[address] = addID(x.addresses[address], c.ClientID)
		x.addDomain(Registrable(HostOf(address)), c.ClientID, true)
	}
	if phone := digitsOf(c.Phone); len(phone) >= 9 {
		x.addNumber(phone[len(phone)-9:], c.ClientID, true)
	}
}

// addDomain adds a host as it is given: "usa.acme.com" is not all of "acme.com". What
// a list of clients says of a domain outweighs what contacts' addresses let guess.
func (x *Index) addDomain(host, id string, contacts bool) {
	host = strings.ToLower(strings.Trim(host, ". "))
	if d := Registrable(host); d == "" || IsFreeMail(d) {
		return
	}
	known, ok := x.domains[host]
	switch {
	case ok && contacts && !known.Contacts:
		return
	case ok && known.Contacts && !contacts:
		known = Domain{}
	}
	x.domains[host] = Domain{Clients: addID(known.Clients, id), Contacts: contacts}
}

func (x *Index) addNumber(digits, id string, phone bool) {
	known := x.numbers[digits]
	x.numbers[digits] = Number{Clients: addID(known.Clients, id), Phone: phone}
}

func (x *Index) addName(name, id string) {
	hashes, generic := nameWords(name)
	if len(hashes) == 0 {
		return
	}
	phrase := uint64(fold.Empty)
	for _, h := range hashes {
		phrase = fold.Join(phrase, h)
	}
	known := x.phrases[phrase]
	x.phrases[phrase] = Name{Clients: addID(known.Clients, id), Words: len(hashes), Generic: generic}
	x.starts[hashes[0]] = max(x.starts[hashes[0]], len(hashes))
}

// nameWords gives the hashed words by which a name is found: without legal forms and
// the "et" of "Martin et Fils", which people write or not. It tells whether they are
// all words that many names share.
func nameWords(name string) (hashes []uint64, generic bool) {
	generic = true
	folded := strings.Fields(fold.String(name))
	for _, w := range folded {
		if isLegalForm(w) && len(folded) > 1 || isConnector(w) {
			continue
		}
		full, _ := fold.Hash([]byte(w))
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

// Match is a name found in a text.
type Match struct {
	Name
	Start, End int  // bytes of the text
	Capital    bool // begins with a capital letter or a digit
}

// Empty tells whether no client is known.
func (x *Index) Empty() bool { return len(x.names) == 0 }

// NameOf gives the name of a client, "" of one that is not known.
func (x *Index) NameOf(id string) string { return x.names[id] }

// ByAddress gives the clients that have a contact with this address, in lower case.
func (x *Index) ByAddress(address string) []string { return x.addresses[address] }

// HasNumbers tells whether there is any number to be found: looking for them costs.
func (x *Index) HasNumbers() bool { return len(x.numbers) > 0 }

// ByNumber gives whose the digits are: the nine of a SIREN, or the last nine of a
// telephone number.
func (x *Index) ByNumber(digits string) (Number, bool) {
	found, ok := x.numbers[digits]
	return found, ok
}

// Names calls fn for the names in a text of these words, at each place the longest one.
func (x *Index) Names(list []fold.Word, fn func(Match)) {
	for i := 0; i < len(list); {
		longest, ok := x.starts[list[i].Full]
		if !ok {
			i++
			continue
		}
		m, last := x.longest(list, i, longest)
		if last < i {
			i++
			continue
		}
		m.Start, m.End, m.Capital = int(list[i].Start), int(list[last].End), list[i].Upper
		fn(m)
		i = last + 1
	}
}

// longest gives the longest name that begins at word i, and its last word; less than
// i when there is none.
func (x *Index) longest(list []fold.Word, i, most int) (m Match, last int) {
	last = -1
	phrase, n := uint64(fold.Empty), 0
	for j := i; j < len(list) && n < most; j++ {
		if j > i && list[j].Apart {
			break
		}
		if j > i && x.skip.has(list[j].Full) {
			continue
		}
		phrase = fold.Join(phrase, list[j].Full)
		n++
		if name, ok := x.phrases[phrase]; ok {
			m.Name, last = name, j
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
		c[i], _ = fold.Hash([]byte(w))
	}
	return c
}

func isConnector(w string) bool { return w == "et" || w == "and" || w == "und" }

// ByHost gives the clients of a host: those of the longest part of it that is known.
func (x *Index) ByHost(host string) (domain string, found Domain) {
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
	return "", Domain{}
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
