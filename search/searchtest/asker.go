package searchtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// asker asks at random what people could ask of given documents, in the query
// language: each operator under its English or its French name, with words, names,
// days and ids that the documents hold.
type asker struct {
	generator
	docs []search.Entry
}

func newAsker(docs []search.Entry, seed uint64) *asker {
	return &asker{generator{rand.New(rand.NewPCG(seed, 0x61736b))}, docs}
}

// query writes a query.
func (a *asker) query() string {
	parts := make([]string, 1+a.IntN(3))
	for i := range parts {
		parts[i] = a.part(2)
	}
	return strings.Join(parts, " ")
}

// part writes what may stand between two spaces.
func (a *asker) part(depth int) string {
	switch n := a.IntN(20); {
	case n < 3:
		return "-" + a.one()
	case n < 6 && depth > 0:
		return a.part(depth-1) + " OR " + a.part(depth-1)
	case n < 8 && depth > 0:
		return pick(a.generator, "", "-") + "(" + a.part(depth-1) + " " + a.part(depth-1) + ")"
	}
	return a.one()
}

// one writes one criterion.
func (a *asker) one() string {
	d := &a.any().Envelope.Document
	switch a.IntN(14) {
	case 0, 1, 2:
		return a.word(a.text())
	case 3:
		return quoted(a.run(a.text(), 2+a.IntN(3)))
	case 4, 5:
		return a.begun(a.text())
	case 6:
		return pick(a.generator, "subject:", "objet:") + a.wordOrPhrase(d.Subject)
	case 7:
		return a.person(d)
	case 8:
		return pick(a.generator, "filename:", "fichier:") + a.wordOrPhrase(a.file(d))
	case 9:
		return a.days(d)
	case 10:
		return pick(a.generator, "larger:", "smaller:") + pick(a.generator, "1K", "4K", "20K", "1M", fmt.Sprint(max(1, d.Size)))
	}
	return a.fieldValue(a.any())
}

func (a *asker) any() *search.Entry { return &a.docs[a.IntN(len(a.docs))] }

// text gives a text in which something stands.
func (a *asker) text() string {
	for range 20 {
		e := a.any()
		if t := pick(a.generator, e.Text, e.Text, e.Envelope.Document.Subject); strings.TrimSpace(t) != "" {
			return t
		}
	}
	return "devis"
}

// word gives a word of a text, as it is written.
func (a *asker) word(text string) string { return a.run(text, 1) }

// run gives some words of a text that follow each other, less what the query language
// would read as its own.
func (a *asker) run(text string, n int) string {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return "devis"
	}
	start := a.IntN(len(fields))
	s := strings.Join(fields[start:min(start+n, len(fields))], " ")
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`"«»“”„():*`, r) {
			return ' '
		}
		return r
	}, s)
	if s = strings.Join(strings.Fields(strings.TrimLeft(s, "- ")), " "); s == "" {
		return "offre"
	}
	return s
}

func (a *asker) wordOrPhrase(text string) string {
	if a.chance(50) {
		return quoted(a.run(text, 1+a.IntN(3)))
	}
	return quotedIfNeeded(a.begunOr(text))
}

func (a *asker) begunOr(text string) string {
	if a.chance(30) {
		return a.begun(text)
	}
	return a.word(text)
}

// begun gives the beginning of a word, at times after other words.
func (a *asker) begun(text string) string {
	r := []rune(a.word(text))
	s := string(r[:1+a.IntN(len(r))])
	if a.chance(30) {
		return `"` + a.word(text) + " " + s + `*"`
	}
	return s + "*"
}

func quoted(s string) string { return `"` + s + `"` }

func quotedIfNeeded(s string) string {
	if strings.Contains(s, " ") && !strings.HasPrefix(s, `"`) {
		return quoted(s)
	}
	return s
}

// person asks for an address, a name, or a part of one.
func (a *asker) person(d *relais.Document) string {
	var all []relais.Address
	if d.From != nil {
		all = append(all, *d.From)
	}
	all = append(append(append(all, d.To...), d.Cc...), d.Bcc...)
	if len(all) == 0 {
		return "from:nobody"
	}
	who := pick(a.generator, all...)
	value := pick(a.generator, who.Address, a.word(who.Name), a.word(strings.ReplaceAll(who.Address, "@", " ")), a.run(who.Name, 2))
	return pick(a.generator, "from:", "de:", "to:", "à:", "a:", "cc:", "with:", "avec:") + quotedIfNeeded(a.run(value, 9))
}

func (a *asker) file(d *relais.Document) string {
	names := []string{d.Name}
	for _, f := range d.Attachments {
		names = append(names, f.Name)
	}
	return pick(a.generator, names...)
}

// days asks for days near a document's.
func (a *asker) days(d *relais.Document) string {
	day := d.Date.AddDate(0, 0, a.IntN(5)-2).Format(time.DateOnly)
	if d.Date.Year() < 1900 || d.Date.Year() > 2100 {
		day = "2021-03-31"
	}
	return pick(a.generator, "after:"+day, "apres:"+day, "before:"+day, "avant:"+day, "date:"+day, "date:"+day[:7], "date:"+day[:4],
		"date:"+day[:7]+".."+day[:4]+"-12", "newer_than:5000d", "-date:"+day[:4])
}

// fieldValue asks for a value that a document has.
func (a *asker) fieldValue(e *search.Entry) string {
	d := &e.Envelope.Document
	asks := []string{
		pick(a.generator, "case:", "depart:") + quoted(pick(a.generator, string(e.Envelope.CaseID), a.word(d.Case))),
		pick(a.generator, "thread:", "fil:") + quoted(d.Thread), "kind:" + string(d.Kind), "id:" + string(d.ID), "id:" + string(d.Content), "id:" + quoted("<"+d.MessageID+">"),
		pick(a.generator, "lang:", "langue:") + pick(a.generator, "fr", "EN", "de"), pick(a.generator, "has:attachment", "pj:oui", "pj:non"),
		"type:" + pick(a.generator, "pdf", "word", "sheet", "image", "mail", "other", "text", relais.Family(d.MediaType)),
	}
	for _, t := range d.Clients {
		asks = append(asks, "client:"+quoted(pick(a.generator, t.ID, t.Name, a.word(t.Name), strings.ToUpper(t.Name))))
	}
	for _, t := range d.Topics {
		asks = append(asks, pick(a.generator, "topic:", "sujet:")+quoted(t.ID))
	}
	for _, o := range d.Occurrences {
		asks = append(asks, pick(a.generator, "owner:", "proprietaire:")+quoted(o.Owner), a.folder(o.Folder))
	}
	return pick(a.generator, asks...)
}

// folder asks for a folder, one above it, or a word of its name.
func (a *asker) folder(f string) string {
	above, _, _ := strings.Cut(f, "/")
	return pick(a.generator, "folder:", "dossier:") + quoted(pick(a.generator, f, above, a.word(f), f+"/", "Inbox"))
}

// scope makes a scope of cases, clients and days that the documents have.
func (a *asker) scope() relais.Scope {
	if a.chance(40) {
		return relais.Everything()
	}
	var s relais.Scope
	for range 1 + a.IntN(2) {
		g := relais.Grant{AllCases: a.chance(50), AllClients: a.chance(50), Unattributed: a.chance(40)}
		for range 1 + a.IntN(4) {
			e := a.any()
			g.Cases = append(g.Cases, e.Envelope.CaseID)
			for _, t := range e.Envelope.Document.Clients {
				g.Clients = append(g.Clients, t.ID)
			}
		}
		if a.chance(20) {
			g.After = a.any().Envelope.Document.Date
		}
		if a.chance(20) {
			g.Before = a.any().Envelope.Document.Date
		}
		s.Grants = append(s.Grants, g)
	}
	return s
}
