package demo

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"io/fs"
	"slices"
	"strings"
)

// rep is the key of the one who leaves.
const rep = "helene.vasseur"

// company is the maker of pumps she leaves.
const (
	company       = "Pompes Verdanne"
	companyDomain = "verdanne.example"
)

// person writes or receives messages. Its key is the local part of its address.
type person struct {
	key, name, email, phone, title string
	client                         string // account id, empty for everybody else
	company                        string
	kind                           string // contact, colleague, robot, outsider
}

func (p *person) first() string { return strings.Fields(p.name)[0] }
func (p *person) domain() string {
	_, domain, _ := strings.Cut(p.email, "@")
	return domain
}

// address is the person as a header shows it, in clear.
func (p *person) address() string { return p.name + " <" + p.email + ">" }

// account is a client.
type account struct{ id, name, city string }

// cast is everybody who appears.
type cast struct {
	people   map[string]*person
	accounts map[string]*account
	order    []string // account ids, as they stand in the file
	contacts map[string][]*person
}

// readCast reads the three files of folder cast. Two of them are also written out,
// as the CRM export that the archive is given.
func readCast(files fs.FS) (*cast, error) {
	c := &cast{people: map[string]*person{}, accounts: map[string]*account{}, contacts: map[string][]*person{}}
	err := eachRow(files, "cast/clients.csv", func(r []string) {
		c.accounts[r[0]] = &account{id: r[0], name: r[1], city: r[4]}
		c.order = append(c.order, r[0])
	})
	if err != nil {
		return nil, err
	}
	err = eachRow(files, "cast/contacts.csv", func(r []string) {
		p := &person{client: r[0], name: r[1], email: r[2], phone: r[3], title: r[4], kind: "contact", company: c.accounts[r[0]].name}
		c.contacts[r[0]] = append(c.contacts[r[0]], p)
		c.add(p)
	})
	if err != nil {
		return nil, err
	}
	err = eachRow(files, "cast/others.csv", func(r []string) {
		p := &person{kind: r[0], name: r[1], email: r[2], phone: r[3], title: r[4]}
		if p.domain() == companyDomain {
			p.company = company
		}
		c.add(p)
	})
	return c, err
}

func (c *cast) add(p *person) {
	p.key, _, _ = strings.Cut(p.email, "@")
	c.people[p.key] = p
}

// who gives a client's people of a role, as their titles tell it; all of them where
// the role is empty or nobody's.
func (c *cast) who(client, role string) (list []*person) {
	words := map[string][]string{
		"technique": {"technique", "maintenance", "Ingénieur", "qualité", "chantier", "Engineer"},
		"achats":    {"Achet", "achats", "Approvisionnements", "Comptable", "Gérant", "Purchasing"},
	}[role]
	for _, p := range c.contacts[client] {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(p.title, w) }) {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return c.contacts[client]
	}
	return list
}

func eachRow(files fs.FS, name string, fn func([]string)) error {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, r := range rows[1:] {
		fn(r)
	}
	return nil
}

// manner is how somebody's mail program writes.
type manner struct {
	name     string
	mailer   string
	charset  string // of the text
	encoding string // quoted-printable, base64 or 8bit
	html     bool   // plain text with an HTML alternative
	htmlOnly bool
	boxed    bool // quotes under a block of headers, as Outlook does, not behind ">"
	bare     bool // no signature
	fresh    bool // nothing is quoted
}

// manners are the programs of the demo; the first five are drawn by lot.
func manners() []manner {
	return []manner{
		{name: "outlook", mailer: "Microsoft Outlook 16.0", charset: "utf-8", encoding: "quoted-printable", html: true, boxed: true},
		{name: "thunderbird", mailer: "Mozilla Thunderbird", charset: "utf-8", encoding: "8bit"},
		{name: "latin", mailer: "Lotus Notes Release 8.5", charset: "iso-8859-1", encoding: "quoted-printable"},
		{name: "windows", mailer: "Microsoft Windows Live Mail 16.4", charset: "windows-1252", encoding: "quoted-printable", html: true},
		{name: "webmail", mailer: "Webmail 4.2", charset: "utf-8", encoding: "base64", html: true},
		{name: "htmlonly", mailer: "Apple Mail (2.3774)", charset: "windows-1252", encoding: "base64", htmlOnly: true},
		{name: "phone", mailer: "iPhone Mail (21F90)", charset: "utf-8", encoding: "base64", bare: true},
		{name: "short", mailer: "iPhone Mail (21F90)", charset: "utf-8", encoding: "quoted-printable", bare: true, fresh: true},
		{name: "fresh", mailer: "Microsoft Outlook 16.0", charset: "utf-8", encoding: "quoted-printable", html: true, fresh: true},
		{name: "plain", mailer: "mutt", charset: "us-ascii", encoding: "8bit"},
		{name: "newsletter", mailer: "Campaigner 3", charset: "utf-8", encoding: "quoted-printable", html: true, bare: true},
	}
}

// mannerOf gives the named manner, or the person's own.
func mannerOf(name string, p *person) manner {
	all := manners()
	switch {
	case name != "":
	case p.kind == "colleague":
		name = "outlook"
	case p.kind == "robot":
		name = "newsletter"
	default:
		h := fnv.New32a()
		_, _ = h.Write([]byte(p.email)) // a hash never fails
		return all[h.Sum32()%6]
	}
	i := slices.IndexFunc(all, func(m manner) bool { return m.name == name })
	return all[max(i, 0)]
}
