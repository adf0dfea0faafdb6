package search

import (
	"strings"

	"golang.org/x/text/language"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search/analysis"
)

// fieldKind is how the value of an operator is read.
type fieldKind int

const (
	textField   fieldKind = iota // words of a text field
	valueField                   // an exact value
	choiceField                  // one of few values
	hasField                     // has:attachment
	dateField                    // a day, a month, a year, a range
	afterField
	beforeField
	newerField // a period that ends now
	olderField
	largerField
	smallerField
)

// field is an operator of the query language.
type field struct {
	name    string   // as Format writes it
	aliases []string // folded
	kind    fieldKind
	text    TextField
	value   ValueField
	list    bool // a comma parts alternatives
}

// where is the text field to look in; everywhere for no field.
func (f *field) where() TextField {
	if f == nil {
		return InAll
	}
	return f.text
}

// fields are all the operators.
var fields = [...]field{
	{name: "from", aliases: []string{"de"}, text: InFrom, list: true},
	{name: "to", aliases: []string{"a"}, text: InTo, list: true},
	{name: "cc", text: InCc, list: true},
	{name: "with", aliases: []string{"avec"}, text: InWith, list: true},
	{name: "subject", aliases: []string{"objet"}, text: InSubject},
	{name: "filename", aliases: []string{"fichier"}, text: InFilename},
	{name: "client", kind: valueField, value: ByClient, list: true},
	{name: "topic", aliases: []string{"sujet"}, kind: valueField, value: ByTopic, list: true},
	{name: "owner", aliases: []string{"proprietaire"}, kind: valueField, value: ByOwner, list: true},
	{name: "case", aliases: []string{"depart"}, kind: valueField, value: ByCase, list: true},
	{name: "folder", aliases: []string{"dossier"}, kind: valueField, value: ByFolder},
	{name: "thread", aliases: []string{"fil"}, kind: valueField, value: ByThread, list: true},
	{name: "id", kind: valueField, value: ByID},
	{name: "kind", aliases: []string{"genre"}, kind: choiceField, value: ByKind, list: true},
	{name: "type", kind: choiceField, value: ByType, list: true},
	{name: "lang", aliases: []string{"langue"}, kind: choiceField, value: ByLanguage, list: true},
	{name: "attachment", aliases: []string{"pj"}, kind: choiceField, value: ByAttachment},
	{name: "is", aliases: []string{"est"}, kind: choiceField, value: ByState, list: true},
	{name: "has", kind: hasField},
	{name: "after", aliases: []string{"apres"}, kind: afterField},
	{name: "before", aliases: []string{"avant"}, kind: beforeField},
	{name: "date", kind: dateField},
	{name: "newer_than", kind: newerField},
	{name: "older_than", kind: olderField},
	{name: "larger", kind: largerField},
	{name: "smaller", kind: smallerField},
}

// lookup gives the operator of a folded name, or nil.
func lookup(name string) *field {
	for i := range fields {
		f := &fields[i]
		if f.name == name {
			return f
		}
		for _, a := range f.aliases {
			if a == name {
				return f
			}
		}
	}
	return nil
}

// operator reads the name and the colon of an operator. Anything else that holds a
// colon is text: http://x, 12:30, C:\x, RE:, a::b. A name that is not known comes
// with a nil field.
func (p *parser) operator() (f *field, start int, ok bool) {
	rest := p.query[p.pos:]
	colon := strings.IndexByte(rest, ':')
	if colon <= 0 || !isName(rest[:colon]) {
		return nil, 0, false
	}
	name := analysis.FoldPrefix(rest[:colon])
	f = lookup(name)
	if rest = rest[colon+1:]; strings.HasPrefix(rest, ":") || f == nil && !asks(name, rest) {
		return nil, 0, false
	}
	start = p.pos
	p.pos += colon + 1
	return f, start, true
}

// isName tells whether a word could be an operator's name.
func isName(s string) bool {
	if len(s) > 24 {
		return false
	}
	for _, r := range s {
		if r != '_' && notLetter(r) {
			return false
		}
	}
	return true
}

// asks tells whether an unknown name and what follows its colon look like an
// operator rather than text.
func asks(name, rest string) bool {
	switch name {
	case "http", "https", "ftp", "ftps", "file", "mailto", "tel", "sip", "imap", "imaps", "urn",
		"re", "ref", "rep", "fw", "fwd", "tr", "aw", "wg", "sv", "vs", "ps", "nb", "cf", "tva", "siren", "siret", "iban", "bic":
		return false
	}
	r := firstRune(rest)
	_, quoted := quoteAt(rest)
	return quoted || r == '(' || !notLetter(r) || elsewhere(name) != "" && !notWord(r)
}

// operand reads what an operator asks for; its name begins at start.
func (p *parser) operand(f *field, start int) (item, error) {
	if f == nil {
		return item{}, p.unknown(start)
	}
	if p.field != nil {
		return item{}, p.fail(start, p.pos, codeNested, "")
	}
	if p.pos < len(p.query) && p.query[p.pos] == '(' {
		return p.fieldGroup(f, start)
	}
	n, err := p.alternatives(f, start)
	return item{node: n}, err
}

// unknown says that no operator has the name that begins at start, and which one may
// have been meant; else the words are put in quotes.
func (p *parser) unknown(start int) error {
	name := p.query[start : p.pos-1]
	if known := closest(analysis.FoldPrefix(name)); known != "" {
		return p.fail(start, p.pos, codeUnknown, known+":")
	}
	colon := p.pos
	raw := p.raw("")
	if strings.Contains(raw, `"`) {
		return p.fail(start, colon, codeUnknown, "")
	}
	return p.fail(start, p.pos, codeUnknown, `"`+name+":"+raw+`"`)
}

// fieldGroup reads from:(a OR b): each word in the parentheses is looked for in the
// field.
func (p *parser) fieldGroup(f *field, start int) (item, error) {
	switch f.kind {
	case textField, valueField, choiceField:
	default:
		return item{}, p.fail(start, p.pos+1, codeOneValue, "")
	}
	p.field = f
	it, err := p.group()
	p.field = nil
	return it, err
}

// alternatives reads a value, or several with commas between where the field takes
// a list.
func (p *parser) alternatives(f *field, start int) (Node, error) {
	var all Or
	for {
		at := p.pos
		n, err := p.single(f)
		if err != nil {
			return nil, err
		}
		if n == nil {
			return nil, p.empty(f, start, at)
		}
		all = append(all, n)
		if !f.list || !p.comma() {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// comma passes a comma, and tells whether another value touches it.
func (p *parser) comma() bool {
	if !strings.HasPrefix(p.query[p.pos:], ",") {
		return false
	}
	p.pos++
	return !p.atBlank() && p.query[p.pos] != ')'
}

// single reads one value.
func (p *parser) single(f *field) (Node, error) {
	if q, ok := quoteAt(p.query[p.pos:]); ok {
		return p.phrase(q, f)
	}
	stop := ""
	if f.list {
		stop = ","
	}
	start := p.pos
	raw := p.raw(stop)
	if raw == "" {
		return nil, nil
	}
	if err := p.checkWord(raw, start); err != nil {
		return nil, err
	}
	return p.plain(f, raw, start)
}

// empty says that an operator has no value; the word after it, if there is one, was
// perhaps meant.
func (p *parser) empty(f *field, start, at int) error {
	end := max(p.pos, at)
	if p.blanks(); p.pos > at && p.pos < len(p.query) {
		if word := p.raw(""); word != "" && !notWord(firstRune(word)) {
			return p.fail(start, p.pos, codeEmpty, f.name+":"+word)
		}
	}
	return p.fail(start, end, codeEmpty, "")
}

// value makes the node of an operator that takes a value, not words.
func (p *parser) value(f *field, s string, start int) (Node, error) {
	switch f.kind {
	case valueField:
		switch {
		case f.value == ByID:
			s = strings.Trim(s, "<>")
		case f.value == ByTopic && len(p.opt.Topics) > 0:
			return p.topic(s, start)
		}
		return Value{Field: f.value, Value: s}, nil
	case choiceField:
		return p.choice(f, s, start)
	case hasField:
		if choose(ByAttachment, analysis.FoldPrefix(s)) != "has" {
			e := p.fail(start, p.pos, codeChoice, "attachment")
			e.Detail += ": attachment"
			return nil, e
		}
		return Value{Field: ByAttachment, Value: "yes"}, nil
	case newerField, olderField:
		return p.period(f.kind, s, start)
	case largerField, smallerField:
		return p.size(f.kind, s, start)
	}
	return p.days(f.kind, s, start)
}

// topic makes the node of a topic, by its id or one of its names.
func (p *parser) topic(s string, start int) (Node, error) {
	wanted := spaced(s)
	var ids, names []string
	for _, t := range p.opt.Topics {
		for _, name := range append([]string{t.ID}, t.Names...) {
			if spaced(name) == wanted {
				return Value{Field: ByTopic, Value: t.ID}, nil
			}
			names = append(names, spaced(name))
		}
		ids = append(ids, t.ID)
	}
	e := p.fail(start, p.pos, codeChoice, nearest(wanted, names))
	if strings.Contains(e.Suggestion, " ") {
		e.Suggestion = `"` + e.Suggestion + `"`
	}
	e.Detail += ": " + strings.Join(ids, ", ")
	return nil, e
}

// spaced folds a name, its words parted by spaces however they were joined.
func spaced(s string) string {
	return strings.Join(strings.FieldsFunc(analysis.FoldPrefix(s), notWord), " ")
}

// choice makes the node of an operator that takes one of few values.
func (p *parser) choice(f *field, s string, start int) (Node, error) {
	v := choose(f.value, analysis.FoldPrefix(s))
	if v == "" || v == "has" {
		return nil, p.noChoice(start, analysis.FoldPrefix(s), choices(f.value))
	}
	return Value{Field: f.value, Value: v}, nil
}

// choose gives the value that a folded word names in French or English, or "".
func choose(f ValueField, word string) string {
	switch f {
	case ByKind:
		return chooseKind(word)
	case ByType:
		return chooseType(word)
	case ByLanguage:
		return chooseLanguage(word)
	case ByState:
		return chooseState(word)
	}
	switch word {
	case "yes", "oui", "true", "1":
		return "yes"
	case "no", "non", "false", "0":
		return "no"
	case "attachment", "attachments", "pj", "piece", "pieces", "piece-jointe", "pieces-jointes":
		return "has"
	}
	return ""
}

// chooseState gives the state that a word names.
func chooseState(word string) string {
	switch word {
	case "uncertain", "incertain", "incertaine", "unsure":
		return StateUncertain
	case "unreadable", "illisible", "illisibles":
		return string(relais.Unreadable)
	case "partial", "partiel", "partielle", "partiels", "partielles":
		return string(relais.ReadInPart)
	}
	return ""
}

// chooseKind gives the kind of document that a word names.
func chooseKind(word string) string {
	switch word {
	case "message", "messages", "mail", "mails", "email", "courriel", "courriels":
		return string(relais.KindMessage)
	case "attachment", "attachments", "pj", "piece", "pieces":
		return string(relais.KindAttachment)
	case "file", "files", "fichier", "fichiers":
		return string(relais.KindFile)
	case "note", "notes":
		return string(relais.KindNote)
	}
	return ""
}

// chooseType gives the family of a type, by its name or a common extension; a media
// type is taken as it is.
func chooseType(word string) string {
	switch word {
	case "pdf":
		return relais.FamilyPDF
	case "word", "doc", "docx", "odt", "rtf":
		return relais.FamilyWord
	case "sheet", "sheets", "excel", "xls", "xlsx", "ods", "csv", "tableur":
		return relais.FamilySheet
	case "slides", "slide", "powerpoint", "ppt", "pptx", "odp", "presentation":
		return relais.FamilySlides
	case "image", "images", "photo", "jpg", "jpeg", "png", "gif", "tiff":
		return relais.FamilyImage
	case "text", "texte", "txt", "html":
		return relais.FamilyText
	case "archive", "archives", "zip", "rar", "7z":
		return relais.FamilyArchive
	case "mail", "mails", "email", "courriel", "eml", "msg":
		return relais.FamilyMail
	case "calendar", "calendrier", "agenda", "ics", "vcard":
		return relais.FamilyCalendar
	case "other", "autre", "autres":
		return relais.FamilyOther
	}
	if top, sub, ok := strings.Cut(word, "/"); ok && top != "" && sub != "" && !strings.Contains(sub, "/") {
		return word
	}
	return ""
}

// chooseLanguage gives the ISO 639-1 code of a language.
func chooseLanguage(word string) string {
	switch word {
	case "francais", "french":
		return "fr"
	case "anglais", "english":
		return "en"
	case "allemand", "german":
		return "de"
	case "espagnol", "spanish":
		return "es"
	case "italien", "italian":
		return "it"
	}
	if _, err := language.ParseBase(word); err == nil && len(word) == 2 {
		return word
	}
	return ""
}

// choices lists what a choice field takes, for suggestions.
func choices(f ValueField) []string {
	switch f {
	case ByKind:
		return []string{"message", "attachment", "file", "note"}
	case ByType:
		return []string{"pdf", "word", "sheet", "slides", "image", "text", "archive", "mail", "calendar", "other"}
	case ByLanguage:
		return []string{"fr", "en", "de", "es", "it", "french", "english"}
	case ByState:
		return []string{StateUncertain, string(relais.Unreadable), string(relais.ReadInPart)}
	}
	return []string{"yes", "no"}
}
