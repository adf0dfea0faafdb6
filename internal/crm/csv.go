// Package crm answers one question: which clients do we know? It reads the clients and
// contacts that a CRM exports, and keeps them in an [Index] by which addresses, domains,
// numbers and names in mail are found.
package crm

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-archive/relais/internal/relais"
)

// Problem is something in a CSV file that was passed over: the rest was read.
type Problem struct {
	Line    int    // in the file, from 1
	Reason  string // without what the row says
	Refused bool   // nothing of the row was read
}

// String gives "line 12: no name".
func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Reason) }

// ReadClients reads accounts from a CRM's export: its columns are told by their headers,
// in French or English, as HubSpot, Salesforce or a person names them; separators and
// charset are told by their looks. Only an id and a name are required of a row. Rows of
// one id and name are one client; a row that cannot be read is a Problem.
//
// The error is of relais.KindInvalid when there are no such columns, or the file's own.
func ReadClients(r io.Reader) ([]relais.Client, []Problem, error) {
	t, err := readTable(r, clientColumn, columnID, columnName)
	if err != nil {
		return nil, nil, relais.Errorf(relais.KindOf(err), "read clients", "%w", err)
	}
	var list []relais.Client
	at := map[string]int{}
	for row := range t.rows {
		c, ok := t.client(row)
		if !ok {
			continue
		}
		i, known := at[c.ID]
		switch {
		case !known:
			at[c.ID] = len(list)
			list = append(list, c)
		case list[i].Name != c.Name:
			t.refuse(row, "this id was used above for another name")
		default:
			list[i].Domains = union(list[i].Domains, c.Domains)
			list[i].Aliases = union(list[i].Aliases, c.Aliases)
		}
	}
	return list, t.problems, nil
}

// ReadContacts reads people at clients, as ReadClients reads clients. Required are the
// client's id and one of address and telephone number. A nil reader has no contacts.
func ReadContacts(r io.Reader) ([]relais.Contact, []Problem, error) {
	if r == nil {
		return nil, nil, nil
	}
	t, err := readTable(r, contactColumn, columnID)
	if err != nil {
		return nil, nil, relais.Errorf(relais.KindOf(err), "read contacts", "%w", err)
	}
	var list []relais.Contact
	seen := map[relais.Contact]bool{}
	for row := range t.rows {
		for _, c := range t.contacts(row) {
			if !seen[c] {
				seen[c] = true
				list = append(list, c)
			}
		}
	}
	return list, t.problems, nil
}

func (t *table) client(row int) (relais.Client, bool) {
	c := relais.Client{
		ID: t.one(row, columnID), Name: t.one(row, columnName), City: t.one(row, columnCity), Sector: t.one(row, columnSector),
		Owner: t.one(row, columnOwner), Stage: t.one(row, columnStage), Aliases: t.list(row, columnAlias, ";|"),
	}
	switch {
	case c.ID == "" && c.Name == "":
		t.refuse(row, "neither id nor name")
		return c, false
	case c.ID == "":
		t.refuse(row, "no id")
		return c, false
	case c.Name == "" && strings.ContainsRune(c.ID, ' ') && t.cells(row) == 1:
		t.problem(row, "a remark of the program that wrote the file")
		return c, false
	case c.Name == "":
		t.refuse(row, "no name")
		return c, false
	}
	for _, site := range slices.Concat(t.list(row, columnDomain, ";|, "), t.list(row, columnSite, ";|, ")) {
		domain, reason := siteDomain(site)
		if reason != "" {
			t.problem(row, reason)
			continue
		}
		c.Domains = union(c.Domains, []string{domain})
	}
	c.SIREN = t.siren(row)
	return c, true
}

// siren gives the SIREN of a row: from its own column, a SIRET or a French VAT number.
func (t *table) siren(row int) string {
	for _, v := range [...]string{t.one(row, columnSIREN), t.one(row, columnVAT)} {
		digits := digitsOf(v)
		vat := len(v) > 2 && strings.EqualFold(v[:2], "FR")
		switch {
		case v == "" || digits == "":
		case len(digits) == 9 && !vat, len(digits) == 14:
			return digits[:9]
		case vat && len(digits) == 11:
			return digits[2:]
		case vat && len(digits) == 9: // the key before it was of letters
			return digits
		case !vat && len(digits) != 9 && v == t.one(row, columnSIREN):
			t.problem(row, "SIREN is not of 9 digits (a spreadsheet may have rounded it)")
		}
	}
	return ""
}

func (t *table) contacts(row int) []relais.Contact {
	name := t.one(row, columnName)
	if name == "" {
		name = strings.TrimSpace(t.one(row, columnFirst) + " " + t.one(row, columnLast))
	}
	base := relais.Contact{ClientID: t.one(row, columnID), Name: name, Title: t.one(row, columnTitle)}
	if base.ClientID == "" {
		t.refuse(row, "no client id")
		return nil
	}
	var emails, phones []string
	for _, e := range t.list(row, columnEmail, ";|, ") {
		e = strings.ToLower(strings.TrimPrefix(strings.Trim(e, "<>"), "mailto:"))
		if local, host, ok := strings.Cut(e, "@"); !ok || local == "" || Registrable(host) == "" {
			t.problem(row, "an address is not one")
			continue
		}
		emails = union(emails, []string{e})
	}
	for _, p := range t.list(row, columnPhone, ";|") {
		if len(digitsOf(p)) >= 8 {
			phones = union(phones, []string{p})
		}
	}
	if len(emails)+len(phones) == 0 {
		t.refuse(row, "neither address nor telephone number")
		return nil
	}
	list := make([]relais.Contact, max(len(emails), len(phones)))
	for i := range list {
		list[i] = base
		list[i].Email, list[i].Phone = nth(emails, i), nth(phones, i)
	}
	return list
}

func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// siteDomain gives the domain that a site, an address or a domain stands for, or why
// it stands for none. A host name without a path is kept whole but for its "www."; of
// a site the registrable domain counts.
func siteDomain(s string) (domain, reason string) {
	s = strings.ToLower(strings.TrimSpace(s))
	_, rest, site := strings.Cut(s, "://")
	if site {
		s = rest
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s, site = s[:i], true
	}
	host, _, _ := strings.Cut(s, ":")
	host = strings.TrimPrefix(strings.Trim(host, ". "), "www.")
	d := Registrable(host)
	switch {
	case d == "":
		return "", "a domain is not one"
	case IsFreeMail(d):
		return "", "a free-mail domain is nobody's"
	case isSharedHost(d):
		return "", "a page on a shared site is no domain of the client's"
	case site:
		return d, ""
	}
	return host, ""
}

// isSharedHost tells whether a domain is of a site on which companies have pages.
func isSharedHost(domain string) bool {
	switch domain {
	case "linkedin.com", "facebook.com", "twitter.com", "x.com", "instagram.com", "youtube.com", "google.com", "google.fr", "pagesjaunes.fr", "societe.com", "pappers.fr",
		"verif.com", "infogreffe.fr", "wikipedia.org", "kompass.com", "europages.fr", "wix.com", "salesforce.com", "hubspot.com":
		return true
	}
	return false
}

func union(list, more []string) []string {
	for _, v := range more {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// clean gives a cell's text in NFC without the white space around it; what programs
// write for nothing is nothing.
func clean(s string) string {
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	switch strings.ToUpper(s) {
	case "NULL", "N/A", "#N/A", "#REF!", "#VALUE!", "#NAME?", "-", "--", "(NO VALUE)", "NAN", "NONE":
		return ""
	}
	return s
}
